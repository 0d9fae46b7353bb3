"""The measuring loop. It alone reads the clock; operations only work. page/measure.js is its twin."""

import math
import time
from collections.abc import Callable
from statistics import median
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from howfar.native.steady import change_point, relative_half_width
from howfar.outcomes import Series
from howfar.records import Metric, PhaseName, Sampling, SteadyMetric

Operation = Callable[[int], object]
Take = Callable[[int], float]
Enter = Callable[[PhaseName], None]

# See page/measure.js.
PIPELINE_DEPTH = 10
# A reading of the clock takes 0.05 to 0.1 us here, so 50 of its ticks would be no length at all for a sample.
MIN_SAMPLE_MS = 0.25


def clock_ms() -> float:
    """Milliseconds of a monotonic clock."""
    return time.perf_counter_ns() / 1e6


class Loop(Struct):
    """`turn` counts the operations that were run so far, so that inputs can rotate; `slow`: one sample is enough."""

    sampling: Sampling
    tick_ms: float
    slow: bool = False
    clock: Callable[[], float] = clock_ms
    turn: int = 0

    @property
    def least_ms(self) -> float:
        """What a sample must last: `min_ticks` ticks, and `MIN_SAMPLE_MS`."""
        return max(self.sampling.min_ticks * self.tick_ms, MIN_SAMPLE_MS)

    @property
    def enough_ms(self) -> float:
        """What it is calibrated to last: a margin of a half for what gets faster later."""
        return self.least_ms * 1.5


class Warm(Struct, frozen=True):
    """What warm-up found."""

    repeats: int
    sample_ms: tuple[float, ...]
    ended_by: Literal["steady", "cap"]


def calibrate_tick(clock: Callable[[], float] = clock_ms) -> float:
    """The clock's step in milliseconds: the median distance between different readings that follow one another."""
    steps: list[float] = []
    while len(steps) < 25:
        start = now = clock()
        while now == start:
            now = clock()
        steps.append(now - start)
    return median(steps)


def measure_latency(loop: Loop, operation: Operation, enter: Enter, metric: SteadyMetric = "latency") -> list[Series]:
    """One metric in full: warm-up, then timed samples of operations that each bring their numbers to NumPy. `metric`:
    another one that is sampled in this way."""

    def take(repeats: int) -> float:
        return _sample(loop, operation, repeats)

    if loop.slow:
        enter(metric)
        return [Series(metric, "timed", 1, (take(1),), "slow")]
    enter("warmup")
    warm = _warm_up(loop, take)
    repeats, _ = _recalibrate(loop, take, warm)
    enter(metric)
    return [_warm_series(metric, warm), _sample_until_known(loop, take, repeats, metric)]


def measure_throughput(loop: Loop, enqueue: Operation, drain: Callable[[], None] | None, enter: Enter) -> list[Series]:
    """Warm-up, then timed samples of k operations that are drained together once; where there is something to drain,
    the time before that is the `enqueue` series."""
    enqueued: list[float] = []

    def take(repeats: int) -> float:
        start = loop.clock()
        enqueued_ms = _sample(loop, enqueue, repeats)
        if drain is None:
            return enqueued_ms
        drain()
        enqueued.append(enqueued_ms)
        return loop.clock() - start

    if loop.slow:
        enter("throughput")
        return _drained([], Series("throughput", "timed", 1, (take(1),), "slow"), enqueued)
    enter("warmup")
    warm = _warm_up(loop, take)
    repeats = _pipelined(loop.sampling, *_recalibrate(loop, take, warm))
    enter("throughput")
    timed = _sample_until_known(loop, take, repeats, "throughput")
    return _drained([_warm_series("throughput", warm)], timed, enqueued)


def _drained(before: list[Series], timed: Series, enqueued: list[float]) -> list[Series]:
    """The throughput series and, where something was drained, the `enqueue` series beside it."""
    if not enqueued:
        return [*before, timed]
    own = tuple(enqueued[-len(timed.sample_ms) :])
    return [*before, timed, replace(timed, metric="enqueue", sample_ms=own)]


