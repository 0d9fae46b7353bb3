"""What claims are judged by: the times and tables that the study's experiments work out, of one edition's versions."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl
from msgspec.structs import replace

from howfar import experiments, gaps, palette, tables, wording
from howfar.experiments.features import PAPERS
from howfar.findings.editions import Edition, EditionName, edition
from howfar.findings.verdicts import Known, Lack, known
from howfar.measured import NATIVE, Measured, contestant, fared, measure
from howfar.outcomes import Results
from howfar.ranking import Field, fields
from howfar.records import Cell, Metric, Target, Workload
from howfar.stats import Ratio
from howfar.stats import pooled as mean_of
from howfar.wholes import pooled

# Back ends that compute on the processor.
CPU = ("cpu", "wasm")
# What the paper had.
BROWSERS = ("chromium", "chrome")
# What graphics cards that have their own memory, and those that share the processor's, are called by their drivers.
DISCRETE = re.compile(r"nvidia|geforce|quadro|tesla|radeon (rx|pro|vii)|\barc\b", re.IGNORECASE)
INTEGRATED = re.compile(r"intel|radeon|vega|apple|adreno|mali", re.IGNORECASE)

Row = Mapping[str, Any]


class Asked(NamedTuple):
    """The times that a claim is about."""

    workload: Workload
    metric: Metric
    words: str


TRAINING = Asked("training", "throughput", "training")
INFERENCE = Asked("inference", "latency", "inference")
WARM_UP = Asked("inference", "first", "inference")
LOADING = Asked("loading", "model_load", "loading")


class Sources:
    """What all editions are judged by: worked out of the results when it is first asked for, and once."""

    def __init__(self, results: Results) -> None:
        self._each, self.results = results, pooled(results)
        self._fields: dict[Asked, list[Field]] = {}
        self._tables: dict[str, pl.DataFrame] = {}
        cells = dict.fromkeys(outcome.task.cell for outcome in self.results.outcomes)
        tried = {cell.target for cell in cells if cell.target.framework in PAPERS}
        self.browser = next(iter(sorted({target.browser for target in tried}, key=_place)), "")
        self.versions = sorted(
            {(target.framework, target.version) for target in tried if target.browser == self.browser}
        )

    def fields(self, asked: Asked) -> list[Field]:
        """Every comparison that may be made of these times, of all that was measured."""
        if asked not in self._fields:
            own = measure(self.results, lambda cell: _asks(asked, cell), (asked.metric,))
            self._fields[asked] = fields(own)
        return self._fields[asked]

    def table(self, experiment: str) -> pl.DataFrame:
        """An experiment's table, without the rows of older environments."""
        if experiment not in self._tables:
            self._tables[experiment] = tables.current(experiments.table(experiment, self._each))
        return self._tables[experiment]


def _asks(asked: Asked, cell: Cell) -> bool:
    """Whether a cell is of what may be compared: the study's frameworks, and native TensorFlow."""
    known = cell.target.framework in (*PAPERS, "tensorflow")
    return known and contestant(cell) and cell.workload == asked.workload


def _place(browser: str) -> tuple[bool, str]:
    return browser not in BROWSERS, browser


