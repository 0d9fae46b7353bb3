"""One's own models: a line per target, or per model, and milliseconds along a logarithmic axis."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl

from howfar import plotted
from howfar.drawing.points import CROSS, TOOLTIP
from howfar.drawing.style import FAINT, GROUND, INK, PAGE, Values, mapped, styled
from howfar.plotted import Mark, Spec

STEP = 24


def targets(table: pl.DataFrame, metric: str, beside: str) -> Spec:
    """A panel per model: each target's time with its 95 % interval, and a tick for its second metric (`beside`).

    Hollow: a GPU in name only; struck out: a wrong result; a cross at the left: a failure.
    """
    marks = plotted.marks(table, metric, beside)
    drawn = [_panel(name, own) for name, own in _by_model(marks)]
    return styled(alt.vconcat(*drawn, spacing=18).resolve_scale(x="shared", color="shared", shape="shared"))


def models(table: pl.DataFrame, metric: str, fps: Sequence[int]) -> Spec:
    """A row per model, a point per target; fine lines where so many inferences fit into a second."""
    marks = plotted.marks(table, metric)
    low, high = plotted.domain(marks)
    place = alt.Y("model:N", sort=[name for name, _ in _by_model(marks)], title=None, axis=_names())
    layers = [*_speeds(fps, low, high), *_points(_channels(marks, place, by_model=True))]
    figure = alt.layer(*layers, data=Values(values=marks)).properties(width=PAGE - 260, height=alt.Step(STEP))
    return styled(figure)


def _by_model(marks: Sequence[Mark]) -> list[tuple[str, list[Mark]]]:
    gathered: dict[str, list[Mark]] = {}
    for mark in marks:
        gathered.setdefault(mark["model"], []).append(mark)
    return list(gathered.items())


def _panel(name: str, marks: list[Mark]) -> Any:
    fastest = sorted(marks, key=lambda mark: (mark["median"] is None, mark["median"] or 0.0))
    place = alt.Y("target:N", sort=[mark["target"] for mark in fastest], title=None, axis=_names())
    channels = _channels(marks, place)
    second = _where("datum.beside !== null").mark_tick(thickness=2, size=11)
    second = second.encode(x=channels["x"]("beside"), y=place, color=channels["colour"], tooltip=TOOLTIP)
    layers = [*_points(channels), second]
    figure = alt.layer(*layers, data=Values(values=marks))
    return figure.properties(title=name, width=PAGE - 320, height=alt.Step(STEP))


def _names() -> alt.Axis:
    return alt.Axis(labelLimit=300, ticks=False, domain=False, grid=True, gridColor=FAINT)


def _channels(marks: Sequence[Mark], place: alt.Y, *, by_model: bool = False) -> dict[str, Any]:
    low, high = plotted.domain(marks)
    named = plotted.targets(marks)
    scale = alt.Scale(type="log", domain=[low, high], nice=False)
    axis = alt.Axis(values=plotted.ticks(low, high), format=",~g", domain=False, ticks=False)
    legend = alt.Legend(orient="bottom", columns=3, labelLimit=300, symbolStrokeWidth=2)
    shown = legend if by_model else None
    return {
        "x": lambda field: alt.X(f"{field}:Q", title="ms per inference", scale=scale, axis=axis),
        "y": place,
        "colour": alt.Color("target:N", title=None, scale=_trait(named, "colour"), legend=shown),
        "shape": alt.Shape("target:N", title=None, scale=_trait(named, "shape"), legend=shown),
    }


def _points(channels: dict[str, Any]) -> list[alt.Chart]:
    """Intervals, points, native as lines across its row, wrong results and failures."""
    base = {"y": channels["y"], "color": channels["colour"], "tooltip": TOOLTIP}
    known = _where("datum.kind === 'point' || datum.kind === 'native'")
    interval = known.mark_rule(strokeWidth=2, clip=True).encode(x=channels["x"]("low"), x2="high", **base)
    native = _where("datum.kind === 'native'").mark_tick(orient="vertical", thickness=2, size=STEP - 8)
    filled = _where("datum.kind === 'point' && !datum.software").mark_point(filled=True, size=70)
    hollow = _where("datum.kind === 'point' && datum.software").mark_point(size=60, fill=GROUND, strokeWidth=1.8)
    points = [layer.encode(x=channels["x"]("median"), shape=channels["shape"], **base) for layer in (filled, hollow)]
    struck = _where("datum.kind === 'wrong'").mark_point(shape=CROSS, size=60, strokeWidth=1.6, color=INK)
    failed = _where("datum.kind === 'failed'").mark_point(shape=CROSS, size=34, strokeWidth=1.8)
    return [
        interval,
        native.encode(x=channels["x"]("median"), **base),
        *points,
        struck.encode(x=channels["x"]("median"), y=channels["y"], tooltip=TOOLTIP),
        failed.encode(x=alt.value(6), **base),
    ]


def _speeds(fps: Sequence[int], low: float, high: float) -> list[Any]:
    """A line and its name for each that lies in the picture."""
    shown = [{"at": 1000 / one, "label": f"{one} a second"} for one in fps if low < 1000 / one < high]
    data = Values(values=shown)
    line = alt.Chart(data).mark_rule(color=INK, strokeDash=[3, 3], strokeWidth=1).encode(x="at:Q")
    words = alt.Chart(data).mark_text(baseline="bottom", color=INK, fontSize=11)
    return [line, words.encode(x="at:Q", y=alt.value(-3), text="label:N")]


def _where(condition: str) -> alt.Chart:
    return alt.Chart().transform_filter(condition)


def _trait(named: dict[str, Mark], trait: str) -> alt.Scale:
    return mapped({name: mark[trait] for name, mark in named.items()})
