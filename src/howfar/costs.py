"""How long a cell will take, from what the others took: so that a run can spend its time where it is worth it.

An operation is taken to need as long per multiply-add as the largest network of the same kind that its target has
computed so far. Small networks need longer per multiply-add than large ones, so that this errs to the long side.
"""

from collections.abc import Sequence
from functools import cache

from msgspec import Struct

from howfar import layers, models
from howfar.outcomes import Outcome, Series
from howfar.records import Cell, Model, Target, Task, Workload

# A training step goes forward once and back once, and back is twice the work.
PASSES = {"training": 3}
# Multiply-adds per second before anything is known, within a factor of ten of what two slow cores did; in ascending
# order of cost, only the first cells of a target go by it.
FIRST_GUESS = {"cpu": 3e8, "wasm": 3e9, "webgl": 1e9, "webgpu": 1e9, "webnn": 3e9, "native": 2e10}
# What a task takes beside its operations, before one is over: a browser's start, or a fork.
FIRST_OVERHEAD_SECONDS = {True: 0.3, False: 2.0}
# No task takes less: measured with networks of one layer, on the quickest machine seen.
LEAST_SECONDS = {True: 0.15, False: 0.8}
# Whatever an operation takes, it is done at least this often: the first, a check, a sample.
FEWEST = 3

# From one network to a larger one of its kind, what was learned is trusted for so many times the work: a library may
# have another way of computing there.
TRUSTED = 64

Kind = tuple[Target, Workload, str]


class Known(Struct, frozen=True):
    """The largest network of a kind that was computed: its multiply-adds per operation, and the seconds of one."""

    work: float
    seconds: float


class Costs:
    """Learns from outcomes, and says what to expect."""

    def __init__(self, vocabulary: int) -> None:
        self._vocabulary = vocabulary
        self._largest: dict[Kind, Known] = {}
        self._failed: set[Kind] = set()
        self._overheads: dict[Target, float] = {}

    def note(self, task: Task, outcome: Outcome, seconds: float) -> None:
        """A task is over, and took so long by the wall clock. One that was watched teaches nothing."""
        if task.cell.observe:
            return
        operation, kind, work = operation_seconds(outcome.series), kind_of(task), self.work(task)
        if operation is None:
            self._failed.add(kind)
            return
        spent = sum(phase.ms for phase in outcome.phases if phase.name in ("first", "check")) / 1000
        sampled = sum(sum(series.sample_ms) for series in outcome.series) / 1000
        self._overheads[task.cell.target] = max(0.0, seconds - spent - sampled)
        if kind not in self._largest or self._largest[kind].work <= work:
            self._largest[kind] = Known(work, operation)

    def trusts(self, task: Task) -> bool:
        """Whether enough is known to say what the task costs; of a kind that has failed, no more will be."""
        known = self._largest.get(kind_of(task))
        return self.work(task) <= TRUSTED * known.work if known else kind_of(task) in self._failed

    def work(self, task: Task) -> float:
        """Multiply-adds of one operation."""
        cell = task.cell
        samples = 1 if cell.workload in ("inference", "ceilings") else task.batch_size
        return float(multiply_adds(cell.model, self._vocabulary) * samples * PASSES.get(cell.workload, 1))

    def operation(self, task: Task) -> float:
        """Seconds that one operation is expected to take."""
        known = self._largest.get(kind_of(task))
        if known is None:
            target = task.cell.target
            speed = FIRST_GUESS["native" if target.browser == "native" else target.backend]
            return self.work(task) / speed
        return known.seconds * max(self.work(task) / known.work, 0.1)

    def seconds(self, task: Task) -> float:
        """Seconds of wall time that the task is expected to take in all."""
        native, sampling = task.cell.target.browser == "native", task.sampling
        operation, metrics = self.operation(task), max(len(task.metrics), 1)
        overhead = self._overheads.get(task.cell.target, FIRST_OVERHEAD_SECONDS[native])
        if operation > sampling.slow_seconds:
            return overhead + (2 + metrics) * operation
        steady = sampling.max_seconds + sampling.warmup_max_seconds
        return overhead + 4 * operation + metrics * min(steady, 60 * operation + sampling.min_seconds)


def kind_of(task: Task) -> Kind:
    """What is alike in cost: the networks of one kind, by one target, in one workload."""
    model = task.cell.model
    return task.cell.target, task.cell.workload, model.digest or model.kind


def operation_seconds(series: Sequence[Series]) -> float | None:
    """What one operation took at its steadiest, of the task's own size; None where nothing was timed."""
    timed = [own for own in series if own.stage == "timed" and own.metric != "enqueue"]
    if not timed:
        return None
    return min(sorted(own.sample_ms)[len(own.sample_ms) // 2] / own.repeats for own in timed) / 1000


@cache
def multiply_adds(model: Model, vocabulary: int) -> int:
    """Of one sample's forward pass; none where it is no network, and one's own model is alike only to itself."""
    if model.kind == "graph":
        return 1
    if model.kind == "gemm":
        return model.width**3
    return layers.multiply_adds(models.layers(model, vocabulary=vocabulary))


def at_least_seconds(cells: Sequence[Cell]) -> float:
    """What one round over all these cells takes on any machine."""
    return sum(LEAST_SECONDS[cell.target.browser == "native"] for cell in cells)
