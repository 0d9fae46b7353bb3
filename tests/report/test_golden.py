"""The tables of stored outcomes, as they were when somebody looked at them last. A change here is a change of numbers
that people have published: `HOWFAR_GOLDEN=write pytest tests/report/test_golden.py` writes them anew, for a look."""

import os
from pathlib import Path

import polars as pl
import pytest

import made
import reports
from howfar import wording
from howfar.experiments import load

GOLDEN = Path(__file__).parents[1] / "fixtures" / "report"
STORED = {
    "training_time": made.rich,
    "inference_time": made.rich,
    "warmup_time": made.rich,
    "cost": made.rich,
    "model_size": reports.of_the_paper,
}
NUMBERS = ("median", "low", "high", "p90", "times_fastest", "times_native", "printed")


def text(table: pl.DataFrame) -> str:
    """A line per row: who, what, and the numbers to three digits."""
    lines = []
    for row in table.iter_rows(named=True):
        who = str(wording.target(row)) if row["version"] else row["framework"]
        what = [row["workload"], wording.network(row) if row["model"] else None, row["metric"], row["status"]]
        numbers = [wording.number(row[name]) for name in NUMBERS]
        lines.append(" | ".join([who, *(str(one) for one in what), *numbers, "" if row["current"] else "older"]))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", STORED)
def test_tables_are_as_they_were(name: str) -> None:
    found, file = text(load(name).table(STORED[name]())), GOLDEN / f"{name}.txt"
    if os.environ.get("HOWFAR_GOLDEN") == "write":
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(found, encoding="utf-8")
    assert found == file.read_text(encoding="utf-8")
