"""Where the run's time went, from spans whose sums are known."""

import polars as pl
import pytest

import made
from howfar import experiments
from howfar.outcomes import Span
from howfar.records import Cell, Model

SPANS = {"idle": 1, "launch": 2, "library_load": 3, "backend_init": 4, "model_load": 5, "first": 6, "check": 7,
         "rest": 4, "warmup": 8, "latency": 16, "throughput": 30, "dispose": 9, "end": 5}  # fmt: skip
TIMELINE = tuple(Span(name, float(seconds)) for name, seconds in SPANS.items())


def table() -> pl.DataFrame:
    cells = [Cell(target, Model("mlp", 1, 64), "inference") for target in (made.TFJS, made.NATIVE)]
    outcomes = [made.outcome(cell, number, timeline=TIMELINE) for cell in cells for number in (0, 1)]
    lost = made.failed(cells[0], "crashed", "before it was launched", 2, timeline=())
    return experiments.load("cost").table(made.results([*outcomes, lost]))


def test_every_span_is_in_one_part_and_the_parts_sum_to_the_wall_time() -> None:
    whole = dict(table().filter(framework="all").select("metric", "total").iter_rows())
    assert whole["load_ms"] == 4 * 12_000
    assert whole["first_ms"] == 4 * 13_000
    assert whole["timed_ms"] == 4 * 50_000
    assert whole["total_ms"] == 4 * sum(SPANS.values()) * 1000
    parts = (value for metric, value in whole.items() if metric not in ("total_ms", "overhead_share"))
    assert sum(parts) == whole["total_ms"]


def test_the_share_outside_is_launch_end_and_idle_over_the_wall_time() -> None:
    shares = table().filter(metric="overhead_share")
    assert shares["median"].to_list() == pytest.approx([8 / 100] * 3)
    assert set(shares["unit"]) == {"share"}


def test_each_target_has_its_own_row_and_counts_its_tasks() -> None:
    totals = table().filter(metric="total_ms").select("framework", "samples", "median").rows()
    assert totals == [("all", 4, 100_000.0), ("tensorflow", 2, 100_000.0), ("tfjs", 2, 100_000.0)]


def test_a_run_without_a_timeline_has_no_cost() -> None:
    assert experiments.load("cost").table(made.results([])).is_empty()
