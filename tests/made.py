"""Synthetic results: seeded numbers in the shape of a real run, to test the judging half without a browser."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from zlib import crc32

import numpy as np
from msgspec import structs

from howfar.observed import (
    Experience,
    PageMemory,
    ProcessSamples,
    Role,
    RoleSamples,
    StackNode,
    Stacks,
    Stretch,
)  # fmt: skip
from howfar.outcomes import Check, Noise, Outcome, Phase, Results, RunFacts, Series, Span
from howfar.records import (
    PROTOCOLS,
    Cell,
    Fact,
    Metric,
    Model,
    PhaseName,
    ProtocolName,
    Sampling,
    Status,
    SteadyMetric,
    Target,
    Task,
    Workload,
    fingerprint,
)
from howfar.study import Abilities, ModelChoice, Study, TargetChoice

SIZES = ((1, 64), (4, 128), (8, 256))
EXPERIMENTS = ("training_time", "inference_time", "warmup_time", "cost")

HOST: Mapping[str, Fact] = {
    "os": "Imagined GNU/Linux 12",
    "machine": "x86_64",
    "cpu": "Imagined CPU @ 3.20 GHz",
    "cores": 8,
    "memory_gib": 16,
    "load_average_1min": 0.4,
    "on_battery": None,
}
BROWSER: Mapping[str, Fact] = {
    "browser": "chromium",
    "browser_version": "140.0",
    "gpu": "SwiftShader",
    "headless": True,
}

GPU: Mapping[str, Fact] = {"webgl_renderer": "ANGLE (SwiftShader)", "cross_origin_isolated": True, "tick_us": 5.0}

TFJS = Target("tfjs", "4.22.0", "cpu", "chromium")
WASM = Target("tfjs", "4.22.0", "wasm", "chromium")
WEBGL = Target("tfjs", "4.22.0", "webgl", "chromium")
WEBGPU = Target("tfjs", "4.22.0", "webgpu", "chromium")
OLD = Target("tfjs", "0.13.0", "cpu", "chromium")
CONVNET = Target("convnetjs", "0.3.0", "cpu", "chromium")
BRAIN = Target("brain.js", "1.4.2", "cpu", "chromium")
SYNAPTIC = Target("synaptic", "1.1.4", "cpu", "chromium")
ORT = Target("onnxruntime-web", "1.23.0", "wasm", "chromium")
ORT_WEBGPU = Target("onnxruntime-web", "1.23.0", "webgpu", "chromium")
LITERT = Target("litert", "0.2.1", "wasm", "chromium")
NATIVE = Target("tensorflow", "2.21.0", "cpu", "native", threads=1)
NATIVE_ALL = Target("tensorflow", "2.21.0", "cpu", "native", threads=0)
CONTROL = Target("reference", "1", "cpu", "chromium")

# A model of the user's own.
OWN = ModelChoice("graph", source="own.onnx", resolved=Model("graph", name="own.onnx", digest="0123456789abcdef"))

# Milliseconds per million weights and a fixed cost per operation, for a batch of 64 in training.
SPEED = {
    TFJS: (160.0, 2.0), WASM: (22.0, 1.5), WEBGL: (64.3, 14.0), WEBGPU: (58.0, 9.0), OLD: (420.0, 4.0),
    CONVNET: (85.0, 0.3), BRAIN: (150.0, 0.6), SYNAPTIC: (9000.0, 20.0), ORT: (12.0, 0.2), ORT_WEBGPU: (50.0, 4.0),
    LITERT: (20.0, 0.4), NATIVE: (11.0, 0.35), NATIVE_ALL: (4.0, 0.5), CONTROL: (20.0, 0.0),
}  # fmt: skip
# How many times as long it takes with the switch.
SWITCHED = {
    "build=es2017": 1.01,
    "simd=off": 3.0,
    "threads=all": 0.5,
    "readback=once": 0.8,
    "call=predict": 200.0,
    "call=fit": 40.0,
}
INFERENCE_ONLY = (WASM, ORT, ORT_WEBGPU, LITERT, WEBGPU)


def study(targets: Iterable[Target] = (), **changes: Any) -> Study:
    """A study of `SIZES` over the given targets."""
    resolved = tuple(targets) or tuple(target for target in SPEED if target != CONTROL)
    asked: dict[str, Any] = {
        "name": "quick",
        "title": "How far, in a few minutes",
        "experiments": EXPERIMENTS,
        "targets": tuple(TargetChoice(target.framework) for target in resolved),
        "models": (ModelChoice(sizes=SIZES),),
        "resolved_targets": resolved,
    }
    return Study(**(asked | changes))


def able_study(**changes: Any) -> Study:
    """The same, with what its frameworks can do and what can be switched in them."""
    own: tuple[Workload, ...] = ("training", "inference", "batch_inference", "loading", "features")
    switches = {
        "cpu": ("thread=worker", "build=es2017"),
        "wasm": ("simd=off", "threads=all", "readback=once", "thread=worker"),
        "webgl": ("readback=once",),
    }
    calls = {"cpu": ("call=predict", "call=fit")}
    tfjs = Abilities(own, ("mlp", "cnn", "rnn"), switches)
    native = Abilities(("training", "inference"), ("mlp", "cnn", "rnn"), calls)
    return study(**{"abilities": {"tfjs": tfjs, "tensorflow": native}} | changes)


def task(
    cell: Cell, number: int = 0, control: int = 0, batch_size: int = 64, protocol: ProtocolName = "corrected"
) -> Task:
    """The cell in one round."""
    identity = fingerprint([cell, number, control, batch_size, protocol])
    metrics: tuple[SteadyMetric, ...] = ("latency", "throughput")
    by = PROTOCOLS[protocol]
    return Task(identity, cell, number, batch_size, 2019, "digits", metrics, Sampling(), by, control=control)


def level(cell: Cell) -> float:
    """The true milliseconds per operation that the samples scatter around."""
    if cell.model.kind == "loop":
        return 20.0
    plain = structs.replace(cell.target, switch="")
    slope, fixed = SPEED.get(plain) or SPEED[structs.replace(plain, browser="chromium")]
    model = cell.model
    weights = (784 * model.width + (model.depth - 1) * model.width**2 + model.width * 10) / 1e6
    share = {"training": 1.0, "batch_inference": 2.0}.get(cell.workload, 1 / 8)
    return (slope * weights + fixed) * share * SWITCHED.get(cell.target.switch, 1.0)


def series(metric: Metric, ms: float, rng: np.random.Generator, count: int = 40) -> Series:
    """Timed samples of 4 operations each around `ms` per operation, 3 % of noise and an occasional spike."""
    times = ms * np.exp(rng.normal(0, 0.03, count)) * (1 + 0.8 * (rng.random(count) < 0.03))
    return Series(metric, "timed", 4, tuple(4 * float(time) for time in times), "interval")


def phases(cell: Cell, rng: np.random.Generator, ms: float) -> tuple[Phase, ...]:
    """The single-shot phases of one process; back ends that compile are slow at first."""
    first = {"webgl": 180.0, "webgpu": 120.0, "wasm": 12.0}.get(cell.target.backend, 4.0)
    times: dict[PhaseName, float] = {
        "library_load": 30.0,
        "backend_init": 20.0,
        "model_load": 8.0,
        "first": first + 6 * ms,
    }
    jitter = float(np.exp(rng.normal(0, 0.05)))
    return tuple(Phase(name, time * jitter) for name, time in times.items())


def all_series(rng: np.random.Generator, ms: float) -> tuple[Series, ...]:
    """What a good page sends for one task."""
    return (
        Series("latency", "warmup", 1, tuple(ms * (1 + 1 / n) for n in range(1, 20)), "steady"),
        series("latency", 1.15 * ms, rng),
        series("throughput", ms, rng),
        series("enqueue", 0.4 * ms, rng),
    )


def outcome(cell: Cell, number: int = 0, **changes: Any) -> Outcome:
    """A good outcome: every factor seeded by the cell and the round, the machine's drift common to a round."""
    rng = np.random.default_rng(crc32(f"{cell} {number}".encode()))
    drift = (1.0, 1.06, 0.97, 1.02, 0.99)[number % 5]
    ms = level(cell) * drift * float(np.exp(rng.normal(0, 0.015)))
    found: dict[str, Any] = {
        "task": task(cell, number),
        "status": "ok",
        "environment": "native" if cell.target.browser == "native" else "chromium",
        "started_at": f"2025-06-0{number + 1}T10:00:00Z",
        "phases": phases(cell, rng, ms),
        "series": all_series(rng, ms),
        "facts": {} if cell.target.browser == "native" else GPU,
        "losses": (2.5, 2.25, 2.125) if cell.workload == "training" else (),
        "check": Check(3e-6, 1e-3),
        "noise": Noise(2.0, 0.01, 0.1, ()),
        "software_gpu": cell.target.backend in ("webgl", "webgpu") and cell.target.browser != "native",
        "timeline": timeline(rng),
    } | watched(cell)
    if cell.observe == "processes":
        found |= {"timeline": WATCHED, "processes": processes(cell)}
        changes = changes | {"facts": {**changes.get("facts", {}), "parameters": parameters(cell.model)}}
    return Outcome(**(found | changes))


