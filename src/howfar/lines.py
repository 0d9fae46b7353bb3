"""A cell on its way through a budget: how far it has come, and what a further round of it promises."""

import math
from collections.abc import Collection, Iterable

import numpy as np
from msgspec import Struct

from howfar.records import Cell, ProtocolName

Key = tuple[Cell, ProtocolName]

# Processes of one target differ by up to half here, so that whoever takes twice as long is no rival.
NEAR = 2.0
# ... and a single process may be one that a neighbour slowed, by a factor of two.
MAY_BE_NEAR = 2 * NEAR


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
    def cell(self) -> Cell:
        return self.key[0]

    @property
    def native(self) -> bool:
        return self.cell.target.browser == "native"

    @property
    def shares(self) -> str:
        """The browser that its ceilings share; nothing where it is no ceiling."""
        return self.cell.target.browser if self.cell.workload == "ceilings" else ""

    @property
    def best(self) -> float:
        """The lowest of its medians; infinite where none is known."""
        return min(self.medians, default=math.inf)

    @property
    def variance(self) -> float:
        """Of its processes' logarithms."""
        return float(np.var(np.log(self.medians), ddof=1)) if len(self.medians) > 1 else 0.0

    def half_width(self, usual: float) -> float:
        """The standard error of the mean of its logarithms, of whose variance so few say too little: it is taken
        together with the `usual` one, which counts for one process. Infinite for a single one, and where they are an
        earlier run's; 0 where no round gave one."""
        count = len(self.medians)
        if count < 2:
            return math.inf if self.medians or self.resumed else 0.0
        return math.sqrt((usual + (count - 1) * self.variance) / count / count)


def gains_of(lines: Collection[Line]) -> dict[Key, float]:
    """What a further round of each promises for a second of the budget: many rounds of what is quick before one of what
    takes as long and is seldom anybody's choice (a GPU done in software). Of a ceiling, which is the best of many
    samples and has no interval, nothing, as long as others can be taken; of targets of one's own model, among which one
    is to be chosen, the less the slower it is than the best: as the square of it."""
    variances = [line.variance for line in lines if len(line.medians) > 1]
    usual = sum(variances) / len(variances) if variances else 0.0
    best: dict[object, float] = {}
    for line in lines:
        best[_rivals(line)] = min(line.best, best.get(_rivals(line), math.inf))
    return {line.key: _gain(line, usual, best[_rivals(line)]) for line in lines}


def _gain(line: Line, usual: float, best: float) -> float:
    if line.cell.workload == "ceilings":
        return 0.0
    near = best / line.best if line.cell.model.kind == "graph" and line.medians else 1.0
    return near**2 * line.half_width(usual) / (line.seconds or 1.0)


def beside(line: Line, lines: Iterable[Line]) -> list[Line]:
    """Who belongs into the same round, and has not more of them than this one: native at the same network and workload;
    of one's own model those that may be chosen, and the quickest native on as many threads."""
    alike = [other for other in lines if other.rounds and _field(other) == _field(line)]
    found = choice(alike) if line.cell.model.kind == "graph" else [other for other in alike if other.native]
    return [other for other in found if other.rounds <= line.rounds and not other.hopeless]


def contenders(lines: Iterable[Line]) -> list[Line]:
    """After a round of all, those of one's own models that may yet be chosen once the next round tells more."""
    fields: dict[object, list[Line]] = {}
    for line in lines:
        if line.cell.model.kind == "graph":
            fields.setdefault(_field(line), []).append(line)
    return [line for alike in fields.values() for line in choice(alike, MAY_BE_NEAR)]


def choice(alike: Iterable[Line], near: float = NEAR) -> list[Line]:
    """Of the targets of one's own model those among which is chosen: in a browser whoever takes at most `near` times as
    long as the best, and of native the quickest on one thread, and on all."""
    slowest_first = sorted((line for line in alike if line.medians), key=lambda line: -line.best)
    natives = {line.cell.target.threads: line for line in slowest_first if line.native}
    browsers = [line for line in slowest_first if not line.native]
    return [*(line for line in browsers if line.best <= near * browsers[-1].best), *natives.values()]


def _field(line: Line) -> object:
    """Whom it is measured beside."""
    return line.cell.model, line.cell.workload, line.key[1]


def _rivals(line: Line) -> object:
    """Whom it is held against: natives are nobody's choice in a browser."""
    return line.cell.model, line.cell.workload, line.native
