"""What to compare: the record that a study file is read into (studies/), and the cells that it comes to."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct

from howfar.layers import Positive
from howfar.records import (
    GEMM_SIDE,
    NATIVE_GEMM_SIDE,
    YARDSTICK,
    Cell,
    Count,
    Model,
    ModelKind,
    NetworkKind,
    ProtocolName,
    Sampling,
    Seconds,
    Target,
    Workload,
)

Objective = Literal["latency", "first-use", "size"]
Minutes = Annotated[float, Meta(gt=0, le=100_000)]


class TargetChoice(Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[targets]]` table of a study file."""

    framework: str
    backends: tuple[str, ...] = ()
    threads: tuple[Count | Literal["all"], ...] = ()


class ModelChoice(Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[models]]` table of a study file: every depth with every width, or the `sizes` as listed. Or of kind
    `graph` one's own model: `source` and the rest are what `howfar bench` takes, `resolved` is its record."""

    kind: Literal[NetworkKind, "graph"] = "mlp"
    depths: tuple[Positive, ...] = ()
    widths: tuple[Positive, ...] = ()
    sizes: tuple[tuple[Positive, Positive], ...] = ()
    source: str = ""
    shapes: tuple[str, ...] = ()
    batch: Positive | None = None
    weights: str = ""
    inputs: str = ""
    resolved: Model | None = None

    def models(self) -> Iterator[Model]:
        if self.kind == "graph":
            yield from (self.resolved,) if self.resolved else ()
            return
        yield from (Model(self.kind, depth, width) for depth, width in self.sizes)
        yield from (Model(self.kind, depth, width) for depth in self.depths for width in self.widths)


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[parts]]` table of a study file: a further study, or what `only` leaves of it, with minutes of its own."""

    study: str
    budget_minutes: Minutes
    only: tuple[str, ...] = ()
    rounds: Positive | None = None


class Abilities(Struct, frozen=True, forbid_unknown_fields=True):
    """What a framework can do at all: the workloads, the networks, and per back end what can be switched and whether
    the threads can be chosen; `networks`: those with which it does these workloads and no others."""

    workloads: tuple[Workload, ...]
    models: tuple[ModelKind, ...]
    switches: Mapping[str, tuple[str, ...]] = {}
    threaded: tuple[str, ...] = ()
    networks: Mapping[ModelKind, tuple[Workload, ...]] = {}

    def does(self, workload: Workload, kind: ModelKind) -> bool:
        """Whether it does that with such a network."""
        return kind in self.models and workload in self.workloads and workload in self.networks.get(kind, (workload,))


class Limits(Struct, frozen=True, forbid_unknown_fields=True):
    """Hard limits: past them the task is `hung` and its processes are ended."""

    launch_seconds: Seconds = 30.0
    phase_seconds: Seconds = 180.0
    # A disturbed task is measured again at most this many times, then kept and marked.
    noise_repeats: Count = 1


class Study(Struct, frozen=True, forbid_unknown_fields=True):
    """What to compare: a TOML file, checked whole at the door. `targets` and `models` are resolved by study.py."""

    name: str
    title: str
    experiments: tuple[str, ...]
    targets: tuple[TargetChoice, ...]
    models: tuple[ModelChoice, ...]
    # Native frameworks by name: short for a target on one thread, on all, and on the GPU where there is one.
    native: tuple[str, ...] = ()
    browsers: tuple[str, ...] = ("chromium",)
    rounds: Positive = 3
    seed: Count = 2019
    batch_size: Annotated[int, Meta(ge=1, le=512)] = 64  # the data are 512 samples
    # With `published`, the experiment of that name shows it beside the corrected one.
    protocols: tuple[ProtocolName, ...] = ("corrected",)
    # `primary`: of the steady metrics, only the one that the workload's figure shows first.
    metrics: Literal["all", "primary"] = "all"
    control_every: Positive = 10
    # A ceiling, which is the best of many samples, may need fewer rounds than the others.
    ceiling_rounds: Positive | None = None
    # Whether ceilings are also taken with older instructions than the best, which tells of the processor.
    ceiling_ladder: bool = True
    # The run ends when so many minutes are over, and spends them where its intervals are widest.
    budget_minutes: Minutes | None = None
    # Networks of these sizes are measured in two rounds, so that they have intervals, before others are measured once.
    first_sizes: tuple[tuple[Positive, Positive], ...] = ()
    # What is done on a GPU in name only is measured once the others have had most of the time.
    software_last: bool = False
    # A cell whose fewest operations would take longer than `cap_seconds` is estimated from a part of its batch where it
    # has one, or left out; its row says so.
    cap_seconds: Seconds | None = None
    over_cap: Literal["estimate", "unsupported"] = "estimate"
    # Further studies that are run after it, each into a folder beneath its own; its report is of all of them.
    parts: tuple[Part, ...] = ()
    # What the targets of one's own model are ranked by.
    objective: Objective = "latency"
    sampling: Sampling = Sampling()
    limits: Limits = Limits()
    # Filled in by study.py from the choices above and the registry.
    resolved_targets: tuple[Target, ...] = ()
    # What each framework can do at all, and with which networks; `features` says what it can't.
    abilities: Mapping[str, Abilities] = {}
    # What the ceilings of its browsers and of this machine are taken by.
    ceilings: tuple[Target, ...] = ()

    def cells(self, workload: Workload, *, yardstick: bool = False) -> Iterator[Cell]:
        """Every target that can do the workload, with every model that it can hold; the yardstick too, if asked."""
        for target in self.targets_for(workload, yardstick=yardstick):
            able = self.abilities.get(target.framework)
            yield from (
                Cell(target, model, workload) for model in self.sizes() if not able or able.does(workload, model.kind)
            )

    def rounds_of(self, cell: Cell) -> int:
        """In how many rounds the cell is measured."""
        return min(self.rounds, self.ceiling_rounds or self.rounds) if cell.workload == "ceilings" else self.rounds

    def ceiling_cells(self) -> Iterator[Cell]:
        """The ceilings of every browser that is left in the study, and of the machine outside it."""
        browsers = {"native", *(target.browser for target in self.resolved_targets)}
        for target in self.ceilings:
            side = NATIVE_GEMM_SIDE if target.browser == "native" else GEMM_SIDE
            if target.browser in browsers and (self.ceiling_ladder or not target.switch):
                yield Cell(target, Model("gemm", 1, side), "ceilings")

    def sizes(self) -> list[Model]:
        """Its models, each once, in the order of the file."""
        return list(dict.fromkeys(model for choice in self.models for model in choice.models()))

    def protocols_for(self, cell: Cell) -> tuple[ProtocolName, ...]:
        """The protocols that a cell is measured under: the published one timed training and inference only, what is
        watched is not timed, and of the yardstick the paper knew nothing."""
        timed = cell.workload in ("training", "inference") and not cell.observe
        return self.protocols if timed and cell.target.framework != YARDSTICK else ("corrected",)

    def targets_for(self, workload: Workload, *, yardstick: bool = False) -> Iterator[Target]:
        """The targets that can do the workload; the yardstick, which is no contestant, only where it is asked for."""
        for target in self.resolved_targets:
            able = self.abilities.get(target.framework)
            wanted = yardstick or target.framework != YARDSTICK
            if wanted and (not able or workload in able.workloads):
                yield target
