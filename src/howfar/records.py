"""What is asked: words and tasks. Frozen, strict, versioned; words as in docs/architecture.md.

A Study is planned into Tasks; a host gets a task as an Assignment (`handed.py`) and answers with a Report of samples;
the runner judges the report against the reference and appends an Outcome to the store.
Every struct refuses unknown fields, so a message of another version fails at the door with its key path. What is looked
up by all the time keeps its hash.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from howfar.layers import Activation, Positive

ProtocolName = Literal["corrected", "published"]
# The rules of docs/method.md that a number was taken under, with their version; never pooled with those of another. To
# mend a breach of a rule makes no other version.
PROTOCOLS: Mapping[ProtocolName, str] = {"corrected": "corrected-1", "published": "published-1"}
PROTOCOL = PROTOCOLS["corrected"]
# The layout of the messages and of the store. A store of another schema is refused, never rewritten.
SCHEMA: Final = 3

# `loading`: a saved model's files to a model that is ready · `features`: what the framework says of itself, and does.
# `batch_inference`: a batch of samples in one call. `ceilings`: no network, but what arithmetic and memory allow.
Workload = Literal["training", "inference", "batch_inference", "loading", "features", "ceilings"]
NetworkKind = Literal["mlp", "cnn", "rnn"]
ModelKind = Literal[NetworkKind, "graph", "gemm", "spin", "loop"]
Status = Literal[
    "ok",
    "unsupported",  # this target cannot do this here; message = the probe's reason
    "fell_back",  # another back end than the one asked for answered
    "wrong_result",  # measured, but past its tolerance
    "page_error",  # the page (or native process) threw; detail = its stack
    "out_of_memory",
    "gl_context_lost",
    "gpu_device_lost",
    "crashed",  # the process that measured is gone
    "hung",  # a phase passed its limit
]
# What a ceiling is of: arithmetic in registers, a product of matrices, memory read that a core's cache holds; and of
# memory beyond all caches what is read, copied and combined (a = b + s c).
Ceiling = Literal["peak", "gemm", "read_cached", "read", "copy", "triad"]
SteadyMetric = Literal["latency", "throughput", "load", "load_from_memory", Ceiling]
PhaseName = Literal[
    "library_load", "backend_init", "bare_load", "model_load", "first", "check", "rest", "warmup", SteadyMetric,
    "dispose",
]  # fmt: skip
Metric = Literal[
    "library_load", "backend_init", "bare_load", "model_load", "first",
    "latency", "throughput", "enqueue", "load", "load_from_memory", Ceiling, "dispose",
    "first_use",  # all of a process's phases until the first operation's numbers are there
]  # fmt: skip
# What a task is watched at, in an execution of its own: its processes' CPU and memory, the call stacks that V8's
# profiler sees, or what a person in front of the page feels.
Observation = Literal["", "processes", "stacks", "experience"]
Fact = str | int | float | bool | None

Count = Annotated[int, Meta(ge=0)]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]  # a day; no infinity, which JSON can't carry
Text = Annotated[str, Meta(max_length=20_000)]
DType = Literal["float32", "int32", "int64", "bool", "uint8"]


# What is sampled of each workload when all is asked for. A model is loaded once: what a page feels is the phase
# `model_load` of a fresh process, and the steady loads only say what of it is the network's and what the library's.
STEADY_METRICS: Mapping[Workload, tuple[SteadyMetric, ...]] = {
    "training": ("latency", "throughput"),
    "inference": ("latency", "throughput"),
    "batch_inference": ("latency", "throughput"),
    "loading": ("load", "load_from_memory"),
    "features": (),
    "ceilings": ("peak", "gemm", "read_cached", "read", "copy", "triad"),
}
# Of the ceilings those that each back end has; of one with a switch, which concerns arithmetic alone, the first two.
CEILINGS: Mapping[str, tuple[Ceiling, ...]] = {
    "cpu": ("peak", "gemm", "read_cached", "read", "copy", "triad"),
    "wasm": ("peak", "gemm", "read_cached", "read", "copy", "triad"),
    "webgl": ("peak", "gemm"),
    "webgpu": ("peak", "gemm", "copy"),
}
# Natively a library multiplies, and NumPy alone moves memory.
NATIVE_CEILINGS: Mapping[str, tuple[Ceiling, ...]] = {
    "ceiling-numpy": ("gemm", "read_cached", "read", "copy", "triad"),
}
# What ceilings are taken with: matrices of so many rows and columns, a multiple of every kernel's tile. The GPU back
# ends have a size of their own.
GEMM_SIDE = 192
NATIVE_GEMM_SIDE = 512
# The yardstick: what an MLP costs on howfar's own WebAssembly. It says what is possible, and competes with nobody.
YARDSTICK = "limit"
# What a figure of a workload shows first. A person waits for one sample's answer; a training loop reads its loss now
# and then, so what it feels is many steps per read.
PRIMARY_METRIC: Mapping[Workload, Metric] = {
    "training": "throughput",
    "inference": "latency",
    "batch_inference": "latency",
    "loading": "model_load",
    "features": "library_load",
    "ceilings": "gemm",
}


# The version of a native framework that is not installed: its cells are `unsupported`, and say how to install it.
NOT_INSTALLED = "not installed"


# The switch of an inference whose numbers are read once for many: it is measured by its throughput.
READBACK_ONCE = "readback=once"
# The switch of an inference that is done in a worker, by the same adapter, so that the page's own thread is free.
IN_WORKER = "thread=worker"
# The switch of a WebAssembly ceiling without relaxed SIMD's fused multiply-add.
PLAIN_SIMD = "fma=off"
# How a switch begins that takes another build of the library's files.
BUILD = "build="


class Model(Struct, frozen=True, cache_hash=True, gc=False, forbid_unknown_fields=True, order=True):
    """`mlp`: 784 -> depth x width (ReLU) -> 10 (softmax). `cnn`: `depth` layers, `width` kernels in each convolution.
    `rnn`: `depth` LSTMs of `width` units that read a text.

    `graph`: one's own model, or a pre-trained one, by its name and a hash of all that it was made from.
    `gemm`: C = A B of `width` rows and columns each, or of a GPU's own size: what ceilings are taken with.
    `spin` and `loop` are the known answers: one operation busies itself for `width` microseconds, or runs `width`
    thousand turns of a fixed loop, and returns 1..10.
    """

    kind: ModelKind = "mlp"
    depth: Annotated[int, Meta(ge=1, le=1000)] = 1
    width: Annotated[int, Meta(ge=1, le=1_000_000)] = 64
    name: Annotated[str, Meta(max_length=200)] = ""
    digest: Annotated[str, Meta(max_length=64)] = ""

    def __str__(self) -> str:
        return self.name if self.kind == "graph" else f"{self.kind}({self.depth},{self.width})"

    @property
    def reads_text(self) -> bool:
        """Whether it learns from the text; the others do from the digits."""
        return self.kind == "rnn"


class DataNames(Struct, frozen=True, forbid_unknown_fields=True):
    """What the data sets of a run are called."""

    digits: str = ""
    text: str = ""

    def of(self, model: Model) -> str:
        """The one that the model learns from."""
        return self.text if model.reads_text else self.digits


class Target(Struct, frozen=True, cache_hash=True, gc=False, forbid_unknown_fields=True):
    """framework@version x backend x browser. A native framework has `browser = "native"` and `threads`.

    `threads`: 0 = all cores; None = what the framework chooses by itself. `switch`: the one thing that is otherwise
    than the framework has it by default (`simd=off`), to see what that thing is worth; the registry knows them.
    """

    framework: str
    version: str
    backend: str
    browser: str
    threads: Count | None = None
    switch: str = ""

    def __lt__(self, other: "Target") -> bool:
        """In the order of its fields; what a framework chooses by itself before what it is told."""
        own, others = (
            tuple(-1 if field is None else field for field in msgspec.structs.astuple(one)) for one in (self, other)
        )
        return own < others

    def __str__(self) -> str:
        threads = {None: "", 0: " all threads", 1: " 1 thread"}.get(self.threads, f" {self.threads} threads")
        return f"{self.framework}@{self.version} {self.backend}{threads}{self.switch and f' {self.switch}'}"


def ceilings_of(target: Target) -> tuple[Ceiling, ...]:
    """What is taken of a target of the workload `ceilings`."""
    native = target.browser == "native"
    own = NATIVE_CEILINGS.get(target.framework, ("gemm",)) if native else CEILINGS[target.backend]
    return own[: 2 if target.switch else None]


class Cell(Struct, frozen=True, cache_hash=True, gc=False, forbid_unknown_fields=True, order=True):
    """What one row of a figure measures, before it is repeated in rounds."""

    target: Target
    model: Model
    workload: Workload
    observe: Observation = ""


class Sampling(Struct, frozen=True, cache_hash=True, gc=False, forbid_unknown_fields=True):
    """When warm-up ends and when a metric has enough samples. Seconds are of the host's wall clock."""

    min_samples: Positive = 30
    min_seconds: Seconds = 0.5
    max_seconds: Seconds = 10.0
    target_half_width: Annotated[float, Meta(gt=0, lt=1)] = 0.02
    warmup_min_seconds: Seconds = 0.3
    warmup_max_seconds: Seconds = 5.0
    min_ticks: Positive = 50
    # However soon the time is up, this many samples are taken.
    slow_samples: Positive = 3
    # An operation that takes longer than this gets one check and one sample per process, without warm-up: the first
    # and the check were it, and the rounds still tell the spread. Compiled code is warm within 2 s.
    slow_seconds: Seconds = 2.0


