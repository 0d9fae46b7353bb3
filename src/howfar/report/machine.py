"""Where the numbers were taken, and how quiet it was there."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import numpy as np
from msgspec import Struct

from howfar import experiments, wording
from howfar.kept import kept
from howfar.measured import NATIVE, REFERENCE, groups
from howfar.outcomes import Outcome, Results, over_budget
from howfar.records import Fact
from howfar.samples import METRICS, per_operation
from howfar.wholes import each

# A fact with more values than this (user agents of many devices, say) is shortened.
MOST_VALUES = 4


class Drift(Struct, frozen=True):
    """The control cell's medians in ms, in the order they were taken, and the largest over the smallest.

    The control does the same work every time, so what changes is the machine.
    """

    medians: tuple[float, ...]

    @property
    def spread(self) -> float:
        return max(self.medians) / min(self.medians) if self.medians and min(self.medians) > 0 else float("nan")


class Noisiness(Struct, frozen=True):
    """Processes that measured, how many were disturbed, and how many cores others used at most meanwhile."""

    processes: int
    disturbed: int
    foreign_cores: float | None


def control_drift(results: Results) -> Drift:
    """The drift over all controls of the newest environment that answered."""
    controls = [group for group in groups(results, lambda cell: cell.target.framework == REFERENCE) if group.current]
    outcomes = sorted((o for group in controls for o in group.outcomes), key=lambda outcome: outcome.started_at)
    samples = (per_operation(outcome, METRICS[outcome.task.cell.workload][0]) for outcome in outcomes)
    return Drift(tuple(float(np.median(values)) for values in samples if len(values)))


def progress(results: Results) -> tuple[int, int]:
    """Measurements of the study that are here, and those that it asks for (cells × rounds, controls not counted); of
    its parts too. What is unsupported is so in every round, and ceilings are the best of all: no further one is
    missing."""
    counts = [kept(own, "progress", partial(_progress, own)) for own in each(results)]
    return sum(here for here, _ in counts), sum(planned for _, planned in counts)


def _progress(results: Results) -> tuple[int, int]:
    study = results.run.study
    asked = (name for name in study.experiments if name in experiments.names())
    rounds = {cell: 1 if cell.workload == "ceilings" else study.rounds for cell in experiments.cells(study, asked)}
    measured = (o for o in results.outcomes if o.task.cell in rounds and not over_budget(o.message))
    here = {
        (o.task.cell, number, o.task.protocol)
        for o in measured
        for number in (range(rounds[o.task.cell]) if o.status == "unsupported" else (o.task.round,))
        if number < rounds[o.task.cell]
    }
    return len(here), sum(len(study.protocols_for(cell)) * count for cell, count in rounds.items())


def machine(results: Results) -> str:
    """The machine in one line."""
    host = results.run.host
    cores = f"{host['cores']} cores" if host.get("cores") else None
    memory = f"{host['memory_gib']} GiB" if host.get("memory_gib") else None
    parts = [host.get("cpu"), cores, memory, host.get("os")]
    return ", ".join(str(part) for part in parts if part) or "machine not recorded"


def browsers(results: Results) -> str:
    """The browsers, each in the newest version that an outcome was taken in."""
    used = {outcome.environment for outcome in results.outcomes}
    facts = [found for name, found in results.environments.items() if name in used and found.get("browser") != NATIVE]
    newest = {found["browser"]: found.get("browser_version") or "" for found in facts if found.get("browser")}
    return wording.listed([f"{name} {version}".strip() for name, version in newest.items()]) if newest else "no browser"


def environments(results: Results) -> dict[str, Mapping[str, Fact]]:
    """The checked facts of each environment that an outcome was taken in, without those of the host itself."""
    used = {outcome.environment for outcome in results.outcomes}
    host = results.run.host
    return {
        name: {fact: value for fact, value in found.items() if host.get(fact, ...) != value}
        for name, found in results.environments.items()
        if name in used
    }


def page_facts(outcomes: Iterable[Outcome]) -> dict[str, str]:
    """What the pages and native processes found, over all outcomes: every fact with its distinct values."""
    values: dict[str, dict[str, None]] = defaultdict(dict)
    for facts in {id(outcome.facts): outcome.facts for outcome in outcomes}.values():
        for name, value in facts.items():
            values[name][wording.fact(value)] = None
    return {name: wording.listed(list(found), most=MOST_VALUES) for name, found in sorted(values.items())}


def noise(outcomes: Sequence[Outcome]) -> Noisiness:
    """How quiet the machine was over the processes that came to be timed."""
    timed = [outcome for outcome in outcomes if outcome.noise]
    others = [outcome.noise.foreign_cores for outcome in timed if outcome.noise]
    return Noisiness(len(timed), sum(outcome.disturbed for outcome in timed), max(others, default=None))
