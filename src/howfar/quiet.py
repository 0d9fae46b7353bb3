"""Which processes count where the machine itself was slower for some of them than it can be (probes/pace.py)."""

import math
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Sequence
from typing import Protocol

import numpy as np

from howfar.outcomes import Outcome, Results

# A tenth of the processes found the machine at least as fast: its own pace, and no lucky moment.
OWN_PACE = 0.1
# Fewer than this say too little of what it can be.
FEWEST_PACES = 10
# A quiet machine's paces lie within 8 %; a neighbour on any of its cores makes them 25 to 90 % longer.
SLOWED = 1.1
# A mean of fewer has an interval that is wider than what the neighbours do.
FEWEST_QUIET = 3
# Who was measured seldom keeps what it has where leaving out would take its interval.
FEWEST_KEPT = 2
# The facts of an environment that say which machine it is.
MACHINE = ("os", "machine", "cpu", "cores", "memory_gib")


class Rounds(Protocol):
    """The rounds of one cell."""

    @property
    def outcomes(self) -> Sequence[Outcome]: ...


class Counting:
    """Which rounds count of cells that are compared with one another, field by field."""

    def __init__(self, results: Results, fields: Iterable[Sequence[Rounds]]) -> None:
        self._machines = {name: tuple(map(facts.get, MACHINE)) for name, facts in results.environments.items()}
        self._own_ms = self._own_paces_ms(results.outcomes)
        self._left_out = {
            id(rounds): left_out for field in fields for rounds, left_out in zip(field, self._of(field), strict=True)
        }

    def left_out(self, rounds: Rounds) -> Collection[int]:
        """The numbers of those that do not count of this cell."""
        return self._left_out.get(id(rounds), ())

    def slowed(self, rounds: Rounds) -> bool:
        """Whether the machine was slower than it can be beside any of those that count."""
        left_out = self.left_out(rounds)
        return any(self.is_slowed(one) for one in rounds.outcomes if one.task.round not in left_out)

    def is_slowed(self, outcome: Outcome) -> bool:
        """Whether it was before its samples, or after them."""
        limit_ms = SLOWED * self._own_ms.get(self._machine(outcome), math.inf)
        return paced(outcome) and longest_ms(outcome) > limit_ms

    def _of(self, field: Sequence[Rounds]) -> list[Collection[int]]:
        """Of each cell those that were slowed, if enough others are there of each that was measured often (at least
        half as often as the most); else none, of any cell, so that what is compared was measured alike."""
        timed = [[outcome for outcome in rounds.outcomes if outcome.noise] for rounds in field]
        slowed = [{outcome.task.round for outcome in own if self.is_slowed(outcome)} for own in timed]
        often = max(map(len, timed), default=0) / 2
        others = [len(own) - len(out) for own, out in zip(timed, slowed, strict=True)]
        if min((left for left, own in zip(others, timed, strict=True) if len(own) >= often), default=0) < FEWEST_QUIET:
            return [()] * len(field)
        return [out if left >= FEWEST_KEPT else () for left, out in zip(others, slowed, strict=True)]

    def _machine(self, outcome: Outcome) -> Hashable:
        return self._machines.get(outcome.environment)

    def _own_paces_ms(self, outcomes: Iterable[Outcome]) -> dict[Hashable, float]:
        """By machine, its own pace. A browser and native are different environments of one machine."""
        paces: dict[Hashable, list[float]] = defaultdict(list)
        for outcome in filter(paced, outcomes):
            paces[self._machine(outcome)].append(longest_ms(outcome))
        return {name: float(np.quantile(own, OWN_PACE)) for name, own in paces.items() if len(own) >= FEWEST_PACES}


def paced(outcome: Outcome) -> bool:
    """Whether the machine's pace was taken beside it."""
    return outcome.noise is not None and bool(outcome.noise.pace_ms)


def longest_ms(outcome: Outcome) -> float:
    """The longest of its paces; 0 without any."""
    return max(outcome.noise.pace_ms, default=0.0) if outcome.noise else 0.0
