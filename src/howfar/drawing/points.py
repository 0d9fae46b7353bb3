"""The paper's figures: panels by depth, width along x, log milliseconds along y, a point per target."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import altair as alt
import polars as pl

from howfar import palette, plotted
from howfar.drawing.style import GROUND, INK, PAGE, mapped, template
from howfar.plotted import Mark, Spec

HEIGHT = 300
# A failure has no number: it stands on the floor of its panel.
FLOOR = HEIGHT - 11
CROSS = "M-1,-1L1,1M-1,1L1,-1"

TOOLTIP = [
    alt.Tooltip(f"{field}:N", title=title)
    for field, title in {
        "target": "target",
        "what": "what",
        "time": "median",
        "within": "95 % interval, ms",
        "spread": "p10 – p90, ms",
        "taken": "from",
        "to_fastest": "× fastest in a browser",
        "to_native": "× native, 1 thread",
        "outcome": "result",
        "notes": "note",
    }.items()
]


class Channels(NamedTuple):
    """The encodings that every layer takes its own from, so that they share axes and one legend; `band` in pixels."""

    x: alt.X
    offset: alt.XOffset
    y: Callable[[str], alt.Y]
    colour: alt.Color
    shape: alt.Shape
    band: float


def times(table: pl.DataFrame, metric: str, title: str, beside: str = "", truth: float | None = None) -> Spec:
    """One metric of the common table: a point per target with its 95 % interval, native as lines across each width.

    Filled marks ran on what they name, hollow ones on a GPU done in software; a ring marks a disturbed process, a
    struck grey dot a wrong result, a cross on the floor a failure. `beside`: a second metric, joined to the point;
    `truth`: where a fine line goes across every panel.
    A click on the legend singles a target out; tooltips tell every number.
    """
    marks = [mark | {"truth": truth} for mark in plotted.marks(table, metric, beside)]
    panels = plotted.panels(marks)
    columns, step = plotted.grid(panels, PAGE)
    band = step * max(len(plotted.slots(marks)), plotted.FEWEST)
    figure, first = template(_panel(_channels(marks, band, title)))
    numbered = first | {"layer": [_nameless(layer) for layer in first["layer"]]}
    bare = first | {"layer": [_bare(layer) for layer in numbered["layer"]]}
    drawn = [first if not place else bare if place % columns else numbered for place in range(len(panels))]
    return figure | {
        "concat": [panel | _own(of, band) for panel, of in zip(drawn, panels, strict=True)],
        "columns": columns,
        "spacing": 12,
        "resolve": {"scale": {"x": "independent", "y": "shared", "color": "shared", "shape": "shared"}},
        "datasets": {panel.title: panel.marks for panel in panels},
    }


def _nameless(layer: Spec) -> Spec:
    """The selection of the first panel, which has its name, acts on all: they share the legend that it is bound to."""
    return {key: value for key, value in layer.items() if key != "name"}


def _bare(layer: Spec) -> Spec:
    """Without a title and numbers on the vertical axis."""
    y = layer["encoding"]["y"]
    bare = {"title": None, "axis": y["axis"] | {"labels": False}} if "axis" in y else {}
    return layer | {"encoding": layer["encoding"] | {"y": y | bare}}


def _own(panel: plotted.Panel, band: float) -> Spec:
    width = 1.1 * band * len({mark["width"] for mark in panel.marks})
    return {"data": {"name": panel.title}, "title": panel.title, "width": width}


def _channels(marks: Sequence[Mark], band: float, title: str) -> Channels:
    """Over all marks of the figure, whichever panel they are for."""
    slots, targets = plotted.slots(marks), plotted.targets(marks)
    legend = alt.Legend(orient="bottom", columns=4, labelLimit=300, symbolSize=90, symbolStrokeWidth=2)
    return Channels(
        x=alt.X("width:O", title="width", axis=alt.Axis(labelAngle=0, ticks=False), scale=alt.Scale(padding=0.05)),
        offset=alt.XOffset("target:N", scale=alt.Scale(domain=slots)),
        y=_vertical(*plotted.domain(marks), title),
        colour=alt.Color("target:N", title=None, scale=_by(targets, "colour"), legend=legend),
        shape=alt.Shape("target:N", title=None, scale=_by(targets, "shape"), legend=legend),
        band=band,
    )


def _vertical(low: float, high: float, title: str) -> Callable[[str], alt.Y]:
    """The logarithmic axis in ms, for whichever field."""
    scale = alt.Scale(type="log", domain=[low, high], nice=False)
    values = plotted.ticks(low, high)
    axis = alt.Axis(values=values, format=",~g", domain=False, ticks=False)
    return lambda field: alt.Y(f"{field}:Q", title=title, scale=scale, axis=axis)


def _truth(channels: Channels) -> Any:
    """One line per width, so broad that they meet."""
    once = _where("datum.truth !== null").transform_aggregate(truth="max(truth)", groupby=["width"])
    line = once.encode(y=channels.y("truth"), tooltip=alt.value(None))
    return line.mark_tick(orient="horizontal", size=1.1 * channels.band, thickness=1, color=INK)


def _natives(channels: Channels) -> list[alt.Chart]:
    """What others are held against, native and what is possible: a line as broad as its width's group, in the band of
    its interval."""
    own = _where("datum.kind === 'native' || datum.kind === 'limit'").encode(color=channels.colour)
    interval = own.mark_bar(width=channels.band, fillOpacity=0.22, clip=True).encode(y=channels.y("low"), y2="high")
    line = own.mark_tick(orient="horizontal", size=channels.band, thickness=1.6).encode(y=channels.y("median"))
    return [interval, line]


def _stems(channels: Channels) -> list[alt.Chart]:
    """The interval of each point, and the line that joins it to the second metric."""
    own = _where("datum.kind === 'point'").encode(xOffset=channels.offset, color=channels.colour)
    interval = own.mark_rule(strokeWidth=2, clip=True).encode(y=channels.y("low"), y2="high")
    joined = own.transform_filter("datum.beside !== null").encode(y=channels.y("beside"))
    line = joined.mark_rule(strokeWidth=1, strokeDash=[2, 2]).encode(y2="median")
    end = joined.mark_tick(orient="horizontal", size=9, thickness=2)
    return [interval, line, end]


def _points(channels: Channels) -> list[alt.Chart]:
    filled = _where("datum.kind === 'point' && !datum.software").mark_point(filled=True, size=62)
    hollow = _where("datum.kind === 'point' && datum.software").mark_point(size=55, fill=GROUND, strokeWidth=1.8)
    return [
        layer.encode(xOffset=channels.offset, y=channels.y("median"), color=channels.colour, shape=channels.shape)
        for layer in (filled, hollow)
    ]


def _caveats(channels: Channels) -> list[alt.Chart]:
    """A ring around what was disturbed; a pale dot struck out for a wrong result."""
    ring = _where("datum.kind === 'point' && datum.disturbed").mark_point(size=190, strokeWidth=1, color=INK)
    wrong = _where("datum.kind === 'wrong'")
    dot = wrong.mark_point(filled=True, size=55, color=palette.STRUCK, fillOpacity=0.45)
    strike = wrong.mark_point(shape=CROSS, size=60, strokeWidth=1.6, color=INK)
    return [layer.encode(xOffset=channels.offset, y=channels.y("median")) for layer in (ring, dot, strike)]


def _failures(channels: Channels) -> list[alt.Chart]:
    """A cross on the floor; a native target has no slot of its own, so its cross stands in the middle."""
    cross: dict[str, Any] = {"shape": CROSS, "size": 34, "strokeWidth": 1.8}
    own = _where("datum.kind === 'failed' && datum.slot").mark_point(**cross).encode(xOffset=channels.offset)
    native = _where("datum.kind === 'failed' && !datum.slot").mark_point(**cross)
    return [layer.encode(y=alt.value(FLOOR), color=channels.colour) for layer in (own, native)]


def _panel(channels: Channels) -> Any:
    layers = [_truth(channels), *_natives(channels), *_stems(channels), *_points(channels), *_caveats(channels)]
    layers += _failures(channels)
    shown = alt.when(alt.param("chosen")).then(alt.value(1.0)).otherwise(alt.value(0.1))
    chosen = alt.selection_point(name="chosen", fields=["target"], bind="legend")
    layered = alt.layer(*layers, data=alt.NamedData("of the panel")).add_params(chosen)
    return layered.properties(height=HEIGHT).encode(x=channels.x, tooltip=TOOLTIP, opacity=shown)


def _where(condition: str) -> alt.Chart:
    return alt.Chart().transform_filter(condition)


def _by(targets: Mapping[str, Mark], trait: str) -> alt.Scale:
    return mapped({name: mark[trait] for name, mark in targets.items()})
