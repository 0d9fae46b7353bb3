"""Made-up ceilings, and what operations compute: so that shares of a roof can be worked out by hand."""

from collections.abc import Iterable, Mapping
from typing import Any

import made
from howfar.outcomes import Outcome, Results, Series
from howfar.records import Ceiling, Cell, Fact, Metric, Model, Target

JS = Target("ceiling", "1", "cpu", "chromium", 1)
JS_ALL = Target("ceiling", "1", "cpu", "chromium", 0)
SIMD = Target("ceiling", "1", "wasm", "chromium", 1)
SIMD_ALL = Target("ceiling", "1", "wasm", "chromium", 0)
PLAIN = Target("ceiling", "1", "wasm", "chromium", 1, "fma=off")
WEBGL = Target("ceiling", "1", "webgl", "chromium")
NUMPY = Target("ceiling-numpy", "2.0.0", "cpu", "native", 1)
NUMPY_ALL = Target("ceiling-numpy", "2.0.0", "cpu", "native", 0)
ORT = Target("ceiling-onnxruntime", "1.23.0", "cpu", "native", 1)
ORT_ALL = Target("ceiling-onnxruntime", "1.23.0", "cpu", "native", 0)
LIMIT = Target("limit", "1", "wasm", "chromium", 1)

Rates = Mapping[Ceiling, float]
# GFLOP/s and GB/s.
RATES: Mapping[Target, Rates] = {
    JS: {"peak": 10, "gemm": 6, "read_cached": 8, "read": 7},
    JS_ALL: {"peak": 20, "gemm": 12, "read_cached": 16, "read": 14},
    SIMD: {"peak": 66, "gemm": 60, "read_cached": 120, "read": 40},
    SIMD_ALL: {"peak": 130, "gemm": 120, "read_cached": 240, "read": 60},
    PLAIN: {"peak": 60, "gemm": 55},
    WEBGL: {"peak": 12, "gemm": 9},
    NUMPY: {"gemm": 120, "read_cached": 70, "read": 42},
    NUMPY_ALL: {"gemm": 230, "read_cached": 130, "read": 65},
    ORT: {"gemm": 240},
    ORT_ALL: {"gemm": 480},
}
# What each page reaches of its best.
PAGES = (1.0, 0.98)


def cell(target: Target) -> Cell:
    """Its ceilings."""
    return Cell(target, Model("gemm", 1, 512 if target.browser == "native" else 192), "ceilings")


def ceiling(target: Target, number: int = 0, **changes: Any) -> Outcome:
    """One page's ceilings: its best sample is the rate, and the others are slower."""
    facts: dict[str, Fact] = {"kernel": f"{target.backend} kernel of {target.framework}"}
    series: list[Series] = []
    for metric, rate in RATES[target].items():
        facts[f"{metric}_{'flop' if metric in ('peak', 'gemm') else 'bytes'}"] = 1e6
        best = 1 / rate / PAGES[number % 2]
        series.append(Series(metric, "warmup", 1, (best / 2,), "cap"))
        series.append(Series(metric, "timed", 4, (8 * best, 4 * best, 5 * best), "cap"))
    software = target.backend == "webgl"
    own = {"series": tuple(series), "facts": facts, "phases": (), "software_gpu": software}
    environment = "native" if target.browser == "native" else "chromium"
    return bare(cell(target), number, **({"environment": environment} | own | changes))


def bare(of: Cell, number: int, **changes: Any) -> Outcome:
    """An outcome of a cell that `made` knows no time of."""
    found: dict[str, Any] = {
        "task": made.task(of, number), "status": "ok", "started_at": f"2025-06-0{number + 1}T10:00:00Z",
    }  # fmt: skip
    return Outcome(**(found | changes))


def ceilings(targets: Iterable[Target] = tuple(RATES), rounds: int = 2) -> list[Outcome]:
    """Of all these, in every round."""
    return [ceiling(target, number) for target in targets for number in range(rounds)]


def timed(of: Cell, ms: float, multiply_adds: float, moved: float, rounds: int = 2, **changes: Any) -> list[Outcome]:
    """A cell whose operation takes exactly so long, and computes and moves so much."""
    facts: Mapping[str, Fact] = {"operation_multiply_adds": multiply_adds, "operation_bytes": moved}
    facts = {**facts, **changes.pop("facts", {})}
    metric: Metric = "throughput" if of.workload == "training" else "latency"
    series = (Series(metric, "timed", 1, (ms, ms, ms), "interval"),)
    environment = "native" if of.target.browser == "native" else "chromium"
    own = {"series": series, "facts": facts, "environment": environment}
    return [bare(of, number, **(own | changes)) for number in range(rounds)]


def results(*outcomes: Iterable[Outcome]) -> Results:
    """All of them in a store."""
    return made.results([outcome for several in outcomes for outcome in several])
