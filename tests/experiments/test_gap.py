"""The gap to native: who is held against whom, and what is said of it."""

from collections.abc import Iterable
from typing import Any

import polars as pl
import pytest
from msgspec import structs

import made
from howfar.experiments import gap, gap_parts, gap_tree, loss_parity, native_calls
from howfar.outcomes import Outcome, Results
from howfar.records import Cell, Model, Target, Task
from howfar.study import ModelChoice

THREADS_ALL = {"wasm_threads_used": 4}
LARGE = ModelChoice(sizes=tuple((depth, width) for depth in (1, 4, 8) for width in (64, 128, 256)))
TARGETS = (made.TFJS, made.WASM, made.WEBGL, made.NATIVE, made.NATIVE_ALL)


def results(outcomes: Iterable[Outcome], **changes: Any) -> Results:
    return made.results(outcomes, made.able_study(resolved_targets=TARGETS, **changes))


def told(cells: Iterable[Cell], rounds: int = 3, **facts: Any) -> list[Outcome]:
    """Outcomes that went well."""
    found = []
    for cell in dict.fromkeys(cells):
        own = {"facts": {**made.GPU, **facts}} if cell.target.browser != "native" else {}
        found += [made.outcome(cell, number, **own) for number in range(rounds)]
    return found


def rows(table: pl.DataFrame, **wanted: Any) -> list[dict[str, Any]]:
    conditions = [pl.col(key).eq_missing(value) for key, value in wanted.items()]
    return table.filter(pl.col("current"), *conditions).to_dicts()


SIZE = (4, 128)
CELLS = made.cells(TARGETS, "training", [SIZE])


def test_plain_js_is_held_against_one_thread_and_a_gpu_in_software_against_all() -> None:
    table = gap.table(results(told(CELLS)))
    against = {row["backend"]: row["against"] for row in rows(table, metric="ratio")}
    assert against == {"cpu": str(made.NATIVE), "wasm": str(made.NATIVE), "webgl": str(made.NATIVE_ALL)}


def test_wasm_with_threads_is_held_against_native_with_threads() -> None:
    table = gap.table(results(told(CELLS, **THREADS_ALL)))
    (row,) = rows(table, metric="ratio", backend="wasm")
    assert row["against"] == str(made.NATIVE_ALL)


def test_a_gpu_is_held_against_a_native_gpu_where_there_is_one() -> None:
    gpu = Target("tensorflow", "2.21.0", "gpu", "native", 0)
    cells = made.cells((made.WEBGL, made.NATIVE, made.NATIVE_ALL), "training", [SIZE])
    outcomes = [structs.replace(one, software_gpu=False) for one in told(cells)]
    (row,) = rows(gap.table(results(outcomes)), metric="ratio")
    assert row["against"] == str(made.NATIVE_ALL)
    on_gpu = [structs.replace(one, task=made.task(Cell(gpu, one.task.cell.model, "training"), one.task.round))
              for one in outcomes if one.task.cell.target == made.NATIVE_ALL]  # fmt: skip
    (row,) = rows(gap.table(results([*outcomes, *on_gpu])), metric="ratio", framework="tfjs")
    assert row["against"] == str(gpu)


def test_the_ratio_is_that_of_the_times_within_rounds() -> None:
    table = gap.table(results(told(CELLS)))
    (row,) = rows(table, metric="ratio", backend="cpu")
    (cell,) = made.cells([made.TFJS], "training", [SIZE])
    (native,) = made.cells([made.NATIVE], "training", [SIZE])
    assert row["median"] == pytest.approx(made.level(cell) / made.level(native), rel=0.1)
    assert row["low"] < row["median"] < row["high"]
    assert (row["unit"], row["processes"], row["rounds"]) == ("ratio", 3, 3)


def test_best_against_best_is_the_fastest_of_each() -> None:
    table = gap.table(results(told(CELLS)))
    (row,) = rows(table, metric="best_ratio")
    fastest = min((cell for cell in CELLS if cell.target.browser != "native"), key=made.level)
    native = min((cell for cell in CELLS if cell.target.browser == "native"), key=made.level)
    assert row["backend"] == fastest.target.backend
    assert row["against"] == str(native.target)


def test_a_ratio_that_was_estimated_says_so() -> None:
    def part(outcome: Outcome) -> Outcome:
        own = structs.replace(outcome.task, batch_size=16, scale=4)
        return structs.replace(outcome, task=own)

    whole = {row["backend"]: row for row in rows(gap.table(results(told(CELLS))), metric="ratio")}
    outcomes = [part(one) if one.task.cell.target == made.TFJS else one for one in told(CELLS)]
    found = {row["backend"]: row for row in rows(gap.table(results(outcomes)), metric="ratio")}
    assert found["cpu"]["estimated"] and not found["wasm"]["estimated"]
    assert found["cpu"]["batch_size"] == 64
    assert found["cpu"]["median"] == pytest.approx(4 * whole["cpu"]["median"])


