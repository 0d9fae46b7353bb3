"""What the report of many outcomes takes, in time and memory: made-up ones of the paper's study, with 30 samples each,
in a store as a run leaves it.

    python benchmarks/report.py [OUTCOMES ...]

The time is that of `howfar report`, its start and the reading of the store included; the memory is the most that its
process held. Of few outcomes there are three rounds of the study's first cells; of many, more rounds of them all.
"""

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np
from msgspec.structs import replace

from howfar import frameworks, plan, store, studies
from howfar.experiments import cells
from howfar.outcomes import Check, Noise, Outcome, Phase, RunFacts, Series, Span
from howfar.records import PRIMARY_METRIC, Cell, DataNames, Fact, Task
from howfar.study import Study

COUNTS = (1_000, 10_000, 100_000)
SAMPLES = 30
EXPERIMENTS = ("training_time", "load_time", "inference_time", "warmup_time", "published", "cost")
HOST: Mapping[str, Fact] = {"os": "Imagined GNU/Linux", "cpu": "Imagined CPU", "cores": 8, "memory_gib": 16}
COLUMNS = (
    "task_id", "environment", "attempt", "status", "framework", "version", "backend", "browser", "model", "workload",
    "round", "started_at", "message", "outcome",
)  # fmt: skip


def main() -> None:
    counts = [int(word) for word in sys.argv[1:]] or COUNTS
    print(f"{'outcomes':>9} {'cells':>6} {'store':>9} {'time':>8} {'memory':>9} {'page':>8}")
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            cells = fill(Path(folder), count)
            seconds, peak = timed([sys.executable, "-m", "howfar", "report", folder])
            held, page = ((Path(folder) / name).stat().st_size / 1e6 for name in (store.FILE_NAME, "report/index.html"))
            words = f"{held:6.0f} MB {seconds:6.1f} s {peak / 2**20:5.0f} MiB {page:5.1f} MB"
            print(f"{count:9} {cells:6} {words}", flush=True)


def fill(folder: Path, count: int) -> int:
    """A store of so many outcomes; returns how many cells they are of."""
    study = replace(studies.load("paper", frameworks.registry()), experiments=EXPERIMENTS)
    every = ordered(study)
    rounds = max(3, round(count / len(every)))
    cells, study = every[: max(1, count // rounds)], replace(study, rounds=rounds)
    tasks = (plan.task_of(study, cell, DataNames(), at) for at in range(rounds) for cell in cells)
    with store.create(folder) as held:
        held.add_run(RunFacts(study, "0.1.0", "2026-01-01T00:00:00Z", HOST))
        held.add_environment("made", {**HOST, "browser": "chromium", "browser_version": "140.0"})
    with sqlite3.connect(folder / store.FILE_NAME) as connection:
        places = ", ".join("?" * len(COLUMNS))
        connection.executemany(f"INSERT INTO outcomes ({', '.join(COLUMNS)}) VALUES ({places})", rows(tasks))
    connection.close()
    return len(cells)


def ordered(study: Study) -> Sequence[Cell]:
    """Its cells, small models first, so that every target has a share of the first ones."""
    return sorted(set(cells(study, EXPERIMENTS)), key=lambda cell: (cell.model, cell.workload, cell.target))


def rows(tasks: Iterator[Task]) -> Iterator[tuple[object, ...]]:
    rng = np.random.default_rng(1)
    for task in tasks:
        cell, target = task.cell, task.cell.target
        made = msgspec.json.encode(outcome(task, rng)).decode()
        yield (
            task.id, "made", 1, "ok", target.framework, target.version, target.backend, target.browser,
            str(cell.model), cell.workload, task.round, "2026-01-01T00:00:00Z", "", made,
        )  # fmt: skip


def outcome(task: Task, rng: np.random.Generator) -> Outcome:
    ms = task.cell.model.depth * task.cell.model.width**1.5 / 1000
    times = tuple((ms * np.exp(rng.normal(0, 0.05, SAMPLES))).tolist())
    metric = PRIMARY_METRIC[task.cell.workload]
    series = (Series(metric, "warmup", 1, times[:10], "steady"), Series(metric, "timed", 4, times, "interval"))
    return Outcome(
        task=task,
        status="ok",
        environment="made",
        started_at="2026-01-01T00:00:00Z",
        phases=(Phase("library_load", 30.0), Phase("backend_init", 20.0), Phase("model_load", 9.0), Phase("first", ms)),
        series=series,
        facts={"tick_us": 5.0, "cross_origin_isolated": True, "library_bytes": 749_887},
        check=Check(3e-6, 1e-3),
        noise=Noise(2.0, 0.01, 0.1, ()),
        timeline=(Span("launch", 0.4), Span("first", 0.1), Span("throughput", 1.0), Span("end", 0.1)),
    )


def timed(command: Sequence[str]) -> tuple[float, int]:
    """Seconds, and the most bytes that its process held."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - began, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


main()
