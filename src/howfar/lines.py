"""A cell on its way through a budget: how far it has come, and what a further round of it promises."""

import math

import numpy as np
from msgspec import Struct

from howfar.records import Cell, ProtocolName

Key = tuple[Cell, ProtocolName]


class Line(Struct):
    """One cell under one protocol: how many rounds of it are measured, and the median of each process that is known."""

    key: Key
    rounds: int = 0
    medians: list[float] = []  # msgspec copies it for each
    hopeless: bool = False  # unsupported: it will be so in every round
    scale: int = 1
    resumed: bool = False
    over_cap: str = ""
    seconds: float | None = None

    @property
    def half_width(self) -> float:
        """The standard error of the mean of its logarithms; infinite for a single one, and where they are an earlier
        run's; 0 where no round gave one."""
        if len(self.medians) < 2:
            return math.inf if self.medians or self.resumed else 0.0
        return float(np.std(np.log(self.medians), ddof=1) / math.sqrt(len(self.medians)))

    @property
    def gain(self) -> float:
        """What a further round promises for a second of the budget: many rounds of what is quick before one of what
        takes as long and is seldom anybody's choice (a GPU done in software). Of a ceiling, which is the best of many
        samples and has no interval, nothing, as long as others can be taken."""
        if self.key[0].workload == "ceilings":
            return 0.0
        return self.half_width / (self.seconds or 1.0)
