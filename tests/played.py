"""What is running, played by the process of the tests; and a machine that measures nothing and knows every time."""

import os
from collections.abc import Mapping, Sequence
from zlib import crc32

import numpy as np

from howfar import __version__, plan
from howfar.frameworks import Registry
from howfar.outcomes import Outcome, RunFacts, Series
from howfar.records import Cell, DataNames, Task
from howfar.runner import Options, Progress
from howfar.store import Store
from howfar.study import Study


class Page:
    """What is running: this very process stands for it."""

    measuring_role = "main"

    def __init__(self, words: str = "", *, gone: bool = False) -> None:
        self.words, self.gone = words, gone

    def pids(self) -> list[int]:
        return [os.getpid()]

    def alive(self) -> bool:
        return not self.gone

    def log(self) -> str:
        return self.words


NAMES = DataNames("digits", "text")


class Machine:
    """Takes the runner's place: every task comes out right, in a time that grows with its network, to 1 %. `times`: how
    many times as long a version takes."""

    def __init__(self, times: Mapping[str, float]) -> None:
        self._times = times

    def run(
        self, study: Study, known: Registry, cells: Sequence[Cell], store: Store, progress: Progress, options: Options
    ) -> int:
        """As runner.run. What was measured before is not measured again."""
        assert known and progress and options
        store.add_run(RunFacts(study, __version__, "2025-06-01T10:00:00+00:00", {"cpu": "Imagined CPU"}, NAMES))
        store.add_environment("here", {"browser": "chromium"})
        done = store.done({"here"})
        for block in plan.blocks(study, cells, NAMES):
            for task in block:
                if task.id not in done and not task.control:
                    store.append(self._outcome(task))
        return 0

    def _outcome(self, task: Task) -> Outcome:
        ms = self._level(task.cell) * float(np.exp(np.random.default_rng(crc32(task.id.encode())).normal(0, 0.01)))
        series = tuple(Series(metric, "timed", 1, (ms,) * 20, "interval") for metric in task.metrics)
        return Outcome(task, "ok", "here", "2025-06-01T10:00:00+00:00", series=series)

    def _level(self, cell: Cell) -> float:
        model, target = cell.model, cell.target
        per_million = {"cpu": 10.0, "wasm": 1.0}.get(target.backend, 4.0)
        work = 784 * model.width + (model.depth - 1) * model.width**2
        return (0.1 + 0.02 * model.depth + per_million * work / 1e6) * self._times.get(target.version, 1.0)
