"""What comes back: a Report of raw samples from a host, an Outcome from the runner, Results from a store.

Frozen, strict and versioned like all records; no average is among them. `gc=False`, here and in `records`: what is made
of values cannot refer to itself, and looking through 100,000 outcomes for cycles took a sixth of a report's time.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from howfar.layers import Positive
from howfar.observed import Experience, ExtensionSamples, PageMemory, ProcessSamples, Stacks
from howfar.records import SCHEMA, Count, DataNames, Fact, Metric, PhaseName, Status, Task, Text
from howfar.study import Study

# What the message of a cell begins with that a run had no time for: a later run that has it measures the cell.
OVER_BUDGET = "over budget"


def over_budget(message: str) -> bool:
    """Whether it is of a cell that a run had no time for."""
    return message.startswith(OVER_BUDGET)


class Phase(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """How long one phase took by the host's own clock, in milliseconds."""

    name: PhaseName
    ms: Annotated[float, Meta(ge=0)]


class Series(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Raw samples in the order they were taken: each the milliseconds that `repeats` operations took together."""

    metric: Metric
    stage: Literal["warmup", "timed"]
    repeats: Positive
    sample_ms: Annotated[tuple[Annotated[float, Meta(ge=0)], ...], Meta(max_length=500_000)]
    # `interval`: narrow enough · `steady`: warm-up found its level · `cap`: time ran out · `slow`: one was enough
    ended_by: Literal["interval", "steady", "cap", "slow", "once"]


class Report(Struct, frozen=True, forbid_unknown_fields=True):
    """What a host sends back: facts and raw samples, no averages. The only message that carries measurements."""

    task_id: str
    status: Status
    message: Text = ""
    detail: Text = ""
    facts: Mapping[str, Fact] = {}
    phases: tuple[Phase, ...] = ()
    series: tuple[Series, ...] = ()
    # The outputs of the first `check_count` samples, (check_count, classes) row-major; None = not finite. Training has
    # none; `features` has them after its one training step.
    outputs: Annotated[tuple[float | None, ...], Meta(max_length=100_000)] = ()
    # Training: the losses of the first `check_count` steps; `features`: that of its one step.
    losses: Annotated[tuple[float | None, ...], Meta(max_length=10_000)] = ()
    # Live tensors that the framework counts: before the timed samples and after them.
    live_tensors: tuple[Count, Count] | None = None
    # JS heap bytes in use, before the timed samples and after them.
    heap_bytes: tuple[Count, Count] | None = None
    # Of a page whose processes are watched.
    memory: PageMemory | UnsetType = UNSET
    # Told only by a page that was watched for it.
    experience: Experience | UnsetType = UNSET
    schema: Literal[3] = SCHEMA


class Check(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """How far a result was from the reference, and how far it may be. No error at all is known (None) where numbers are
    missing or not finite: such a result is wrong. `relative`: both are shares of the output's scale, its largest
    absolute value, as for one's own model."""

    max_abs_error: float | None
    tolerance: float
    relative: bool = False


class CpuUse(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What the processes of one role did between the first timed sample and the last, in seconds."""

    role: str
    cpu_s: float
    wait_s: float


class Noise(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """How quiet the machine was during the timed samples.

    `wait_share`: of the measuring thread's time, the share it waited for a core, wait / (cpu + wait).
    `foreign_cores`: cores kept busy by processes that are not the task's (stolen time included).
    `pace_ms`: what a fixed piece of work took on the slowest core, right before the samples and right after them.
    """

    wall_s: float
    wait_share: float
    foreign_cores: float
    use: tuple[CpuUse, ...]
    pace_ms: tuple[float, ...] = ()


class Span(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A stretch of the run's wall time by the runner's clock: `idle`, `launch` (until the page runs), `page` (until
    its first phase), each phase, `end`. Seconds."""

    name: str
    seconds: float


class Outcome(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What came of a task: raw samples, facts, and what the runner saw from outside. Appended, never changed."""

    task: Task
    status: Status
    environment: str  # fingerprint of the checked facts; outcomes of two environments are never pooled
    started_at: str  # ISO 8601, UTC
    attempt: Positive = 1
    message: str = ""
    detail: str = ""
    facts: Mapping[str, Fact] = {}
    phases: tuple[Phase, ...] = ()
    series: tuple[Series, ...] = ()
    losses: tuple[float | None, ...] = ()
    check: Check | None = None
    live_tensors: tuple[int, int] | None = None
    heap_bytes: tuple[int, int] | None = None
    noise: Noise | None = None
    disturbed: bool = False
    software_gpu: bool = False
    timeline: tuple[Span, ...] = ()
    processes: ProcessSamples | None = None
    # What the extension sampled, where it drove the browser.
    extension: ExtensionSamples | None = None
    stacks: Stacks | None = None
    experience: Experience | None = None


class RunFacts(Struct, frozen=True, forbid_unknown_fields=True):
    """One `howfar run`: the study as it was resolved, and the machine as it was found."""

    study: Study
    howfar_version: str
    started_at: str
    host: Mapping[str, Fact]
    data: DataNames = DataNames()


class Results(Struct, frozen=True, forbid_unknown_fields=True):
    """All that a store holds, as the judging half reads it.

    `outcomes`: the last attempt of every task. `environments`: fingerprint -> checked facts, newest last. `parts`:
    those of the further studies that its study is made of, each by itself.
    """

    run: RunFacts
    environments: Mapping[str, Mapping[str, Fact]]
    outcomes: tuple[Outcome, ...]
    parts: tuple["Results", ...] = ()
