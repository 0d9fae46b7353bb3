"""A report writes over its own pages alone."""

from pathlib import Path

from howfar.errors import UserError


def demand_own(page: Path, what: str, mark: str, option: str) -> None:
    """`what` it is, in words; `mark`: what stands near the beginning of every such page of howfar's.

    Raises: UserError where the page is there and somebody else's.
    """
    if not page.exists():
        return
    with page.open("rb") as file:
        if mark.encode() in file.read(4096):
            return
    mend = f"give a folder of its own with {option}"
    raise UserError(f"there is {what} that howfar did not write", where=str(page.parent), mend=mend)
