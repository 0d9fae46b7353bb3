"""One task on one time axis: its phases, what its processes use and hold, and when garbage was collected."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import polars as pl

from howfar import tables
from howfar import watched as seen
from howfar.experiments import spread, watched
from howfar.measured import Group
from howfar.observed import PageMemory, ProcessSamples, Role
from howfar.outcomes import Outcome, Results
from howfar.plotted import Spec
from howfar.records import Cell
from howfar.study import Study

TITLE = "A task, moment by moment"
PAPER = ""
QUESTION = "What do the page and the GPU's process do from the launch to the end of a training?"
METRIC = "cpu_share"

# Whose lines are drawn: those that compute, and the browser's own.
SHOWN: Sequence[Role] = ("page", "gpu", "browser", "main")
# Two looks closer than this are told apart by the moment of looking, more than by what was done in between.
LEAST_SECONDS = 0.1
# A fall of the heap by less than this may be a weak reference; by more, it is a garbage collection.
GARBAGE_BYTES = 200_000


def cells(study: Study) -> Iterable[Cell]:
    """Training of the middle dense network by the study's first target of plain JavaScript and its first on a GPU."""
    models = spread(study, "mlp", 3)
    every = [cell for cell in watched(study, "training", models[len(models) // 2 :][:1]) if not cell.target.switch]
    plain = [cell for cell in every if cell.target.backend == "cpu" and cell.target.browser != "native"]
    gpu = [cell for cell in every if cell.target.backend in seen.GPU]
    return [*plain[:1], *gpu[:1]]


def table(results: Results) -> pl.DataFrame:
    """A row per moment (`at_s`, from the launch) of the first round that went well: `phase` (in seconds; `value` is its
    name), `cpu_share` and `memory_bytes` (`value` is the role), `heap_bytes`, and `collected_bytes` where the heap
    fell."""
    wanted = set(cells(results.run.study))
    groups = [one for one in seen.watched(results, ("training",)) if one.cell in wanted and one.current]
    return tables.frame(row for group in groups for row in _rows(group))


def _rows(group: Group) -> Iterator[tables.Row]:
    rounds = seen.seen(group)
    if not rounds:
        yield tables.stated(group, METRIC, "share", None)
        return
    outcome, samples = rounds[0]
    moments = [*_phases(outcome), *_processes(samples), *(_page(outcome, samples.page) if samples.page else ())]
    for metric, unit, at, number, value in moments:
        yield tables.stated(group, metric, unit, number, value) | {"at_s": at, "samples": 1, "processes": 1}


# Metric, unit, moment in seconds, number, and whose or what it is.
Moment = tuple[str, str, float, float, str | None]


def _phases(outcome: Outcome) -> Iterator[Moment]:
    for phase in seen.phases(outcome):
        yield "phase", "s", phase.begin_s, phase.end_s - phase.begin_s, phase.name


def _processes(samples: ProcessSamples) -> Iterator[Moment]:
    for one in samples.roles:
        if one.role not in SHOWN:
            continue
        for at, share in _shares(samples.at_s, one.cpu_s):
            yield METRIC, "share", at, share, one.role
        for at, held in zip(samples.at_s, seen.held(samples, [one]), strict=False):
            yield "memory_bytes", "bytes", at, float(held), one.role


def _shares(at_s: Sequence[float], cpu_s: Sequence[float]) -> Iterator[tuple[float, float]]:
    """Between one look and the next, in the middle of the two."""
    kept = [0]
    for place in range(1, len(at_s)):
        if at_s[place] - at_s[kept[-1]] >= LEAST_SECONDS:
            kept.append(place)
    for before, after in pairwise(kept):
        seconds = at_s[after] - at_s[before]
        yield (at_s[before] + at_s[after]) / 2, (cpu_s[after] - cpu_s[before]) / seconds


def _page(outcome: Outcome, page: PageMemory) -> Iterator[Moment]:
    """The heap, on the runner's clock: the page counts from the beginning of its steady phase."""
    within = seen.steady(outcome)
    begin = within.begin_s if within else 0.0
    at, heap = begin + np.array(page.heap_at_ms) / 1000, page.heap_bytes
    yield from (("heap_bytes", "bytes", float(when), float(size), None) for when, size in zip(at, heap, strict=True))
    for place, (before, after) in enumerate(pairwise(heap), 1):
        if before - after > GARBAGE_BYTES:
            yield "collected_bytes", "bytes", float(at[place]), float(before - after), None


def chart(table: pl.DataFrame) -> Spec:
    """Phases, CPU and memory, one below the other; a band of three per task."""
    from howfar import drawing

    return drawing.timelines(tables.current(table))


def sentences(table: pl.DataFrame) -> list[str]:
    """How often garbage was collected, where the page's heap told."""
    return [words for _, own in _by_target(table) if (words := _garbage(own))]


def _by_target(table: pl.DataFrame) -> Iterator[tuple[object, pl.DataFrame]]:
    yield from tables.current(table).group_by("framework", "version", "backend", maintain_order=True)


def _garbage(own: pl.DataFrame) -> str:
    told, freed = own.filter(metric="heap_bytes"), own.filter(metric="collected_bytes")
    if not (told.height and freed.height):
        return ""
    first = own.row(0, named=True)
    name, megabytes = (
        f"{first['framework']}@{first['version']} {first['backend']}",
        sum(freed["median"].to_list()) / 1e6,
    )
    return f"The heap of {name} fell {freed.height} times in its steady phase, by {megabytes:.3g} MB in all: garbage."