def parameters(model: Model) -> int:
    """Of a dense network with biases."""
    return 785 * model.width + (model.depth - 1) * (model.width + 1) * model.width + (model.width + 1) * 10


# A visit that was watched, in seconds: its steady phase begins 1.5 s after the launch.
WATCHED = tuple(
    Span(name, seconds)
    for name, seconds in {"idle": 0.2, "launch": 0.5, "library_load": 0.2, "first": 0.3, "warmup": 0.5,
                          "throughput": 3.0, "dispose": 0.1, "end": 0.2}.items()
)  # fmt: skip
WORKING = {"": 1.02, "threads=1": 0.98, "threads=all": 1.75}


def processes(cell: Cell, **changes: Any) -> ProcessSamples:
    """What was seen of such a visit: a page at one core from 0.5 s on, more on threads; on a GPU back end the GPU's
    process at one and a half beside a page at a third."""
    target, weights = cell.target, parameters(cell.model)
    gpu, native = target.backend in ("webgl", "webgpu"), target.browser == "native"
    at, memory_at = np.arange(0, 4.8, 0.2), np.arange(0, 4.8, 0.5)
    rates: dict[Role, float] = {"main": 3.0 if target.threads == 0 else 1.0}
    if not native:
        rates = {"page": 0.33 if gpu else WORKING[target.switch], "gpu": 1.5 if gpu else 0.01, "browser": 0.02}
    bases: dict[Role, float] = {"page": 40e6, "gpu": 90e6, "browser": 60e6, "main": 400e6}

    def seen(role: Role) -> RoleSamples:
        growing = np.clip(memory_at - 0.5, 0, 1)
        held = bases[role] + growing * (8 * weights if role in ("page", "main") else 0)
        sizes = tuple(int(size) for size in held)
        used = tuple(float(seconds) for seconds in rates[role] * np.clip(at - 0.5, 0, None))
        return RoleSamples(role, used, tuple(0.01 * seconds for seconds in used), pss_bytes=sizes, uss_bytes=sizes)

    heap = tuple(9_000_000 + 1_500_000 * (place % 7) for place in range(50))
    page = PageMemory(tuple(0.06 * 1000 * place for place in range(50)), heap, None, (3_000_000, 3_100_000))
    found: dict[str, Any] = {
        "at_s": tuple(at.tolist()), "memory_at_s": tuple(memory_at.tolist()), "roles": tuple(map(seen, rates)),
        "sampler_cpu_s": tuple((0.005 * at).tolist()), "page": None if native else page,
        "unavailable": {"energy": "there are no counters"},
    }  # fmt: skip
    return ProcessSamples(**(found | changes))


