"""One file per figure or table: which cells it needs measured, how outcomes become its table, and what is drawn of it.

An experiment is found by its file being here; its id is the file's name. Each is `Charted` or `Summarized`, or both;
an `Annotated` one has words of its frameworks beneath, a `Telling` one its own, a `Pictured` one further pictures.
"""

from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Protocol, cast, runtime_checkable

import polars as pl
from msgspec.structs import replace

from howfar import wholes
from howfar.errors import UserError
from howfar.kept import kept
from howfar.outcomes import Results
from howfar.plotted import Spec
from howfar.records import Cell, Model, Target, Workload
from howfar.study import Study
from howfar.summaries import Summary


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
        """The metric that it is about, as in the table's `metric` column: what its chart draws."""

    def cells(self, study: Study) -> Iterable[Cell]:
        """What it needs measured; the plan repeats every cell in rounds."""

    def table(self, results: Results) -> pl.DataFrame:
        """Its rows in the layout of `howfar.tables.SCHEMA`: no measured or failed cell is left out."""


@runtime_checkable
class Charted(Protocol):
    """An experiment that is a figure."""

    def chart(self, table: pl.DataFrame) -> Spec:
        """The figure of its own non-empty table."""


@runtime_checkable
class Summarized(Protocol):
    """An experiment that is a table to read, as in the paper."""

    def summary(self, table: pl.DataFrame) -> Summary:
        """What its own non-empty table comes to, a column per framework."""


@runtime_checkable
class Annotated(Protocol):
    """An experiment that says of each framework what the numbers don't."""

    @property
    def NOTES(self) -> Mapping[str, str]:
        """Facts of the outcomes that its table is made of, and the heading that each is listed under."""


@runtime_checkable
class Telling(Protocol):
    """An experiment that ends in words."""

    def sentences(self, table: pl.DataFrame) -> list[str]:
        """What its own non-empty table comes to, in sentences that its numbers allow."""


@runtime_checkable
class Pictured(Protocol):
    """An experiment that has a picture of each of several things, beside its table."""

    def pictures(self, results: Results) -> Mapping[str, str]:
        """What each is of, and its SVG, which needs nothing beside itself."""


@runtime_checkable
class Overall(Protocol):
    """An experiment that looks at whatever was measured, by whichever study."""

    @property
    def OVERALL(self) -> bool:
        """True."""


def names() -> list[str]:
    """The ids of all experiments."""
    return sorted(module.name for module in iter_modules(__path__))


def load(name: str) -> Experiment:
    """The experiment with this id. Raises UserError if there is none."""
    if name not in names():
        raise UserError(f"no experiment {name!r}", mend=f"there are {', '.join(names())}")
    return cast(Experiment, import_module(f"{__name__}.{name}"))


def table(name: str, results: Results) -> pl.DataFrame:
    """An experiment's table, worked out once for these results: what is judged by it asks again. Raises UserError for
    an unknown one."""

    def make() -> pl.DataFrame:
        tables = [load(name).table(own) for own in results_of(name, results)]
        return pl.concat(tables) if len(tables) > 1 else tables[0]

    return kept(results, ("table", name), make)


def results_of(name: str, results: Results) -> list[Results]:
    """What an experiment is about: the results of each study that names it, or of all where none does. Raises UserError
    for an unknown one."""
    if not results.parts or isinstance(load(name), Overall):
        return [results]
    return [own for own in wholes.each(results) if name in own.run.study.experiments] or [wholes.pooled(results)]


def cells(study: Study, asked: Iterable[str]) -> Iterator[Cell]:
    """What these experiments need of a study; what several need comes as often. Raises UserError for an unknown one."""
    return (cell for name in asked for cell in load(name).cells(study))


def spread(study: Study, kind: str, most: int) -> list[Model]:
    """A few of the study's models of a kind, for what need not be measured of all: from the smallest to the largest."""
    own = sorted((model for model in study.sizes() if model.kind == kind), key=lambda model: model.depth * model.width)
    places = (round(i * (len(own) - 1) / max(most - 1, 1)) for i in range(most)) if own else ()
    return list(dict.fromkeys(own[place] for place in places))


def one_each(study: Study, workload: Workload) -> list[Target]:
    """For what no back end and no browser changes: the first target that the study names of each framework at each
    version."""
    firsts: dict[tuple[str, str], Target] = {}
    for target in study.targets_for(workload):
        firsts.setdefault((target.framework, target.version), target)
    return list(firsts.values())


def watched(study: Study, workload: Workload, models: Iterable[Model]) -> Iterator[Cell]:
    """Every target with these models, watched at its processes; where its threads can be switched, on one thread and on
    all of them too."""
    wanted = set(models)
    for cell in study.cells(workload):
        if cell.model in wanted:
            yield replace(cell, observe="processes")
            for switch in _threads(study, cell.target):
                yield replace(cell, target=replace(cell.target, switch=switch), observe="processes")


def _threads(study: Study, target: Target) -> list[str]:
    able = study.abilities.get(target.framework)
    if able is None or target.threads is not None:
        return []
    return [switch for switch in able.switches.get(target.backend, ()) if switch.startswith("threads=")]
