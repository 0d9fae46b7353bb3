"""A task on one time axis: a strip of its phases, lines of its processes' CPU, and lines of their memory."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import polars as pl
from altair.typing import ChartType

from howfar import palette, plotted, wording
from howfar.drawing.style import AXIS, INK, PAGE, mapped, styled
from howfar.plotted import Mark

STRIP, LINES = 22, 150
BROAD = PAGE - 250
ROLES: Mapping[str, str] = {
    "page": "#1f63a8",
    "gpu": "#e8862e",
    "main": "#1c1c1c",
    "browser": "#a9a9a9",
    "JS heap": "#2fa58a",
}
SAID = {"page": "page", "gpu": "GPU process", "main": "native process", "browser": "browser", "JS heap": "JS heap"}
# Which part of a run each span of a visit is, as in the figure of the cost.
PARTS: Mapping[str, str] = {
    "page": "launch",
    "launch": "launch",
    "check": "first",
    "first": "first",
    "warmup": "warmup",
    "dispose": "dispose",
    "end": "end",
}
TIMED = ("latency", "throughput", "load", "load_from_memory")


def timelines(rows: pl.DataFrame) -> ChartType:
    """A band per task: phases, CPU, memory."""
    own = rows.partition_by(*plotted.IDENTITY, maintain_order=True)
    bands = [_band(task.to_dicts()) for task in own]
    return styled(alt.vconcat(*bands, spacing=26).resolve_scale(color="independent"))


def _band(rows: Sequence[Mark]) -> Any:
    first = rows[0]
    name = wording.named(wording.target(first), first["software_gpu"])
    title = f"{name}, {first['workload']} of {first['model']} {wording.size(first['depth'], first['width'])}"
    known = [row for row in rows if row["at_s"] is not None]
    end = max((row["at_s"] + row["median"] for row in known if row["metric"] == "phase"), default=1.0)
    across = alt.Scale(domain=[0, end], nice=False)
    parts = [_phases(known, across), _cpu(known, across), _memory(known, across)]
    return alt.vconcat(*parts, spacing=4, title=alt.Title(title, fontSize=13, anchor="start"))


def _phases(rows: Sequence[Mark], across: alt.Scale) -> Any:
    """The strip, named where there is room, and a mark for each garbage collection that the heap told of."""
    spans = [_span(row) for row in rows if row["metric"] == "phase"]
    own = alt.Chart(alt.InlineData(values=spans))
    x, x2 = alt.X("at_s:Q", scale=across, axis=None), alt.X2("end_s:Q")
    tooltip = [alt.Tooltip("name:N", title="phase"), alt.Tooltip("seconds:Q", format=".3f")]
    colour = alt.Color("part:N", scale=mapped(palette.PARTS), legend=None)
    strip = own.mark_rect(stroke="white", strokeWidth=0.5).encode(x=x, x2=x2, color=colour, tooltip=tooltip)
    named = own.transform_filter(f"datum.seconds > {0.07 * across.domain[1]}")
    words = named.mark_text(fontSize=10).encode(x="middle_s:Q", text="name:N", color=alt.value(INK))
    return alt.layer(strip, words).properties(width=BROAD, height=STRIP)


def _span(row: Mark) -> Mark:
    name, begin, seconds = row["value"], row["at_s"], row["median"]
    part = PARTS.get(name, "timed" if name in TIMED else "load")
    end = begin + seconds
    return {"name": name.replace("_", " "), "part": part, "at_s": begin, "end_s": end, "seconds": seconds,
            "middle_s": (begin + end) / 2}  # fmt: skip


def _cpu(rows: Sequence[Mark], across: alt.Scale) -> Any:
    """Shares of one core; a fine line at one core in full."""
    own = _points(rows, {"cpu_share": ""}, 100.0)
    y = alt.Y("number:Q", title="% of one core", axis=alt.Axis(tickCount=4), scale=alt.Scale(zero=True))
    full = alt.Chart(alt.InlineData(values=[{"one": 100}])).mark_rule(color=AXIS, strokeDash=[3, 3]).encode(y="one:Q")
    return alt.layer(full, _lines(own, across, y, with_axis=False)).properties(width=BROAD, height=LINES)


def _memory(rows: Sequence[Mark], across: alt.Scale) -> Any:
    own = _points(rows, {"memory_bytes": "", "heap_bytes": "JS heap"}, 1e-6)
    y = alt.Y("number:Q", title="MB", axis=alt.Axis(tickCount=4), scale=alt.Scale(zero=True))
    collected = _points(rows, {"collected_bytes": "JS heap"}, 1e-6)
    tooltip = [
        alt.Tooltip("at_s:Q", title="garbage collected at, s", format=".2f"),
        alt.Tooltip("number:Q", title="MB"),
    ]
    ticks = alt.Chart(alt.InlineData(values=collected)).mark_rule(color=ROLES["JS heap"], opacity=0.25)
    marks = ticks.encode(x=alt.X("at_s:Q", scale=across), tooltip=tooltip)
    return alt.layer(marks, _lines(own, across, y, with_axis=True)).properties(width=BROAD, height=LINES)


def _points(rows: Sequence[Mark], metrics: Mapping[str, str], times: float) -> list[Mark]:
    return [
        {"at_s": row["at_s"], "number": times * row["median"], "whose": SAID[metrics[row["metric"]] or row["value"]]}
        for row in rows
        if row["metric"] in metrics
    ]


def _lines(points: Sequence[Mark], across: alt.Scale, y: alt.Y, *, with_axis: bool) -> Any:
    axis = alt.Axis(title="seconds since the launch", grid=False) if with_axis else alt.Axis(labels=False, title=None)
    there = [role for role in ROLES if SAID[role] in {point["whose"] for point in points}]
    scale = mapped({SAID[role]: ROLES[role] for role in there})
    legend = alt.Legend(orient="right", title=None)
    tooltip = ["whose:N", alt.Tooltip("at_s:Q", title="s", format=".2f"), alt.Tooltip("number:Q", format=",.1f")]
    own = alt.Chart(alt.InlineData(values=list(points)))
    return own.mark_line(strokeWidth=1.6, interpolate="linear").encode(
        x=alt.X("at_s:Q", scale=across, axis=axis),
        y=y,
        color=alt.Color("whose:N", scale=scale, legend=legend),
        tooltip=tooltip,
    )
