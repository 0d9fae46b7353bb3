"""The common table: the names that scripts rely on, and ratios only where they mean something."""

from typing import Any

import polars as pl
import pytest

import made
from howfar import tables, wording
from howfar.measured import timed
from howfar.outcomes import Check
from howfar.records import Cell, Model, Target

CONTRACT = (
    "framework", "version", "backend", "browser", "model", "depth", "width", "workload", "protocol", "metric", "unit",
    "median", "low", "high", "p10", "p90", "samples", "processes", "status", "message", "max_abs_error", "software_gpu",
    "disturbed",
)  # fmt: skip


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    return tables.table(timed(made.rich(), "inference"))


def one(table: pl.DataFrame, target: Target) -> dict[str, Any]:
    """The row of a target's latency at 1 × 64."""
    rows = table.filter(width=64, metric="latency_ms", current=True).to_dicts()
    (row,) = [row for row in rows if wording.target(row) == target]
    return row


def test_every_promised_column_is_there_in_every_table(table: pl.DataFrame) -> None:
    assert [name for name in table.columns if name in CONTRACT] == list(CONTRACT)
    assert tables.frame([]).columns == table.columns


def test_a_row_tells_median_interval_and_spread(table: pl.DataFrame) -> None:
    row = one(table, made.CONVNET)
    truth = 1.15 * made.level(Cell(made.CONVNET, Model("mlp", 1, 64), "inference"))
    assert row["median"] == pytest.approx(truth, rel=0.1)
    assert row["low"] < row["median"] < row["high"]
    assert (row["samples"], row["processes"], row["rounds"], row["unit"]) == (120, 3, 3, "ms")


def test_ratios_hold_right_targets_against_the_fastest_and_against_native(table: pl.DataFrame) -> None:
    assert one(table, made.ORT)["times_fastest"] == pytest.approx(1.0)
    brain = one(table, made.BRAIN)
    assert brain["times_fastest"] > 5
    assert brain["times_native_low"] < brain["times_native"] < brain["times_native_high"]
    assert one(table, made.NATIVE)["times_native"] == pytest.approx(1.0)
    assert one(table, made.NATIVE)["times_fastest"] is None


def test_a_wrong_result_keeps_its_numbers_and_its_error_but_has_no_ratio(table: pl.DataFrame) -> None:
    row = one(table, made.LITERT)
    assert row["status"] == "wrong_result" and row["median"] is not None
    assert (row["max_abs_error"], row["tolerance"]) == (0.31, 1e-3)
    assert row["times_fastest"] is None and row["times_native"] is None


def test_an_error_beyond_numbers_is_not_hidden_by_a_smaller_one() -> None:
    cell = Cell(made.TFJS, Model("mlp", 1, 64), "inference")
    outcomes = [made.outcome(cell), made.outcome(cell, 1, status="wrong_result", check=Check(None, 1e-3))]
    row = tables.table(timed(made.results(outcomes), "inference")).to_dicts()[0]
    assert (row["status"], row["max_abs_error"], row["tolerance"]) == ("wrong_result", None, 1e-3)


def test_what_a_reader_must_know_is_marked(table: pl.DataFrame) -> None:
    assert one(table, made.WEBGL)["software_gpu"] is True and one(table, made.TFJS)["software_gpu"] is False
    assert one(table, made.BRAIN)["disturbed"] is True
    assert one(table, made.OLD)["leaking"] is True and one(table, made.TFJS)["leaking"] is None
    assert one(table, made.TFJS)["steady"] is True


def test_older_environments_stay_in_the_table_but_are_not_current(table: pl.DataFrame) -> None:
    old = table.filter(environment="old")
    assert old.height == 9 and not old["current"].any()
    assert old["times_fastest"].is_null().all()
