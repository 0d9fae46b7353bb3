"""The findings as a table, a summary and sentences, of a whole run."""

from functools import cache
from typing import Any

import polars as pl
import pytest

import made
from howfar import experiments, findings, measured
from howfar.experiments import Summarized, Telling
from howfar.findings import evidence, telling
from howfar.measured import Measured

FINDINGS = experiments.load("findings")


@cache
def told() -> pl.DataFrame:
    """The table where everything that it asks for went well."""
    return FINDINGS.table(made.told(list(FINDINGS.cells(made.able_study())), rounds=3))


def test_it_asks_for_what_its_experiments_need_and_for_nothing_else() -> None:
    study = made.able_study()
    cells = set(FINDINGS.cells(study))
    needed = {cell for name in findings.needs() for cell in experiments.load(name).cells(study)}
    assert cells == needed
    assert {cell.workload for cell in cells} >= {"training", "inference", "loading", "features"}
    assert {cell.observe for cell in cells} == {"", "processes", "stacks"}


def test_every_claim_has_a_verdict_of_both_years_its_parts_and_what_changed() -> None:
    table = told()
    verdicts = table.filter(metric="verdict")
    assert verdicts["claim"].to_list() == [number for number in range(1, 13) for _ in range(2)]
    assert set(verdicts["version"]) == {"2018", "today"}
    assert set(table["verdict"]) <= set(telling.SAYS)
    assert table.filter(metric="changed")["claim"].to_list() == list(range(1, 13))
    assert all(row["message"] for row in table.iter_rows(named=True))
    part = table.filter(pl.col("metric") == "part_3", pl.col("claim") == 1, pl.col("version") == "today")
    assert part["unit"].item() == "ratio" and part["low"].item() < part["median"].item() < part["high"].item()
    assert "training: tfjs@4.22.0 cpu / convnetjs@0.3.0 cpu" in part["value"].item()


def test_every_row_of_table_6_says_what_becomes_of_its_advice() -> None:
    table = told()
    for number in range(1, 9):
        rows = table.filter(metric=f"advice_{number}")
        assert set(rows["version"]) == {"2018", "today"}
        assert set(rows["value"]) <= {"kept", "revised", "withdrawn", "untested"}
        assert table.filter(metric=f"advice_{number}_changed")["message"].item().startswith("It ")


def test_nothing_holds_where_nothing_was_measured_and_software_is_no_gpu() -> None:
    table = FINDINGS.table(made.rich())
    gpu = table.filter(pl.col("claim").is_in([3, 5, 9]), metric="verdict")
    assert set(gpu["verdict"]) == {"cannot_tell"}
    assert FINDINGS.table(made.results([])).height == 0


def test_the_summary_has_a_line_per_claim_and_per_row_of_table_6() -> None:
    assert isinstance(FINDINGS, Summarized)
    summary = FINDINGS.summary(told())
    assert [line.title.split(".")[0] for line in summary.lines[:12]] == [str(number) for number in range(1, 13)]
    assert len(summary.lines) == 20 and all(len(line.entries) == len(summary.columns) == 3 for line in summary.lines)
    assert summary.lines[12].entries[2].text.startswith("It ")
    assert "Build on a general-purpose framework" in summary.lines[12].entries[2].text


def test_the_sentences_count_the_claims_of_each_year() -> None:
    assert isinstance(FINDINGS, Telling)
    said = FINDINGS.sentences(FINDINGS.table(made.rich()))
    assert said[0].startswith("With today's versions, of the 12 claims") and "no longer hold" in said[0]
    assert said[1].startswith("With versions of 2018") and said[2].startswith("Of the 8 pieces of advice")


def test_both_years_are_judged_by_what_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def counted(*given: Any, **options: Any) -> list[Measured]:
        asked.append(given[2][0])
        return measured.measure(*given, **options)

    monkeypatch.setattr(evidence, "measure", counted)
    FINDINGS.table(made.rich())
    assert sorted(asked) == ["first", "latency", "model_load", "throughput"]
