"""Which processes count where the machine itself was slower for some of them than it can be (probes/pace.py)."""

import math
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import TypeVar

import numpy as np
from msgspec import Struct

from howfar.outcomes import Outcome, Results

T = TypeVar("T")

# A tenth of the processes found the machine at least as fast: its own pace, and no lucky moment.
OWN_PACE = 0.1
# Fewer than this say too little of what it can be.
FEWEST_PACES = 10
# A quiet machine's paces lie within 8 %; a neighbour on any of its cores makes them 25 to 90 % longer.
SLOWED = 1.1
# A mean of fewer has an interval that is wider than what the neighbours do.
FEWEST_QUIET = 3
# The facts of an environment that say which machine it is: a browser and native are different environments of one.
MACHINE = ("os", "machine", "cpu", "cores", "memory_gib")


class Reckoned(Struct, frozen=True):
    """Of one cell. `left_out`: the numbers of the rounds that don't count: slowed, where others are enough. `slowed`:
    some that were so do count."""

    left_out: Collection[int] = ()
    slowed: bool = False

    def counted(self, rounds: Mapping[int, T]) -> Mapping[int, T]:
        """Of these, by round, those that count."""
        return {number: own for number, own in rounds.items() if number not in self.left_out}


class Quiet:
    """Tells which outcomes of these results were slowed, and which of them count."""

    def __init__(self, results: Results) -> None:
        self._machines = {name: tuple(map(facts.get, MACHINE)) for name, facts in results.environments.items()}
        paces_ms: dict[Hashable, list[float]] = defaultdict(list)
        for outcome in filter(paced, results.outcomes):
            paces_ms[self._machine(outcome)].append(_longest_ms(outcome))
        self._own_ms = {
            machine: float(np.quantile(every, OWN_PACE))
            for machine, every in paces_ms.items()
            if len(every) >= FEWEST_PACES
        }

    def slowed(self, outcome: Outcome) -> bool:
        """Whether the machine was slower, right before its samples or right after them, than it can be."""
        if not paced(outcome):
            return False
        return _longest_ms(outcome) > SLOWED * self._own_ms.get(self._machine(outcome), math.inf)

    def reckon(self, rounds: Iterable[Outcome]) -> Reckoned:
        """Which of one cell's rounds count. What failed before it was timed is neither slowed nor one of the others."""
        timed = [outcome for outcome in rounds if outcome.noise]
        slowed = {outcome.task.round for outcome in timed if self.slowed(outcome)}
        enough = len(timed) - len(slowed) >= FEWEST_QUIET
        return Reckoned(slowed, slowed=False) if enough else Reckoned((), bool(slowed))

    def _machine(self, outcome: Outcome) -> Hashable:
        return self._machines.get(outcome.environment)


def paced(outcome: Outcome) -> bool:
    """Whether the machine's pace was taken beside it."""
    return outcome.noise is not None and bool(outcome.noise.pace_ms)


def _longest_ms(outcome: Outcome) -> float:
    return max(outcome.noise.pace_ms) if outcome.noise else 0.0
