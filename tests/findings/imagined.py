"""A world in which the paper is right, made of outcomes: each test turns one thing in it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from msgspec.structs import replace

import made
from howfar import findings
from howfar.findings.editions import EditionName
from howfar.findings.evidence import Evidence, Sources
from howfar.findings.verdicts import Verdict
from howfar.outcomes import Outcome, Phase, Series
from howfar.records import Cell, Model, SteadyMetric, Target, Workload

Time = Callable[[Model], float]
Times = Mapping[Target, Time]

CONVNET, OLD, NEW, WASM, SYNAPTIC = made.CONVNET, made.OLD, made.TFJS, made.WASM, made.SYNAPTIC
WEBGL = made.WEBGL
BRAIN = Target("brain.js", "1.6.1", "cpu", "chromium")
BRAIN_THEN = replace(BRAIN, version="1.4.0")
KERAS = Target("keras-js", "1.0.3", "cpu", "chromium")
WEBDNN = Target("webdnn", "1.2.11", "cpu", "chromium")
NATIVE, NATIVE_ALL = made.NATIVE, made.NATIVE_ALL
NATIVE_GPU = Target("tensorflow", "2.21.0", "gpu", "native", 0)

SIZES = ((1, 64), (1, 256), (4, 64), (4, 256))
MODELS = tuple(Model("mlp", *size) for size in SIZES)
CARD = "ANGLE (NVIDIA, NVIDIA GeForce GTX 1070 with Max-Q, OpenGL 4.5)"
SHARED = "ANGLE (Intel, Mesa Intel(R) UHD Graphics 630 (CFL GT2), OpenGL 4.6)"


def work(model: Model) -> float:
    """1 for the smallest network; twice as much with twice the width, a little more with more depth."""
    return float(model.width / 64 * model.depth**0.2)


def constant(ms: float) -> Time:
    return lambda _: ms


TRAIN: Times = {
    CONVNET: work,
    BRAIN: lambda m: 2 * work(m),
    SYNAPTIC: lambda m: 100 * work(m),
    # 2 to 3 times as long, and less so on larger networks.
    NEW: lambda m: 3 * work(m) * (m.width / 64) ** -0.2 * m.depth**-0.1,
    WEBGL: lambda m: 20 + work(m) / 10,
}
PREDICT: Times = {
    CONVNET: lambda m: 0.1 * work(m),
    WEBDNN: lambda m: 0.2 * work(m),
    BRAIN: lambda m: 0.3 * work(m),
    KERAS: lambda m: 0.25 * work(m),
    NEW: lambda m: 0.3 * work(m),
    SYNAPTIC: lambda m: 7 * work(m),
    WEBGL: constant(0.6),
}
LOAD: Times = {
    CONVNET: work,
    BRAIN: lambda m: 5 * work(m),
    KERAS: lambda m: 6 * work(m),
    NEW: constant(40.0),
    SYNAPTIC: lambda m: 300 * work(m),
}


def at(cell: Cell, number: int, ms: float, **changes: Any) -> Outcome:
    """A process in which all that a claim may ask for took so long; rounds scatter by half a percent."""
    jitter = float(np.exp(0.005 * ((-1) ** number) + 0.002 * number))
    ms *= jitter
    metric: SteadyMetric = "throughput" if cell.workload == "training" else "latency"
    series = () if cell.workload == "loading" else (Series(metric, "timed", 1, (ms,) * 5, "interval"),)
    first = changes.pop("first", 3 * ms)
    phases = (Phase("model_load", ms), Phase("first", first * jitter))
    own: dict[str, Any] = {
        "task": made.task(cell, number),
        "status": "ok",
        "environment": "native" if cell.target.browser == "native" else "chromium",
        "started_at": f"2025-06-01T10:00:{number:02}Z",
        "series": series,
        "phases": phases,
        "facts": {"webgl_renderer": CARD},
    }
    return Outcome(**(own | changes))


def times(
    workload: Workload, told: Times, models: Sequence[Model] = MODELS, rounds: int = 3, **changes: Any
) -> list[Outcome]:
    """Every target with every model in every round."""
    cells = [(Cell(target, model, workload), of(model)) for target, of in told.items() for model in models]
    return [at(cell, number, ms, **changes) for cell, ms in cells for number in range(rounds)]


def without(told: Times, *targets: Target) -> Times:
    return {target: of for target, of in told.items() if target not in targets}


def evidence(outcomes: Iterable[Outcome], edition: EditionName = "today", **host: Any) -> Evidence:
    results = made.results(outcomes, host={**made.HOST, **host})
    return Evidence(Sources(results), edition)


def judge(claim: str, outcomes: Iterable[Outcome], edition: EditionName = "today", **host: Any) -> Verdict:
    """What these outcomes say of a claim."""
    return findings.all_claims()[claim].judge(evidence(outcomes, edition, **host))


def advise(row: str, outcomes: Iterable[Outcome], edition: EditionName = "today") -> Verdict:
    """What they say of a row of Table 6."""
    return findings.all_advice()[row].judge(evidence(outcomes, edition))


def found(verdict: Verdict) -> list[str]:
    """Of each part, in order."""
    return [part.finding for part in verdict.parts]


def missing(verdict: Verdict) -> str:
    """All that it takes, in one line."""
    return "; ".join(f"{lack.who} {lack.what}".strip() for part in verdict.parts for lack in part.missing)
