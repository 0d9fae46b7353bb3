"""Ratios of two results: a line per cell, 1 in the middle."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from howfar.drawing.style import FAINT, INK, PAGE, Values, mapped, styled
from howfar.plotted import Spec

COLOURS: Mapping[str, str] = {"faster": "#167a64", "slower": "#b3402e"}
OTHER = "#8b8b8b"


def ratios(rows: Sequence[Mapping[str, Any]]) -> Spec:
    """Each cell's ratio with its 95 % interval, on a logarithmic axis; to the right of the line it became slower."""
    names = list(dict.fromkeys(str(row["verdict"]) for row in rows))
    colour = alt.Color("verdict:N", title=None, scale=mapped({name: COLOURS.get(name, OTHER) for name in names}))
    axis = alt.Axis(labelLimit=420, ticks=False, domain=False, grid=True, gridColor=FAINT)
    place = alt.Y("cell:N", sort=[str(row["cell"]) for row in rows], title=None, axis=axis)
    along = alt.Scale(type="log", nice=False)
    told: list[Any] = ["cell:N", alt.Tooltip("ratio:Q", format=".3f"), alt.Tooltip("low:Q", format=".3f"),
            alt.Tooltip("high:Q", format=".3f"), "verdict:N"]  # fmt: skip
    base = alt.Chart(Values(values=[dict(row) for row in rows])).encode(y=place, color=colour, tooltip=told)
    interval = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", scale=along, title="new / base"), x2="high")
    point = base.mark_point(filled=True, size=60).encode(x=alt.X("ratio:Q", scale=along))
    one = alt.Chart(Values(values=[{"at": 1}])).mark_rule(color=INK).encode(x="at:Q")
    return styled(alt.layer(one, interval, point).properties(width=PAGE - 440, height=alt.Step(20)))
