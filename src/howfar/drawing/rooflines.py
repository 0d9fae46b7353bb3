"""The limit: a roofline per task (what each cell reaches under the roofs), and gaps to native as bars of two steps."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import altair as alt
import polars as pl

from howfar import gaps, palette, plotted, wording
from howfar.drawing.style import AXIS, INK, PAGE, Values, mapped, styled
from howfar.measured import NATIVE
from howfar.plotted import Mark, Spec
from howfar.records import YARDSTICK

HIGH, STEP = 340, 20
BROWSER, FRAMEWORK = "#2f72b5", "#d06a2c"
# What gives a roof its slope, and how the line is called that has it.
SLOPES = {"roof_cached": "", "roof_memory": ", from memory"}
STEPS = {"what the browser costs": BROWSER, "what the framework does": FRAMEWORK}
# Panels of bars that stand side by side.
ABREAST = 2

Rows = Sequence[Mark]


def limits(table: pl.DataFrame) -> Spec:
    """`table`: the current rows of the experiment `limit`; each part is left out where nothing is known of it."""
    rows = table.to_dicts()
    drawn = [part for part in (_rooflines(rows), _bars(rows)) if part is not None]
    nothing = alt.Chart(Values(values=[{"words": "no share of a ceiling is known"}])).mark_text(color=INK)
    figure = alt.vconcat(*(drawn or [nothing.encode(text="words:N")]), spacing=26)
    return styled(figure.resolve_scale(color="independent", shape="independent"))


def _rooflines(rows: Rows) -> Any:
    """A panel per task, whose axes are the same."""
    points = _points(rows)
    if not points:
        return None
    ends = _ends([point["intensity"] for point in points])
    lines = list(_lines(rows, ends))
    tallest = max([point["gflops"] for point in points] + [line["gflops"] for line in lines])
    low = min(point["gflops"] for point in points)
    y = alt.Y("gflops:Q", title="GFLOP/s", **_logarithmic(low / 1.5, tallest * 1.6))
    x = alt.X("intensity:Q", title="FLOP per byte", **_logarithmic(*ends))
    panels = [_roofline(workload, points, lines, x, y) for workload in gaps.WORKLOADS]
    return alt.hconcat(*(panel for panel in panels if panel is not None), spacing=14)


def _logarithmic(low: float, high: float) -> dict[str, Any]:
    """An axis of round values."""
    axis = alt.Axis(values=plotted.ticks(low, high), format=",~g", ticks=False)
    return {"scale": alt.Scale(type="log", domain=[low, high], nice=False), "axis": axis}


def _roofline(workload: str, points: Rows, lines: Rows, x: alt.X, y: alt.Y) -> Any:
    own = [point for point in points if point["workload"] == workload]
    if not own:
        return None
    targets = {point["target"]: point for point in points}
    legend = alt.Legend(orient="bottom", columns=3, labelLimit=300)
    colour = alt.Color("target:N", title=None, scale=mapped(_trait(targets, "colour")), legend=legend)
    shape = alt.Shape("target:N", title=None, scale=mapped(_trait(targets, "shape")), legend=legend)
    told: list[Any] = ["target:N", "size:N", alt.Tooltip("gflops:Q", format=".3~g", title="GFLOP/s"),
            alt.Tooltip("intensity:Q", format=".3~g", title="FLOP per byte"), "share:N"]  # fmt: skip
    base = alt.Chart(Values(values=own)).encode(x=x, y=y, color=colour, shape=shape, tooltip=told)
    filled = base.transform_filter("!datum.software").mark_point(filled=True, size=60, opacity=0.9)
    hollow = base.transform_filter("datum.software").mark_point(size=50, fill="white", strokeWidth=1.6)
    roofs = alt.Chart(Values(values=list(lines))).encode(x=x, y=y, detail="roof:N", tooltip=["roof:N"])
    dashes = alt.when("datum.memory").then(alt.value([2, 3])).otherwise(alt.value([1, 0]))
    drawn = [
        roofs.transform_filter("datum.native").mark_line(color=INK, strokeWidth=1.4).encode(strokeDash=dashes),
        roofs.transform_filter("!datum.native").mark_line(color=BROWSER, strokeWidth=1.4).encode(strokeDash=dashes),
        # Beside one another: native's one thread and a browser's several may be as high.
        _named(roofs, "datum.native", INK, dx=-110),
        _named(roofs, "!datum.native", BROWSER),
    ]
    return alt.layer(*drawn, filled, hollow).properties(title=workload, width=PAGE / 2 - 75, height=HIGH)


def _named(roofs: alt.Chart, which: str, colour: str, dx: int = 0) -> Any:
    """Each roof's name above its right end, or so far left of it."""
    names = roofs.transform_filter(f"datum.last && {which}")
    return names.mark_text(align="right", dx=dx, dy=-6, fontSize=10, color=colour).encode(text="roof:N")


