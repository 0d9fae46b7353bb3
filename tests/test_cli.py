"""The command as a person meets it: what is wrong is said in one line on standard error, with exit code 2."""

import contextlib
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import asked
from howfar import __version__, store, studies
from howfar.outcomes import Outcome, RunFacts

Done = subprocess.CompletedProcess[str]

# What a user gets wrong, and a word that the answer must have. {results} is a good store, {foreign} is not one.
BAD: Mapping[str, tuple[str, str]] = {
    "unknown command": ("measure quick", "measure"),
    "unknown option": ("run quick --bogus", "--bogus"),
    "no study": ("run", "study"),
    "rounds of zero": ("run quick --rounds 0", "--rounds"),
    "unknown study": ("run nowhere", "quick"),
    "unknown driver": ("run quick --driver magic", "extension"),
    "unknown study for a person": ("serve nowhere", "quick"),
    "bad selection": ("run quick --only tfjs", "--only"),
    "a selection of no cells": (
        "run quick --only experiment=training_time,workload=inference --out {folder}/new",
        "nothing to measure",
    ),
    "a selection beside what there is": ("run quick --only backend=wasm,wsam", "'backend=wsam' selects nothing"),
    "no MNIST": ("run {folder}/study.toml --out {folder}/new --mnist {folder}", "train-images-idx3-ubyte"),
    "a package without a folder": ("run quick --package-dir mind", "mind=DIR"),
    "a folder without a package": ("serve --package-dir mind={folder}", "package.json"),
    "another package than the framework's": ("quick --package-dir tfjs={folder}/package", "'@tensorflow/tfjs'"),
    "a package that nothing is measured of": (
        "run {folder}/study.toml --package-dir convnetjs={folder}/package",
        "--framework convnetjs",
    ),
    "unknown list": ("list bogus", "frameworks"),
    "missing results": ("report nowhere", "outcomes.sqlite"),
    "foreign results": ("report {foreign}", "not a store of howfar"),
    "unknown experiment": ("export {results} --experiment magic", "inference_time"),
    "unknown format": ("export {results} --experiment cost --to xml", "parquet"),
    "no experiment and no folder": ("export {results}", "--output"),
    "advice on what is no network": ("advise {results} --model mlp", "mlp:4x128"),
    "advice from a single size": ("advise {results} --model mlp:2x32", "1 size measured right"),
    "advice on what was not measured": ("advise {results} --model rnn:1x8 --workload training", "mlp: inference"),
    "versions of no range": ("regress tfjs --versions latest", "4.19.0..4.22.0"),
    "versions of what has none": ("regress numpy --versions 1.0.0..2.0.0", "does not come from npm"),
    "no share": ("regress tfjs --versions 4.19.0,4.20.0 --max-slowdown much", "5%"),
    "results into a file": ("bench keras:MobileNetV2 --out {folder}/file", "it is a file"),
    "no kind of picture": ("compare {results} {results} --picture {folder}/it.gif", "a picture ends in .svg or .png"),
    "output that can't be written": ("export {results} --experiment cost --output {folder}/no/where", "--output"),
}

GOOD = {
    "version": "--version",
    "help": "--help",
    "nothing": "",
    "experiments": "list experiments --json",
    "json": "export {results} --experiment inference_time --to json",
    "excerpt": "export {results} --output {folder}/excerpt",
}

STUDY = """
name = "mine"
title = ""
experiments = ["inference_time"]
models = [{ sizes = [[1, 8]] }]
targets = [{ framework = "numpy" }]
"""


def howfar(arguments: str, folder: Path) -> list[str]:
    places = {"folder": str(folder), "results": str(folder / "results"), "foreign": str(folder / "foreign")}
    return [sys.executable, "-m", "howfar", *arguments.format(**places).split()]


def fill(folder: Path) -> None:
    """A good store, a database of someone else, a plain file, a study."""
    task = asked.task(asked.NUMPY, workload="inference")
    done = Outcome(task, "ok", "here", "2025-06-01T10:00:00+00:00", series=asked.report(task).series)
    with store.create(folder / "results") as opened:
        opened.add_run(RunFacts(asked.study(resolved_targets=(asked.NUMPY,)), __version__, "", {}, asked.NAMES))
        opened.add_environment("here", {"cores": 2})
        opened.append(done)
    (folder / "foreign").mkdir()
    connection = sqlite3.connect(folder / "foreign" / store.FILE_NAME)
    connection.execute("CREATE TABLE contacts (name TEXT)")
    connection.close()
    (folder / "file").touch()
    (folder / "study.toml").write_text(STUDY)
    (folder / "package" / "build").mkdir(parents=True)
    (folder / "package" / "package.json").write_text('{"name": "convnetjs", "version": "0.3.0"}')
    (folder / "package" / "build" / "convnet-min.js").touch()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("cli")
    fill(made)
    return made