def _warm_series(metric: Metric, warm: Warm) -> Series:
    return Series(metric, "warmup", warm.repeats, warm.sample_ms, warm.ended_by)


def _sample(loop: Loop, operation: Operation, repeats: int) -> float:
    turn, clock = loop.turn, loop.clock
    start = clock()
    for i in range(turn, turn + repeats):
        operation(i)
    elapsed = clock() - start
    loop.turn += repeats
    return elapsed


def _calibrate_repeats(loop: Loop, take: Take) -> tuple[int, float]:
    """The repeats that make a sample long enough, and the first such sample in milliseconds."""
    repeats = 1
    while (ms := take(repeats)) < loop.enough_ms:
        repeats = _more_repeats(loop, repeats, ms)
    return repeats, ms


def _more_repeats(loop: Loop, repeats: int, ms: float) -> int:
    """`ms`: what so many took, which was too short."""
    wanted = math.ceil(loop.enough_ms / max(ms, loop.tick_ms) * repeats)
    return max(repeats * 2, min(wanted, repeats * 10))


def _warm_up(loop: Loop, take: Take) -> Warm:
    """Runs until the level is steady or time is up, and forgets the steps before the last change of level."""
    sampling, start = loop.sampling, loop.clock()
    repeats, ms = _calibrate_repeats(loop, take)
    samples, level, check_at_ms = [ms], 0, sampling.warmup_min_seconds * 1000
    while True:
        elapsed_ms = loop.clock() - start
        if elapsed_ms >= check_at_ms and len(samples) - level >= 10:
            change = change_point(samples[level:], sampling.target_half_width)
            if change is None:
                return Warm(repeats, tuple(samples), "steady")
            level, check_at_ms = level + change, elapsed_ms * 1.25
        if elapsed_ms >= sampling.warmup_max_seconds * 1000:
            return Warm(repeats, tuple(samples), "cap")
        samples.append(take(repeats))


def _recalibrate(loop: Loop, take: Take, warm: Warm) -> tuple[int, float]:
    """Warm-up's repeats, or more where its samples are too short now: the code got faster, or what it was calibrated by
    was held up. So two samples must be long enough, one after the other."""
    repeats, ms = warm.repeats, min(warm.sample_ms[-2:])
    while ms < loop.enough_ms:
        repeats = _more_repeats(loop, repeats, ms)
        ms = min(take(repeats), take(repeats))
    return repeats, ms


def _sample_until_known(loop: Loop, take: Take, repeats: int, metric: Metric) -> Series:
    """The timed samples. Where one is too short (what the repeats were calibrated by was held up, or the code got much
    faster since), all of them are taken anew, of more repeats."""
    sampling, start = loop.sampling, loop.clock()
    samples: list[float] = []
    check_at_ms = sampling.min_seconds * 1000
    while True:
        ms = take(repeats)
        if ms < loop.least_ms:
            return _sample_until_known(loop, take, _more_repeats(loop, repeats, ms), metric)
        samples.append(ms)
        elapsed_ms = loop.clock() - start
        if elapsed_ms >= check_at_ms and len(samples) >= sampling.min_samples:
            if relative_half_width(samples) < sampling.target_half_width:
                return Series(metric, "timed", repeats, tuple(samples), "interval")
            check_at_ms = elapsed_ms * 1.25
        if elapsed_ms >= sampling.max_seconds * 1000 and len(samples) >= sampling.slow_samples:
            return Series(metric, "timed", repeats, tuple(samples), "cap")


def _pipelined(sampling: Sampling, repeats: int, ms: float) -> int:
    """The repeats of a throughput sample: as deep as the pipeline, while `min_samples` of them fit the cap."""
    affordable = math.floor(sampling.max_seconds * 1000 * repeats / sampling.min_samples / ms)
    return max(repeats, min(PIPELINE_DEPTH, affordable), 1)
