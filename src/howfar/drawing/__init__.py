"""The figures' layouts: each chart is one Altair spec over inlined values, from which the interactive figure and the
static SVG and PNG are made."""

from howfar.drawing.bars import shares
from howfar.drawing.maps import maps
from howfar.drawing.points import times
from howfar.drawing.steps import steps
from howfar.drawing.timelines import timelines
from howfar.drawing.trees import trees

__all__ = ["maps", "shares", "steps", "timelines", "times", "trees"]