class Evidence:
    """The same of one edition's versions, in one browser; native TensorFlow beside them. What ran on a GPU in name
    only is not among it: it is no GPU."""

    def __init__(self, sources: Sources, name: EditionName) -> None:
        self.sources = sources
        self.edition: Edition = edition(name, sources.versions)
        self._fields: dict[tuple[Asked, str], list[Field]] = {}

    def fields(self, asked: Asked, kind: str = "mlp") -> list[Field]:
        """The comparisons of one kind of network, the smallest network first."""
        if (asked, kind) not in self._fields:
            own = [field for field in self.sources.fields(asked) if field.model.kind == kind]
            kept = [replace(field, entries=tuple(filter(self._keeps, field.entries))) for field in own]
            self._fields[asked, kind] = sorted(kept, key=lambda field: field.model.depth * field.model.width)
        return self._fields[asked, kind]

    def _keeps(self, entry: Measured) -> bool:
        return self._own(entry) and not (entry.software and entry.cell.target.backend in gaps.GPU)

    def _own(self, entry: Measured) -> bool:
        target = entry.cell.target
        if entry.native:
            return target.framework == "tensorflow"
        return target.browser == self.sources.browser and self.edition.has(target.framework, target.version)

    def targets(
        self, asked: Asked, frameworks: Sequence[str] = PAPERS, backends: Sequence[str] = CPU, kind: str = "mlp"
    ) -> list[Target]:
        """The browser targets of these that were right at any size, in the order of all legends."""
        right = {entry.cell.target for field in self.fields(asked, kind) for entry in field.browsers}
        own = (target for target in right if target.framework in frameworks and target.backend in backends)
        return sorted(own, key=lambda one: (backends.index(one.backend), palette.order(*_legend(one))))

    def at(self, field: Field, target: Target) -> Measured | None:
        """What was measured of a target there, if it was right."""
        return next((entry for entry in field.entries if entry.cell.target == target and entry.right), None)

    def ratios(self, asked: Asked, own: Target, other: Target) -> Iterator[tuple[Field, Ratio]]:
        """How many times the other's time the first one takes, at each size that both were right at."""
        for field in self.fields(asked):
            found = field.against(self.at(field, own), self.at(field, other))
            if found:
                yield field, found

    def typical(self, asked: Asked, own: Target, other: Target) -> tuple[Known | None, list[str]]:
        """That ratio over all sizes, and the cells that it is made of; None where no size has an interval."""
        found = list(self.ratios(asked, own, other))
        mean = mean_of([ratio for _, ratio in found])
        names = f"{own} / {other}"
        told = known(f"{names}, {wording.counted(len(found), 'size')}", mean) if mean else None
        return told, cells_of(asked, names, (field for field, _ in found))

    def lacks(self, asked: Asked, framework: str, backends: Sequence[str] = CPU, kind: str = "mlp") -> list[Lack]:
        """What it takes to have a right number of a framework on these back ends; nothing where there is one."""
        if self.targets(asked, (framework,), backends, kind):
            return []
        if framework not in self.edition.versions:
            return [Lack(f"in a version of {self.edition.name}", framework)]
        tried = [
            entry
            for field in self.sources.fields(asked)
            if field.model.kind == kind
            for entry in field.entries
            if entry.cell.target.framework == framework and entry.cell.target.backend in backends and self._own(entry)
        ]
        return [_lack(framework, backends, asked, tried)]

    def rows(self, experiment: str) -> list[Row]:
        """The rows of an experiment's table that are of this edition in this browser, or native."""
        table = self.sources.table(experiment)
        return [row for row in table.iter_rows(named=True) if self._has(row)]

    def _has(self, row: Row) -> bool:
        if row["browser"] == NATIVE:
            return True
        own = row["browser"] in (self.sources.browser, None)
        return own and self.edition.has(row["framework"], row["version"])


def _legend(target: Target) -> tuple[str, str, str, int | None]:
    return target.framework, target.version, target.backend, target.threads


def _lack(framework: str, backends: Sequence[str], asked: Asked, tried: Sequence[Measured]) -> Lack:
    """By what was tried of it, and how that went."""
    if any(entry.software for entry in tried):
        return Lack("a GPU: what stands for one here works in software")
    failed = next((entry for entry in tried if entry.status != "ok"), None)
    if failed:
        why = f"{fared(failed.status, failed.message)}{failed.message and f': {failed.message}'}"
        return Lack(f"right numbers of {failed.cell.target} in {asked.words} (it {why})")
    on = "" if backends == CPU else f" on {' or '.join(backends)}"
    return Lack(f"measured in {asked.words}", f"{framework}{on}")


def cells_of(asked: Asked, names: str, at: Iterable[Field]) -> list[str]:
    """What a number is made of: `training: A / B, 4 × 128`."""
    return [f"{asked.words}: {names}, {size(field)}" for field in at]


def size(field: Field) -> str:
    """Of a field's network: its size, or the name of one's own."""
    model = field.model
    return model.name or wording.size(model.depth, model.width)


def gpu_kind(entry: Measured) -> str:
    """`discrete` or `integrated`, by what its driver calls itself; nothing where that does not tell."""
    names = [
        str(outcome.facts.get(name) or "")
        for outcome in entry.group.outcomes
        for name in ("webgl_renderer", "webgpu_adapter")
    ]
    told = " ".join(names)
    if entry.software or not told.strip():
        return ""
    return "discrete" if DISCRETE.search(told) else "integrated" if INTEGRATED.search(told) else ""
