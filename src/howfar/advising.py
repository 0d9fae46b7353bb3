"""What a network that nobody measured will take on each target, and which target to take for it: learned from the
sizes that were measured here (laws.py), and said only among them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import log

import numpy as np
from msgspec import Struct

from howfar import wording
from howfar.errors import UserError
from howfar.laws import Cells, Judged, Timed, judge, within
from howfar.measured import Measured, primary
from howfar.outcomes import Results
from howfar.ranking import fields
from howfar.records import Model, Target, Workload
from howfar.stats import CONFIDENCE, Floats, Ratio

# A target of fewer sizes says too little of how its time grows, and nothing of how far that may be off.
FEWEST = 8
WORKLOADS: Sequence[Workload] = ("training", "inference", "batch_inference")
MORE = "measure more sizes, such as `howfar run gap` does"

# The multiply-adds of one sample's forward pass.
Work = Callable[[Model], float]


class Forecast(Struct, frozen=True):
    """One target: the predicted milliseconds per operation with their 95 % interval, from how many sizes, and what was
    measured of this very size, if it was."""

    target: Target
    software: bool
    ms: float
    low: float
    high: float
    sizes: int
    measured: Measured | None

    @property
    def advisable(self) -> bool:
        """Runs in a browser, and on what it says."""
        return self.target.browser != "native" and not self.software


class Record(Struct, frozen=True):
    """How far the predictions were right for sizes that were held out: half of the `cells` were within `half` times,
    95 % within `most`. Of `picks` sizes with several targets that could be advised, the one that would have been was
    the fastest `right` times, and at the worst took `worst` times as long as the fastest."""

    cells: int
    half: float
    most: float
    picks: int
    right: int
    worst: float


class Advice(Struct, frozen=True):
    """`forecasts`: the fastest first; `rivals`: targets that can't be told apart from the one that is advised, which is
    the first that can be; `lead`: the next one's time over its. `fastest`: at this very size, by measurement, where it
    was measured. `left_out`: targets of which nothing can be said, and why."""

    model: Model
    workload: Workload
    batch: int
    forecasts: tuple[Forecast, ...]
    rivals: tuple[Forecast, ...]
    lead: Ratio | None
    fastest: tuple[Measured, ...]
    left_out: Mapping[str, str]
    law: str
    record: Record

    @property
    def pick(self) -> Forecast | None:
        """The target to take."""
        return next((one for one in self.forecasts if one.advisable), None)


def advise(results: Results, model: Model, workload: Workload, work: Work, batch: int | None = None) -> Advice:
    """What these results say of a network that they need not have measured.

    Raises: UserError where it lies outside of what they have seen.
    """
    entries = _seen(results, model, workload)
    size = _batch(entries, batch)
    known, left_out = _learned_from(entries, model)
    cells = Cells([_timed(entry, work) for several in known.values() for entry in several])
    judged = judge(cells)
    forecasts = _forecasts(known, cells, judged, model, work)
    advisable = [one for one in forecasts if one.advisable]
    leads = [(other, _lead(advisable[0], other, cells, judged)) for other in advisable[1:]]
    return Advice(
        model,
        workload,
        size,
        forecasts,
        tuple(other for other, lead in leads if lead is None or lead.undecided),
        leads[0][1] if leads else None,
        _fastest(entries, model),
        left_out,
        judged.law,
        _record(known, cells, judged),
    )


def _seen(results: Results, model: Model, workload: Workload) -> list[Measured]:
    """Every contestant of that kind of network in that workload, by the metric of its figure, in the newest
    environment."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for one in WORKLOADS:
        found = primary(results, one)
        own = [entry for entry in found if entry.cell.model.kind == model.kind]
        if one == workload and own:
            return own
        for kind in sorted({entry.cell.model.kind for entry in found}):
            kinds[kind].append(one)
    there = "; ".join(f"{kind}: {wording.listed(several)}" for kind, several in kinds.items()) or "no timed network"
    raise UserError(f"no {workload} of a network of kind {model.kind} was measured there", mend=f"there is {there}")


def _batch(entries: Sequence[Measured], asked: int | None) -> int:
    """The batch that was measured; of a single inference 1."""
    if entries[0].cell.workload == "inference":
        measured = {1}
    else:
        measured = {entry.group.outcomes[0].task.batch_size * entry.group.outcomes[0].task.scale for entry in entries}
    if asked not in (None, *measured):
        there = wording.listed([str(one) for one in sorted(measured)])
        raise UserError(f"nothing was measured with a batch of {asked}", where="--batch", mend=f"there is {there}")
    return asked or max(measured)


def _learned_from(entries: Iterable[Measured], model: Model) -> tuple[dict[Target, list[Measured]], dict[str, str]]:
    """The right cells of each target that has seen enough around this size; and of the others the reason.

    Raises: UserError where none has.
    """
    every: dict[Target, list[Measured]] = defaultdict(list)
    for entry in entries:
        every[entry.cell.target].append(entry)
    right = {target: [one for one in several if _whole(one)] for target, several in every.items()}
    reasons = {target: _why_not(every[target], right[target], model) for target in right}
    known = {target: right[target] for target, reason in reasons.items() if not reason}
    if not known:
        raise UserError(_most(reasons.values()), where=str(model), mend=f"{_sayable(right.values(), model)}{MORE}")
    return known, {str(target): reason for target, reason in reasons.items() if reason}