def test_what_failed_and_what_has_no_native_beside_it_has_its_row_with_the_reason() -> None:
    failed = [made.failed(cell, "crashed", "gone") for cell in CELLS if cell.target == made.WASM]
    others = [one for one in told(CELLS) if one.task.cell.target != made.WASM]
    (row,) = rows(gap.table(results([*others, *failed])), metric="ratio", backend="wasm")
    assert (row["median"], row["status"], row["message"]) == (None, "crashed", "gone")
    lonely = [one for one in told(CELLS) if one.task.cell.target.browser != "native"]
    found = rows(gap.table(results(lonely)), metric="ratio")
    assert {row["median"] for row in found} == {None} and len(found) == 3


def test_a_native_framework_that_is_missing_is_a_row() -> None:
    missing = [made.failed(cell, "unsupported", "TensorFlow is not installed here")
               for cell in CELLS if cell.target.browser == "native"]  # fmt: skip
    outcomes = [*(one for one in told(CELLS) if one.task.cell.target.browser != "native"), *missing]
    found = rows(gap.table(results(outcomes)), metric="ratio", browser="native")
    assert {row["message"] for row in found} == {"TensorFlow is not installed here"}
    held = rows(gap.table(results(outcomes)), metric="ratio", backend="wasm")
    assert "not installed" in held[0]["message"]


def test_the_paper_s_ratios_stand_beside_ours() -> None:
    cells = [cell for workload in ("training", "inference") for cell in made.cells(TARGETS, workload)]
    said = gap.sentences(gap.table(results(told(cells))))
    plain = [one for one in said if "tfjs@4.22.0 cpu" in one]
    assert any("DNN training" in one and "the paper's mean is 33.9" in one for one in plain)
    assert any("DNN inference" in one and "the paper's mean is 5.8" in one for one in plain)
    assert any(one.startswith("Training dense networks deeper than 3 and wider than 192") for one in said)
    assert gap.sentences(gap.table(results([]))) == []


def test_table_5_lists_what_was_varied() -> None:
    summary = gap.summary(gap.table(results(told(CELLS))))
    told_of = {line.title: line.entries[0].text for line in summary.lines}
    assert [column.name for column in summary.columns] == ["DNN"]
    assert told_of == {
        "back end": "cpu, wasm, webgl",
        "task": "training",
        "depth": "4",
        "width": "128",
        "cells with a ratio": "3 of 3",
    }


def test_the_tree_s_experiment_tells_the_first_split_and_the_importances() -> None:
    study = made.able_study(resolved_targets=TARGETS, models=(LARGE,))
    outcomes = told(gap.cells(study))
    table = gap_tree.table(results(outcomes, models=(LARGE,)))
    found = rows(table, metric="importance")
    assert {row["value"] for row in found} == {"backend", "workload", "depth", "width"}
    assert [row["median"] for row in found] == sorted((row["median"] for row in found), reverse=True)
    (sentence,) = gap_tree.sentences(table)
    assert sentence.startswith("DNN, tfjs@4.22.0: the first split of 54 configurations")
    assert "back end" in sentence
    assert gap_tree.chart(table)["vconcat"]


def test_too_few_configurations_make_no_tree() -> None:
    table = gap_tree.table(results(told(CELLS)))
    assert rows(table, metric="importance") == []
    assert gap_tree.sentences(table) == []


PARTS_STUDY = made.able_study(resolved_targets=TARGETS)
PART_CELLS = [*gap_parts.cells(PARTS_STUDY), *gap.cells(PARTS_STUDY)]


def test_the_parts_are_asked_of_three_sizes_with_one_thing_switched_at_a_time() -> None:
    asked = list(gap_parts.cells(PARTS_STUDY))
    wasm = {(one.target.switch, one.workload) for one in asked if one.target.backend == "wasm"}
    assert wasm == {
        ("", "training"), ("simd=off", "training"), ("threads=all", "training"),
        ("", "inference"), ("simd=off", "inference"), ("threads=all", "inference"), ("readback=once", "inference"),
        ("", "batch_inference"),
    }  # fmt: skip
    assert len({one.model for one in asked}) == 3
    assert {one.model.kind for one in asked} == {"mlp"}


def test_a_part_is_the_time_with_the_switch_over_the_time_without() -> None:
    table = gap_parts.table(results(told(PART_CELLS)))
    found = {row["value"]: row["median"] for row in rows(table, backend="wasm", depth=4, workload="inference")}
    assert found["SIMD off"] == pytest.approx(3.0, rel=0.1)
    assert found["all threads"] == pytest.approx(0.5, rel=0.1)
    # Read once, the throughput counts, which is 1.15 times quicker than the latency of the same level.
    assert found["numbers read once"] == pytest.approx(0.8 / 1.15, rel=0.1)
    # A batch of 64 takes 2 of what one sample takes 1 / 8 of.
    assert found["a batch at once, per sample"] == pytest.approx(16 / 64, rel=0.1)
    native = made.level(made.cells([made.NATIVE], "inference", [SIZE])[0])
    web = made.level(made.cells([made.WASM], "inference", [SIZE])[0])
    assert found["native, as many threads"] == pytest.approx(native / web, rel=0.1)


