"""The loop's logic, on a clock that only the operations move. tests/page/measure.test.js asks the twin the same."""

from collections.abc import Callable
from typing import Any

import pytest

import asked
from howfar.native.measure import (
    MIN_SAMPLE_MS,
    Loop,
    calibrate_tick,
    clock_ms,
    measure_latency,
    measure_throughput,
)
from howfar.outcomes import Series
from howfar.records import Metric, PhaseName


class Machine:
    """Its clock steps in `tick_ms` (0 = a perfect clock). Powers of two keep all sums exact."""

    def __init__(self, tick_ms: float = 0.0) -> None:
        self.now, self.tick_ms = 1000.0, tick_ms

    def clock(self) -> float:
        return self.now // self.tick_ms * self.tick_ms if self.tick_ms else self.now

    def work(self, ms: float) -> None:
        self.now += ms

    def loop(self, **changes: Any) -> Loop:
        return Loop(asked.sampling(**changes), self.tick_ms or 1 / 1024, clock=self.clock)


def enter(_: PhaseName) -> None:
    """Nobody listens."""


def pick(series: list[Series], metric: Metric, stage: str) -> Series:
    (found,) = (one for one in series if (one.metric, one.stage) == (metric, stage))
    return found


def latency(machine: Machine, ms: Callable[[int], float], **changes: Any) -> tuple[Series, Series]:
    """The warm-up and the timed series of an operation whose cost depends on its turn."""
    series = measure_latency(machine.loop(**changes), lambda turn: machine.work(ms(turn)), enter)
    return pick(series, "latency", "warmup"), pick(series, "latency", "timed")


@pytest.mark.parametrize("interrupted", [10**9, 40])
def test_the_tick_is_the_step_of_the_clock(interrupted: int) -> None:
    machine, reads = Machine(1 / 8), 0

    def clock() -> float:
        nonlocal reads
        reads += 1
        machine.work(5 if reads % interrupted == 0 else 1 / 64)
        return machine.clock()

    assert calibrate_tick(clock) == 1 / 8


def test_the_real_clock_is_fine_enough() -> None:
    assert 0 < calibrate_tick(clock_ms) < 0.1


def test_a_sample_repeats_a_short_operation_until_it_lasts_at_least_min_ticks_ticks() -> None:
    _, timed = latency(Machine(1 / 8), lambda _: 1 / 16)
    assert min(timed.sample_ms) >= 50 / 8
    mean = sum(timed.sample_ms) / len(timed.sample_ms) / timed.repeats
    assert abs(mean - 1 / 16) < 1 / 8 / timed.repeats


def test_a_sample_of_a_long_operation_is_one_operation() -> None:
    _, timed = latency(Machine(1 / 8), lambda _: 64)
    assert (timed.repeats, set(timed.sample_ms)) == (1, {64})


def test_with_a_very_fine_clock_a_sample_still_has_a_length() -> None:
    _, timed = latency(Machine(), lambda _: 1 / 64, min_ticks=1)
    assert min(timed.sample_ms) >= MIN_SAMPLE_MS


def test_every_operation_gets_the_next_turn_over_both_metrics() -> None:
    machine, turns = Machine(), list[int]()
    loop = machine.loop()

    def operation(turn: int) -> None:
        turns.append(turn)
        machine.work(4)

    measure_latency(loop, operation, enter)
    measure_throughput(loop, operation, None, enter)
    assert turns == list(range(loop.turn))


def test_phases_are_told_in_order_and_telling_them_is_in_no_sample() -> None:
    machine, phases = Machine(), list[str]()

    def slow_enter(phase: PhaseName) -> None:
        phases.append(phase)
        machine.work(700)

    series = measure_latency(machine.loop(), lambda _: machine.work(4), slow_enter)
    series += measure_throughput(machine.loop(), lambda _: machine.work(4), None, slow_enter)
    assert phases == ["warmup", "latency", "warmup", "throughput"]
    assert all(set(one.sample_ms) == {4 * one.repeats} for one in series)


def test_the_drain_is_inside_a_throughput_sample_and_outside_the_enqueue_series() -> None:
    machine, queued = Machine(), 0

    def enqueue(_: int) -> None:
        nonlocal queued
        queued += 1
        machine.work(1)

    def drain() -> None:
        nonlocal queued
        machine.work(queued * 10)
        queued = 0

    series = measure_throughput(machine.loop(), enqueue, drain, enter)
    throughput, enqueued = pick(series, "throughput", "timed"), pick(series, "enqueue", "timed")
    assert (throughput.repeats, set(throughput.sample_ms)) == (10, {110})
    assert (enqueued.repeats, set(enqueued.sample_ms)) == (10, {10})
    assert len(enqueued.sample_ms) == len(throughput.sample_ms)


def test_where_there_is_nothing_to_drain_there_is_no_enqueue_series() -> None:
    machine = Machine()
    series = measure_throughput(machine.loop(), lambda _: machine.work(4), None, enter)
    assert [(one.metric, one.stage) for one in series] == [("throughput", "warmup"), ("throughput", "timed")]


