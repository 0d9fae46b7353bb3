"""What a search for the version that changed a time came to: in words, as a table, as JSON."""

from collections.abc import Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from howfar import wording
from howfar.regressing import Found, Step
from howfar.report.terminal import say
from howfar.stats import Ratio

HEAD = ("step", "versions", "last / first", "middle / first", "rounds")


def sentence(found: Found, versions: Sequence[str], limit: float) -> str:
    """The answer."""
    first, last = (found.steps[0].low, found.steps[0].high) if found.steps else (versions[0], versions[-1])
    whole = f"{last} takes {_ratio(found.whole)} the time of {first}"
    if found.verdict == "same":
        return f"No change of more than {100 * limit:g} %: {whole}."
    if found.verdict == "cannot_tell":
        near = f" between {found.before} and {found.since}" if found.since and found.whole else ""
        return f"Can't be told{near}: {found.reason}." + (f" {whole}." if found.whole else "")
    also = found.between(versions)
    beside = f", or in {wording.listed(also, most=6)} before it, which could not be measured" if also else ""
    own = f"{found.since} became {found.verdict}{beside}: it takes {_ratio(found.ratio)} the time of {found.before}"
    told = f"{own}." if (found.before, found.since) == (first, last) else f"{own}; {whole}."
    return f"{told} It changed in steps, of which this is one." if found.in_steps else told


def _ratio(found: Ratio | None) -> str:
    return wording.ratio(found) if found else wording.NONE


def show(console: Console, found: Found, versions: Sequence[str], limit: float) -> None:
    """The answer, a row per step, and what was skipped."""
    say(console, sentence(found, versions, limit))
    table = Table(*HEAD, box=None, header_style="bold", pad_edge=False)
    for number, step in enumerate(found.steps, 1):
        table.add_row(*map(escape, (str(number), *_cells(step))))
    if found.steps:
        console.print(table)
    for version, reason in found.skipped.items():
        say(console, f"{version} was skipped: {reason}")


def _cells(step: Step) -> tuple[str, ...]:
    names = " · ".join(one for one in (step.low, step.middle, step.high) if one)
    return names, _ratio(step.whole), _ratio(step.before), str(step.rounds)


def as_json(found: Found, versions: Sequence[str], limit: float) -> dict[str, Any]:
    """For machines."""
    asked = {"versions": list(versions), "limit": limit}
    return {**asked, **msgspec.to_builtins(found), "message": sentence(found, versions, limit)}
