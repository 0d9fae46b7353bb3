"""The tables of stored outcomes, as they were when somebody looked at them last. A change here is a change of numbers
that people have published: `HOWFAR_GOLDEN=write pytest tests/report/test_golden.py` writes them anew, for a look."""

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import polars as pl
import pytest

import made
import reports
from howfar import experiments, wording
from howfar.outcomes import Results

GOLDEN = Path(__file__).parents[1] / "fixtures" / "report"
STORED: Mapping[str, Callable[[], Results]] = {
    **dict.fromkeys(experiments.names(), reports.every_kind),
    **dict.fromkeys(("training_time", "inference_time", "warmup_time", "cost"), made.rich),
    **{
        name: partial(reports.of_one, name)
        for name in ("bench", "experience", "native_calls", "pretrained", "published")
    },
    "limit": reports.of_the_limit,
    "model_size": reports.of_the_paper,
}
# The first of a table's rows: enough to see a number change.
MOST_ROWS = 200
NUMBERS = ("median", "low", "high", "p90", "times_fastest", "times_native", "printed")


def text(table: pl.DataFrame) -> str:
    """A line per row: who, what, and the numbers to three digits; of a claim its verdict."""
    lines = []
    for row in table.head(MOST_ROWS).iter_rows(named=True):
        who = str(wording.target(row)) if row["version"] and row["framework"] else row["framework"] or row["version"]
        what = [row["workload"], wording.network(row) if row["model"] else None, row["metric"], row["status"]]
        judged = [row[name] for name in ("claim", "verdict") if row[name] is not None]
        numbers = [wording.number(row[name]) for name in NUMBERS]
        lines.append(
            " | ".join([*(str(one) for one in (who, *what, *judged)), *numbers, "" if row["current"] else "older"])
        )
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", STORED)
def test_tables_are_as_they_were(name: str) -> None:
    found, file = text(experiments.load(name).table(STORED[name]())), GOLDEN / f"{name}.txt"
    if os.environ.get("HOWFAR_GOLDEN") == "write":
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(found, encoding="utf-8")
    assert found.strip()
    assert found == file.read_text(encoding="utf-8")
