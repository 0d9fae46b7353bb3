"""In which order a plan's tasks are run, and which of them the time allows.

Without a budget and a cap: block after block, as planned. With them: every cell once, from the cheapest to the dearest,
so that what each costs is learned before it is paid; then further rounds where the intervals are widest. Nothing is
dropped silently: what was left out is said, with the reason.
"""

import math
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from msgspec import Struct

from howfar import plan
from howfar.costs import FEWEST, Costs, Kind, kind_of, operation_seconds
from howfar.lines import Key, Line, beside, contenders, gains_of
from howfar.outcomes import OVER_BUDGET, Outcome
from howfar.records import Cell, DataNames, Target, Task
from howfar.study import Study

# So many tasks are chosen at a time: enough that a block's native imports (4 s) are paid by many, few enough that what
# was just learned soon decides again.
CHOSEN_TASKS = 40
# What a block takes over its tasks: controls, and the imports of native frameworks.
BESIDE = 1.25
# Cells within this factor of the cheapest one are run in one shuffled block.
TIER = 4.0
# Of a budget, what is kept for a GPU in name only where it comes last: a row that says how slow it is.
SOFTWARE_SHARE = 1 / 6


class LeftOut(Struct, frozen=True):
    """A cell that no round was measured of, and why."""

    task: Task
    reason: str
    detail: str


class Told(NamedTuple):
    """What is known before: whether a task was measured, whether a target's GPU is one in name only, and the seconds
    that an operation of a measured task took (None where it gave no right number)."""

    finished: Callable[[Task], bool]
    software: Callable[[Target], bool]
    seconds: Callable[[Task], float | None]


class Schedule(Protocol):
    """Hands out blocks; asks for the next only when the last is run."""

    def blocks(self) -> Iterator[list[Task]]: ...
    def admits(self, task: Task) -> bool: ...
    def note(self, task: Task, outcome: Outcome, seconds: float) -> None: ...
    def left_out(self) -> list[LeftOut]: ...


class Whole:
    """Every task, in the order of the plan."""

    def __init__(self, blocks: Sequence[list[Task]]) -> None:
        self._blocks = blocks

    def blocks(self) -> Iterator[list[Task]]:
        yield from self._blocks

    def admits(self, task: Task) -> bool:  # noqa: ARG002 - the contract
        return True

    def note(self, task: Task, outcome: Outcome, seconds: float) -> None:
        """It has nothing to learn."""

    def left_out(self) -> list[LeftOut]:
        return []


