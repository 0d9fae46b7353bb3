"""Whole runs of the command: stopped at any moment they lose nothing, leave nothing behind, and go on."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from leftovers import browsers, profiles

STUDY = """
name = "small"
title = "A small study"
experiments = ["inference_time", "cost"]
rounds = 2
control_every = 3
models = [{ sizes = [[1, 4], [2, 4]] }]
targets = [{ framework = "convnetjs" }, { framework = "numpy", threads = [1] }]
limits = { noise_repeats = 0 }
[sampling]
min_samples = 5
min_seconds = 0.1
max_seconds = 0.2
warmup_min_seconds = 0.05
warmup_max_seconds = 0.1
"""
# Two rounds of 2 targets x 2 sizes, and 3 controls.
CELLS = 2 * 2 * 2
TASKS = CELLS + 2 * 3


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.toml").write_text(STUDY)
    return tmp_path


def command(folder: Path) -> list[str]:
    return [sys.executable, "-m", "howfar", "run", str(folder / "small.toml"), "--out", str(folder / "results")]


def outcomes(folder: Path) -> list[tuple[str, str, str]]:
    """(task id, status, the whole record) in the order they were appended."""
    file = folder / "results" / "outcomes.sqlite"
    if not file.is_file():
        return []
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        try:
            return database.execute("SELECT task_id, status, outcome FROM outcomes ORDER BY id").fetchall()
        except sqlite3.OperationalError:
            return []  # the table is being made


def start_and_stop(folder: Path, stop: signal.Signals, after: int) -> subprocess.Popen[str]:
    """Starts a run and sends it the signal when it has stored `after` outcomes and measures the next."""
    process = subprocess.Popen(command(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (len(outcomes(folder)) >= after and browsers()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(stop)
    return process


def until_gone() -> None:
    deadline = time.monotonic() + 10
    while (browsers() or profiles()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert browsers() == []
    assert profiles() == []


def test_a_run_killed_twice_goes_on_with_nothing_lost_and_nothing_measured_twice(folder: Path) -> None:
    for after in (2, 7):
        start_and_stop(folder, signal.SIGKILL, after).communicate()
        until_gone()
    before = outcomes(folder)
    assert 7 <= len(before) < TASKS
    done = subprocess.run(command(folder), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    measured = sum(not json.loads(record)["task"]["control"] for _, _, record in before)
    assert f"{CELLS - measured} tasks to run ({measured} of {CELLS} were measured before)" in done.stdout
    assert f"[{CELLS}/{CELLS}]" in done.stdout
    stored = outcomes(folder)
    assert stored[: len(before)] == before
    assert len(stored) == len({task for task, _, _ in stored}) == TASKS
    assert (folder / "results" / "report" / "index.html").stat().st_size > 100_000
    again = subprocess.run(command(folder), capture_output=True, text=True, check=False)
    assert again.returncode == 0 and len(outcomes(folder)) == len(stored)


@pytest.mark.parametrize(("stop", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_stopped_tidies_up_and_says_so_in_one_line(folder: Path, stop: signal.Signals, code: int) -> None:
    process = start_and_stop(folder, stop, 1)
    _, errors = process.communicate(timeout=30)
    until_gone()
    assert process.returncode == code
    assert errors == "howfar: stopped; what was measured is kept, the same command goes on from there\n"


def test_two_runs_on_one_store_are_refused(folder: Path) -> None:
    first = subprocess.Popen(command(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not outcomes(folder):
            assert first.poll() is None
            time.sleep(0.05)
        second = subprocess.run(command(folder), capture_output=True, text=True, check=False)
    finally:
        first.send_signal(signal.SIGINT)
        first.wait()
    assert second.returncode == 2
    assert len(second.stderr.splitlines()) == 1 and "another run is writing" in second.stderr
