"""What a claim comes to: it holds where the interval lies within what was said, it no longer holds where the interval
lies wholly outside of it, and everywhere else it can't be told."""

import math
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from msgspec import Struct

from howfar import wording
from howfar.stats import Ratio

Finding = Literal["holds", "no_longer_holds", "cannot_tell"]
Unit = Literal["ratio", "ms", "share", "count"]

# How far "about" goes, either way: `about 2` is 1.33 to 3.
ABOUT = 1.5
# "At every size" and "as it grows" need so many sizes.
FEWEST = 3


class Range(NamedTuple):
    """What was said of a number: it lies between these, both among them."""

    low: float
    high: float


# Of a ratio: surely less than as much, surely more. As much to the last digit is neither.
LESS, MORE = Range(0.0, 1 - 1e-9), Range(1 + 1e-9, math.inf)


def about(number: float) -> Range:
    """Within a factor of 1.5 of it, either way."""
    return Range(number / ABOUT, number * ABOUT)


def below(number: float) -> Range:
    """At most so much."""
    return Range(0.0, number)


def above(number: float) -> Range:
    """At least so much."""
    return Range(number, math.inf)


class Known(NamedTuple):
    """A number with its 95 % interval (None: one round), and what it is of."""

    where: str
    value: float
    low: float | None
    high: float | None


def known(where: str, ratio: Ratio) -> Known:
    """The same of a ratio that was worked out."""
    return Known(where, ratio.value, ratio.low, ratio.high)


def exact(where: str, value: float) -> Known:
    """What was counted has no interval: it is the same in every process."""
    return Known(where, value, value, value)


class Lack(NamedTuple):
    """Something without which a claim can't be told: `what` alone, or what somebody (`who`) would have to be."""

    what: str
    who: str = ""


def needed(lacks: Iterable[Lack]) -> str:
    """All of them in words, those who lack the same together: `brain.js and synaptic in training`."""
    gathered: dict[str, list[str]] = {}
    for lack in dict.fromkeys(lacks):
        gathered.setdefault(lack.what, []).append(lack.who)
    told = [f"{wording.listed(who, most=len(who))} {what}" if all(who) else what for what, who in gathered.items()]
    return "; ".join(told)


class Part(Struct, frozen=True):
    """One thing that a claim says, with the number that decides it.

    `where`: what that number is of. `cells`: all that was asked for it. `missing`: what it would take to tell.
    """

    says: str
    finding: Finding
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: Unit = "ratio"
    where: str = ""
    cells: tuple[str, ...] = ()
    missing: tuple[Lack, ...] = ()


class Verdict(Struct, frozen=True):
    """What a claim comes to: its parts, and all of them together."""

    parts: tuple[Part, ...]

    @property
    def finding(self) -> Finding:
        """One part that no longer holds is enough; it holds only if every part does."""
        found = {part.finding for part in self.parts}
        if "no_longer_holds" in found:
            return "no_longer_holds"
        return "holds" if found == {"holds"} else "cannot_tell"


def verdict(*parts: Part) -> Verdict:
    """Of a claim with these parts."""
    return Verdict(parts)


def judged(number: Known, within: Range) -> Finding:
    """What the interval of one number says."""
    if number.low is None or number.high is None:
        return "cannot_tell"
    if within.low <= number.low and number.high <= within.high:
        return "holds"
    return "no_longer_holds" if number.high < within.low or within.high < number.low else "cannot_tell"


def untold(says: str, *missing: Lack) -> Part:
    """A part of which nothing is known, and what is missing."""
    return Part(says, "cannot_tell", missing=missing)


def one(says: str, number: Known, within: Range, cells: Sequence[str] = (), unit: Unit = "ratio") -> Part:
    """A part that is about one number."""
    return every(says, [number], within, cells, unit)


def every(
    says: str,
    numbers: Sequence[Known],
    within: Range,
    cells: Sequence[str] = (),
    unit: Unit = "ratio",
    missing: Sequence[Lack] = (),
) -> Part:
    """A part that says the same of several numbers, at least one: it holds if all of them do, and no longer where one
    does not. The one that decides is shown: of those that do not hold the farthest off, else the nearest to the edge.

    `missing`: what it would take for it to hold, beside these numbers.
    """
    found = {number: judged(number, within) for number in numbers}
    findings = set(found.values())
    finding: Finding = "cannot_tell" if missing or "cannot_tell" in findings else "holds"
    if "no_longer_holds" in findings:
        finding = "no_longer_holds"
    alike = [number for number in numbers if found[number] == finding] or list(numbers)
    number = max(alike, key=lambda one: _reach(one, within))
    why = (tuple(missing) or (_doubt(number, within),)) if finding == "cannot_tell" else ()
    return Part(says, finding, number.value, number.low, number.high, unit, number.where, tuple(cells), why)


def _reach(number: Known, within: Range) -> float:
    """1 at an edge of the range, above it outside."""
    value = max(number.value, 1e-12)
    return max(value / within.high if within.high else math.inf, within.low / value)


def _doubt(number: Known, within: Range) -> Lack:
    """Its interval does not tell."""
    if number.low is None:
        return Lack("two rounds or more: one has no interval")
    edges = [edge for edge in within if 0 < edge < math.inf and number.low < edge < (number.high or 0.0)]
    across = wording.listed([wording.number(edge) for edge in edges])
    return Lack(f"more rounds or sizes: the interval reaches across {across}")
