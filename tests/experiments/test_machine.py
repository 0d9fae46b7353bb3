"""CPU, memory, energy and the timeline of watched executions, from samples whose numbers are known."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest
from msgspec import structs

import made
from howfar import experiments
from howfar.experiments import Charted, Summarized, Telling, cpu_utilization
from howfar.observed import PageMemory
from howfar.outcomes import Outcome, Results
from howfar.records import Cell, Model, Target, Workload
from howfar.watched import Window

WASM_ONE, WASM_ALL = (structs.replace(made.WASM, switch=f"threads={n}") for n in ("1", "all"))
SMALL, LARGE = Model("mlp", 1, 64), Model("mlp", 8, 256)


def watched(target: Target, workload: Workload = "training", model: Model = SMALL) -> Cell:
    return Cell(target, model, workload, observe="processes")


def results(cells: Sequence[Cell], rounds: int = 2, **changes: Any) -> Results:
    study = made.able_study(experiments=("cpu_utilization", "memory", "energy", "timeline"))
    return made.results([made.outcome(cell, number, **changes) for cell in cells for number in range(rounds)], study)


def medians(table: pl.DataFrame, **of: object) -> dict[str, float]:
    return dict(table.filter(**of).select("metric", "median").iter_rows())


def said(name: str, table: pl.DataFrame) -> str:
    experiment = experiments.load(name)
    assert isinstance(experiment, Telling)
    return "\n".join(experiment.sentences(table))


def lines(name: str, table: pl.DataFrame) -> dict[str, list[str]]:
    experiment = experiments.load(name)
    assert isinstance(experiment, Summarized)
    return {line.title: [entry.text for entry in line.entries] for line in experiment.summary(table).lines}


def test_cells_are_watched_and_where_threads_can_be_switched_so_are_one_and_all() -> None:
    study = made.able_study()
    study = structs.replace(study, abilities={**study.abilities, "tfjs": structs.replace(
        study.abilities["tfjs"], switches={"wasm": ("simd=off", "threads=1", "threads=all")})})  # fmt: skip
    cells = set(cpu_utilization.cells(study))
    assert all(cell.observe == "processes" and cell.workload == "training" for cell in cells)
    assert {cell.target.switch for cell in cells if cell.target.backend == "wasm"} == {"", "threads=1", "threads=all"}
    assert {cell.target.switch for cell in cells if cell.target.backend != "wasm"} == {""}
    assert {cell.model for cell in cells} == {SMALL, Model("mlp", 4, 128)}
    both = {*experiments.load("memory").cells(study)}
    assert cells < both and both == {*experiments.load("energy").cells(study)}
    assert {*experiments.load("timeline").cells(study)} < both


def test_shares_of_a_core_are_the_largest_second_the_smallest_and_the_mean() -> None:
    table = experiments.load("cpu_utilization").table(results([watched(made.TFJS), watched(made.NATIVE_ALL)]))
    page = medians(table, framework="tfjs")
    assert page["cpu_max"] == pytest.approx(1.02) and page["cpu_mean"] == pytest.approx(1.02)
    assert page["gpu_cpu_mean"] == pytest.approx(0.01)
    native = {"cpu_max": 3.0, "cpu_min": 3.0, "cpu_mean": 3.0, "wait_mean": 0.03}
    assert medians(table, framework="tensorflow") == pytest.approx(native)
    printed = dict(table.filter(framework="tfjs").select("metric", "printed").iter_rows())
    assert [printed[f"cpu_{name}"] for name in ("max", "min", "mean")] == [1.08, 0.61, 0.821]
    assert table.filter(framework="tfjs", metric="cpu_mean")["differs"].to_list() == [True]
    assert set(table["unit"]) == {"share"}


def test_the_claim_is_tested_and_threads_are_told() -> None:
    holds = said("cpu_utilization", experiments.load("cpu_utilization").table(results([watched(made.CONVNET)])))
    assert holds == (
        "The claim holds that a page of plain JavaScript uses no more than 110 % of a core: most was convnetjs@0.3.0"
        " cpu with 102.0 % in its busiest second."
    )
    threads = results([watched(WASM_ONE), watched(WASM_ALL)])
    both = said("cpu_utilization", experiments.load("cpu_utilization").table(threads))
    assert "can't be told: none was watched" in both
    assert "98.0 % of a core on one thread and 175.0 % on all of them: more than one core" in both


def test_a_page_beyond_the_bound_makes_the_claim_fail() -> None:
    cell = watched(made.CONVNET)
    busy = made.processes(watched(WASM_ALL))
    outcome = made.outcome(cell, processes=busy)
    table = experiments.load("cpu_utilization").table(made.results([outcome], made.able_study()))
    assert "does not hold: convnetjs@0.3.0 cpu went beyond it, most was convnetjs@0.3.0 cpu with 175.0 %" in said(
        "cpu_utilization", table
    )


def test_pages_that_were_all_held_up_leave_the_claim_open() -> None:
    table = experiments.load("cpu_utilization").table(results([watched(made.CONVNET)], disturbed=True))
    assert "can't be told: other programs held all of them up; most was convnetjs@0.3.0 cpu with 102.0 %" in said(
        "cpu_utilization", table
    )


def test_the_table_reads_as_the_papers_turned() -> None:
    table = experiments.load("cpu_utilization").table(results([watched(made.CONVNET), watched(made.WEBGL)]))
    found = lines("cpu_utilization", table)
    assert found["the page, average"] == ["33.0", "102.0"]
    assert found["the GPU's process, average"] == ["150.0", "1.0"]
    summary = cpu_utilization.summary(table)
    assert [column.version for column in summary.columns] == ["4.22.0 webgl (software)", "0.3.0 cpu"]
    averages = next(line for line in summary.lines if line.title == "the page, average")
    assert [(entry.printed, entry.differs) for entry in averages.entries] == [("65.9", None), ("104.1", False)]


def test_a_second_sampler_stands_beside_ours_with_the_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    def other(_: Outcome) -> cpu_utilization.Seconds:
        return {"cpu": [Window(2.0, 3.0, 1.00), Window(3.0, 4.0, 1.02)], "gpu_cpu": [Window(2.0, 3.0, 0.02)]}

    samplers = {**cpu_utilization.SAMPLERS, "chrome.processes": ("extension_", other)}
    monkeypatch.setattr(cpu_utilization, "SAMPLERS", samplers)
    table = cpu_utilization.table(results([watched(made.CONVNET)]))
    found = medians(table)
    assert found["extension_cpu_mean"] == pytest.approx(1.01)
    assert found["sampler_difference"] == pytest.approx(-0.01)
    assert lines("cpu_utilization", table)["the page, average, by the extension"] == ["101.0"]
    assert "differ by at most 1.0 points over 1 busy pages, which is within 2" in said("cpu_utilization", table)


def test_memory_at_work_at_its_highest_and_per_parameter() -> None:
    cells = [watched(made.TFJS, model=model) for model in (SMALL, LARGE)]
    table = experiments.load("memory").table(results(cells))
    small = medians(table, width=64)
    weights = made.parameters(SMALL)
    assert small["memory_steady_bytes"] == small["memory_peak_bytes"] == pytest.approx(40e6 + 8 * weights)
    assert small["memory_slope"] == 0
    assert small["page_growth_bytes"] == pytest.approx(100_000)
    assert small["heap_bytes"] == pytest.approx(13_500_000)
    assert medians(table, width=256)["bytes_per_parameter"] == pytest.approx(8.0)
    assert lines("memory", table)["training, bytes per parameter"] == ["8.00"]
    assert "No page held noticeably more after 3 s of work than before" in said("memory", table)


def test_the_gpus_process_counts_where_the_back_end_is_on_it() -> None:
    found = medians(experiments.load("memory").table(results([watched(made.WEBGL)])))
    assert found["memory_steady_bytes"] == pytest.approx(130e6 + 8 * made.parameters(SMALL))
    assert found["gpu_memory_peak_bytes"] == pytest.approx(90e6)


def test_a_page_that_holds_more_after_its_work_leaks() -> None:
    cell = watched(made.TFJS)
    page = PageMemory(agent_bytes=(3_000_000, 53_000_000))
    outcome = made.outcome(cell, processes=made.processes(cell, page=page), live_tensors=(10, 900))
    table = experiments.load("memory").table(made.results([outcome], made.able_study()))
    assert said("memory", table).startswith(
        "tfjs@4.22.0 cpu held 50.0 MB more after 3 s of training of 1\u00a0×\u00a064 than before, garbage not counted"
        " and its live tensors grew: a leak."
    )


def test_memory_that_can_not_be_read_is_unavailable_with_the_reason() -> None:
    cell = watched(made.TFJS)
    own = made.processes(cell)
    roles = tuple(structs.replace(one, pss_bytes=(), uss_bytes=()) for one in own.roles)
    outcome = made.outcome(cell, processes=structs.replace(own, roles=roles, unavailable={"memory": "not for you"}))
    table = experiments.load("memory").table(made.results([outcome], made.able_study()))
    (row,) = table.filter(metric="memory_steady_bytes").to_dicts()
    assert (row["median"], row["value"], row["message"], row["status"]) == (None, "unavailable", "not for you", "ok")
    assert lines("memory", table)["training, 1\u00a0×\u00a064"] == ["unavailable"]


def test_what_a_page_does_not_tell_of_its_memory_is_unavailable_with_the_reason() -> None:
    cell = watched(made.CONVNET)
    page = PageMemory(unavailable={"heap": "not told", "agent": "no such call"})
    outcome = made.outcome(cell, processes=made.processes(cell, page=page))
    table = experiments.load("memory").table(made.results([outcome], made.able_study()))
    found = {row["metric"]: (row["median"], row["message"]) for row in table.filter(value="unavailable").to_dicts()}
    assert found == {"heap_bytes": (None, "not told"), "page_growth_bytes": (None, "no such call")}
    assert "leak" not in said("memory", table)


def test_a_wait_that_the_system_does_not_tell_is_unavailable_with_the_reason() -> None:
    cell = watched(made.CONVNET)
    own = made.processes(cell)
    roles = tuple(structs.replace(one, wait_s=()) for one in own.roles)
    outcome = made.outcome(cell, processes=structs.replace(own, roles=roles, unavailable={"wait": "no schedstat"}))
    table = cpu_utilization.table(made.results([outcome], made.able_study()))
    (row,) = table.filter(metric="wait_mean").to_dicts()
    assert (row["median"], row["value"], row["message"]) == (None, "unavailable", "no schedstat")


def test_joules_per_operation_are_those_of_the_steady_phase() -> None:
    cell = watched(made.NATIVE)
    own = made.processes(cell)
    power = structs.replace(own, energy_j=tuple(20.0 * at for at in own.at_s), unavailable={})
    outcome = made.outcome(cell, processes=power)
    (timed,) = (one for one in outcome.series if one.metric == "throughput" and one.stage == "timed")
    found = medians(experiments.load("energy").table(made.results([outcome], made.able_study())))
    assert found["power_watts"] == pytest.approx(20.0)
    assert found["operation_joules"] == pytest.approx(20.0 * 3.0 / (timed.repeats * len(timed.sample_ms)))


def test_energy_that_the_machine_does_not_tell_is_unavailable_with_the_reason() -> None:
    table = experiments.load("energy").table(results([watched(made.TFJS), watched(made.NATIVE)]))
    assert table["value"].to_list() == ["unavailable"] * 2
    assert said("energy", table) == "Energy is unavailable here: there are no counters."


def test_a_timeline_has_phases_cpu_memory_and_garbage_on_one_axis() -> None:
    study = made.able_study(experiments=("timeline",))
    timeline = experiments.load("timeline")
    cells = list(timeline.cells(study))
    assert [(cell.target.backend, cell.model) for cell in cells] == [
        ("cpu", Model("mlp", 4, 128)),
        ("webgl", Model("mlp", 4, 128)),
    ]
    table = timeline.table(made.results([made.outcome(cell, n) for cell in cells for n in (0, 1)], study))
    own = table.filter(backend="cpu")
    phases = own.filter(metric="phase")
    assert phases["value"].to_list() == ["launch", "library_load", "first", "warmup", "throughput", "dispose", "end"]
    assert (phases["at_s"] + phases["median"]).to_list()[-1] == pytest.approx(4.8)
    busy = own.filter(pl.col("at_s") > 1, metric="cpu_share", value="page")
    assert busy["median"].to_list() == pytest.approx([1.02] * busy.height)
    collected = own.filter(metric="collected_bytes")
    assert collected.height == 7 and collected["median"].to_list() == pytest.approx([9_000_000] * 7)
    assert collected["at_s"][0] == pytest.approx(1.5 + 0.42)
    assert "fell 7 times in its steady phase, by 63 MB in all" in said("timeline", table)


def test_a_task_without_a_moment_has_no_band_of_infinite_size() -> None:
    study = made.able_study(experiments=("timeline",))
    timeline = experiments.load("timeline")
    cpu, webgl = timeline.cells(study)
    table = timeline.table(made.results([made.outcome(cpu), made.failed(webgl, "crashed", "not to be")], study))
    assert set(table["backend"]) == {"cpu", "webgl"}
    assert isinstance(timeline, Charted)
    assert len(timeline.chart(table)["vconcat"]) == 1