def _points(rows: Rows) -> list[Mark]:
    """One per cell of which both is known."""
    found: dict[tuple[Any, ...], Mark] = {}
    for row in rows:
        if row["median"] is not None and row["status"] != "wrong_result" and row["workload"] in gaps.WORKLOADS:
            own = found.setdefault(_key(row), {"row": row})
            if row["against"] is None:
                own[row["metric"]] = row["median"]
    known = [own for own in found.values() if "gflops" in own and "intensity" in own]
    return [_point(own) for own in sorted(known, key=lambda own: _order(own["row"]))]


def _point(own: Mark) -> Mark:
    row = own["row"]
    shares = {"browser_share": f"of what {row['browser']} allows", "native_share": "of what native allows"}
    told = [f"{own[metric]:.2%} {words}" for metric, words in shares.items() if metric in own]
    return {
        "target": _name(row), "colour": palette.of(wording.target(row)), "shape": palette.shape(row["backend"]),
        "software": row["software_gpu"], "workload": row["workload"], "gflops": own["gflops"],
        "intensity": own["intensity"], "size": f"{row['model']} {wording.network(row)}",
        "share": told[0] if told else wording.NONE,
    }  # fmt: skip


def _lines(rows: Rows, ends: tuple[float, float]) -> Iterator[Mark]:
    """Each roof from the left end over its ridge to the right, once for what a cache holds and once for what comes from
    memory; without a bandwidth it is flat."""
    slopes = {(row["metric"], row["value"]): row["median"] for row in rows if row["metric"] in SLOPES}
    roofs = {row["value"]: row["median"] for row in rows if row["metric"] == "roof"}
    for (name, flat), (metric, words) in product(roofs.items(), SLOPES.items()):
        slope = slopes.get((metric, name))
        if slope or not words:
            own = {"roof": name + words, "native": name.startswith(NATIVE), "memory": bool(words)}
            yield from (own | point for point in _roof_line(flat, slope, ends, not words))


def _roof_line(flat: float, slope: float | None, ends: tuple[float, float], named: bool) -> Iterator[Mark]:
    """Its ends, and its ridge where that lies between them; its name stands at the last of them."""
    ridge = flat / slope if slope else 0.0
    for at in [ends[0], *([ridge] if ends[0] < ridge < ends[1] else []), ends[1]]:
        yield {"intensity": at, "gflops": min(flat, slope * at) if slope else flat, "last": named and at == ends[1]}


def _ends(values: Sequence[float]) -> tuple[float, float]:
    return min(values) / 1.6, max(values) * 2.5


def _bars(rows: Rows) -> Any:
    """A panel per task and kind of network, of one of its sizes."""
    shown = [bar for bar in _gaps(rows) if bar["size"] == bar["shown"]]
    if not shown:
        return None
    numbers = [number for bar in shown for number in (bar["ceiling"], bar["gap"])]
    domain = [min([*numbers, 1.0]) / 1.5, max([*numbers, 2.0]) * 2.5]
    titles = dict.fromkeys(bar["panel"] for bar in shown)
    return alt.concat(*(_panel(title, shown, domain) for title in titles), columns=ABREAST, spacing=14)


def _gaps(rows: Rows) -> list[Mark]:
    """One per browser target and cell, against one native framework. Of several models of one's own none: which is the
    largest says nothing of the others."""
    names = {row["model"] for row in rows if row["workload"] in gaps.WORKLOADS and row["depth"] is None}
    rows = [row for row in rows if len(names) == 1 or row["model"] not in names]
    first = gaps.first_against([row["against"] for row in rows if row["metric"] == "share_ratio"])
    found: dict[tuple[Any, ...], Mark] = {}
    for row in sorted(rows, key=_order):
        if row["metric"] in ("ratio", "ceiling_ratio", "share_ratio") and row["against"] in first:
            found.setdefault(_key(row), {"row": row})[row["metric"]] = row["median"]
    known = [own for own in found.values() if own.get("share_ratio") and own.get("ratio")]
    sizes = _shown_sizes([own["row"] for own in known])
    return [_gap(own, sizes[panel]) for own in known if (panel := _panel_of(own["row"])) in sizes]