# Frames per second that the page keeps, by the back end, on its own thread.
FPS = {"cpu": 20, "wasm": 60}
# Microseconds at each depth below the framework's entry, by the framework.
DEPTH_US: Mapping[str, tuple[int, ...]] = {
    "tfjs": (0, *[2000] * 47, 6000, 10),
    "convnetjs": (0, 2000, 12_000, 70_000, 14_000, 2000, 10),
}


def watched(cell: Cell) -> dict[str, Any]:
    """What an execution that was watched shows beside."""
    if cell.observe == "stacks":
        seen = DEPTH_US.get(cell.target.framework, (0, 50_000, 50_000))
        file = f"{cell.target.framework}/{cell.target.version}/library.min.js"
        nodes = [StackNode("page", "", None, 0, 500), StackNode("train", file, 0, 1, 20_000)]
        return {"stacks": Stacks(100, seen, (*nodes, StackNode("forward", file, 1, 2, 80_000)))}
    if cell.observe == "experience":
        fps = 60 if cell.target.switch else FPS.get(cell.target.backend, 40)
        return {"experience": Experience(stretch(2.0, 60, 0), stretch(3.0, fps, 90))}
    return {}


def stretch(seconds: float, fps: int, operations: int) -> Stretch:
    """What a person feels at so many frames per second: every frame that is late was held up by a long task."""
    frames = tuple(1000 * (i + 0.5) / fps for i in range(round(fps * seconds)))
    late = tuple(1000 / fps for _ in frames) if fps < 20 else ()
    delays = tuple(500 / fps for _ in range(round(10 * seconds)))
    return Stretch(seconds, operations, frames, delays, late, tuple(16 + delay for delay in delays))


def timeline(rng: np.random.Generator) -> tuple[Span, ...]:
    """Where the run's wall time went for one task, in seconds."""
    spans = {"idle": 0.2, "launch": 0.5, "library_load": 0.1, "backend_init": 0.1, "model_load": 0.05, "first": 0.2,
             "check": 0.05, "warmup": 0.6, "latency": 0.9, "throughput": 0.9, "dispose": 0.02, "end": 0.3}  # fmt: skip
    return tuple(Span(name, seconds * float(np.exp(rng.normal(0, 0.1)))) for name, seconds in spans.items())


