"""What all figures share: their inks, their type, and the width of the page."""

from collections.abc import Mapping

import altair as alt
from altair.typing import ChartType

from howfar.palette import AXIS, FAINT, GROUND, INK
from howfar.plotted import Spec

__all__ = ["AXIS", "FAINT", "FONT", "GROUND", "INK", "PAGE", "Values", "mapped", "styled", "template"]

FONT = "Helvetica Neue, Arial, Liberation Sans, sans-serif"
# The width that panels may fill side by side, in pixels.
PAGE = 980


class Values(alt.InlineData):
    """What a chart is drawn from, the same object in all of its copies: Altair copies all that a chart holds at every
    step, which was half of a large report's time."""

    def __deepcopy__(self, memo: object) -> "Values":
        return self


def mapped(values: Mapping[str, str]) -> alt.Scale:
    """A scale that gives each name its own value."""
    return alt.Scale(domain=list(values), range=list(values.values()))


def template(panel: ChartType) -> tuple[Spec, Spec]:
    """Of a figure of many panels that differ in little what belongs to the whole of it, and one panel, of which the
    others are made: Altair takes 50 ms for each."""
    first = styled(panel)
    return {key: first.pop(key) for key in ("$schema", "config", "params", "datasets") if key in first}, first


def styled(figure: ChartType) -> Spec:
    """A figure's specification. Calm: no frame, faint grid lines, and a ground that lets the page through."""
    text = {"labelColor": INK, "titleColor": INK}
    axis = text | {"gridColor": FAINT, "domainColor": AXIS, "titleFontWeight": "normal", "titlePadding": 8}
    figure.config = alt.Config(
        font=FONT,
        background="transparent",
        padding=6,
        view={"stroke": FAINT},
        title={"fontSize": 13, "color": INK, "offset": 8},
        axis=axis | {"labelFontSize": 11, "titleFontSize": 12},
        legend=text | {"labelFontSize": 12, "rowPadding": 5, "columnPadding": 18, "offset": 14},
    )
    # Altair's own check takes as long again as all else; tests/experiments look at every figure with it.
    return figure.to_dict(validate=False)
