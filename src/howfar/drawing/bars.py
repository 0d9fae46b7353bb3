"""Bars of shares: what a whole is made of."""

from collections.abc import Sequence

import altair as alt
import polars as pl

from howfar import palette, plotted
from howfar.drawing.style import INK, Values, mapped, styled
from howfar.plotted import Spec


def shares(table: pl.DataFrame, parts: Sequence[str]) -> Spec:
    """The wall time of each target as one bar of its parts, with its length in words at the end."""
    bars, ends = plotted.shares(table, parts)
    names = alt.Axis(labelLimit=280, ticks=False, domain=False)
    place = alt.Y("target:N", sort=[end["target"] for end in ends], title=None, axis=names)
    percent = alt.Axis(format=".0%", tickCount=5)
    along = alt.X("share:Q", stack="zero", title="share of its wall time", scale=alt.Scale(domain=[0, 1]), axis=percent)
    legend = alt.Legend(orient="top", columns=8, symbolType="square")
    colour = alt.Color("part:N", title=None, scale=mapped(palette.PARTS), legend=legend)
    told = ["target:N", "part:N", alt.Tooltip("share:Q", format=".1%"), alt.Tooltip("seconds:Q", format=",.1f")]
    stack = alt.Chart(Values(values=bars)).mark_bar(height=14)
    stack = stack.encode(x=along, y=place, color=colour, order="place:Q", tooltip=told)
    words = alt.Chart(Values(values=ends)).mark_text(align="left", dx=8, color=INK)
    words = words.encode(x=alt.datum(1), y=place, text="label:N")
    return styled(alt.layer(stack, words).properties(width=560, height=alt.Step(24)))