def failed(cell: Cell, status: Status, message: str, number: int = 0, **changes: Any) -> Outcome:
    """An outcome without samples."""
    return outcome(
        cell,
        number,
        **({"status": status, "message": message, "phases": (), "series": (), "check": None, "noise": None} | changes),
    )


def wrong(cell: Cell, number: int = 0) -> Outcome:
    """Numbers that are quick and wrong."""
    message = "output differs from the reference by 0.31, tolerance 0.001"
    return outcome(cell, number, status="wrong_result", message=message, check=Check(0.31, 1e-3))


def control(number: int, order: int) -> Outcome:
    """The fixed loop between the tasks."""
    cell = Cell(CONTROL, Model("loop", 1, 20), "inference")
    start = f"2025-06-0{number + 1}T1{order}:00:00Z"
    return outcome(cell, number, task=task(cell, number, control=order), started_at=start)


def results(outcomes: Iterable[Outcome], of: Study | None = None, host: Mapping[str, Fact] = HOST) -> Results:
    """The store's contents as the judging half reads them."""
    run = RunFacts(of or study(), "0.1.0", "2025-06-01T09:58:00Z", host)
    environments = {
        "old": {**HOST, **BROWSER, "browser_version": "139.0"},
        "native": HOST,
        "chromium": dict(HOST) | dict(BROWSER),
    }
    return Results(run, environments, tuple(outcomes))


def cells(targets: Iterable[Target], workload: Workload, sizes: Iterable[tuple[int, int]] = SIZES) -> list[Cell]:
    """Every target with every size."""
    return [Cell(target, Model("mlp", *size), workload) for target in targets for size in sizes]


def published(cell: Cell, number: int = 0, **changes: Any) -> Outcome:
    """An outcome by the paper's clock, which saw half of the time: whole milliseconds around every operation."""
    half = level(cell) / 2
    steps = tuple(float(int((i + 1) * half) - int(i * half)) for i in range(2000))
    own = {"series": (Series("latency", "timed", 1, steps, "cap"),), "task": task(cell, number, protocol="published")}
    return outcome(cell, number, **(own | changes))


def told(cells: Iterable[Cell], rounds: int = 2) -> Results:
    """Results with every one of these cells, under both protocols, with all facts that any experiment reads."""
    facts: Mapping[str, Fact] = {
        "layer_types": 49, "activation_types": 16, "optimizer_types": 7, "library_bytes": 749_887,
        "trains": True, "saves": True, "loads": True, "backends": "cpu, webgl", "model_bytes": 205_031,
        "networks": "DNN, CNN", "licence": "MIT", "batch": "one call, one update",
        "load_includes": "a dry run", "first_is_warm": True,
    }  # fmt: skip
    asked = study(protocols=("corrected", "published"))
    numbered = [(cell, number) for cell in cells for number in range(rounds)]
    timed = [published(*one) for one in numbered if one[0].workload in ("training", "inference")]
    return results([*(outcome(*one, facts={**GPU, **facts}) for one in numbered), *timed], asked)


def rich() -> Results:
    """A run with a bit of everything: software GPU, failures, wrong results, noise, a leak, an older environment."""
    asked = study()
    planned = [*asked.cells("training"), *asked.cells("inference")]
    outcomes = [_rich_outcome(cell, number) for cell in planned for number in range(asked.rounds)]
    outcomes += [control(number, order) for number in range(asked.rounds) for order in range(1, 4)]
    outcomes += [outcome(cell, 0, environment="old") for cell in cells([TFJS], "inference")]
    return results(outcomes, asked)


def _rich_outcome(cell: Cell, number: int) -> Outcome:
    fault = next(_faults(cell, number), None)
    if fault is not None:
        return fault
    if cell.target == LITERT:
        return wrong(cell, number)
    disturbed = cell.target == BRAIN and number == 1
    leak = {"live_tensors": (10, 60)} if cell.target == OLD else {}
    return outcome(cell, number, disturbed=disturbed, **leak)


def _faults(cell: Cell, number: int) -> Iterator[Outcome]:
    if cell.target in INFERENCE_ONLY and cell.workload == "training":
        yield failed(cell, "unsupported", f"{cell.target.framework} {cell.target.backend} cannot train", number)
    if cell.target == ORT_WEBGPU:
        yield failed(cell, "fell_back", "asked for webgpu, wasm answered", number)
    if cell.target == SYNAPTIC and cell.model.width == 256:
        yield failed(cell, "hung", "phase warmup passed its limit of 180 s", number)
    if cell.target == WEBGL and cell.model.width == 256 and number == 2:
        yield failed(cell, "crashed", "the renderer process is gone (signal 11)", number, detail="#0 0x0\n#1 0x1")
