"""Outcomes, gathered: what one cell showed over its rounds, in one environment, for one metric.

Nothing is pooled across environments, protocols or settings, and no failure is dropped: a cell that failed in every
round is still here, without numbers and with its reason.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain

from msgspec import Struct

from howfar.kept import kept
from howfar.levels import change_points
from howfar.outcomes import Outcome, Results, over_budget
from howfar.priors import prior
from howfar.quiet import Quiet, Reckoned
from howfar.records import YARDSTICK, Cell, Fact, Metric, ProtocolName, Status, Workload
from howfar.samples import METRICS, per_operation
from howfar.stats import Floats, Prior, Summary, middles, summarize

# Known answers and the controls are of this framework: they are no contestants.
REFERENCE = "reference"
NATIVE = "native"

# Statuses whose samples are numbers; a page that threw half-way measured something else.
COUNTED = ("ok", "wrong_result")

_SAYS: Mapping[Status, str] = {
    "ok": "went well",
    "unsupported": "could not run here",
    "fell_back": "fell back to another back end",
    "wrong_result": "gave a wrong result",
    "page_error": "stopped with an error",
    "out_of_memory": "ran out of memory",
    "gl_context_lost": "lost the WebGL context",
    "gpu_device_lost": "lost the GPU device",
    "crashed": "crashed",
    "hung": "hung",
}


def fared(status: Status, message: str) -> str:
    """How it went, as the verb of a sentence."""
    return "could not be reached" if over_budget(message) else _SAYS[status]


class Group(Struct, frozen=True, gc=False):
    """The rounds of one cell under equal conditions. `current`: no newer conditions of this cell are stored."""

    cell: Cell
    environment: str
    current: bool
    outcomes: tuple[Outcome, ...]


class Measured(Struct, frozen=True, gc=False):
    """One metric of one group: a row of a table before it is written down.

    `metric` ends in its unit (`latency_ms`); `rounds` maps a round to its process's median in ms; `summary` is None
    when no round gave a number. `reckoned`: which rounds don't count in it, since the machine was slowed.
    """

    group: Group
    metric: str
    summary: Summary | None
    rounds: Mapping[int, float]
    status: Status
    message: str
    drifting: bool
    reckoned: Reckoned = Reckoned()

    @property
    def cell(self) -> Cell:
        return self.group.cell

    @property
    def native(self) -> bool:
        return self.cell.target.browser == NATIVE

    @property
    def yardstick(self) -> bool:
        """Says what is possible, and is held against nobody."""
        return self.cell.target.framework == YARDSTICK

    @property
    def software(self) -> bool:
        """Ran on a GPU in name only."""
        return any(outcome.software_gpu for outcome in self.group.outcomes)

    @property
    def right(self) -> bool:
        """Has numbers, and right results behind them: may be ranked."""
        return self.summary is not None and self.status != "wrong_result"

    @property
    def counted(self) -> Mapping[int, float]:
        """Of its rounds those that count."""
        return self.reckoned.counted(self.rounds)

    @property
    def median(self) -> float:
        """Milliseconds per operation; infinite without numbers, so that it sorts last."""
        return float("inf") if self.summary is None else self.summary.median


def measure(results: Results, wanted: Callable[[Cell], bool], metrics: Sequence[Metric]) -> list[Measured]:
    """Every group of the wanted cells, for each of `metrics` that it has samples of.

    The first of `metrics` is the primary one: every group has a row for it, with numbers or without. What was watched
    is never among them.
    """
    gathered = list(groups(results, lambda cell: not cell.observe and wanted(cell)))
    workloads = frozenset(group.cell.workload for group in gathered if contestant(group.cell))
    by_metric = [_by(metric, results, gathered, workloads) for metric in metrics]
    return [
        measured
        for own in zip(*by_metric, strict=True)
        for place, measured in enumerate(own)
        if measured.summary is not None or place == 0
    ]


def _by(metric: Metric, results: Results, wanted: Sequence[Group], workloads: Collection[Workload]) -> list[Measured]:
    """One metric of every group, each worked out once for the same results. The samples are let go of with the metric:
    all of them are most of a store."""
    known: dict[int, Measured] = kept(results, ("measured", metric, workloads), dict)
    samples = {id(group): _samples(group, metric) for group in wanted if id(group) not in known}
    if samples:
        medians: dict[int, dict[int, float]] = kept(results, ("medians", metric), dict)
        medians |= _medians(samples)
        scatter = kept(results, ("scatter", metric, workloads), lambda: _scatter(metric, results, workloads, medians))
        drifting = _drifting(samples)
        for group in wanted:
            if (key := id(group)) in samples:
                reckoned = reckon(results, group)
                own, rounds = reckoned.counted(samples[key]), reckoned.counted(medians[key])
                summary = summarize(list(own.values()), scatter, list(rounds.values())) if own else None
                known[key] = _measured(group, metric, summary, medians[key], key in drifting, reckoned)
    return [known[id(group)] for group in wanted]


def _scatter(
    metric: Metric, results: Results, workloads: Collection[Workload], medians: dict[int, dict[int, float]]
) -> Prior | None:
    """How processes scatter: what every contestant in these workloads says. `medians`, by group, grows."""
    alike = list(groups(results, lambda cell: contestant(cell) and cell.workload in workloads))
    medians |= _medians({id(group): _samples(group, metric) for group in alike if id(group) not in medians})
    return prior(list(reckon(results, group).counted(medians[id(group)]).values()) for group in alike)


def _drifting(samples: Mapping[int, Mapping[int, Floats]]) -> set[int]:
    """Whose samples change their level in any round."""
    series = [(key, values) for key, own in samples.items() for values in own.values()]
    points = change_points([values for _, values in series])
    return {key for (key, _), point in zip(series, points, strict=True) if point is not None}


def timed(results: Results, workload: Workload, *, yardstick: bool = False) -> list[Measured]:
    """All contestants in one workload, by its metrics; beside them the yardstick, if it is asked for."""

    def wanted(cell: Cell) -> bool:
        own = yardstick and cell.target.framework == YARDSTICK
        return cell.workload == workload and (own or contestant(cell))

    return measure(results, wanted, METRICS[workload])


def primary(results: Results, workload: Workload, *, yardstick: bool = False) -> list[Measured]:
    """Of these, in the newest environment, those by the metric that the workload's figure shows."""
    metric = f"{METRICS[workload][0]}_ms"
    every = timed(results, workload, yardstick=yardstick)
    return [entry for entry in every if entry.metric == metric and entry.group.current]


