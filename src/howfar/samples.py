"""What an outcome holds of each metric: its raw samples as milliseconds per operation."""

from collections.abc import Mapping, Sequence
from typing import get_args

import numpy as np

from howfar.outcomes import Outcome
from howfar.records import PRIMARY_METRIC, STEADY_METRICS, Metric, PhaseName, SteadyMetric, Workload
from howfar.stats import Floats

# Phases that happen once per process, by their duration. (The phase `latency` is all of its samples together.)
ONCE: Sequence[Metric] = tuple(
    name for name in get_args(Metric) if name in get_args(PhaseName) and name not in get_args(SteadyMetric)
)
# All that a process does once before its first operation: what a page waits for until its model is ready.
UNTIL_READY: Sequence[Metric] = tuple(name for name in ONCE if name not in ("first", "dispose"))

# What of it a page can't be spared, and the first operation: `bare_load` is a part of `model_load`.
UNTIL_FIRST: Sequence[PhaseName] = ("library_load", "backend_init", "model_load", "first")

# The metrics of each workload, first the one that figures draw and that targets are ranked on; `features` times none.
BESIDE: Mapping[Workload, Sequence[Metric]] = {
    "training": ("enqueue",),
    "inference": ("enqueue",),
    "batch_inference": (),
    "loading": UNTIL_READY,
}
METRICS: Mapping[Workload, Sequence[Metric]] = {
    workload: tuple(dict.fromkeys((PRIMARY_METRIC[workload], *STEADY_METRICS[workload], *beside)))
    for workload, beside in BESIDE.items()
}
NO_SAMPLES: Floats = np.empty(0)


def per_operation(outcome: Outcome, metric: Metric) -> Floats:
    """One metric's timed samples in milliseconds per operation, in the order they were taken; a phase is one sample."""
    if metric == "first_use":
        return _first_use(outcome)
    if metric in ONCE:
        spent = [phase.ms for phase in outcome.phases if phase.name == metric]
        return np.array(spent) if spent else NO_SAMPLES
    timed = [series for series in outcome.series if series.metric == metric and series.stage == "timed"]
    if not timed:
        return NO_SAMPLES
    scale = outcome.task.scale
    samples = [np.array(series.sample_ms) * (scale / series.repeats) for series in timed]
    return samples[0] if len(samples) == 1 else np.concatenate(samples)


def _first_use(outcome: Outcome) -> Floats:
    """One sample, where the process came so far."""
    spent = {phase.name: phase.ms for phase in outcome.phases}
    return np.array([sum(spent.get(name, 0.0) for name in UNTIL_FIRST)] if "first" in spent else [])
