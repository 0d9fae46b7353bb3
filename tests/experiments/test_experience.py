"""What a person feels, from frames, tasks and presses that are known."""

from typing import Any

import polars as pl
import pytest
from msgspec.structs import replace

import made
from howfar.experiments import experience
from howfar.measured import contestant
from howfar.observed import Experience, Stretch
from howfar.records import IN_WORKER, Cell, Model

SMALL, LARGE = Model("mlp", 1, 64), Model("mlp", 8, 256)
CELL = Cell(made.TFJS, SMALL, "inference", "experience")
WORKER = Cell(replace(made.TFJS, switch=IN_WORKER), SMALL, "inference", "experience")
REST = Stretch(2.0, 0, tuple(16.7 * i for i in range(119)), (0.5,) * 20, (), ())
# 200 ms of work again and again: a frame after each.
BUSY = Stretch(2.0, 10, tuple(200.0 * i for i in range(10)), tuple(range(0, 200, 10)), (200.0,) * 9, (216.0,) * 18)


def table(busy: Stretch = BUSY, cell: Cell = CELL, **changes: Any) -> pl.DataFrame:
    felt = Experience(REST, busy, **changes)
    return experience.table(made.results([made.outcome(cell, n, experience=felt) for n in (0, 1)]))


def found(rows: pl.DataFrame, metric: str) -> dict[str, Any]:
    return rows.filter(metric=metric).row(0, named=True)


def test_every_browser_target_is_felt_in_the_page_and_where_it_can_be_in_a_worker() -> None:
    cells = list(experience.cells(made.able_study()))
    assert {cell.observe for cell in cells} == {"experience"} and not any(map(contestant, cells))
    assert {cell.model for cell in cells} == {SMALL, LARGE}
    assert not any(cell.target.browser == "native" for cell in cells)
    in_worker = {cell.target.backend for cell in cells if cell.target.switch == IN_WORKER}
    assert in_worker == {"cpu", "wasm"}


def test_the_numbers_are_those_of_the_stretch() -> None:
    rows = table()
    assert found(rows, "frames_per_second")["median"] == 5
    assert found(rows, "frames_per_second_at_rest")["median"] == 59.5
    assert found(rows, "longest_frame_ms")["median"] == 200
    assert found(rows, "long_task_share")["median"] == pytest.approx(0.9)
    assert found(rows, "long_task_share_at_rest")["median"] == 0
    delay = found(rows, "input_delay_ms")
    assert (delay["median"], delay["p90"], delay["samples"]) == (95, 170, 40)
    assert delay["p10"] in (10, 20)
    assert found(rows, "operations_per_second")["median"] == 5
    assert rows.filter(metric="operations_per_second_at_rest").is_empty()


@pytest.mark.parametrize(("frames", "kept"), [(120, "60"), (114, "60"), (113, "30"), (57, "30"), (56, "neither")])
def test_a_rate_is_kept_by_who_draws_95_percent_of_it(frames: int, kept: str) -> None:
    busy = replace(BUSY, frame_ms=tuple(16.7 * i for i in range(frames)))
    assert found(table(busy), "frames_per_second")["value"] == kept


def test_one_process_that_drops_frames_is_enough_to_lose_the_rate() -> None:
    outcomes = [made.outcome(CELL, n, experience=Experience(REST, busy)) for n, busy in enumerate((REST, BUSY))]
    row = found(experience.table(made.results(outcomes)), "frames_per_second")
    assert (row["value"], row["processes"]) == ("neither", 2)


def test_frames_that_were_due_and_are_drawn_at_once_are_seen_as_one() -> None:
    busy = replace(BUSY, frame_ms=tuple(200.0 * i + late for i in range(10) for late in (0, 0.7, 1.2)))
    assert found(table(busy), "frames_per_second")["median"] == 5


def test_where_no_frame_is_drawn_the_longest_gap_is_all_of_it() -> None:
    rows = table(replace(BUSY, frame_ms=()))
    assert found(rows, "longest_frame_ms")["median"] == 2000
    assert found(rows, "frames_per_second")["median"] == 0


def test_what_a_browser_does_not_tell_is_unavailable_and_the_rest_is_there() -> None:
    rows = table(replace(BUSY, input_delay_ms=(), long_task_ms=None), inputs_unavailable="no input here")
    for metric in ("input_delay_ms", "long_task_share"):
        assert found(rows, metric)["median"] is None and found(rows, metric)["status"] == "ok"
    assert found(rows, "input_delay_ms")["message"] == "unavailable: no input here"
    assert found(rows, "long_task_share")["message"] == "unavailable: this browser tells of no long tasks"
    assert found(rows, "frames_per_second")["median"] == 5


def test_a_failure_has_its_row() -> None:
    rows = experience.table(made.results([made.failed(CELL, "unsupported", "it needs a page")]))
    assert rows.select("metric", "median", "status").rows() == [("frames_per_second", None, "unsupported")]


def test_the_sentences_say_who_stays_smooth_and_what_a_worker_does() -> None:
    felt = [
        (CELL, BUSY),
        (WORKER, REST),
        (replace(CELL, target=made.CONVNET), replace(BUSY, frame_ms=REST.frame_ms[::2])),
    ]
    outcomes = [made.outcome(cell, experience=Experience(REST, busy)) for cell, busy in felt]
    said = experience.sentences(experience.table(made.results(outcomes)))
    assert said[0] == "At rest the page draws 60 frames per second."
    assert said[1] == (
        "While the page predicts with mlp 1\u00a0×\u00a064, 1 of 3 keep 60 frames per second; convnetjs@0.3.0 cpu only"
        " 30; tfjs@4.22.0 cpu (5.00) not even that."
    )
    assert said[2] == "Of 1 case in which the page's own thread does not keep 60, 1 keep it in a worker."
    assert experience.sentences(experience.table(made.results([]))) == []


def test_every_target_and_both_threads_are_drawn() -> None:
    chart = experience.chart(pl.concat([table(), table(REST, WORKER)]))
    (marks,) = [values for values in chart["datasets"].values() if len(values) == 2 and "thread" in values[0]]
    assert {(mark["target"], mark["thread"], mark["fps"]) for mark in marks} == {
        ("tfjs@4.22.0 cpu", "the page's own thread", 5.0), ("tfjs@4.22.0 cpu", "a worker", 59.5),
    }  # fmt: skip
