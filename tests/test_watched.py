"""What is worked out of samples whose answers are known."""

import numpy as np
import pytest
from msgspec import structs

import made
from howfar import watched
from howfar.measured import groups, timed
from howfar.observed import ProcessSamples, RoleSamples
from howfar.outcomes import Outcome
from howfar.records import Cell, Model, Target
from howfar.watched import Over, Phase

STEADY = Phase("throughput", 1.5, 4.5)


def cell(target: Target = made.TFJS) -> Cell:
    return Cell(target, Model("mlp", 1, 64), "training", observe="processes")


def samples(outcome: Outcome) -> ProcessSamples:
    assert outcome.processes is not None
    return outcome.processes


def test_the_steady_phase_lies_where_the_timeline_says_counted_from_the_launch() -> None:
    found = watched.steady(made.outcome(cell()))
    assert found is not None
    assert found.name == "throughput"
    assert (found.begin_s, found.end_s) == pytest.approx((1.5, 4.5))
    assert watched.phases(made.outcome(cell()))[0] == Phase("launch", 0.0, 0.5)
    assert watched.steady(made.outcome(cell(), timeline=())) is None


def shares(own: ProcessSamples, used: RoleSamples, within: Phase) -> list[float]:
    return [window.share for window in watched.windows(own, used, within)]


def test_windows_are_seconds_of_the_phase_in_shares_of_a_core() -> None:
    used = RoleSamples("page", cpu_s=(0.0, 0.0, 0.5, 1.5, 1.5, 1.5))
    own = ProcessSamples((0.0, 1.0, 2.0, 3.0, 4.0, 5.0), (), (used,))
    assert shares(own, used, Phase("latency", 1.0, 4.2)) == [0.5, 1.0, 0.0]
    assert shares(own, used, Phase("latency", 1.5, 3.5)) == [0.75, 0.5]
    assert shares(own, used, Phase("latency", 2.0, 2.5)) == [1.0]


def test_what_computes_is_the_page_and_on_a_gpu_back_end_the_gpu_too() -> None:
    for target, roles in {made.TFJS: ["page"], made.WEBGL: ["page", "gpu"], made.NATIVE: ["main"]}.items():
        outcome = made.outcome(cell(target))
        assert [one.role for one in watched.computing(outcome, samples(outcome))] == roles


def test_memory_is_summed_and_unknown_where_a_part_can_not_be_read() -> None:
    one = RoleSamples("page", (0.0,) * 3, pss_bytes=(100, 300), uss_bytes=(10, 30))
    other = RoleSamples("gpu", (0.0,) * 3, uss_bytes=(1, 1))
    own = ProcessSamples((0.0, 1.0, 2.0), (0.0, 2.0), (one, other))
    assert watched.held(own, [one]).tolist() == [100, 200, 300]
    assert watched.held(own, [one, other]).tolist() == [101, 201, 301]
    assert watched.held(own, [one, structs.replace(other, uss_bytes=())]).size == 0
    assert watched.held(own, []).size == 0


def test_between_looks_at_the_memory_it_changes_as_the_running_count_does() -> None:
    one = RoleSamples("page", (0.0,) * 5, anonymous_bytes=(50, 80, 250, 60, 60), pss_bytes=(100, 110))
    own = ProcessSamples((0.0, 1.0, 2.0, 3.0, 4.0), (0.0, 4.0), (one,))
    assert watched.held(own, [one]).tolist() == [100, 130, 300, 110, 110]


def test_a_slope_is_not_moved_by_a_single_fall() -> None:
    times = np.arange(10.0)
    assert watched.slope(times, 3 * times + 5) == 3
    fallen = 3 * times + np.where(times == 4, -100, 0)
    assert watched.slope(times, fallen) == pytest.approx(3, abs=1)
    assert watched.slope(times[:2], times[:2]) is None


def test_a_number_over_rounds_is_geometric_where_it_can_be() -> None:
    assert watched.over([1.0, 4.0]).value == pytest.approx(2.0)
    assert watched.over([2.0]) == Over(2.0, None, None)
    mixed = watched.over([-1.0, 0.0, 1.0])
    assert mixed.value == pytest.approx(0.0)
    assert mixed.low is not None and mixed.high is not None and mixed.low < 0 < mixed.high


def test_watched_executions_are_never_among_the_timed() -> None:
    plain = structs.replace(cell(), observe="")
    results = made.results([made.outcome(plain), made.outcome(cell(), 0)])
    assert {entry.cell for entry in timed(results, "training")} == {plain}
    (own,) = watched.watched(results, ("training",))
    assert own.cell == cell()
    assert len(list(groups(results, lambda _: True))) == 2


def test_rounds_without_samples_are_left_out_and_reasons_are_told_once() -> None:
    good, bare = made.outcome(cell()), made.outcome(cell(), 1, processes=None)
    crashed = made.failed(cell(), "crashed", "gone", 2)
    (group,) = watched.watched(made.results([good, bare, crashed]), ("training",))
    assert [outcome for outcome, _ in watched.seen(group)] == [good]
    assert watched.reasons(group, "energy") == "there are no counters"
    assert watched.reasons(group, "wait") == ""
