"""How deep the stacks are, from depths that are known; and what may be said of the time."""

from typing import Any

import pytest
from msgspec.structs import replace

import made
from howfar import experiments
from howfar.experiments import call_stack
from howfar.measured import contestant
from howfar.observed import Stacks
from howfar.outcomes import Results
from howfar.records import Cell, Model, Target
from howfar.study import Study

MODEL = Model("mlp", 1, 64)
BUILD = replace(made.TFJS, switch="build=es2017")
TARGETS = (made.TFJS, BUILD, made.CONVNET, made.OLD)


def study() -> Study:
    return made.able_study(resolved_targets=(made.TFJS, made.WEBGL, made.OLD, made.CONVNET, made.NATIVE))


def results(rounds: int = 3, **changes: Any) -> Results:
    cells = [Cell(target, MODEL, "training", observe) for target in TARGETS for observe in ("stacks", "")]
    return made.results([made.outcome(cell, number, **changes) for cell in cells for number in range(rounds)])


def test_every_browser_target_is_profiled_and_timed_and_the_newest_version_in_its_builds_too() -> None:
    cells = list(call_stack.cells(study()))
    watched = {cell.target for cell in cells if cell.observe == "stacks"}
    assert watched == {made.TFJS, BUILD, made.WEBGL, made.OLD, made.CONVNET}
    assert {cell.target for cell in cells if not cell.observe} == watched
    assert {(cell.model, cell.workload) for cell in cells} == {(MODEL, "training")}


def test_a_profiled_execution_is_no_contestant() -> None:
    assert not any(contestant(cell) for cell in call_stack.cells(study()) if cell.observe)
    timed = experiments.load("training_time").table(results())
    assert timed.filter(framework="tfjs", version="4.22.0", metric="throughput_ms")["processes"].to_list() == [3]


def depth(metric: str, target: Target) -> dict[str, Any]:
    table = call_stack.table(results())
    found = table.filter(metric=metric, framework=target.framework, version=target.version, switch=target.switch)
    return found.row(0, named=True)


def test_the_depths_stand_beside_what_the_paper_printed() -> None:
    for metric, expected in (("mean", 3.0), ("median", 3), ("max", 6)):
        assert depth(f"stack_depth_{metric}", made.CONVNET)["median"] == pytest.approx(expected, abs=0.05)
    assert depth("stack_depth_max", made.TFJS)["median"] == 49
    printed = depth("stack_depth_median", made.CONVNET), depth("stack_depth_p999", made.TFJS)
    assert [(row["printed"], row["differs"]) for row in printed] == [(3, False), (48, False)]
    assert depth("stack_depth_p999", made.CONVNET)["printed"] is None


def test_the_summary_has_a_column_per_target_and_a_line_per_depth() -> None:
    summary = call_stack.summary(call_stack.table(results()))
    assert [(column.name, column.version) for column in summary.columns] == [
        ("tfjs", "4.22.0 cpu"), ("tfjs", "4.22.0 cpu build=es2017"), ("tfjs", "0.13.0 cpu"), ("convnetjs", "0.3.0 cpu"),
    ]  # fmt: skip
    assert len(summary.lines) == 4
    deepest = summary.lines[2].entries
    assert [entry.text for entry in deepest] == ["48", "48", "48", "5"]
    assert deepest[0].printed == "48"


def test_a_browser_without_a_profiler_is_unavailable_and_says_why() -> None:
    cell = Cell(made.TFJS, MODEL, "training", "stacks")
    table = call_stack.table(made.results([made.outcome(cell, stacks=Stacks(unavailable="no profiler"))]))
    assert table.select("median", "status", "message").rows() == [(None, "ok", "unavailable: no profiler")]
    entry = call_stack.summary(table).lines[0].entries[0]
    assert (entry.text, entry.note) == ("–", "unavailable: no profiler")
    assert call_stack.sentences(table) == [] and call_stack.pictures(made.results([])) == {}


def test_a_failed_profile_has_a_row_with_its_reason() -> None:
    cell = Cell(made.TFJS, MODEL, "training", "stacks")
    table = call_stack.table(made.results([made.failed(cell, "crashed", "gone")]))
    assert table.select("metric", "median", "status", "message").rows() == [
        ("stack_depth_mean", None, "crashed", "gone")
    ]


def test_builds_versions_and_the_paper_s_two_are_compared_in_time() -> None:
    rows = call_stack.table(results()).filter(metric="depth_time_ratio")
    pairs = {(str(made.TFJS), str(BUILD)), (str(made.TFJS), str(made.OLD)), (str(made.TFJS), str(made.CONVNET)),
             (str(made.CONVNET), str(made.OLD))}  # fmt: skip
    found = {frozenset((str(call_stack._target(row)), row["against"])) for row in rows.to_dicts()}
    assert found == {frozenset(pair) for pair in pairs}
    build = rows.filter(switch="build=es2017").row(0, named=True)
    assert build["against"] == str(made.TFJS)
    assert build["median"] == pytest.approx(1.01, abs=0.05)


def verdict(depth: float, low: float | None, high: float | None) -> str:
    return call_stack._verdict({"low": low, "high": high}, depth)


def test_what_explains_the_time_is_told_from_the_interval() -> None:
    assert verdict(0.83, 0.98, 1.02) == "Depth alone does not explain the time."
    assert verdict(11.0, 1.9, 2.2) == "Depth alone does not explain the time."
    assert verdict(0.83, 0.8, 0.9) == "Depth alone could explain the time."
    assert verdict(0.97, 0.9, 1.1) == "These rounds can't tell whether depth explains it."
    assert verdict(0.83, None, None) == "One round tells nothing of what explains it."


def test_the_sentences_say_the_paper_s_claim_and_the_pairs() -> None:
    said = call_stack.sentences(call_stack.table(results()))
    assert said[0].startswith("tfjs@4.22.0 cpu is 48 functions deep where it is deepest, convnetjs@0.3.0 cpu mostly 3")
    assert "an order deeper, as the paper says" in said[0]
    assert any("tfjs@4.22.0 cpu build=es2017 is 25." in one and "48 at most" in one for one in said)


def test_there_is_a_flame_graph_of_each_target() -> None:
    pictures = call_stack.pictures(results())
    assert list(pictures) == [str(target) for target in sorted(TARGETS, key=lambda one: (one.framework, one.version))]
    assert all("forward" in svg and svg.startswith("<svg ") for svg in pictures.values())
