"""Numbers and names as a reader sees them: three significant digits, and no unit without its number."""

from collections.abc import Mapping, Sequence
from math import floor, isfinite, log10
from typing import Any

from howfar.records import Fact, Target
from howfar.stats import Ratio

NONE = "–"


def number(value: float | None) -> str:
    """Three significant digits, without exponents from 0.001 to a million: 0.0123, 4.56, 1,230."""
    if value is None or not isfinite(value):
        return NONE
    if value == 0:
        return "0"
    if not 1e-3 <= abs(value) < 1e7:
        return f"{value:.2e}"
    digits = 2 - floor(log10(abs(value)))
    rounded = round(value, digits)
    return f"{rounded:,.{max(0, 2 - floor(log10(abs(rounded))))}f}"


def interval(low: float | None, high: float | None) -> str:
    """`1.23–1.45`, or nothing where there is no interval."""
    return "" if low is None or high is None else f"{number(low)}–{number(high)}"


def times(value: float, low: float | None, high: float | None) -> str:
    """A ratio with its interval: `2.31× (2.20–2.43)`."""
    within = interval(low, high)
    return f"{number(value)}× ({within})" if within else f"{number(value)}× (one round, no interval)"


def ratio(found: Ratio) -> str:
    """The same of a ratio that was worked out."""
    return times(found.value, found.low, found.high)


def milliseconds(value: float | None) -> str:
    """A time in the unit that suits it: `0.456 ms`, `12.3 s`."""
    if value is None or not isfinite(value):
        return NONE
    return f"{number(value)} ms" if value < 10_000 else f"{number(value / 1000)} s"


def minutes(value: float) -> str:
    """`60 min`, `3.5 min`."""
    return f"{round(value, 1):g} min"


def megabytes(size: float) -> str:
    """Bytes as the paper counts a model's: `1.37 MB`, of 10^6."""
    return f"{number(size / 1e6)} MB"


def kibibytes(size: float) -> str:
    """Bytes as the paper counts a library's: `33.6 KiB`, of 1024."""
    return f"{number(size / 1024)} KiB"


def fact(value: Fact) -> str:
    """A fact as a reader says it."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def size(depth: int, width: int) -> str:
    """`4 × 128`, depth × width, which no line breaks apart."""
    return f"{depth}\u00a0×\u00a0{width}"


def network(row: Mapping[str, Any]) -> str:
    """The model of a table's row: its size, or the name of one's own."""
    return str(row["model"]) if row["depth"] is None else size(row["depth"], row["width"])


def duration(ms: float) -> str:
    """A long time: `48 s`, `12 min`, `3 h 20 min`."""
    seconds = round(ms / 1000)
    if seconds < 120:
        return f"{number(ms / 1000)} s" if seconds < 10 else f"{seconds} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def target(row: dict[str, Any]) -> Target:
    """The target of a table's row."""
    own = {name: row[name] for name in ("framework", "version", "backend", "browser", "threads")}
    return Target(**own, switch=row["switch"] or "")


def named(one: Target, software: bool = False) -> str:
    """A target with its browser, unless that is native or the one that studies use when they don't say; and whether
    its GPU was one in name only."""
    name = str(one) if one.browser in ("native", "chromium") else f"{one} in {one.browser}"
    return f"{name} (software)" if software else name


def listed(names: Sequence[str], most: int = 4) -> str:
    """`a, b and c`; beyond `most` names the rest is counted."""
    shown = list(names[:most])
    if len(names) > most:
        shown.append(f"{len(names) - most} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else "nothing"


def counted(count: int, noun: str) -> str:
    """`1 round`, `3 rounds`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
