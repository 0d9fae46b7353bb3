"""Shares of roofs and the identity of a gap, on numbers that can be checked by hand."""

import pytest
from msgspec import structs

import limits
import made
from howfar import experiments, plotted, tables
from howfar.experiments import limit
from howfar.outcomes import Outcome, Results
from howfar.records import Cell, Model, Target
from howfar.report.answer import answer

MLP = Model("mlp", 8, 256)
# 60 million operations that move a megabyte: 60 FLOP per byte, where arithmetic binds.
WORK = (30e6, 1e6)
CONVNET = Cell(made.CONVNET, MLP, "training")
WASM = Cell(Target("tfjs", "4.22.0", "wasm", "chromium", 1), MLP, "training")
NATIVE = Cell(made.NATIVE, MLP, "training")
LIMIT = Cell(limits.LIMIT, MLP, "training")


def outcomes() -> list[list[Outcome]]:
    """ConvNetJS at 0.6 GFLOP/s, TensorFlow.js at 30, the yardstick at 50, native at 120."""
    return [
        limits.ceilings(), limits.timed(CONVNET, 100.0, *WORK), limits.timed(WASM, 2.0, *WORK),
        limits.timed(LIMIT, 1.2, *WORK), limits.timed(NATIVE, 0.5, *WORK),
    ]  # fmt: skip


def numbers(results: Results, framework: str) -> dict[str, float | None]:
    rows = limit.table(results).filter(framework=framework, workload="training")
    return dict(rows.select("metric", "median").iter_rows())


def test_a_share_is_of_what_the_language_and_of_what_the_browser_allows() -> None:
    found = numbers(limits.results(*outcomes()), "convnetjs")
    assert found["gflops"] == pytest.approx(0.6)
    assert found["intensity"] == pytest.approx(60)
    assert found["backend_share"] == pytest.approx(0.1)
    assert found["browser_share"] == pytest.approx(0.01)
    assert numbers(limits.results(*outcomes()), "tensorflow")["native_share"] == pytest.approx(0.5)


def test_the_gap_is_what_the_browser_costs_times_what_the_framework_does() -> None:
    found = numbers(limits.results(*outcomes()), "tfjs")
    assert found["ratio"] == pytest.approx(4)
    assert found["ceiling_ratio"] == pytest.approx(240 / 60)
    assert found["share_ratio"] == pytest.approx(0.5 / 0.5)
    assert found["ratio"] == (found["ceiling_ratio"] or 0) * (found["share_ratio"] or 0)
    assert found["native_share"] == pytest.approx((found["browser_share"] or 0) * (found["share_ratio"] or 0))


def test_the_identity_is_exact_where_rounds_are_missing() -> None:
    lame = limits.timed(WASM, 2.0, *WORK, rounds=1)
    own = [limits.ceilings(), lame, limits.timed(WASM, 3.0, *WORK)[1:], limits.timed(NATIVE, 0.5, *WORK, rounds=1)]
    found = numbers(limits.results(*own), "tfjs")
    shares = (found["native_share"] or 0) / (found["browser_share"] or 1)
    assert found["ratio"] == pytest.approx((found["ceiling_ratio"] or 0) * shares)


def test_where_memory_binds_the_roof_is_the_memorys() -> None:
    """One sample: two operations for every weight of four bytes."""
    one, native = Cell(made.CONVNET, MLP, "inference"), Cell(made.NATIVE, MLP, "inference")
    results = limits.results(
        limits.ceilings(), limits.timed(one, 1.0, 0.5e6, 2e6), limits.timed(native, 0.1, 0.5e6, 2e6)
    )
    rows = dict(limit.table(results).filter(framework="convnetjs").select("metric", "median").iter_rows())
    assert rows["browser_share"] == pytest.approx(1 / (0.5 * 120))
    assert rows["backend_share"] == pytest.approx(1 / (0.5 * 8))
    assert rows["ceiling_ratio"] == pytest.approx(1)