def _sayable(right: Iterable[Sequence[Measured]], model: Model) -> str:
    """The measured size nearest to this one of which something could be said, written as it is asked for, before
    another cure; nothing where there is none."""
    sizes = {
        one.cell.model: abs(log(one.cell.model.depth / model.depth)) + abs(log(one.cell.model.width / model.width))
        for several in right
        for one in several
        if not _why_not(several, several, one.cell.model)
    }
    if not sizes:
        return ""
    nearest = min(sizes, key=lambda one: (sizes[one], one))
    return f"ask for a size such as {nearest.kind}:{nearest.depth}x{nearest.width}, or "


def _whole(entry: Measured) -> bool:
    """Right, and measured as it is: what was estimated from a part of a batch errs to the long side."""
    return entry.right and entry.median > 0 and entry.group.outcomes[0].task.scale == 1


def _most(reasons: Iterable[str]) -> str:
    every = list(reasons)
    return max(every, key=every.count)


def _why_not(every: Sequence[Measured], right: Sequence[Measured], model: Model) -> str:
    """Why a target has nothing to say of this size; nothing where it has."""
    if not right:
        return f"no right result: {every[0].message or every[0].status}"
    if len(right) < FEWEST:
        return f"{wording.counted(len(right), 'size')} measured right, and it takes {FEWEST} at the least"
    sizes = [(one.cell.model.depth, one.cell.model.width) for one in right]
    for name, values, asked in zip(
        ("depth", "width"), zip(*sizes, strict=True), (model.depth, model.width), strict=True
    ):
        if not min(values) <= asked <= max(values):
            return f"its {name} of {asked} lies outside of what was measured, {min(values)} to {max(values)}"
    return "" if _surrounded(sizes, model) else "no size as large in the one and as small in the other was measured"


def _surrounded(sizes: Iterable[tuple[int, int]], model: Model) -> bool:
    """Whether something was measured on every side of it: deeper and wider, deeper and narrower, and so on; a size
    that has it in one of its own lines counts for both."""
    sides = {(deep, wide) for depth, width in sizes for deep in _sides(depth, model.depth)
             for wide in _sides(width, model.width)}  # fmt: skip
    return len(sides) == 4


def _sides(measured: int, asked: int) -> tuple[bool, ...]:
    return (False, True) if measured == asked else (measured > asked,)


def _timed(entry: Measured, work: Work) -> Timed:
    return Timed(entry.cell.target, entry.cell.model, work(entry.cell.model), entry.median)


def _forecasts(
    known: Mapping[Target, Sequence[Measured]], cells: Cells, judged: Judged, model: Model, work: Work
) -> tuple[Forecast, ...]:
    """The fastest first. Targets differ in how well they can be said: each one's errors are taken by their own size,
    and how far those scatter beyond it is learned from all."""
    usual = np.array([_rms(judged.errors[cells.target == place]) for place in range(len(cells.targets))])
    reach = within(judged.errors / usual[cells.target], CONFIDENCE)
    logs = cells.ask(judged.law, model, work(model))
    found = []
    for place, target in enumerate(cells.targets):
        own, half = known[target], reach * usual[place]
        low, middle, high = (float(np.exp(logs[place] + shift)) for shift in (-half, 0, half))
        exact = next((one for one in own if one.cell.model == model), None)
        software = any(one.software for one in own)
        found.append(Forecast(target, software, middle, low, high, len(own), exact))
    return tuple(sorted(found, key=lambda one: one.ms))


def _rms(errors: Floats) -> float:
    return max(float(np.sqrt(np.mean(errors**2))), 1e-6)


def _lead(pick: Forecast, other: Forecast, cells: Cells, judged: Judged) -> Ratio | None:
    """The other's time over the pick's. What both are off by at the same size, for the same reason, cancels: the
    interval is of how far the ratio was off."""
    ours, theirs = (cells.by_size(judged.errors, one.target) for one in (pick, other))
    shared = [size for size in ours if size in theirs]
    if len(shared) < FEWEST:
        return None
    half = within(np.array([theirs[size] - ours[size] for size in shared]), CONFIDENCE)
    found, reach = other.ms / pick.ms, float(np.exp(half))
    return Ratio(found, found / reach, found * reach, len(shared))


def _record(known: Mapping[Target, Sequence[Measured]], cells: Cells, judged: Judged) -> Record:
    """The errors of all cells; and whom it would have advised at each size without having seen it."""
    advisable = [
        target for target in cells.targets
        if target.browser != "native" and not any(one.software for one in known[target])
    ]  # fmt: skip
    errors = {target: cells.by_size(judged.errors, target) for target in advisable}
    truths = {target: cells.by_size(cells.logs, target) for target in advisable}
    regrets = []
    for size in dict.fromkeys(size for several in truths.values() for size in several):
        there = [target for target in advisable if size in truths[target]]
        if len(there) > 1:
            said = min(there, key=lambda target: truths[target][size] + errors[target][size])
            regrets.append(truths[said][size] - min(truths[target][size] for target in there))
    worst = float(np.exp(max(regrets, default=0.0)))
    half, most = (float(np.exp(within(judged.errors, share))) for share in (0.5, CONFIDENCE))
    return Record(len(judged.errors), half, most, len(regrets), sum(one == 0 for one in regrets), worst)


def _fastest(entries: Sequence[Measured], model: Model) -> tuple[Measured, ...]:
    """The fastest target at this very size and those that can't be told apart from it, by measurement."""
    own = [one for one in entries if one.cell.model == model and not one.software]
    return tuple(leader for field in fields(own) for leader in field.leaders)
