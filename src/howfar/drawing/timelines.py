"""A task on one time axis: a strip of its phases, lines of its processes' CPU, and lines of their memory."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import altair as alt
import polars as pl

from howfar import palette, plotted, wording
from howfar.drawing.style import AXIS, GROUND, INK, PAGE, Values, mapped, styled
from howfar.plotted import Mark, Spec

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
DARK = ("timed", "launch")
TIMED = ("latency", "throughput", "load", "load_from_memory")


def timelines(rows: pl.DataFrame) -> Spec:
    """A band per task that there is a moment of: phases, CPU, memory."""
    own = rows.filter(pl.col("at_s").is_not_null()).partition_by(*plotted.IDENTITY, maintain_order=True)
    bands = [_band(task.to_dicts()) for task in own]
    return styled(alt.vconcat(*bands, spacing=26).resolve_scale(color="independent"))


def _band(rows: Sequence[Mark]) -> Any:
    first = rows[0]
    name = wording.named(wording.target(first), first["software_gpu"])
    title = f"{name}, {first['workload']} of {first['model']} {wording.size(first['depth'], first['width'])}"
    known = [row for row in rows if row["at_s"] is not None]
    end = max((row["at_s"] + row["median"] for row in known if row["metric"] == "phase"), default=1.0)
    across = alt.Scale(domain=[0, end], nice=False)
    cpu = _points(known, {"cpu_share": ""}, 100.0)
    memory = _points(known, {"memory_bytes": "", "heap_bytes": "JS heap"}, 1e-6)
    colour = _colour({point["whose"] for point in [*cpu, *memory]})
    parts = [_phases(known, across), _cpu(cpu, across, colour), _memory(memory, known, across, colour)]
    return alt.vconcat(*parts, spacing=4, title=alt.Title(title, fontSize=13, anchor="start"))


def _phases(rows: Sequence[Mark], across: alt.Scale) -> Any:
    """The strip, named where there is room, and a mark for each garbage collection that the heap told of."""
    spans = [_span(row) | plotted.who(row) for row in rows if row["metric"] == "phase"]
    own = alt.Chart(Values(values=spans))
    x, x2 = alt.X("at_s:Q", scale=across, axis=None), alt.X2("end_s:Q")
    tooltip = [alt.Tooltip("name:N", title="phase"), alt.Tooltip("seconds:Q", format=".3f")]
    colour = alt.Color("colour:N", scale=None)
    strip = own.mark_rect(stroke=GROUND, strokeWidth=0.5).encode(x=x, x2=x2, color=colour, tooltip=tooltip)
    named = own.transform_filter(f"datum.seconds > {0.07 * across.domain[1]}")
    words = named.mark_text(fontSize=10).encode(x="middle_s:Q", text="name:N", color=alt.Color("ink:N", scale=None))
    return alt.layer(strip, words).properties(width=BROAD, height=STRIP)


def _span(row: Mark) -> Mark:
    name, begin, seconds = row["value"], row["at_s"], row["median"]
    part = PARTS.get(name, "timed" if name in TIMED else "load")
    end = begin + seconds
    ink = GROUND if part in DARK else INK
    return {"name": name.replace("_", " "), "colour": palette.PARTS[part], "ink": ink, "at_s": begin, "end_s": end,
            "seconds": seconds, "middle_s": (begin + end) / 2}  # fmt: skip


def _cpu(own: Sequence[Mark], across: alt.Scale, colour: alt.Color) -> Any:
    """Shares of one core; a fine line at one core in full."""
    y = alt.Y("number:Q", title="% of one core", axis=alt.Axis(tickCount=4), scale=alt.Scale(zero=True))
    full = alt.Chart(Values(values=[{"one": 100}])).mark_rule(color=AXIS, strokeDash=[3, 3]).encode(y="one:Q")
    return alt.layer(full, _lines(own, across, y, colour)).properties(width=BROAD, height=LINES)


def _memory(own: Sequence[Mark], rows: Sequence[Mark], across: alt.Scale, colour: alt.Color) -> Any:
    """What each holds, and a fine line where the heap fell."""
    y = alt.Y("number:Q", title="MB", axis=alt.Axis(tickCount=4), scale=alt.Scale(zero=True))
    collected = _points(rows, {"collected_bytes": "JS heap"}, 1e-6)
    tooltip = [
        alt.Tooltip("at_s:Q", title="garbage collected at, s", format=".2f"),
        alt.Tooltip("number:Q", title="MB"),
    ]
    ticks = alt.Chart(Values(values=collected)).mark_rule(color=ROLES["JS heap"], opacity=0.25)
    marks = ticks.encode(x=alt.X("at_s:Q", scale=across), tooltip=tooltip)
    axis = alt.Axis(title="seconds since the launch", grid=False)
    return alt.layer(marks, _lines(own, across, y, colour, axis)).properties(width=BROAD, height=LINES)


def _points(rows: Sequence[Mark], metrics: Mapping[str, str], times: float) -> list[Mark]:
    return [
        {"at_s": row["at_s"], "number": times * row["median"], "whose": SAID[metrics[row["metric"]] or row["value"]]}
        | plotted.who(row)
        for row in rows
        if row["metric"] in metrics
    ]


def _colour(there: Collection[str]) -> alt.Color:
    """One for both charts, so that they share a legend."""
    scale = mapped({SAID[role]: colour for role, colour in ROLES.items() if SAID[role] in there})
    return alt.Color("whose:N", scale=scale, legend=alt.Legend(orient="right", title=None, symbolType="stroke"))


def _lines(points: Sequence[Mark], across: alt.Scale, y: alt.Y, colour: alt.Color, axis: alt.Axis | None = None) -> Any:
    """A line for each; without an axis of its own it stands above one that has it."""
    tooltip = ["whose:N", alt.Tooltip("at_s:Q", title="s", format=".2f"), alt.Tooltip("number:Q", format=",.1f")]
    own = alt.Chart(Values(values=list(points))).mark_line(strokeWidth=1.6)
    x = alt.X("at_s:Q", scale=across, axis=axis or alt.Axis(labels=False, title=None))
    return own.encode(x=x, y=y, color=colour, tooltip=tooltip)