def test_a_cell_estimated_from_a_part_of_its_batch_has_the_whole_batchs_work() -> None:
    part = [
        structs.replace(one, task=structs.replace(one.task, scale=4, batch_size=16))
        for one in limits.timed(CONVNET, 25.0, WORK[0] / 4, WORK[1])
    ]
    assert numbers(limits.results(limits.ceilings(), part), "convnetjs")["gflops"] == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ([], "this browser's ceilings were not taken"),
        ([limits.JS], ""),
    ],
)
def test_what_is_missing_is_said(kept: list[Target], said: str) -> None:
    _, *cells = outcomes()
    table = limit.table(limits.results(limits.ceilings(kept), *cells))
    (row,) = table.filter(framework="convnetjs", metric="browser_share").to_dicts()
    assert (row["message"], row["median"] is None) == (said, bool(said))
    (against,) = table.filter(framework="convnetjs", metric="ceiling_ratio").to_dicts()
    assert against["median"] is None
    assert against["message"] == (said or "no native ceiling was taken")
    assert limit.sentences(table) == [] or not said
    limit.chart(table)


def test_outcomes_of_an_earlier_howfar_say_that_their_work_is_not_known() -> None:
    table = limit.table(limits.results(limits.ceilings(), [made.outcome(CONVNET)]))
    (row,) = table.filter(framework="convnetjs").to_dicts()
    assert (row["metric"], row["median"]) == ("browser_share", None)
    assert row["message"] == "what an operation of it computes is not known"


def test_the_yardstick_is_held_against_the_roof_and_no_framework_against_it() -> None:
    results = limits.results(*outcomes())
    assert numbers(results, "limit")["browser_share"] == pytest.approx(50 / 60)
    table = experiments.load("training_time").table(results).filter(metric="throughput_ms")
    fastest = dict(table.select("framework", "times_fastest").iter_rows())
    assert fastest["tfjs"] == pytest.approx(1)
    assert fastest["limit"] == pytest.approx(0.6)
    assert "limit" not in experiments.load("gap").table(results)["framework"]
    assert "limit" not in experiments.load("warmup_time").table(results)["framework"]


def test_the_yardstick_is_a_line_of_the_figure_and_has_no_place_of_its_own() -> None:
    table = experiments.load("training_time").table(limits.results(*outcomes()))
    marks = {mark["kind"]: mark for mark in plotted.marks(table, "throughput_ms")}
    assert set(marks) == {"point", "native", "limit"}
    assert marks["limit"]["target"] == "what is possible: limit@1 wasm 1 thread"
    assert marks["limit"]["slot"] is False


def test_the_ceilings_stand_in_a_table_with_how_far_the_pages_are_apart() -> None:
    summary = limit.summary(limit.table(limits.results(*outcomes())))
    lines = {line.title: line.entries for line in summary.lines}
    own = lines["chromium: WebAssembly, 1 thread (wasm kernel of ceiling)"]
    assert own[1].text == "60.0"
    assert own[1].note == "58.8–60.0 over 2"
    assert any("WebGL in software, no GPU" in title for title in lines)
    assert any(title.startswith("native: onnxruntime@1.23.0, all threads") for title in lines)


def test_a_ceiling_that_could_not_be_taken_says_why() -> None:
    missing = Target("ceiling-tensorflow", "not installed", "cpu", "native", 1)
    failed = limits.bare(
        limits.cell(missing), 0, status="unsupported", environment="native", message="TensorFlow is not installed here"
    )
    table = limit.table(limits.results([failed]))
    (row,) = table.to_dicts()
    assert (row["metric"], row["status"]) == ("ceiling_gemm", "unsupported")
    (line,) = limit.summary(table).lines
    assert line.title == "native: tensorflow@not installed, 1 thread"
    assert line.entries[1].note == "could not run here: TensorFlow is not installed here"


