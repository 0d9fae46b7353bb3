"""The figures' layouts: each chart is one Altair spec over inlined values, from which the interactive figure and the
static SVG and PNG are made. A flame graph is an SVG by itself."""

from howfar.drawing.bars import shares
from howfar.drawing.felt import felt
from howfar.drawing.flames import flames
from howfar.drawing.maps import maps
from howfar.drawing.points import times
from howfar.drawing.ratios import ratios
from howfar.drawing.rooflines import limits
from howfar.drawing.sofar import so_far
from howfar.drawing.steps import steps
from howfar.drawing.targets import models, targets
from howfar.drawing.timelines import timelines
from howfar.drawing.trees import trees

__all__ = [
    "felt", "flames", "limits", "maps", "models", "ratios", "shares", "so_far", "steps", "targets", "timelines",
    "times", "trees",
]  # fmt: skip
