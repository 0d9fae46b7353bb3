"""One file per figure or table: which cells it needs measured, and how outcomes become its table and its chart.

An experiment is found by its file being here; its id is the file's name.
"""

from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Protocol, cast

import polars as pl

from howfar.errors import UserError
from howfar.outcomes import Results
from howfar.records import Cell, Study

if TYPE_CHECKING:
    from altair.typing import ChartType


class Experiment(Protocol):
    """What a file in this folder declares."""

    @property
    def TITLE(self) -> str:
        """What it shows, in two words or three."""

    @property
    def PAPER(self) -> str:
        """Where the paper shows it, or nothing."""

    @property
    def QUESTION(self) -> str:
        """What it answers, one sentence."""

    @property
    def METRIC(self) -> str:
        """The metric that its chart draws, as in the table's `metric` column."""

    def cells(self, study: Study) -> Iterable[Cell]:
        """What it needs measured; the plan repeats every cell in rounds."""

    def table(self, results: Results) -> pl.DataFrame:
        """Its rows in the layout of `howfar.tables.SCHEMA`: no measured or failed cell is left out."""

    def chart(self, table: pl.DataFrame) -> "ChartType":
        """The figure of its own non-empty table."""


def names() -> list[str]:
    """The ids of all experiments."""
    return sorted(module.name for module in iter_modules(__path__))


def load(name: str) -> Experiment:
    """The experiment with this id. Raises UserError if there is none."""
    if name not in names():
        raise UserError(f"no experiment {name!r}", mend=f"there are {', '.join(names())}")
    return cast(Experiment, import_module(f"{__name__}.{name}"))
