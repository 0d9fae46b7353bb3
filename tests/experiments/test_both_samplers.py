"""Chromium's task manager beside the system's own count, in Table 2."""

from typing import Any

import polars as pl
import pytest

import made
from howfar import watched
from howfar.experiments import cpu_utilization, memory
from howfar.observed import ExtensionSample, ExtensionSamples
from howfar.outcomes import Results
from howfar.records import Cell, Model

CELL = Cell(made.CONVNET, Model("mlp", 1, 64), "training", observe="processes")
# Its steady phase lasts from 1.5 to 4.5 s; of the first update nothing is known yet.
PAGE = ((0.6, None), (1.6, 55.0), (2.6, 101.0), (3.6, 105.0), (4.6, 90.0))


def sample(at_s: float, cpu_percent: float | None, pid: int = 7) -> ExtensionSample:
    return ExtensionSample(at_s, "page", pid, cpu_percent)


def samples() -> ExtensionSamples:
    gpu = [ExtensionSample(at, "gpu", 8, 2.0) for at, _ in PAGE]
    return ExtensionSamples(tuple([sample(*one) for one in PAGE] + gpu))


def table(*found: Any) -> pl.DataFrame:
    outcomes = [made.outcome(CELL, number, extension=one) for number, one in enumerate(found)]
    return cpu_utilization.table(results(outcomes))


def results(outcomes: Any) -> Results:
    return made.results(outcomes, made.able_study(experiments=("cpu_utilization",)))


def medians(rows: pl.DataFrame) -> dict[str, float]:
    return dict(rows.select("metric", "median").iter_rows())


def test_only_what_lies_in_the_steady_phase_counts() -> None:
    (phase,) = [watched.steady(made.outcome(CELL))]
    assert phase is not None
    found = watched.updates(samples(), "page", phase)
    assert [(one.begin_s, one.end_s, one.share) for one in found] == [(1.6, 2.6, 1.01), (2.6, 3.6, 1.05)]


def test_the_update_of_another_process_counts_for_none() -> None:
    phase = watched.Phase("throughput", 0.0, 10.0)
    swapped = ExtensionSamples(
        (sample(1.0, 90.0), sample(2.0, 50.0, pid=9), sample(3.0, None, pid=9), sample(4.0, 80.0))
    )
    assert watched.updates(swapped, "page", phase) == []


def test_both_stand_in_the_table_with_their_difference() -> None:
    found = medians(table(samples(), samples()))
    assert (found["extension_cpu_max"], found["extension_cpu_min"]) == (1.05, 1.01)
    assert found["extension_cpu_mean"] == pytest.approx(1.03)
    assert found["extension_gpu_cpu_mean"] == pytest.approx(0.02)
    assert found["cpu_mean"] == pytest.approx(1.02)
    assert found["sampler_difference"] == pytest.approx(0.01)
    words = "\n".join(cpu_utilization.sentences(table(samples())))
    assert "differ by at most 1.0 points over 1 busy pages, which is within 2" in words


def test_memory_by_the_task_manager_stands_beside_ours() -> None:
    sizes = [(at, 30_000_000 + 1_000_000 * place) for place, (at, _) in enumerate(PAGE)]
    told = ExtensionSamples(tuple(ExtensionSample(at, "page", 7, 100.0, size, 9_000_000) for at, size in sizes))
    table = memory.table(results([made.outcome(CELL, extension=told)]))
    found = medians(table)
    assert (found["extension_private_bytes"], found["extension_js_bytes"]) == (32_000_000, 9_000_000)
    share = f"{32_000_000 / found['memory_steady_bytes']:.3f}"
    assert f"says of 1 page {share} to {share} × what is counted here" in "\n".join(memory.sentences(table))


def test_without_the_extension_there_is_no_column_of_it() -> None:
    assert not [name for name in medians(table(None, None)) if name.startswith(("extension", "sampler"))]


def test_an_extension_that_could_not_sample_leaves_the_reason() -> None:
    rows = table(ExtensionSamples(unavailable="this browser has no chrome.processes"))
    (row,) = rows.filter(metric="extension_cpu_mean").iter_rows(named=True)
    assert (row["median"], row["value"], row["message"]) == (
        None,
        "unavailable",
        "this browser has no chrome.processes",
    )
    assert medians(rows)["cpu_mean"] == pytest.approx(1.02)
    assert cpu_utilization.summary(rows).lines