def test_it_ends_in_words() -> None:
    said = limit.sentences(limit.table(limits.results(*outcomes())))
    assert (
        "In training, convnetjs@0.3.0 cpu uses 10 % of what plain JavaScript allows, and 1 % of what chromium allows."
        in said
    )
    assert "In training, tfjs@4.22.0 wasm 1 thread uses 50 % of what chromium allows." in said


def test_its_chart_shows_roofs_cells_and_steps() -> None:
    spec = limit.chart(limit.table(limits.results(*outcomes())))
    values = [value for one in spec["datasets"].values() for value in one]
    roofs = {
        "plain JavaScript in chromium, 1 thread", "chromium, 1 thread", "chromium, all threads", "native, 1 thread",
        "native, all threads",
    }  # fmt: skip
    drawn = {value["roof"]: value["memory"] for value in values if "roof" in value}
    assert drawn == dict.fromkeys(roofs, False) | {f"{roof}, from memory": True for roof in roofs}
    assert {value["target"] for value in values if "gflops" in value and "target" in value} == {
        "convnetjs@0.3.0 cpu", "tfjs@4.22.0 wasm 1 thread", "what is possible: limit@1 wasm 1 thread",
        str(made.NATIVE),
    }  # fmt: skip
    assert {value["words"] for value in values if value.get("target") == "tfjs@4.22.0 wasm 1 thread" and "gap" in value}


def panels(*outcomes: list[Outcome]) -> set[str]:
    """What the bars' panels are called."""
    spec = limit.chart(limit.table(limits.results(*outcomes)))
    return {value["panel"] for one in spec["datasets"].values() for value in one if "panel" in value and "gap" in value}


def test_bars_are_of_the_largest_size_that_most_are_known_at() -> None:
    """A single target that came as far as a larger network has no panel of its own."""
    wider = [structs.replace(one, model=Model("mlp", 8, 512)) for one in (WASM, NATIVE, CONVNET)]
    more = [limits.timed(one, ms, *WORK) for one, ms in zip(wider, (8.0, 2.0, 400.0), strict=True)]
    (some,), (every,) = panels(*outcomes(), *more[:2]), panels(*outcomes(), *more)
    assert "256" in some and "512" in every


def test_it_asks_for_the_ceilings_of_the_studys_browsers_and_for_the_yardstick() -> None:
    other = Target("ceiling", "1", "cpu", "firefox")
    study = made.study([made.TFJS, limits.LIMIT], ceilings=(limits.SIMD, limits.NUMPY, other))
    cells = list(limit.cells(study))
    assert [cell.target for cell in cells if cell.workload == "ceilings"] == [limits.SIMD, limits.NUMPY]
    assert [cell.model.width for cell in cells if cell.workload == "ceilings"] == [192, 512]
    assert {cell.workload for cell in cells if cell.target == limits.LIMIT} == {"training", "inference"}
    assert all(cell.target != limits.LIMIT for cell in experiments.load("gap").cells(study))


def test_its_table_is_exported_in_the_common_layout() -> None:
    assert dict(limit.table(limits.results(*outcomes())).schema) == tables.SCHEMA


def test_the_first_screen_says_both_factors_where_ceilings_were_taken() -> None:
    found = answer(limits.results(*outcomes())).native
    assert (
        "In training at 8 × 256, of the 4.00× from tfjs@4.22.0 wasm 1 thread to tensorflow@2.21.0 cpu 1 thread, "
        "4.00× is what the browser costs and 1.00× what the framework does."
    ) in found.replace("\u00a0", " ")
    assert "limit@" not in found
    _, *cells = outcomes()
    assert "what the browser costs" not in answer(limits.results(*cells)).native


def test_a_framework_that_uses_more_than_native_wins_some_of_it_back() -> None:
    slow = limits.timed(NATIVE, 1.0, *WORK)
    said = answer(limits.results(limits.ceilings(), limits.timed(WASM, 2.0, *WORK), slow)).native
    assert "4.00× is what the browser costs; the framework wins 2.00× of it back" in said
