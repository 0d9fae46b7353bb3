"""What a figure draws, worked out before it is drawn: one plain dict per mark, with the words of its tooltip."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from math import ceil, floor, inf, log10
from typing import Any, NamedTuple

import polars as pl

from howfar import palette, wording
from howfar.measured import NATIVE, fared
from howfar.records import YARDSTICK, Target
from howfar.tables import current

Mark = dict[str, Any]
# A whole figure in Vega-Lite, its data inlined.
Spec = dict[str, Any]

# Of the vertical axis: room below the lowest number for the marks of failures, and a little above the highest.
BELOW, ABOVE = 1.9, 1.3
# How far beyond the extreme medians an interval may stretch the axis.
REACH = 5.0
# A slot's pixels, and the slots that a width has at least.
NARROWEST, BROADEST, FEWEST = 9.0, 44.0, 4
# What tells two targets apart.
IDENTITY = ("framework", "version", "backend", "browser", "threads", "switch")


def marks(table: pl.DataFrame, metric: str, beside: str = "") -> list[Mark]:
    """One mark per row of `metric` in its newest environment; native ones once per browser, as each panel shows them.

    `kind` says how a mark is drawn (`point`, `native`, `limit`, `wrong`, `failed`), `slot` whether it has a place of
    its own within its width (native and the yardstick have none: they span it), `beside` is the second metric's median.
    """
    rows = current(table)
    joined = {_key(row): row["median"] for row in rows.filter(metric=beside).iter_rows(named=True)}
    drawn = list(rows.filter(metric=metric).iter_rows(named=True))
    drawn.sort(key=_order)
    ages = _ages(drawn)
    browsers = dict.fromkeys(row["browser"] for row in drawn if row["browser"] != NATIVE) or {NATIVE: None}
    return [
        _mark(row, ages[row["framework"], row["version"]]) | {"beside": joined.get(_key(row)), "browser": browser}
        for row in drawn
        for browser in (browsers if row["browser"] == NATIVE else [row["browser"]])
    ]


def targets(drawn: Sequence[Mark]) -> dict[str, Mark]:
    """Every target once, with one of its marks, as the legend lists them: browser targets first, then native."""
    return {mark["target"]: mark for mark in sorted(drawn, key=lambda mark: not mark["slot"])}


def slots(drawn: Sequence[Mark]) -> list[str]:
    """The targets that stand side by side within one width."""
    return [name for name, mark in targets(drawn).items() if mark["slot"]]


# Browser, workload, model, depth.
PanelKey = tuple[str, str, str, int]


class Panel(NamedTuple):
    """One small chart: the marks of one workload and depth in one browser."""

    title: str
    marks: list[Mark]


class Grid(NamedTuple):
    """How panels stand: so many side by side, each slot of each width so many pixels broad."""

    columns: int
    step: float


def panels(drawn: Sequence[Mark]) -> list[Panel]:
    """The panels in reading order: by browser, then by workload, model and depth."""
    gathered: dict[PanelKey, list[Mark]] = defaultdict(list)
    for mark in drawn:
        gathered[mark["browser"], mark["workload"], mark["model"], mark["depth"]].append(mark)
    return [Panel(_title(key, gathered), gathered[key]) for key in sorted(gathered)]


def grid(shown: Sequence[Panel], page: float) -> Grid:
    """The arrangement of panels that fills `page` pixels without crowding: broad steps, and as few rows as that allows.

    Panels of several browsers stand below each other, a row or more per browser.
    """
    browsers = Counter(panel.marks[0]["browser"] for panel in shown)
    abreast = max(browsers.values(), default=1)
    slotted = max(len(slots([mark for panel in shown for mark in panel.marks])), FEWEST)
    needed = 1.1 * slotted * sum(len({mark["width"] for mark in panel.marks}) for panel in shown[:abreast])
    rows = ceil(needed * NARROWEST / page) if needed else 1
    return Grid(ceil(abreast / rows), min(max(page * rows / max(needed, 1), NARROWEST), BROADEST))


def domain(drawn: Sequence[Mark]) -> tuple[float, float]:
    """The ends of the logarithmic axis, in ms: all medians and intervals with room around them.

    An interval from two rounds may span decades: it is cut off, so that it does not press all medians together.
    """
    medians = [mark[name] for mark in drawn for name in ("median", "beside", "truth") if mark.get(name)]
    if not medians:
        return 0.1, 10.0
    lowest = min(mark["low"] or inf for mark in drawn)
    highest = max(mark["high"] or 0.0 for mark in drawn)
    low = min([*medians, max(lowest, min(medians) / REACH)])
    high = max([*medians, min(highest, max(medians) * REACH)])
    return low / BELOW, high * ABOVE


def ticks(low: float, high: float) -> list[float]:
    """Round values on a logarithmic axis: powers of ten, with 2 and 5 between them where the axis is short."""
    steps = (1, 2, 5) if high / low < 200 else (1,)
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    return [float(f"{step}e{power}") for power in powers for step in steps if low <= float(f"{step}e{power}") <= high]


def shares(table: pl.DataFrame, parts: Sequence[str]) -> tuple[list[Mark], list[Mark]]:
    """The bars of the cost figure (share and seconds per target and part), and per target the words at its end."""
    bars, ends = [], []
    for row in sorted(table.filter(metric="total_ms").iter_rows(named=True), key=_largest_first):
        own = table.filter(pl.all_horizontal(pl.col(name).eq_missing(row[name]) for name in IDENTITY))
        spent = dict(own.select("metric", "total").iter_rows())
        whole = row["total"] or 1.0
        bars += [
            {"target": bar_name(row), "part": part, "place": place, "share": spent[f"{part}_ms"] / whole,
             "seconds": spent[f"{part}_ms"] / 1000, **who(row)}
            for place, part in enumerate(parts)
        ]  # fmt: skip
        ends.append({"target": bar_name(row), "label": wording.duration(row["total"]), **who(row)})
    return bars, ends


def bar_name(row: Mark) -> str:
    """The target of a row of `cost`; the row of all targets has no version."""
    return "all tasks" if row["version"] is None else wording.named(wording.target(row))


def _title(key: PanelKey, keys: Iterable[PanelKey]) -> str:
    """The depth, and before it what is not the same in all panels."""
    told = [name for name, names in zip(key[:-1], list(zip(*keys, strict=True)), strict=False) if len(set(names)) > 1]
    return ", ".join([*told, f"depth {key[-1]}"])


def _largest_first(row: Mark) -> tuple[bool, float]:
    return row["version"] is not None, -row["total"]


def _mark(row: Mark, age: int) -> Mark:
    across = row["browser"] == NATIVE or row["framework"] == YARDSTICK
    return {
        "target": possible(row, str(wording.target(row))),
        "kind": _kind(row),
        "slot": not across,
        "colour": palette.of(wording.target(row), age),
        "shape": "stroke" if across else palette.shape(row["backend"]),
        **who(row),
        "software": row["software_gpu"],
        "disturbed": row["disturbed"],
        **{name: row[name] for name in ("workload", "model", "depth", "width", "median", "low", "high")},
        **told(row),
    }


def who(row: Mark) -> Mark:
    """What a reader may filter a row by; nothing for what is of all targets."""
    if row["version"] is None:
        return {}
    return _who(row["framework"], row["version"], row["backend"], row["browser"])


def who_of(target: Target) -> Mark:
    """The same of a target."""
    return _who(target.framework, target.version, target.backend, target.browser)


def _who(framework: str, version: str, backend: str, browser: str) -> Mark:
    """Native is one back end, whatever it runs on: who asks for WebGL still wants the yardstick."""
    own = NATIVE if browser == NATIVE else backend
    return {"edition": f"{framework}@{version}", "backend": own, "where": browser}


def _kind(row: Mark) -> str:
    """How its mark is drawn: `native` and `limit` as lines across."""
    if row["median"] is None:
        return "failed"
    if row["status"] == "wrong_result":
        return "wrong"
    if row["framework"] == YARDSTICK:
        return "limit"
    return "native" if row["browser"] == NATIVE else "point"


def possible(row: Mark, name: str) -> str:
    """A target's name in a figure: the yardstick's says what it is there for."""
    return f"what is possible: {name}" if row["framework"] == YARDSTICK else name


def _ages(rows: Sequence[Mark]) -> dict[tuple[str, str], int]:
    """How many newer versions of the same framework stand beside each version."""
    editions = sorted(
        {(row["framework"], row["version"]) for row in rows}, key=lambda one: palette.newest_first(one[1])
    )
    frameworks = [framework for framework, _ in editions]
    return {edition: frameworks[:place].count(edition[0]) for place, edition in enumerate(editions)}


def told(row: Mark) -> Mark:
    """The words of a tooltip."""
    native = (row["times_native"], row["times_native_low"], row["times_native_high"])
    return {
        "what": f"{row['workload']}, {_network(row)}",
        "time": _amount(row),
        "within": wording.interval(row["low"], row["high"]) or wording.NONE,
        "spread": wording.interval(row["p10"], row["p90"]) or wording.NONE,
        "taken": f"{row['samples']} samples, {row['processes']} of {wording.counted(row['rounds'], 'round')}",
        "to_fastest": wording.NONE if row["times_fastest"] is None else f"{wording.number(row['times_fastest'])}×",
        "to_native": wording.NONE if row["times_native"] is None else wording.times(*native),
        "outcome": outcome(row),
        "notes": ", ".join(notes(row)) or wording.NONE,
    }


def outcome(row: Mark) -> str:
    """How it went, with the reason."""
    return "right" if row["status"] == "ok" else f"{fared(row['status'], row['message'])}. {row['message']}".strip()


def _network(row: Mark) -> str:
    return str(row["model"]) if row["depth"] is None else f"{row['model']} {wording.network(row)}"


def _amount(row: Mark) -> str:
    if row["unit"] == "ratio" and row["median"] is not None:
        return f"{wording.number(row['median'])}×"
    return wording.milliseconds(row["median"])


def notes(row: Mark) -> list[str]:
    """What a reader must know of a number before using it."""
    marked = {
        "software GPU": row["software_gpu"],
        "disturbed": row["disturbed"],
        "no steady state": row["steady"] is False,
        "drifting": row["drifting"],
        "leaks tensors": row["leaking"],
        "one sample per process: too slow for more": row["few_samples"],
        "estimated from a part of the batch": row["estimated"],
    }
    return [note for note, holds in marked.items() if holds]


def _order(row: Mark) -> tuple[object, ...]:
    place = palette.order(row["framework"], row["version"], row["backend"], row["threads"])
    return (row["browser"] == NATIVE, *place, row["model"], row["depth"], row["width"])


def _key(row: Mark) -> tuple[object, ...]:
    return tuple(row[name] for name in (*IDENTITY, "model", "depth", "width", "workload"))
