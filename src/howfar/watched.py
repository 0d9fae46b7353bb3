"""What was seen of watched executions, worked out: their phases, and what their processes did in the steady one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, get_args

import numpy as np
from msgspec import Struct

from howfar import tables
from howfar.measured import COUNTED, REFERENCE, Group, groups
from howfar.observed import ExtensionSamples, ProcessSamples, Role, RoleSamples
from howfar.outcomes import Outcome, Results
from howfar.records import SteadyMetric, Workload
from howfar.stats import Floats, geometric, t_interval

GPU = ("webgl", "webgpu", "webnn")
# As long as Chromium's own sampler takes for one look, which is what the paper's extension read.
WINDOW_SECONDS = 1.0

UNAVAILABLE = "unavailable"


class Phase(Struct, frozen=True):
    """A stretch of a visit, in seconds since it was launched."""

    name: str
    begin_s: float
    end_s: float


class Window(Struct, frozen=True):
    """A part of a phase, and the share of one core that was used in it."""

    begin_s: float
    end_s: float
    share: float


class Over(Struct, frozen=True):
    """A number over the rounds, with its 95 % interval (None: one round, or no interval can be given)."""

    value: float
    low: float | None
    high: float | None


def watched(results: Results, workloads: Sequence[Workload]) -> Iterator[Group]:
    """The cells whose processes were watched in these workloads."""
    return groups(
        results,
        lambda cell: cell.observe == "processes" and cell.workload in workloads and cell.target.framework != REFERENCE,
    )


def seen(group: Group) -> list[tuple[Outcome, ProcessSamples]]:
    """The rounds of which there is something to say."""
    counted = (outcome for outcome in group.outcomes if outcome.status in COUNTED and steady(outcome))
    return [(outcome, outcome.processes) for outcome in counted if outcome.processes]


def phases(outcome: Outcome) -> list[Phase]:
    """From the launch on."""
    found, begin = [], 0.0
    for span in outcome.timeline:
        if span.name != "idle":
            found.append(Phase(span.name, begin, begin + span.seconds))
            begin += span.seconds
    return found


def steady(outcome: Outcome) -> Phase | None:
    """The phase in which it did its work again and again; a task that is watched has one."""
    return next((phase for phase in phases(outcome) if phase.name in get_args(SteadyMetric)), None)


def role(samples: ProcessSamples, *names: Role) -> RoleSamples | None:
    """The first of these that there was."""
    return next((one for name in names for one in samples.roles if one.role == name), None)


def computing(outcome: Outcome, samples: ProcessSamples) -> list[RoleSamples]:
    """The processes that compute: the page's or the native one, and on a GPU back end the GPU's too."""
    on_gpu = outcome.task.cell.target.backend in GPU
    found = (role(samples, "page", "main"), role(samples, "gpu") if on_gpu else None)
    return [one for one in found if one]


def windows(samples: ProcessSamples, one: RoleSamples, within: Phase) -> list[Window]:
    """Second by second from the phase's beginning; a phase shorter than that is one window."""
    whole = int((within.end_s - within.begin_s) / WINDOW_SECONDS)
    edges = [within.begin_s + WINDOW_SECONDS * place for place in range(whole + 1)] if whole else []
    every = pairwise(edges or [within.begin_s, within.end_s])
    return [Window(begin, end, share(samples, one, begin, end)) for begin, end in every]


def share(samples: ProcessSamples, one: RoleSamples, begin_s: float, end_s: float) -> float:
    """Of one core, on average; what was used by either end is interpolated between the looks around it."""
    before, after = np.interp([begin_s, end_s], samples.at_s, one.cpu_s)
    return float(after - before) / max(end_s - begin_s, 1e-9)


def updates(samples: ExtensionSamples, role: Role, within: Phase) -> list[Window]:
    """What the extension was told of a process, each from one update to the next, as far as they lie in the phase."""
    own = [one for one in samples.samples if one.role == role]
    return [
        Window(before.at_s, now.at_s, now.cpu_percent / 100)
        for before, now in pairwise(own)
        if before.pid == now.pid and now.cpu_percent is not None
        if within.begin_s <= before.at_s and now.at_s <= within.end_s
    ]


def held(samples: ProcessSamples, own: Sequence[RoleSamples]) -> Floats:
    """Bytes of these processes together at each look; PSS, or USS where there is none. Between two looks at the memory
    it changes as the running count does. Empty where one of them can't be read."""
    sizes = [_held(samples, one) for one in own]
    return np.sum(sizes, axis=0) if sizes and all(len(size) for size in sizes) else np.empty(0)


def _held(samples: ProcessSamples, one: RoleSamples) -> Floats:
    known = np.array(one.pss_bytes or one.uss_bytes, float)
    if not len(known):
        return known
    if not one.anonymous_bytes:
        between: Floats = np.interp(samples.at_s, samples.memory_at_s, known)
        return between
    count = np.array(one.anonymous_bytes, float)
    beside = known - np.interp(samples.memory_at_s, samples.at_s, count)
    there = np.maximum(count + np.interp(samples.at_s, samples.memory_at_s, beside), 0.0)
    found: Floats = np.where(count > 0, there, 0.0)
    return found


def inside(times: Sequence[float], within: Phase) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Which of the times lie in the phase."""
    at = np.array(times, float)
    return (at >= within.begin_s) & (at <= within.end_s)


def slope(times: Floats, values: Floats) -> float | None:
    """Per second: the median of the slopes between all pairs (Theil, 1950; Sen, 1968), which a single garbage
    collection does not move. None with fewer than three."""
    if len(times) < 3:
        return None
    first, second = np.triu_indices(len(times), 1)
    return float(np.median((values[second] - values[first]) / (times[second] - times[first])))


def over(rounds: Sequence[float]) -> Over:
    """The mean over at least one round: of their logarithms where all are above 0."""
    if min(rounds) > 0:
        return Over(*geometric(rounds))
    low, high = t_interval(rounds) if len(rounds) > 1 else (None, None)
    return Over(float(np.mean(rounds)), low, high)


def each(group: Group, tell: Callable[[Outcome, ProcessSamples], float | None]) -> Over | None:
    """What is told of each round, over the rounds of which it is told."""
    told = [number for outcome, samples in seen(group) if (number := tell(outcome, samples)) is not None]
    return over(told) if told else None


def reasons(group: Group, column: str) -> str:
    """Why a column is unavailable, as a reader is told; nothing where it is not."""
    every: list[Mapping[str, str]] = [samples.unavailable for _, samples in seen(group)]
    every += [samples.page.unavailable for _, samples in seen(group) if samples.page]
    found = dict.fromkeys(reason for one in every if (reason := one.get(column)))
    return "; ".join(found)


def row(group: Group, metric: str, unit: str, found: Over | None, why: str = "") -> tables.Row:
    """What was seen over the rounds, with its interval; where nothing was, `unavailable` for that reason, if there is
    one."""
    if found:
        return tables.stated(group, metric, unit, found.value) | {"low": found.low, "high": found.high}
    missing = {"value": UNAVAILABLE, "message": why} if why else {}
    return tables.stated(group, metric, unit, None) | missing


def of_largest(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those rows of a table that are of its largest network."""
    sizes = [(row["depth"] * row["width"], row["depth"], row["width"]) for row in rows]
    return [row for row, size in zip(rows, sizes, strict=True) if size == max(sizes)]
