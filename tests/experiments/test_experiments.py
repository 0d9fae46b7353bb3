"""Every file under experiments/ keeps the same promises."""

import subprocess
import sys

import altair
import polars as pl
import pytest

import made
import reports
from howfar import experiments, tables
from howfar.errors import UserError
from howfar.records import Cell, Model

ALL = experiments.names()
# `cost` asks for nothing of its own; these ask for what others ask for too, and are tested by themselves.
DERIVED = (
    "cost",
    "published",
    "gap_tree",
    "gap_parts",
    "native_calls",
    "loss_parity",
    "call_stack",
    "findings",
    "limit",
)
TIMED = [name for name in ALL if name not in DERIVED]
CHARTED = [name for name in ALL if isinstance(experiments.load(name), experiments.Charted)]


def test_an_experiment_is_found_by_its_file() -> None:
    assert {"cost", "inference_time", "training_time", "warmup_time"} <= set(ALL)


def test_an_unknown_experiment_is_refused_with_the_names_of_those_there_are() -> None:
    with pytest.raises(UserError, match="training_time"):
        experiments.load("training_tim")


@pytest.mark.parametrize("name", ALL)
def test_it_says_what_it_shows_and_answers_in_the_common_layout(name: str) -> None:
    experiment = experiments.load(name)
    assert experiment.TITLE and experiment.QUESTION.endswith("?") and isinstance(experiment.PAPER, str)
    table = experiment.table(reports.of_one(name))
    assert table.schema == pl.Schema(tables.SCHEMA)
    assert experiment.METRIC in table["metric"]
    assert experiment.table(made.results([])).schema == table.schema


@pytest.mark.parametrize("name", CHARTED)
def test_its_chart_is_a_spec_whose_every_number_lies_inside_it(name: str) -> None:
    experiment = experiments.load(name)
    assert isinstance(experiment, experiments.Charted)
    spec = experiment.chart(experiment.table(reports.of_one(name)))
    altair.Chart.from_dict(spec)  # raises where it is none
    assert spec["$schema"].startswith("https://vega.github.io/schema/vega-lite/")
    assert "url" not in spec.get("data", {})
    assert spec["datasets"]


@pytest.mark.parametrize("name", TIMED)
def test_every_cell_that_it_asks_for_has_a_row_even_when_all_failed(name: str) -> None:
    experiment = experiments.load(name)
    cells = list(experiment.cells(reports.asked_by(name)))
    table = experiment.table(made.results(made.failed(cell, "crashed", "gone") for cell in cells))
    assert table.height == len(cells) > 0
    assert table["median"].is_null().all() and set(table["status"]) == {"crashed"}


def test_what_each_asks_for() -> None:
    study = made.study()
    load = experiments.load
    assert {cell.workload for cell in load("training_time").cells(study)} == {"training"}
    assert {cell.workload for cell in load("inference_time").cells(study)} == {"inference"}
    assert {cell.workload for cell in load("warmup_time").cells(study)} == {"inference"}
    assert {cell.workload for cell in load("load_time").cells(study)} == {"loading"}
    assert {cell.workload for cell in load("published").cells(study)} == {"training", "inference"}
    features = list(load("features").cells(study))
    assert len(features) == len({(cell.target.framework, cell.target.version) for cell in features}) > 1
    assert list(load("cost").cells(study)) == []


def test_warm_up_is_the_first_inference_beside_the_steady_ones() -> None:
    cell = Cell(made.WEBGL, Model("mlp", 1, 64), "inference")
    table = experiments.load("warmup_time").table(made.results([made.outcome(cell)]))
    medians = dict(table.select("metric", "median").iter_rows())
    assert set(medians) == {"first_ms", "latency_ms"}
    assert medians["first_ms"] > 20 * medians["latency_ms"]


def test_a_run_plans_with_the_experiments_without_a_plotting_library() -> None:
    load = "from howfar import experiments; [experiments.load(name) for name in experiments.names()]"
    code = f"import sys; {load}; sys.exit('altair' in sys.modules or 'vl_convert' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
