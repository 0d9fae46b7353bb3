"""A run as it goes: a dot for every process that is over, by target, as the live page shows it."""

from collections.abc import Mapping

import altair as alt

from howfar.drawing.style import PAGE, mapped, styled
from howfar.plotted import Spec

# What the page puts its rows under.
ROWS = "rows"


def so_far(colours: Mapping[str, str]) -> Spec:
    """`colours`: of every target that the run is to measure, in the order of all legends. The rows come later."""
    axis = alt.Axis(labelLimit=280, ticks=False, domain=False, grid=True)
    told = ["target:N", "what:N", alt.Tooltip("ms:Q", format=",.4~g", title="median of its samples, ms"), "round:O"]
    dots = alt.Chart(alt.NamedData(ROWS)).mark_point(filled=True, size=44, opacity=0.65)
    drawn = dots.encode(
        x=alt.X("ms:Q", title="ms per operation", scale=alt.Scale(type="log"), axis=alt.Axis(format=",~g")),
        y=alt.Y("target:N", title=None, sort=list(colours), axis=axis),
        color=alt.Color("target:N", scale=mapped(colours), legend=None),
        row=alt.Row("workload:N", title=None, header=alt.Header(labelAngle=0, labelAlign="left", labelOrient="top")),
        tooltip=told,
    )
    figure = drawn.properties(width=PAGE - 300, height=alt.Step(20)).resolve_scale(y="independent", x="independent")
    figure.datasets = {ROWS: []}
    return styled(figure)
