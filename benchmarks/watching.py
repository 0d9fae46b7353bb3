"""What looking on costs: the share of a core that it takes, and what it does to the times of what is looked at.

    python benchmarks/watching.py [ROUNDS]

Each round trains the same network twice in fresh processes, once watched and once not, in changing order; the ratio is
taken within the round. A time of a watched execution is never reported: this says how far it would be off.
"""

import statistics
import sys
from collections.abc import Sequence

import numpy as np
from msgspec import structs

from howfar import frameworks, plan, watched
from howfar.outcomes import Outcome
from howfar.records import Cell, Model, Observation, Target
from howfar.runner import Options, Workshop
from howfar.study import Study

MODEL = Model("mlp", 4, 128)
TARGETS: Sequence[tuple[str, str, str]] = (
    ("tfjs", "cpu", "chromium"),
    ("tfjs", "wasm", "chromium"),
    ("tfjs", "webgl", "chromium"),
    ("tensorflow", "cpu", "native"),
)


def throughput_ms(outcome: Outcome) -> float:
    """Of one batch, the median."""
    (timed,) = (one for one in outcome.series if (one.metric, one.stage) == ("throughput", "timed"))
    return statistics.median(timed.sample_ms) / timed.repeats


def sampler_share(outcome: Outcome) -> float:
    """Of one core, in the phase that is looked at."""
    samples, steady = outcome.processes, watched.steady(outcome)
    assert samples is not None and steady is not None
    before, after = np.interp([steady.begin_s, steady.end_s], samples.at_s, samples.sampler_cpu_s)
    return float(after - before) / (steady.end_s - steady.begin_s)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 6
    known = frameworks.registry()
    study = Study("watching", "", (), (), ())
    long = structs.replace(study, sampling=structs.replace(study.sampling, min_seconds=3.0, max_seconds=3.0))
    with Workshop(long, known, Options()) as shop:
        for name, backend, browser in TARGETS:
            version = frameworks.resolve_version(name, known[name], "")
            target = Target(name, version, backend, browser, 1 if browser == "native" else None)
            ratios, shares = [], []
            for number in range(rounds):
                observed: list[Observation] = ["", "processes"] if number % 2 else ["processes", ""]
                found: dict[Observation, Outcome] = {}
                for observe in observed:
                    cell = Cell(target, MODEL, "training", observe)
                    with shop.block() as block:
                        task = plan.task_of(long, cell, shop.data.names, number)
                        found[observe] = shop.visitor.measure(block.host(browser), task, "benchmark")
                ratios.append(throughput_ms(found["processes"]) / throughput_ms(found[""]))
                shares.append(sampler_share(found["processes"]))
            low, high = min(ratios), max(ratios)
            print(
                f"{target!s:34} looking takes {statistics.median(shares):.2%} of a core; the times of what is looked at"
                f" are {statistics.median(ratios):.3f} ({low:.3f} to {high:.3f}) times those without",
                flush=True,
            )


main()