def test_the_pipeline_is_no_deeper_than_min_samples_samples_under_the_cap_allow() -> None:
    machine = Machine()
    series = measure_throughput(machine.loop(max_seconds=4), lambda _: machine.work(40), lambda: None, enter)
    timed = pick(series, "throughput", "timed")
    assert timed.repeats == 3  # 4000 ms / 30 samples / 40 ms
    assert len(timed.sample_ms) >= 30


def test_warm_up_goes_on_past_a_change_of_level_and_ends_steady() -> None:
    warm, timed = latency(Machine(), lambda turn: 4 if turn < 50 else 1)
    assert (warm.ended_by, set(warm.sample_ms)) == ("steady", {4, 1})
    # The first look, at 300 ms, saw the change, and a later one saw no other.
    assert 300 < sum(warm.sample_ms) < 1000
    assert set(timed.sample_ms) == {1}


def test_warm_up_ends_at_its_first_look_where_nothing_changes() -> None:
    warm, _ = latency(Machine(), lambda _: 4)
    assert (warm.ended_by, sum(warm.sample_ms)) == ("steady", 300)


def test_warm_up_that_never_settles_ends_at_its_cap_and_says_so() -> None:
    warm, _ = latency(Machine(), lambda turn: 1 + turn / 128)
    assert warm.ended_by == "cap"
    assert 5000 <= sum(warm.sample_ms) < 5100


def test_code_that_got_much_faster_in_warm_up_is_calibrated_again() -> None:
    warm, timed = latency(Machine(1 / 8), lambda turn: 4 if turn < 30 else 1 / 32)
    assert timed.repeats > warm.repeats
    assert min(timed.sample_ms) >= 50 / 8


def test_what_is_held_up_when_it_is_calibrated_still_gets_samples_that_are_long_enough() -> None:
    """Warm-up lasts 5 s; its first operation is held up, and the one with which it ends."""
    machine, last = Machine(), False
    began = machine.now

    def ms(turn: int) -> float:
        nonlocal last
        ends = not last and machine.now - began >= 4990
        last = last or ends
        return 40 if turn == 0 or ends else 1 / 32

    warm, timed = latency(machine, ms, warmup_min_seconds=5)
    assert (warm.repeats, warm.sample_ms[-1]) == (1, 40)
    assert min(timed.sample_ms) >= MIN_SAMPLE_MS


def test_what_was_calibrated_while_it_was_held_up_is_sampled_anew_until_every_sample_is_long_enough() -> None:
    """Warm-up ends at once, and the first timed samples are held up too: a thread had to wait for its core."""
    machine, at_once = Machine(1 / 8), {"warmup_min_seconds": 0.001, "warmup_max_seconds": 0.001}

    def enqueue(turn: int) -> None:
        machine.work(40 if turn < 8 else 1 / 32)

    series = measure_throughput(machine.loop(**at_once), enqueue, lambda: None, enter)
    timed, enqueued = pick(series, "throughput", "timed"), pick(series, "enqueue", "timed")
    assert min(timed.sample_ms) >= 50 / 8
    assert max(timed.sample_ms) / timed.repeats < 1 / 8  # none is left of those that were held up
    assert (enqueued.repeats, len(enqueued.sample_ms)) == (timed.repeats, len(timed.sample_ms))


def test_an_operation_slower_than_max_seconds_gets_exactly_slow_samples() -> None:
    machine = Machine()
    warm, timed = latency(machine, lambda _: 20_000, slow_samples=3)
    assert timed == Series("latency", "timed", 1, (20_000, 20_000, 20_000), "cap")
    assert warm.sample_ms == (20_000,)
    assert machine.now == 1000 + 4 * 20_000


def slow_loop(machine: Machine) -> Loop:
    loop = machine.loop()
    loop.slow = True
    return loop


def test_what_is_slow_gets_one_sample_and_no_warm_up() -> None:
    machine, phases = Machine(), list[str]()
    loop = slow_loop(machine)

    def operation(_: int) -> None:
        machine.work(2500)

    assert measure_latency(loop, operation, phases.append) == [Series("latency", "timed", 1, (2500,), "slow")]
    found = measure_throughput(loop, operation, None, phases.append)
    assert found == [Series("throughput", "timed", 1, (2500,), "slow")]
    assert phases == ["latency", "throughput"]
    assert (loop.turn, machine.now) == (2, 1000 + 2 * 2500)


def test_what_is_slow_and_drained_has_its_one_sample_in_both_series() -> None:
    machine = Machine()
    found = measure_throughput(slow_loop(machine), lambda _: machine.work(1), lambda: machine.work(2500), enter)
    assert found == [
        Series("throughput", "timed", 1, (2501,), "slow"),
        Series("enqueue", "timed", 1, (1,), "slow"),
    ]


def test_sampling_ends_by_the_interval_once_both_the_least_samples_and_the_least_seconds_are_there() -> None:
    _, quick = latency(Machine(), lambda _: 4)
    assert (quick.ended_by, sum(quick.sample_ms)) == ("interval", 500)
    _, slow = latency(Machine(), lambda _: 64)
    assert (slow.ended_by, len(slow.sample_ms)) == ("interval", 30)


def test_sampling_of_a_restless_operation_ends_by_the_cap() -> None:
    _, timed = latency(Machine(), lambda turn: 3 if turn % 2 else 1)
    assert timed.ended_by == "cap"
    assert 10_000 <= sum(timed.sample_ms) < 10_010
