"""Which processes count where the machine itself was slower for some of them than it can be (probes/pace.py)."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from howfar.outcomes import Outcome

# A tenth of the processes found the machine at least as fast: its own pace, and no lucky moment.
OWN_PACE = 0.1
# Fewer than this say too little of what it can be.
FEWEST_PACES = 10
# A quiet machine's paces lie within 8 %; a neighbour on any of its cores makes them 25 to 90 % longer.
SLOWED = 1.1
# A mean of fewer has an interval that is wider than what the neighbours do.
FEWEST_QUIET = 3


class Rounds(Protocol):
    """The rounds of one cell."""

    @property
    def outcomes(self) -> Sequence[Outcome]: ...


class Counting:
    """Which outcomes count of cells that are compared with one another, field by field."""

    def __init__(self, every: Iterable[Outcome], fields: Iterable[Sequence[Rounds]] = ()) -> None:
        self._own_ms = _own_paces_ms(every)
        self._counted = {
            id(rounds): outcomes for field in fields for rounds, outcomes in zip(field, self._of(field), strict=True)
        }

    def outcomes(self, rounds: Rounds) -> Sequence[Outcome]:
        """Those that count of this cell; all of one that is in no field."""
        return self._counted.get(id(rounds), rounds.outcomes)

    def slowed(self, rounds: Rounds) -> bool:
        """Whether the machine was slower than it can be beside any of those that count."""
        return any(map(self.is_slowed, self.outcomes(rounds)))

    def is_slowed(self, outcome: Outcome) -> bool:
        """Whether it was before its samples, or after them."""
        limit_ms = SLOWED * self._own_ms.get(outcome.environment, math.inf)
        return outcome.noise is not None and max(outcome.noise.pace_ms, default=0.0) > limit_ms

    def _of(self, field: Sequence[Rounds]) -> list[Sequence[Outcome]]:
        """Of each cell those that were not slowed, if there are enough of each that was measured often (at least half
        as often as the most); else all, of every cell, so that what is compared was measured alike. What failed before
        it was timed counts as ever."""
        timed = [[outcome for outcome in rounds.outcomes if outcome.noise] for rounds in field]
        quiet = [[outcome for outcome in own if not self.is_slowed(outcome)] for own in timed]
        often = max(map(len, timed), default=0) / 2
        if min(len(left) for left, own in zip(quiet, timed, strict=True) if len(own) >= often) < FEWEST_QUIET:
            return [rounds.outcomes for rounds in field]
        return [
            [outcome for outcome in rounds.outcomes if not (left and self.is_slowed(outcome))]
            for left, rounds in zip(quiet, field, strict=True)
        ]


def _own_paces_ms(outcomes: Iterable[Outcome]) -> dict[str, float]:
    """By environment, the machine's own pace."""
    paces: dict[str, list[float]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.noise and outcome.noise.pace_ms:
            paces[outcome.environment].append(max(outcome.noise.pace_ms))
    return {name: float(np.quantile(every, OWN_PACE)) for name, every in paces.items() if len(every) >= FEWEST_PACES}
