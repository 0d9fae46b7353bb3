"""How smooth a page stays: a line per target, a panel per network, on the page's own thread and in a worker."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl

from howfar import palette, plotted, wording
from howfar.drawing.style import AXIS, INK, Values, mapped, styled
from howfar.plotted import Mark, Spec
from howfar.records import IN_WORKER

BROAD, HIGH = 260, 20
PAGE, WORKER = "the page's own thread", "a worker"
THREADS = {PAGE: "#d06a2c", WORKER: "#2f72b5"}
ABREAST = 3


def felt(drawn: pl.DataFrame, every: pl.DataFrame, rates: Sequence[int]) -> Spec:
    """`drawn`: the rows of frames per second; `every`: all metrics of the same cells, for the tooltips."""
    beside: dict[tuple[Any, ...], dict[str, float | None]] = defaultdict(dict)
    for row in every.to_dicts():
        beside[_key(row)][row["metric"]] = row["median"]
    gathered: dict[str, list[Mark]] = defaultdict(list)
    for row in sorted(drawn.to_dicts(), key=_order):
        gathered[f"{row['model']} {wording.size(row['depth'], row['width'])}"].append(_mark(row, beside[_key(row)]))
    names = list(dict.fromkeys(mark["target"] for marks in gathered.values() for mark in marks))
    highest = max([*rates, *(mark["fps"] or 0 for marks in gathered.values() for mark in marks)]) * 1.05
    panels = [_panel(title, marks, names, rates, highest) for title, marks in gathered.items()]
    return styled(alt.concat(*panels, columns=ABREAST, spacing=14).resolve_scale(y="shared"))


def _panel(title: str, marks: Sequence[Mark], names: Sequence[str], rates: Sequence[int], highest: float) -> Any:
    scale = alt.Scale(domain=[0, highest], nice=False)
    x = alt.X("fps:Q", scale=scale, title="frames per second", axis=alt.Axis(values=[0, *rates], ticks=False))
    axis = alt.Axis(ticks=False, domain=False, labelLimit=240)
    y = alt.Y("target:N", sort=list(names), scale=alt.Scale(domain=list(names)), title=None, axis=axis)
    colour = alt.Color("thread:N", title=None, scale=mapped(THREADS), legend=alt.Legend(orient="top"))
    offset = alt.YOffset("thread:N", sort=list(THREADS), scale=alt.Scale(domain=list(THREADS)))
    told = ("thread", "frames", "rest", "longest", "blocked", "delay", "rate", "outcome")
    tooltip = ["target:N", *(alt.Tooltip(f"{field}:N", title=TOLD[field]) for field in told)]
    own = alt.Chart(Values(values=list(marks)))
    bar = own.transform_filter("datum.fps !== null").mark_bar(height=7).encode(x=x, y=y, yOffset=offset, color=colour)
    failed = own.transform_filter("datum.fps === null").mark_text(text="×", color=palette.STRUCK, align="left", dx=2)
    crosses = failed.encode(x=alt.datum(0), y=y, yOffset=offset)
    line = alt.Chart(Values(values=[{"rate": rate} for rate in rates])).mark_rule(color=AXIS, strokeDash=[3, 3])
    lines = line.encode(x=alt.X("rate:Q", scale=scale))
    layered = alt.layer(lines, bar.encode(tooltip=tooltip), crosses.encode(tooltip=tooltip))
    return layered.properties(title=alt.Title(title, fontSize=11, color=INK), width=BROAD, height=HIGH * len(names))


TOLD = {
    "thread": "runs in", "frames": "frames per second", "rest": "at rest", "longest": "longest without a frame",
    "blocked": "in long tasks", "delay": "a press waits", "rate": "inferences per second", "outcome": "result",
}  # fmt: skip


def _mark(row: Mark, beside: dict[str, float | None]) -> Mark:
    target = wording.target(row)
    plain = wording.target(row | {"switch": ""})
    blocked = beside.get("long_task_share")
    return plotted.who(row) | {
        "target": wording.named(plain, row["software_gpu"]),
        "thread": WORKER if target.switch == IN_WORKER else PAGE,
        "fps": row["median"],
        "frames": wording.number(row["median"]),
        "rest": wording.number(beside.get("frames_per_second_at_rest")),
        "longest": wording.milliseconds(beside.get("longest_frame_ms")),
        "blocked": wording.NONE if blocked is None else f"{blocked:.0%}",
        "delay": wording.milliseconds(beside.get("input_delay_ms")),
        "rate": wording.number(beside.get("operations_per_second")),
        "outcome": plotted.outcome(row),
    }


def _key(row: Mark) -> tuple[Any, ...]:
    names = ("framework", "version", "backend", "browser", "threads", "switch", "model", "depth", "width")
    return tuple(row[name] for name in names)


def _order(row: Mark) -> tuple[object, ...]:
    place = palette.order(row["framework"], row["version"], row["backend"], row["threads"])
    return (row["model"], row["depth"] * row["width"], *place, row["switch"] or "")
