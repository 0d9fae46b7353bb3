"""The paper's clock, natively, with clocks that are told what time it is."""

from collections.abc import Callable

from howfar.native.published import MOST, cpu_ms, measure_published
from howfar.records import Sampling


def clockwork(ms: float) -> tuple[Callable[[], float], Callable[[int], int]]:
    """A clock, and an operation that takes `ms` of it and returns its turn."""
    now = 0.0

    def operation(turn: int) -> int:
        nonlocal now
        now += ms
        return turn

    return lambda: now, operation


def test_one_sample_per_operation_until_the_time_is_up() -> None:
    clock, operation = clockwork(10)
    kept: list[int] = []
    series = measure_published(Sampling(max_seconds=0.1), operation, kept.append, lambda _: None, (clock, clock))
    assert series.sample_ms == (10.0,) * 10
    assert kept == list(range(10))
    assert (series.metric, series.stage, series.repeats) == ("latency", "timed", 1)


def test_what_is_slow_is_done_twice_and_each_time_the_limit_begins_anew() -> None:
    clock, operation = clockwork(30_000)
    entered: list[str] = []
    series = measure_published(Sampling(max_seconds=1), operation, lambda _: None, entered.append, (clock, clock))
    assert series.sample_ms == (30_000.0, 30_000.0)
    assert entered == ["latency"] * 3


def test_a_message_has_an_end() -> None:
    clock, operation = clockwork(0)
    series = measure_published(Sampling(max_seconds=1), operation, lambda _: None, lambda _: None, (clock, clock))
    assert len(series.sample_ms) == MOST


def test_it_counts_the_time_on_a_core_not_on_the_wall() -> None:
    before = cpu_ms()
    total = sum(i * i for i in range(200_000))
    assert total > 0
    assert cpu_ms() > before
