"""The paper's clock, natively: process CPU time around Keras's own calls. The twin of page/published.js; docs/method.md
says what it replays and why ("The published protocol")."""

import time
from collections.abc import Callable
from typing import Any

from howfar.native.measure import Enter, Operation, clock_ms
from howfar.outcomes import Series
from howfar.records import Sampling

# See page/published.js.
FEWEST = 2
MOST = 20_000


def cpu_ms() -> float:
    """Milliseconds that all threads of this process have been on a core."""
    return time.process_time_ns() / 1e6


def measure_published(
    sampling: Sampling,
    operation: Operation,
    keep: Callable[[Any], None],
    enter: Enter,
    clocks: tuple[Callable[[], float], Callable[[], float]] = (cpu_ms, clock_ms),
) -> Series:
    """One pass over the data, again and again until the time is up: one sample per operation. Nothing runs before it.

    `keep` gets what each operation returned. `clocks`: what is timed with, and what tells that the time is up.
    """
    clock, wall = clocks
    enter("latency")
    samples: list[float] = []
    end = wall() + sampling.max_seconds * 1000
    while len(samples) < FEWEST or (wall() < end and len(samples) < MOST):
        start = clock()
        result = operation(len(samples))
        samples.append(clock() - start)
        keep(result)
        if samples[-1] > sampling.slow_seconds * 1000:
            enter("latency")  # a phase's limit is for one such operation, not for all
    return Series("latency", "timed", 1, tuple(samples), "cap" if len(samples) < MOST else "once")