def groups(results: Results, wanted: Callable[[Cell], bool], protocol: ProtocolName = "corrected") -> Iterator[Group]:
    """The wanted cells' outcomes under one protocol, gathered by cell and conditions, in the cells' order; newest
    conditions last."""
    every = kept(results, ("groups", protocol), lambda: list(_every_group(results, protocol)))
    return (group for group in every if wanted(group.cell))


def _every_group(results: Results, protocol: ProtocolName) -> Iterator[Group]:
    cells: dict[Cell, list[Outcome]] = defaultdict(list)
    for outcome in results.outcomes:
        if outcome.task.protocol.startswith(f"{protocol}-"):
            cells[outcome.task.cell].append(outcome)
    return chain.from_iterable(
        _groups_of(cell, cells[cell], results.environments) for cell in sorted(cells, key=_order)
    )


def contestant(cell: Cell) -> bool:
    """Anything but the reference framework's known answers and controls, the yardstick, targets in which something was
    switched (those only say what that is worth), and executions that were watched."""
    return cell.target.framework not in (REFERENCE, YARDSTICK) and not cell.target.switch and not cell.observe


def _order(cell: Cell) -> tuple[object, ...]:
    target = cell.target
    return (cell.workload, cell.model, target.browser == NATIVE, target.framework, target.version, target.backend,
            target.browser, -1 if target.threads is None else target.threads)  # fmt: skip


def _groups_of(cell: Cell, outcomes: list[Outcome], environments: Mapping[str, Mapping[str, Fact]]) -> Iterator[Group]:
    age = {name: position for position, name in enumerate(environments)}
    gathered: dict[tuple[str, tuple[object, ...]], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        gathered[_environment(outcome, outcomes, environments), outcome.task.settings].append(outcome)

    def newness(key: tuple[str, tuple[object, ...]]) -> tuple[int, str]:
        return age.get(key[0], -1), max(outcome.started_at for outcome in gathered[key])

    keys = sorted(gathered, key=newness)
    for key in keys:
        rounds = sorted(gathered[key], key=lambda outcome: outcome.task.round)
        yield Group(cell, key[0], key == keys[-1], tuple(rounds))


def _environment(outcome: Outcome, others: list[Outcome], environments: Mapping[str, Mapping[str, Fact]]) -> str:
    """Where an outcome belongs: a failure knows fewer facts, so the newest environment that they don't contradict.

    Otherwise a browser that crashed before it told its version would stand apart from the rounds that went well.
    """
    if outcome.status in COUNTED:
        return outcome.environment
    known = {name: fact for name, fact in environments.get(outcome.environment, {}).items() if fact is not None}
    measured = {other.environment for other in others if other.status in COUNTED}
    fitting = [name for name in environments if name in measured and known.items() <= environments[name].items()]
    return fitting[-1] if fitting else outcome.environment


def quiet(results: Results) -> Quiet:
    """Which outcomes the machine slowed, and which count."""
    return kept(results, "quiet", partial(Quiet, results))


def reckon(results: Results, group: Group) -> Reckoned:
    """Which of its rounds count."""
    return kept(results, ("reckoned", id(group)), lambda: quiet(results).reckon(group.outcomes))


def _samples(group: Group, metric: Metric) -> dict[int, Floats]:
    """Milliseconds per operation, by round; rounds that gave none are left out."""
    samples = {o.task.round: per_operation(o, metric) for o in group.outcomes if o.status in COUNTED}
    return {number: values for number, values in samples.items() if len(values)}


def _medians(samples: Mapping[int, Mapping[int, Floats]]) -> dict[int, dict[int, float]]:
    """By group, the median of each round."""
    found = iter(middles([values for own in samples.values() for values in own.values()]))
    return {key: {number: next(found) for number in own} for key, own in samples.items()}


def _measured(
    group: Group,
    metric: Metric,
    summary: Summary | None,
    rounds: Mapping[int, float],
    drifting: bool,
    reckoned: Reckoned,
) -> Measured:
    status, message = verdict(group.outcomes)
    return Measured(
        group=group,
        metric=f"{metric}_ms",
        summary=summary,
        rounds=rounds,
        status=status,
        message=message if summary or message else f"no samples of {metric}",
        drifting=drifting,
        reckoned=reckoned,
    )


def verdict(outcomes: Sequence[Outcome]) -> tuple[Status, str]:
    """One status and one message for the rounds of a cell: a failure in any of them is said, a wrong result first."""
    failures = Counter((o.status, o.message) for o in outcomes if o.status != "ok")
    if not failures:
        return "ok", ""
    (status, message), count = max(failures.items(), key=lambda item: (item[0][0] == "wrong_result", item[1]))
    if count == len(outcomes):
        return status, message
    parts = [
        f"{n} of {len(outcomes)} rounds {fared(kind, why)}{f': {why}' if why else ''}"
        for (kind, why), n in failures.items()
    ]
    return status, "; ".join(parts)
