"""The one way howfar says no to a user."""


class UserError(Exception):
    """Bad input or a missing part of the machine: one line saying what, where, and how to mend it.

    `cli.main` prints the line and exits with 2; nothing else in howfar ends the process.
    """

    def __init__(self, what: str, *, where: str = "", mend: str = "") -> None:
        self.what, self.where, self.mend = what, where, mend
        parts = (f"{where}: {what}" if where else what, mend)
        super().__init__(" ".join("; ".join(part for part in parts if part).split()))


class Unavailable(UserError):
    """What one target needs is not here, and others can go on: its rows are `unsupported`, with this line."""