def _shown_sizes(rows: Rows) -> dict[str, str]:
    """Of each panel the size that the most targets are known at; of several the largest."""
    # The yardstick is quick enough to be known at sizes that nobody else was measured at.
    counted = Counter((_panel_of(row), _size(row)) for row in rows if row["framework"] != YARDSTICK)
    counted = counted or Counter((_panel_of(row), _size(row)) for row in rows)
    ordered = sorted(counted, key=lambda one: (counted[one], one[1]))
    return {panel: size for panel, (_, size) in ordered}


def _gap(own: Mark, shown: str) -> Mark:
    row = own["row"]
    told = {"browser costs": own["ceiling_ratio"], "framework does": own["share_ratio"], "times native": own["ratio"]}
    return {
        "target": _name(row), "size": _size(row)[1], "shown": shown, "one": 1, "ceiling": own["ceiling_ratio"],
        "gap": own["ratio"], "end": max(own["ratio"], own["ceiling_ratio"]), "against": row["against"],
        "panel": f"{_panel_of(row)} {shown}, times {row['against'].partition(' ')[0]}",
        "words": f"{_times(own['ceiling_ratio'])} · {_times(own['share_ratio'])} = {_times(own['ratio'])}",
        **{name: _times(number) for name, number in told.items()}, **dict(zip(("costs", "does"), STEPS, strict=True)),
    }  # fmt: skip


def _panel(title: str, shown: Rows, domain: Sequence[float]) -> Any:
    """Two steps on a logarithmic axis, where factors are lengths: from 1 to what the browser costs, and on from there
    to the whole gap, or back where the framework uses more of what it is allowed than native does."""
    own = [bar for bar in shown if bar["panel"] == title]
    scale = alt.Scale(type="log", domain=list(domain), nice=False)
    values = plotted.ticks(domain[0], domain[1])
    axis = alt.Axis(values=values, format=",~g", ticks=False)
    y = alt.Y("target:N", sort=[bar["target"] for bar in own], title=None, axis=alt.Axis(labelLimit=230, ticks=False))
    told = ["target:N", "against:N", "browser costs:N", "framework does:N", "times native:N"]
    base = alt.Chart(Values(values=own)).encode(y=y, tooltip=told)
    x = alt.X("one:Q", scale=scale, axis=axis, title="× native's time")
    legend = alt.Legend(orient="bottom")
    costs, does = (
        alt.Color(f"{field}:N", title=None, scale=mapped(STEPS), legend=legend) for field in ("costs", "does")
    )
    first = base.mark_bar(height=12).encode(x=x, x2="ceiling:Q", color=costs)
    second = base.mark_bar(height=6).encode(x=alt.X("ceiling:Q", scale=scale), x2="gap:Q", color=does)
    word = base.mark_text(align="left", dx=5, fontSize=10, color=INK)
    words = word.encode(x=alt.X("end:Q", scale=scale), text="words:N")
    line = alt.Chart(Values(values=[{"one": 1}])).mark_rule(color=AXIS).encode(x=alt.X("one:Q", scale=scale))
    return alt.layer(first, second, words, line).properties(title=title, width=PAGE / 2 - 240, height=alt.Step(STEP))


def _times(number: float) -> str:
    return f"{wording.number(number)}×"


def _panel_of(row: Mark) -> str:
    return f"{row['workload']}, {row['model']}"


def _size(row: Mark) -> tuple[int, str]:
    return ((row["depth"] or 1) * (row["width"] or 1), wording.network(row))


def _name(row: Mark) -> str:
    return plotted.possible(row, wording.named(wording.target(row), row["software_gpu"]))


def _trait(targets: Mapping[str, Mark], name: str) -> dict[str, str]:
    return {target: mark[name] for target, mark in targets.items()}


def _key(row: Mark) -> tuple[Any, ...]:
    return tuple(row[name] for name in (*plotted.IDENTITY, "workload", "model", "depth", "width"))


def _order(row: Mark) -> tuple[object, ...]:
    place = palette.order(row["framework"], row["version"], row["backend"], row["threads"])
    size = (row["depth"] or 0, row["width"] or 0)
    return (row["workload"] != "training", row["browser"] == NATIVE, *place, row["model"], *size)
