"""The commands that ask what is here."""

import json
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from howfar import frameworks
from howfar.commands.options import console, say
from howfar.errors import UserError


def list_(
    what: Annotated[str, typer.Argument(help="frameworks, browsers, backends, experiments or studies.")],
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """What there is, whether it works here, and the reason where it does not."""
    from howfar import catalogue

    lists = {**catalogue.LISTS, "experiments": _experiments}
    if what not in lists:
        raise UserError(f"there is no list of {what!r}", mend=f"known: {', '.join(lists)}")
    head, *rows = lists[what](frameworks.registry())
    if as_json:
        print(json.dumps([dict(zip(head, row, strict=True)) for row in rows], indent=2))
        return
    table = Table(*head, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*map(escape, row))
    console.print(table)


def _experiments(_: frameworks.Registry) -> Iterator[tuple[str, ...]]:
    """The names that a study's `experiments` can hold, where the paper shows it, and what each answers."""
    from howfar import experiments

    yield ("experiment", "paper", "question")
    for name in experiments.names():
        one = experiments.load(name)
        yield (name, one.PAPER, one.QUESTION)


def doctor() -> None:
    """Is this machine ready, and does the whole path tell the truth here?"""
    from howfar import doctor as doctors

    bad = 0
    for finding in doctors.examine(frameworks.registry()):
        mark = {True: "ok ", False: "BAD", None: " - "}[finding.good]
        say(f"{mark} {finding.what}: {finding.found}")
        bad += finding.good is False
    if bad:
        raise UserError(f"{bad} of these must be mended first", mend="each line marked BAD says how")