class Thrifty:
    """Spends a budget of minutes, and holds to a cap per cell."""

    def __init__(
        self,
        study: Study,
        keys: Iterable[Key],
        data: DataNames,
        costs: Costs,
        told: Told,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._study, self._data, self._costs, self._clock = study, data, costs, clock
        self._finished, self._software, self._seconds = told
        self._lines = {key: self._line(key) for key in keys}
        minutes = study.budget_minutes
        self._end = self._latest = math.inf if minutes is None else clock() + 60 * minutes
        self._controls = self._handed_out = 0

    def _line(self, key: Key) -> Line:
        line = Line(key)
        shares = [1, *_shares(self._study.batch_size)] if self._study.over_cap == "estimate" else [1]
        for scale in shares:
            every = [self._task(key, number, scale) for number in range(self._study.rounds)]
            done = [task for task in every if self._finished(task)]
            if done:
                line.rounds, line.scale, line.resumed = done[-1].round + 1, scale, True
                line.medians = [seconds for task in done if (seconds := self._seconds(task)) is not None]
        return line

    def _task(self, key: Key, number: int, scale: int) -> Task:
        return plan.task_of(self._study, key[0], self._data, number, key[1], scale=scale)

    def _next(self, line: Line) -> Task:
        return self._task(line.key, line.rounds, line.scale)

    def blocks(self) -> Iterator[list[Task]]:
        for lines, rounds, latest in self._stages():
            self._latest = latest
            while block := self._first_round(lines) or self._further_rounds(lines, rounds):
                yield self._with_controls(block)

    def _stages(self) -> Iterator[tuple[list[Line], int, float]]:
        """Which lines have their rounds before others have one, how many, and until when."""
        every, rounds, last = list(self._lines.values()), self._study.rounds, self._study.software_last
        early = [line for line in every if self._is_early(line.cell)]
        kept = 60 * (self._study.budget_minutes or 0) * SOFTWARE_SHARE if last and len(early) < len(every) else 0.0
        yield early, 1 if last else 2, self._end - kept
        if last:
            yield contenders(early), rounds, self._end - kept
            yield early, rounds, self._end - kept
            # In software WebGPU takes ten times as long as WebGL (MobileNetV2: 5 s), and so all that is kept.
            yield [line for line in every if line.cell.target.backend != "webgpu"], 1, self._end
        yield every, rounds, self._end

    def _is_early(self, cell: Cell) -> bool:
        """Whether it has its rounds before others have one; so have ceilings, where there is any such."""
        sizes, last = self._study.first_sizes, self._study.software_last
        if cell.workload == "ceilings":
            return bool(sizes or last)
        if last and self._software(cell.target):
            return False
        return last or (cell.model.depth, cell.model.width) in sizes

    def admits(self, task: Task) -> bool:
        """Whether the time that is left will do, by what is known by now."""
        if task.control:
            return self._clock() < self._end
        line = self._lines[_key(task)]
        if not line.rounds and self._past_cap(task):
            return False  # what was learned since it was chosen: it is looked at again
        return self._clock() + self._expected(line, task) <= self._latest

    def _past_cap(self, task: Task) -> bool:
        cap = self._study.cap_seconds
        return cap is not None and FEWEST * self._costs.operation(task) > cap

    def _expected(self, line: Line, task: Task) -> float:
        return self._costs.seconds(task) if line.seconds is None else line.seconds

    def note(self, task: Task, outcome: Outcome, seconds: float) -> None:
        if task.control:
            return
        self._costs.note(task, outcome, seconds)
        line = self._lines[_key(task)]
        line.rounds, line.seconds, line.hopeless = task.round + 1, seconds, outcome.status == "unsupported"
        if outcome.status == "ok" and (median := operation_seconds(outcome.series)) is not None:
            line.medians.append(median)

    def left_out(self) -> list[LeftOut]:
        return [
            LeftOut(self._next(line), self._reason(line), self._detail(line))
            for line in self._lines.values()
            if not line.rounds
        ]

    def _reason(self, line: Line) -> str:
        if line.over_cap:
            return f"{OVER_BUDGET}: its operations would take longer than the cap of {self._study.cap_seconds:g} s"
        return f"{OVER_BUDGET}: not reached within {round(self._study.budget_minutes or 0, 1):g} min"

    def _detail(self, line: Line) -> str:
        return line.over_cap or f"about {self._costs.seconds(self._next(line)):.0f} s were expected for one round"

    def _first_round(self, lines: Sequence[Line]) -> list[Task]:
        """The cheapest cells of those without a round, shuffled, and with a ceiling the others of its browser."""
        known = self._known_or_smallest([line for line in lines if not line.rounds and not line.over_cap])
        for line in known:
            self._hold_to_cap(line)
        dear = {line.key: self._costs.seconds(self._next(line)) for line in known if not line.over_cap}
        if known and not dear:
            return self._first_round(lines)  # all were past the cap, and others wait
        fitting = {key: seconds for key, seconds in dear.items() if self._clock() + seconds <= self._latest}
        if not fitting:
            return []
        tier = TIER * min(fitting.values())
        sharing = {self._lines[key].shares for key in fitting if fitting[key] <= tier} - {""}
        chosen = [key for key in fitting if fitting[key] <= tier or self._lines[key].shares in sharing]
        return self._shuffled([self._next(self._lines[key]) for key in chosen])

    def _known_or_smallest(self, lines: Sequence[Line]) -> list[Line]:
        """Those whose cost can be said, and of each other kind the smallest, to learn it: unwatched where there is such
        a one, since a watched one teaches nothing."""
        trusted: list[Line] = []
        smallest: dict[Kind, Line] = {}
        for line in sorted(lines, key=lambda line: (self._costs.work(self._next(line)), bool(line.cell.observe))):
            task = self._next(line)
            if self._costs.trusts(task):
                trusted.append(line)
            else:
                smallest.setdefault(kind_of(task), line)
        return [*trusted, *smallest.values()]

    def _hold_to_cap(self, line: Line) -> None:
        """Past the cap a cell is estimated from a part of its batch, as large as fits; or it is left out."""
        if not self._past_cap(self._next(line)):
            return
        whole = self._costs.operation(self._next(line))
        in_parts = line.cell.workload in ("training", "batch_inference") and self._study.over_cap == "estimate"
        for scale in _shares(self._study.batch_size) if in_parts else ():
            if not self._past_cap(self._task(line.key, 0, scale)):
                line.scale = scale
                return
        line.over_cap = f"one operation is expected to take about {whole:.0f} s"

    def _further_rounds(self, lines: Sequence[Line], rounds: int) -> list[Task]:
        """The next round of the cells whose intervals are widest for what it costs, the quick ones first and as many as
        the time allows, and of native at the same size, so that there is something to hold them against within the
        round."""
        asked = {line.key: min(rounds, self._study.rounds_of(line.cell)) for line in lines}
        unfinished = [line for line in lines if 0 < line.rounds < asked[line.key] and not line.hopeless]
        fitting = [line for line in unfinished if self.admits(self._next(line))]
        if not fitting:
            return []
        every = self._lines.values()
        gains = gains_of(every)
        fitting.sort(key=lambda line: (-gains[line.key], line.seconds or 0.0))
        chosen: dict[Key, Task] = {}
        end = self._clock()
        for line in fitting:
            added = {own.key: self._next(own) for own in [line, *beside(line, every)] if own.key not in chosen}
            end += BESIDE * sum(self._expected(self._lines[key], task) for key, task in added.items())
            wide = gains[line.key] >= gains[fitting[0].key] / 4
            if chosen and (len(chosen) >= CHOSEN_TASKS or not wide or end > self._latest):
                break
            chosen |= added
        return self._shuffled(list(chosen.values()))

    def _shuffled(self, tasks: list[Task]) -> list[Task]:
        ordered = sorted(tasks, key=lambda task: task.id)
        random.Random(f"{self._study.seed}/{self._controls}").shuffle(ordered)
        return sorted(ordered, key=lambda task: plan.place_of(task.cell))

    def _with_controls(self, tasks: list[Task]) -> list[Task]:
        """A control first of all, and after every so many tasks, whichever block they are in."""
        block = []
        for task in tasks:
            if self._handed_out % self._study.control_every == 0:
                block.append(self._control())
            self._handed_out += 1
            block.append(task)
        return block

    def _control(self) -> Task:
        """The next one; an earlier run of the same study has had the first."""
        while True:
            self._controls += 1
            control = plan.control_of(self._study, self._data, 0, self._controls)
            if not self._finished(control):
                return control


def _key(task: Task) -> Key:
    return task.cell, plan.protocol_of(task)


def _shares(batch_size: int) -> list[int]:
    """By what a batch can be divided: 2, 4, ... as long as something whole is left."""
    return [2**i for i in range(1, batch_size.bit_length()) if batch_size % 2**i == 0]


def make(
    study: Study,
    blocks: Sequence[list[Task]],
    data: DataNames,
    vocabulary: int,
    told: Told,
) -> Schedule:
    """The schedule that the study asks for; `blocks` are all of its tasks."""
    if study.budget_minutes is None and study.cap_seconds is None:
        return Whole([[task for task in block if not told.finished(task)] for block in blocks])
    keys = dict.fromkeys(_key(task) for block in blocks for task in block if not task.control)
    return Thrifty(study, keys, data, Costs(vocabulary), told)