def test_every_part_that_failed_has_its_row() -> None:
    switched = [cell for cell in dict.fromkeys(PART_CELLS) if cell.target.switch or cell.workload == "batch_inference"]
    outcomes = [*told(gap.cells(PARTS_STUDY)), *(made.failed(cell, "crashed", "gone") for cell in switched)]
    table = gap_parts.table(results(outcomes))
    failed = table.filter(pl.col("status") == "crashed")
    assert failed.height == len(switched)
    assert failed["median"].is_null().all()
    assert gap_parts.chart(table)["vconcat"]


def test_switched_targets_are_no_contestants_of_the_gap() -> None:
    table = gap.table(results(told(PART_CELLS)))
    assert set(table["switch"]) == {""}


CALL_CELLS = list(native_calls.cells(PARTS_STUDY))


def test_keras_s_calls_are_held_against_the_compiled_one() -> None:
    assert {one.target.switch for one in CALL_CELLS} == {"", "call=predict", "call=fit"}
    assert {one.target.threads for one in CALL_CELLS} == {1}
    table = native_calls.table(results(told(CALL_CELLS)))
    found = {row["value"]: row["median"] for row in rows(table, depth=4)}
    assert found == {
        "model.predict(x)": pytest.approx(200, rel=0.1),
        "model.fit(x, y)": pytest.approx(40, rel=0.1),
    }
    summary = native_calls.summary(table)
    assert [line.title for line in summary.lines] == ["model.predict(x) (inference)", "model.fit(x, y) (training)"]
    assert len(summary.columns) == 3
    assert any(one.startswith("model.predict(x) takes") for one in native_calls.sentences(table))


def test_a_call_that_failed_has_its_row() -> None:
    failed = [made.failed(cell, "page_error", "no such call") for cell in CALL_CELLS if cell.target.switch]
    plain = told(cell for cell in CALL_CELLS if not cell.target.switch)
    table = native_calls.table(results([*plain, *failed]))
    assert table.height == len(failed)
    assert set(table["message"]) == {"no such call"}


def losing(losses: tuple[float, ...], of: Target, **facts: Any) -> list[Outcome]:
    (cell,) = made.cells([of], "training", [SIZE])
    return [made.outcome(cell, number, losses=losses, facts={**made.GPU, **facts}) for number in range(2)]


def test_losses_are_held_against_native_s_step_by_step() -> None:
    native = losing((2.5, 2.25, 2.125), made.NATIVE)
    table = loss_parity.table(results([*native, *losing((2.5, 2.250001, 2.12501), made.TFJS)]))
    (row,) = rows(table)
    assert row["median"] == pytest.approx(1e-5)
    assert (row["backend"], row["value"]) == ("cpu", "3 steps")
    assert "1.0e-05" in loss_parity.sentences(table)[0]
    assert loss_parity.summary(table).lines[0].entries[0].text == "1.0e-05"


def test_another_training_rule_is_not_compared_and_a_slow_one_by_the_steps_that_it_took() -> None:
    native = losing((2.5, 2.25, 2.125), made.NATIVE)
    other = losing((0.3, 0.2, 0.1), made.BRAIN, rule="brainjs")
    slow = losing((2.5, 2.25), made.WASM)
    found = rows(loss_parity.table(results([*native, *other, *slow])))
    assert [(row["backend"], row["median"], row["value"]) for row in found] == [("wasm", 0.0, "2 steps")]


def test_without_native_losses_the_row_says_so() -> None:
    (row,) = rows(loss_parity.table(results(losing((2.5, 2.25), made.TFJS))))
    assert row["median"] is None
    assert row["message"] == "no native losses of this network and batch"


def test_losses_of_another_batch_are_no_comparison() -> None:
    def smaller(outcome: Outcome) -> Task:
        return structs.replace(outcome.task, batch_size=16, scale=4)

    web = [structs.replace(one, task=smaller(one)) for one in losing((2.5, 2.25), made.TFJS)]
    (row,) = rows(loss_parity.table(results([*losing((2.5, 2.2), made.NATIVE), *web])))
    assert row["median"] is None


def test_the_parts_need_no_network_that_the_study_lacks() -> None:
    convolving = made.able_study(resolved_targets=TARGETS, models=(ModelChoice("cnn", sizes=((6, 8),)),))
    assert list(gap_parts.cells(convolving)) == []
    assert {one.model for one in native_calls.cells(convolving)} == {Model("cnn", 6, 8)}