class Task(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One cell in one round: immutable, its `id` a stable hash of everything that can change its numbers."""

    id: str
    cell: Cell
    round: Count
    batch_size: Positive
    seed: Count
    data: str
    metrics: tuple[SteadyMetric, ...]
    sampling: Sampling
    protocol: str = PROTOCOL
    # An operation of the study is so many times this work: a batch of 64 estimated from one of 4 has 16.
    scale: Positive = 1
    # Tells the controls of one round apart; 0 for every other task.
    control: Count = 0

    @property
    def settings(self) -> tuple[object, ...]:
        """All but its place in a run: what the rounds of a cell have in common."""
        _id, cell, _round, *others, _control = msgspec.structs.astuple(self)
        return cell, *others

    def describe(self) -> str:
        """The cell as a person says it, for progress lines and messages."""
        watched = self.cell.observe and f", watched: {self.cell.observe}"
        return f"{self.cell.target} {self.cell.model} {self.cell.workload}{watched}"


def fingerprint(facts: Any) -> str:
    """A stable hash (16 hex digits) of anything msgspec can encode."""
    return sha256(msgspec.json.encode(facts, order="deterministic")).hexdigest()[:16]


class Form(Struct, frozen=True, forbid_unknown_fields=True):
    """What a framework can hold of the study's network: the study's own form, or the nearest that it has."""

    hidden: Activation = "relu"
    output: Activation = "softmax"
    bias: bool = True
