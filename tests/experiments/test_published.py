"""What the paper's clock saw is held against the truth, cell by cell and round by round, and stays out of the truth."""

import pytest

import made
from howfar import experiments, tables
from howfar.experiments import published
from howfar.outcomes import Results, Series
from howfar.records import Cell, Model

CELL = Cell(made.WEBGL, Model("mlp", 4, 128), "inference")


def both(rounds: int = 3) -> Results:
    return made.told([CELL], rounds)


def test_half_of_the_time_is_a_ratio_of_a_half() -> None:
    table = published.table(both())
    rows = {row["metric"]: row for row in table.iter_rows(named=True)}
    assert set(rows) == {"published_ms", "published_ratio"}
    assert rows["published_ms"]["median"] == pytest.approx(made.level(CELL) / 2, rel=0.01)
    # The corrected latency of made-up outcomes is 1.15 times the level.
    assert rows["published_ratio"]["median"] == pytest.approx(0.5 / 1.15, rel=0.1)
    assert rows["published_ratio"]["low"] < rows["published_ratio"]["median"] < rows["published_ratio"]["high"] < 1
    assert set(table["protocol"]) == {"published-1"}


def test_it_is_said_in_a_sentence() -> None:
    (sentence,) = published.sentences(published.table(both()))
    assert sentence.startswith("Of an inference of tfjs@4.22.0 webgl (software) the paper's clock saw 4")


def test_where_the_call_was_not_awaited_on_a_gpu_the_sentence_says_so() -> None:
    outcomes = [*both().outcomes, *(made.published(CELL, number, facts={"awaited": False}) for number in range(3))]
    latest = {(one.task.protocol, one.task.round): one for one in outcomes}
    (sentence,) = published.sentences(published.table(made.results(latest.values())))
    assert sentence.endswith("%: it was stopped when the work was submitted.")


def test_a_wrong_result_is_worth_no_sentence() -> None:
    outcomes = [made.outcome(CELL), made.published(CELL, status="wrong_result", message="off")]
    table = published.table(made.results(outcomes))
    assert set(table["status"]) == {"wrong_result"}
    assert published.sentences(table) == []


def test_a_first_operation_that_stands_apart_is_no_warm_up_without_end() -> None:
    first = Series("latency", "warmup", 1, (900.0,), "once")
    whole = made.published(CELL)
    table = published.table(made.results([made.published(CELL, series=(first, *whole.series))]))
    assert set(table["steady"]) == {None}


def test_a_clock_that_saw_the_truth_is_worth_no_sentence() -> None:
    row = {"metric": "published_ratio", "median": 1.1, "workload": "training", "framework": "convnetjs", "version": "1"}
    row |= {"backend": "cpu", "browser": "chromium", "software_gpu": False, "current": True}
    assert published.sentences(tables.frame([row])) == []
    (sentence,) = published.sentences(tables.frame([row | {"median": 3.0}]))
    assert sentence == "The paper's clock made a training batch of convnetjs@1 cpu 3.00 times as long."


def test_no_other_experiment_sees_the_published_protocol() -> None:
    with_it, without = both(), made.results([o for o in both().outcomes if o.task.protocol == "corrected-1"])
    for name in ("inference_time", "warmup_time"):
        assert experiments.load(name).table(with_it).equals(experiments.load(name).table(without))


def test_a_failure_keeps_its_rows() -> None:
    failed = made.published(CELL, status="crashed", message="gone", series=(), phases=(), check=None)
    table = published.table(made.results([failed]))
    assert table.height == 2
    assert set(table["status"]) == {"crashed"} and set(table["message"]) == {"gone"}


def test_without_the_corrected_protocol_there_is_no_ratio_and_the_reason_is_said() -> None:
    table = published.table(made.results([made.published(CELL)]))
    (row,) = (row for row in table.iter_rows(named=True) if row["metric"] == "published_ratio")
    assert row["median"] is None
    assert "both protocols" in row["message"]