@pytest.fixture(scope="module")
def answers(folder: Path) -> dict[str, Done]:
    """All commands, as many at a time as there are cores: each is a fresh interpreter."""
    commands = {name: arguments for name, (arguments, _) in BAD.items()} | GOOD

    def ask(arguments: str) -> Done:
        command = howfar(arguments, folder)
        environment = {**os.environ, "HOWFAR_CACHE": str(folder / "cache")}
        return subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=folder, timeout=60, env=environment
        )

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(commands, pool.map(ask, commands.values()), strict=True))


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_said_in_one_line(answers: dict[str, Done], name: str) -> None:
    done, word = answers[name], BAD[name][1]
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("howfar: ")
    assert word in done.stderr
    assert done.stdout == ""


def test_what_was_refused_left_nothing(answers: dict[str, Done], folder: Path) -> None:
    assert answers["unknown study"].returncode == 2
    assert not (folder / "nowhere").exists()
    assert sorted(path.name for path in (folder / "foreign").iterdir()) == [store.FILE_NAME]


@pytest.mark.parametrize("name", GOOD)
def test_what_is_right_is_answered(answers: dict[str, Done], name: str) -> None:
    assert answers[name].returncode == 0, answers[name].stderr
    assert answers[name].stderr == ""
    assert answers[name].stdout


def test_the_version_is_said(answers: dict[str, Done]) -> None:
    assert answers["version"].stdout == f"howfar {__version__}\n"


def test_without_a_command_it_says_which_there_are(answers: dict[str, Done]) -> None:
    assert answers["nothing"].stdout == answers["help"].stdout
    for command in ("quick", "run", "report", "export", "list", "doctor", "serve"):
        assert re.search(rf"^  {command} ", answers["help"].stdout, re.MULTILINE)


def test_lists_can_be_read_by_machines(answers: dict[str, Done]) -> None:
    rows = json.loads(answers["experiments"].stdout)
    assert [row["experiment"] for row in rows] == studies.experiment_names()
    assert all(row["question"].endswith("?") for row in rows)


def test_rows_are_exported_to_standard_output(answers: dict[str, Done]) -> None:
    rows = json.loads(answers["json"].stdout)
    (row,) = (row for row in rows if row["metric"] == "latency_ms")
    assert (row["framework"], row["median"], row["status"]) == ("numpy", 2.0, "ok")


# `serve`, which runs until it is stopped.


def served(process: subprocess.Popen[str]) -> int:
    """The port, once it is served."""
    assert process.stdout is not None
    address = re.match(r"open http://localhost:(\d+)/run/", process.stdout.readline())
    assert address
    assert process.stdout.readline() == "Ctrl-C ends it\n"
    return int(address[1])


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_a_command_that_is_stopped_says_so_in_one_line(folder: Path) -> None:
    codes = {signal.SIGINT: 130, signal.SIGTERM: 143}
    pipe = subprocess.PIPE
    with contextlib.ExitStack() as stack:
        running = [subprocess.Popen(howfar("serve", folder), stdout=pipe, stderr=pipe, text=True) for _ in codes]
        for process in running:
            stack.enter_context(process)
            stack.callback(process.kill)
        for process, (number, code) in zip(running, codes.items(), strict=True):
            with socket.create_connection(("127.0.0.1", served(process)), timeout=5):
                pass
            process.send_signal(number)
            _, said = process.communicate(timeout=10)
            assert process.returncode == code
            assert said.count("\n") == 1
            assert said.startswith("howfar: stopped")


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_a_stop_while_the_command_s_modules_are_loaded_ends_it_silently() -> None:
    stopping = "types.SimpleNamespace(main=lambda: os.kill(os.getpid(), 2))"
    script = f"import os, sys, types, howfar.__main__ as it; sys.modules['howfar.cli'] = {stopping}; it.main()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_a_study_that_waits_for_a_person_says_where_and_can_be_stopped(folder: Path) -> None:
    pipe = subprocess.PIPE
    command = howfar("serve {folder}/study.toml --out {folder}/served", folder)
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert re.match(r"open http://localhost:\d+/extension/\?token=\S+ in Chromium: the page says how", line)
    assert process.returncode == 130
    assert said == "howfar: stopped; what was measured is kept, the same command goes on from there\n"
