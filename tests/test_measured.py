"""What is pooled, what is not, and that no failure gets lost on the way to a row."""

import pytest

import made
from howfar.measured import contestant, groups, measure, timed, verdict
from howfar.outcomes import Phase, Series
from howfar.records import Cell, Model
from howfar.samples import per_operation

CELL = Cell(made.TFJS, Model("mlp", 1, 64), "inference")
SMALL = Cell(made.TFJS, Model("mlp", 1, 64), "training")


def test_samples_are_per_operation_and_warm_up_is_not_among_them() -> None:
    series = (
        Series("latency", "warmup", 1, (99.0,), "steady"),
        Series("latency", "timed", 4, (8.0, 12.0), "interval"),
        Series("latency", "timed", 2, (2.0,), "cap"),
        Series("throughput", "timed", 1, (77.0,), "cap"),
    )
    assert per_operation(made.outcome(CELL, series=series), "latency").tolist() == [2.0, 3.0, 1.0]


def test_a_single_shot_metric_is_its_phase_but_latency_is_never_the_phase_of_that_name() -> None:
    outcome = made.outcome(CELL, phases=(Phase("first", 7.5), Phase("latency", 4000.0)), series=())
    assert per_operation(outcome, "first").tolist() == [7.5]
    assert per_operation(outcome, "latency").tolist() == []


def test_rounds_of_one_environment_are_pooled_and_those_of_two_are_not() -> None:
    outcomes = [made.outcome(CELL, number) for number in range(3)] + [made.outcome(CELL, 3, environment="old")]
    old, new = groups(made.results(outcomes), contestant)
    assert (old.environment, old.current, len(old.outcomes)) == ("old", False, 1)
    assert (new.environment, new.current, len(new.outcomes)) == ("chromium", True, 3)


def test_other_settings_are_not_pooled_either() -> None:
    later = made.outcome(CELL, 1)
    larger = made.outcome(CELL, 1, task=made.task(CELL, 1, batch_size=128), started_at="2025-07-01T10:00:00Z")
    found = list(groups(made.results([made.outcome(CELL), later, larger]), contestant))
    assert [(len(group.outcomes), group.current) for group in found] == [(2, False), (1, True)]


@pytest.mark.parametrize(("environment", "expected"), [("", 1), ("native", 1), ("old", 2)])
def test_a_failure_belongs_to_the_environment_that_its_facts_do_not_contradict(environment: str, expected: int) -> None:
    outcomes = [made.outcome(CELL, 0), made.failed(CELL, "crashed", "gone", 1, environment=environment)]
    assert len(list(groups(made.results(outcomes), contestant))) == expected


def test_a_cell_that_failed_in_some_rounds_keeps_its_numbers_and_says_so() -> None:
    outcomes = [made.outcome(CELL, 0), made.outcome(CELL, 1), made.failed(CELL, "crashed", "the renderer is gone", 2)]
    primary = timed(made.results(outcomes), "inference")[0]
    assert primary.summary is not None and primary.summary.processes == 2
    assert primary.status == "crashed"
    assert primary.message == "1 of 3 rounds crashed: the renderer is gone"
    assert primary.right


def test_a_cell_that_failed_in_all_rounds_has_one_row_without_numbers() -> None:
    outcomes = [made.failed(CELL, "unsupported", "no WebGPU here", number) for number in range(3)]
    rows = timed(made.results(outcomes), "inference")
    assert [(row.metric, row.summary, row.status, row.message) for row in rows] == [
        ("latency_ms", None, "unsupported", "no WebGPU here")
    ]


def test_one_wrong_round_makes_the_cell_wrong() -> None:
    crashed = [made.failed(CELL, "crashed", "gone", number) for number in (0, 1)]
    status, message = verdict([*crashed, made.wrong(CELL, 2), made.outcome(CELL, 3)])
    assert status == "wrong_result"
    assert message.startswith("2 of 4 rounds crashed: gone; 1 of 4 rounds gave a wrong result: output differs")


def test_samples_of_a_page_that_threw_are_not_counted() -> None:
    outcome = made.outcome(CELL, status="page_error", message="TypeError")
    assert timed(made.results([outcome]), "inference")[0].summary is None


def test_an_outcome_without_the_primary_metric_says_that_it_has_none() -> None:
    row = measure(made.results([made.outcome(CELL, series=())]), contestant, ["latency"])[0]
    assert (row.status, row.message, row.summary) == ("ok", "no samples of latency", None)


def test_workloads_and_the_reference_stay_apart() -> None:
    results = made.results([made.outcome(CELL), made.outcome(SMALL), made.control(0, 1)])
    assert {row.cell for row in timed(results, "training")} == {SMALL}
    assert {row.cell for row in timed(results, "inference")} == {CELL}


def test_a_series_that_changes_its_level_is_marked_drifting() -> None:
    steady, moved = (1.0, 1.001) * 30, (1.0, 1.001) * 30 + (1.2, 1.201) * 30
    for samples, drifts in ((steady, False), (moved, True)):
        outcome = made.outcome(CELL, series=(Series("latency", "timed", 1, samples, "cap"),))
        assert timed(made.results([outcome]), "inference")[0].drifting is drifts
