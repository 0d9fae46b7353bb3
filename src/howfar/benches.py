"""One's own model on every target: what it costs the first time and after, what to ship, and where another one wins."""

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

from msgspec import Struct

from howfar import gaps
from howfar.measured import COUNTED, Measured, contestant, measure
from howfar.outcomes import Results
from howfar.ranking import Field, fields
from howfar.records import Cell, Fact, Metric, Model, Target
from howfar.stats import Ratio
from howfar.study import Objective

METRICS: Sequence[Metric] = ("latency", "first_use")


class Contender(Struct, frozen=True):
    """One target. `facts`: of its last process; `memory_bytes`: the median over its processes, where it is known."""

    latency: Measured
    first_use: Measured | None
    facts: Mapping[str, Fact]
    memory_bytes: int | None
    max_relative_error: float | None

    @property
    def target(self) -> Target:
        return self.latency.cell.target

    @property
    def right(self) -> bool:
        return self.latency.right

    @property
    def download_bytes(self) -> int:
        """What a page that has nothing yet must fetch, compressed as servers do: library and model."""
        return sum(self._bytes(name) for name in ("library_gzip_bytes", "model_gzip_bytes"))

    def _bytes(self, name: str) -> int:
        found = self.facts.get(name)
        return int(found) if isinstance(found, int | float) else 0

    @property
    def threads(self) -> Fact:
        """How many it really had; 1 where nothing is said of any."""
        return self.facts.get("wasm_threads_used", self.facts.get("threads", 1))


class BreakEven(Struct, frozen=True):
    """Up to so many inferences another target is ahead of the winner, because its first use costs less."""

    contender: Contender
    inferences: int


class Bench(Struct, frozen=True):
    """One model. `ranked`: the right browser targets, best first by the objective; `natives`: fastest first."""

    model: Model
    objective: Objective
    ranked: tuple[Contender, ...]
    natives: tuple[Contender, ...]
    failed: tuple[Contender, ...]
    latency: Field
    first_use: Field | None

    @property
    def winner(self) -> Contender | None:
        """What to ship: the first of the ranking; of those that can't be told from it the one that is cheaper in the
        other respect. A GPU in name only is no advice for anybody's machine, unless there is nothing else."""
        real = [one for one in self.ranked if not one.latency.software] or list(self.ranked)
        alike = [one for one in real if not self._worse(real[0], one)]
        return min(alike, key=self._otherwise, default=None)

    @property
    def runner_up(self) -> Contender | None:
        """The best of another framework, else of another back end."""
        winner = self.winner
        others = [one for one in self.ranked if winner and one.target != winner.target and not one.latency.software]
        foreign = [one for one in others if winner and one.target.framework != winner.target.framework]
        return next(iter(foreign or others), None)

    def _worse(self, best: Contender, other: Contender) -> bool:
        if self.objective == "size":
            return other.download_bytes > best.download_bytes
        compared = self.faster(best, other)
        if compared is None or compared.low is None:  # one round: all that there is is the time
            return other.latency.median > best.latency.median
        return compared.faster

    def faster(self, one: Contender, other: Contender) -> Ratio | None:
        """How many times the other's time the first one takes, by what is ranked on; sizes rank by latency too."""
        if self.objective == "first-use" and self.first_use and one.first_use and other.first_use:
            return self.first_use.against(one.first_use, other.first_use)
        return self.latency.against(one.latency, other.latency)

    def _sooner(self, one: Contender, best: Contender) -> bool:
        if not (self.first_use and one.first_use and best.first_use):
            return False
        compared = self.first_use.against(one.first_use, best.first_use)
        return compared is not None and compared.faster

    def _otherwise(self, one: Contender) -> float:
        second = one.first_use if self.objective == "latency" else one.latency
        return second.median if second else math.inf

    def native_beside(self, one: Contender) -> Contender | None:
        """The fastest right native target of its like, as for any gap."""
        right = [native for native in self.natives if native.right]
        found = gaps.like(one.latency, one.threads not in (1, None), [native.latency for native in right])
        return next((native for native in right if native.latency is found), None)

    def break_evens(self) -> list[BreakEven]:
        """Which other targets are ahead for how many inferences of a visit: those whose first use is surely quicker."""
        best = self.winner
        found = [(one, _inferences(one, best)) for one in self.ranked if best and self._sooner(one, best)]
        ahead = [BreakEven(one, count) for one, count in found if count]
        return sorted(ahead, key=lambda even: -even.inferences)


def _inferences(one: Contender, best: Contender) -> int:
    """How many inferences the first of the two is ahead for; 0 where it never is, or always."""
    if not (one.first_use and best.first_use):
        return 0
    saved = best.first_use.median - one.first_use.median
    lost = one.latency.median - best.latency.median
    return math.floor(saved / lost) + 1 if saved > 0 and lost > 0 else 0


def benches(results: Results) -> list[Bench]:
    """Every one of the user's own models that was tried, in the study's order."""
    by_metric = {(field.model, field.metric): field for field in fields(measure(results, wanted, METRICS))}
    models = dict.fromkeys(model for model, _ in by_metric)
    return [_bench(results, model, by_metric) for model in models]


def wanted(cell: Cell) -> bool:
    """Whether a cell is an inference of one's own model."""
    return contestant(cell) and cell.workload == "inference" and cell.model.kind == "graph"


def _bench(results: Results, model: Model, by_metric: Mapping[tuple[Model, str], Field]) -> Bench:
    latency, first_use = by_metric[model, "latency_ms"], by_metric.get((model, "first_use_ms"))
    firsts = {entry.cell.target: entry for entry in first_use.entries} if first_use else {}
    every = [_contender(entry, firsts.get(entry.cell.target)) for entry in latency.entries]
    objective = results.run.study.objective
    return Bench(
        model=model,
        objective=objective,
        ranked=tuple(sorted((one for one in every if one.right and not one.latency.native), key=_KEYS[objective])),
        natives=tuple(sorted((one for one in every if one.latency.native), key=_KEYS["latency"])),
        failed=tuple(one for one in every if not one.right and not one.latency.native),
        latency=latency,
        first_use=first_use,
    )


def _contender(entry: Measured, first_use: Measured | None) -> Contender:
    counted = [outcome for outcome in entry.group.outcomes if outcome.status in COUNTED]
    held = [value for outcome in counted if isinstance(value := outcome.facts.get("memory_bytes"), int | float)]
    errors = [outcome.check.max_abs_error for outcome in counted if outcome.check]
    known = [error for error in errors if error is not None]
    return Contender(
        latency=entry,
        first_use=first_use if first_use and first_use.right else None,
        facts=(counted or entry.group.outcomes)[-1].facts,
        memory_bytes=round(median(held)) if held else None,
        max_relative_error=max(known) if known and len(known) == len(errors) else None,
    )


_KEYS: Mapping[Objective, Callable[[Contender], Any]] = {
    "latency": lambda one: one.latency.median,
    "first-use": lambda one: one.first_use.median if one.first_use else math.inf,
    "size": lambda one: (one.download_bytes, one.latency.median),
}
