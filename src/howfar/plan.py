"""A study to tasks: blocks (rounds), each over all cells in a seeded order, with controls in between. Pure."""

import random
from collections.abc import Callable, Hashable, Iterable, Iterator

import msgspec

from howfar.outcomes import RunFacts
from howfar.records import (
    NOT_INSTALLED,
    PRIMARY_METRIC,
    PROTOCOLS,
    READBACK_ONCE,
    STEADY_METRICS,
    Cell,
    DataNames,
    Model,
    ProtocolName,
    Sampling,
    SteadyMetric,
    Target,
    Task,
    ceilings_of,
    fingerprint,
)
from howfar.study import Study

# The control cell: a fixed plain-JS loop of 200 thousand turns (1 to 5 ms on the machines seen so far). It does
# the same work before, between and after the cells of every block, so that its times show the machine drifting.
CONTROL_MODEL = Model("loop", 1, 200)
# A task that is watched works so long, whatever its interval: long enough that a sampler that looks once a second, as
# Chromium's own does, has something to say.
WATCHED_SECONDS = 3.0

# The best of many short samples is asked for, not the middle of long ones. What is not warm yet is not the best, and so
# warm-up need only find how often a sample repeats its work.
CEILING_SAMPLING = Sampling(
    min_samples=10,
    min_seconds=0.07,
    max_seconds=0.07,
    warmup_min_seconds=0.001,
    warmup_max_seconds=0.001,
    slow_samples=3,
)
# Threads that the system has put on one core wait for one another until it parts them: for all of 60 ms they were seen
# to take ten times as long.
TEAM_SAMPLING = msgspec.structs.replace(CEILING_SAMPLING, min_seconds=0.16, max_seconds=0.16)


def blocks(study: Study, cells: Iterable[Cell], data: DataNames) -> list[list[Task]]:
    """One list of unique tasks per round, in the order to run them."""
    unique = [(cell, protocol) for cell in sorted(dict.fromkeys(cells)) for protocol in study.protocols_for(cell)]
    rounds = ([pair for pair in unique if number < study.rounds_of(pair[0])] for number in range(study.rounds))
    return [list(_block(study, pairs, data, number)) for number, pairs in enumerate(rounds)]


def _block(study: Study, cells: list[tuple[Cell, ProtocolName]], data: DataNames, number: int) -> Iterator[Task]:
    order = cells.copy()
    random.Random(f"{study.seed}/{number}").shuffle(order)  # a string seed is stable over Python's versions
    order.sort(key=lambda pair: place_of(pair[0]))
    for position, (cell, protocol) in enumerate(order):
        if position % study.control_every == 0:
            yield control_of(study, data, number, position // study.control_every + 1)
        yield task_of(study, cell, data, number, protocol)
    yield control_of(study, data, number, len(order) // study.control_every + 2)


def place_of(cell: Cell) -> tuple[bool, str, str]:
    """By what a shuffled block is sorted: a browser's ceilings, which share its process (hosts/lasting.py), come one
    after the other before all else, those on one kind of GPU together. They are the best of many samples, so that when
    they are taken does not matter."""
    if cell.workload != "ceilings":
        return True, "", ""
    return False, cell.target.browser, cell.target.backend


def control_of(study: Study, data: DataNames, number: int, control: int) -> Task:
    """The control cell, for the so-and-so-manieth time in a round."""
    cell = Cell(Target("reference", "1", "cpu", study.browsers[0]), CONTROL_MODEL, "inference")
    return task_of(study, cell, data, number, control=control)


def protocol_of(task: Task) -> ProtocolName:
    """The name of the protocol whose version the task bears."""
    return next(name for name, version in PROTOCOLS.items() if version == task.protocol)


def task_of(  # noqa: PLR0913 - what a task is made of
    study: Study,
    cell: Cell,
    data: DataNames,
    number: int,
    protocol: ProtocolName = "corrected",
    *,
    control: int = 0,
    scale: int = 1,
) -> Task:
    """The cell in one round, with its stable id. `scale`: with a batch that many times smaller."""
    blank = Task(
        id="",
        cell=cell,
        round=number,
        # One's own model has its batch in its shapes.
        batch_size=1 if cell.model.kind == "graph" else study.batch_size // scale,
        seed=study.seed,
        data=data.of(cell.model),
        metrics=_metrics(study, cell, protocol),
        sampling=_sampling(study, cell),
        protocol=PROTOCOLS[protocol],
        control=control,
        scale=scale,
    )
    return msgspec.structs.replace(blank, id=_id_of(blank))


def _id_of(task: Task) -> str:
    return fingerprint(msgspec.structs.replace(task, id=""))


def _sampling(study: Study, cell: Cell) -> Sampling:
    if cell.workload == "ceilings":
        return TEAM_SAMPLING if cell.target.threads == 0 else CEILING_SAMPLING
    if not cell.observe:
        return study.sampling
    return msgspec.structs.replace(study.sampling, min_seconds=WATCHED_SECONDS, max_seconds=WATCHED_SECONDS)


def _metrics(study: Study, cell: Cell, protocol: ProtocolName) -> tuple[SteadyMetric, ...]:
    """What is sampled; the published protocol knew one figure per operation, and a task that is watched does one thing
    all the time. Who looks at stacks, or sits in front of the page, sees each operation to its end."""
    if protocol == "published" or cell.observe in ("stacks", "experience"):
        return ("latency",)
    if cell.workload == "ceilings":
        return ceilings_of(cell.target)
    if cell.target.switch == READBACK_ONCE:
        return ("throughput",)
    every = STEADY_METRICS[cell.workload]
    all_of_them = study.metrics == "all" and not cell.observe
    return every if all_of_them else tuple(one for one in every if one == PRIMARY_METRIC[cell.workload])


def belonging(run: RunFacts) -> Callable[[Task], bool]:
    """Whether a task is one that this run's study makes: same seed, sampling, data and all else that its id hashes.
    What is asked of all rounds of a cell is worked out once."""
    known: dict[Hashable, bool] = {}

    def belongs(task: Task) -> bool:
        settings = task.settings
        if settings not in known:
            known[settings] = _made_by(run, task)
        return known[settings] and task.id == _id_of(task)

    return belongs


def _made_by(run: RunFacts, task: Task) -> bool:
    version = task.cell.target.version
    if version == NOT_INSTALLED and any(
        target.framework == task.cell.target.framework and target.version != version
        for target in run.study.resolved_targets
    ):
        return False  # it is installed by now
    if task.protocol not in PROTOCOLS.values():
        return False  # of a version that is no more
    protocol = protocol_of(task)
    own = task_of(run.study, task.cell, run.data, task.round, protocol, control=task.control, scale=task.scale)
    return msgspec.structs.replace(own, id=task.id) == task
