"""What the documents say in numbers is what the code says."""

import contextlib
import re
import shlex
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

import played
import test_cli
from howfar import cli, experiments, layers, models, npm, runner, serving, vendor, wording
from howfar.commands import measuring, whole
from howfar.data import text
from howfar.records import Model
from howfar.study import Study

METHOD = Path(__file__).parents[1] / "docs" / "method.md"
CI = METHOD.with_name("ci.md")
KINDS = ("mlp", "cnn", "rnn")


def table_of(kind: str) -> list[list[str]]:
    """The cells of the table that follows the network's own heading."""
    after = METHOD.read_text("utf-8").partition(f"**`{kind}(depth, width)`**")[2]
    lines = re.findall(r"^\|(.*)\|$", after[: after.index("\n\n", after.index("|---"))], re.MULTILINE)
    return [[cell.strip() for cell in line.split("|")] for line in lines if "---" not in line]


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_and_multiply_adds_of_every_cell_are_those_of_the_layers(kind: str) -> None:
    head, *rows = table_of(kind)
    assert head[0] == "depth" and len(rows) > 2
    vocabulary = text.load(None, 2019).classes if kind == "rnn" else 0
    for depth, *cells in rows:
        for width, cell in zip(head[1:], cells, strict=True):
            made = models.layers(Model(kind, int(depth), int(width)), vocabulary=vocabulary)  # type: ignore[arg-type]
            counts = (layers.parameters(made), layers.multiply_adds(made))
            assert cell == " · ".join(wording.number(count / 1e6) for count in counts), (depth, width)


def test_every_study_key_that_the_documents_show_is_one() -> None:
    """The file shown is read as it stands."""
    shown = METHOD.read_text("utf-8").partition("## A study file\n```toml\n")[2].partition("```")[0]
    study = msgspec.toml.decode(shown, type=Study)
    assert study.name == "mine"
    assert study.sampling == type(study.sampling)() and study.limits == type(study.limits)()


# What docs/ci.md shows, with a machine that is played: versions of TensorFlow.js, one of which became slower.


def commands(document: Path) -> list[str]:
    """Every command in its blocks of code, as it stands there."""
    blocks = re.findall(r"^```(?:sh|yaml)\n(.*?)^```", document.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [one for block in blocks for one in re.findall(r"^(?: *- run: )?(howfar .+)$", block, re.MULTILINE)]


def run_all(
    asked: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch, slower: float
) -> dict[str, tuple[int, str]]:
    """The exit code and the output of each, where today's version takes so many times as long as those before it."""
    monkeypatch.chdir(folder)
    (folder / "gate.toml").write_text(CI.read_text("utf-8").partition("```toml\n")[2].partition("```")[0])
    monkeypatch.setattr(runner, "run", played.Machine({"4.22.0": slower}).run)
    monkeypatch.setattr(whole, "write_report", lambda *_, **__: None)
    monkeypatch.setattr(npm, "versions", lambda _: ["4.17.0", "4.18.0", "4.19.0", "4.20.0", "4.21.0", "4.22.0"])
    monkeypatch.setattr(vendor, "fetch", lambda *_: {})
    found = {}
    for command in dict.fromkeys(asked):
        done = CliRunner().invoke(cli.app, shlex.split(command)[1:], catch_exceptions=False)
        found[command] = done.exit_code, done.stdout
    return found


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str]]:
    with pytest.MonkeyPatch.context() as patch:
        return run_all(commands(CI), tmp_path_factory.mktemp("ci"), patch, slower=1.2)


def test_every_command_of_the_pipeline_runs_and_its_exit_code_is_the_answer(
    answers: dict[str, tuple[int, str]],
) -> None:
    assert len(answers) >= 8
    for command, (code, said) in answers.items():
        gate = "--max-slowdown" in command or command.startswith("howfar regress")
        assert code == (1 if gate else 0), (command, said)


def test_the_pipeline_s_answers_name_the_version(answers: dict[str, tuple[int, str]]) -> None:
    (said,) = (
        said for command, (_, said) in answers.items() if command.startswith("howfar regress tfjs --versions 4.17")
    )
    assert "4.22.0 became slower: it takes 1." in said and "the time of 4.21.0" in said
    (advised,) = (said for command, (_, said) in answers.items() if command.startswith("howfar advise"))
    assert "mlp(3,200) inference, batch 1: take tfjs@4.22.0" in advised


def test_where_nothing_became_slower_the_pipeline_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [command for command in commands(CI) if "gap" not in command]
    assert {code for code, _ in run_all(asked, tmp_path, monkeypatch, slower=1.0).values()} == {0}


def test_the_pipeline_s_document_is_found_from_the_first_page() -> None:
    assert "(docs/ci.md)" in (CI.parents[1] / "README.md").read_text("utf-8")


# What the first page shows, with nothing measured.
README = CI.parents[1] / "README.md"
# What stands for something of the reader's. Searching versions, and comparing and advising by what was measured, are
# run above; the doctor in tests/browser.
PLACES = {"RESULTS": "results", "results/paper": "results", "FOLDER": "kept", "MODEL": "keras:MobileNetV2",
          "STUDY": "quick", "MINUTES": "30"}  # fmt: skip
RUN_ELSEWHERE = ("regress", "compare", "advise", "doctor")


def shown_first() -> list[str]:
    """The commands of the first page's table."""
    found = re.findall(r"^\| `howfar ([^`]+)`", README.read_text("utf-8"), re.MULTILINE)
    return [command for command in found if command.split()[0] not in RUN_ELSEWHERE]


@pytest.mark.parametrize("command", shown_first())
def test_every_command_of_the_first_page_is_one(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[int]] = []

    def measure(chosen: Sequence[Study], *_: Any, **__: Any) -> None:
        asked.append([len(list(experiments.cells(one, one.experiments))) for one in chosen if one.experiments])

    monkeypatch.chdir(tmp_path)
    test_cli.fill(tmp_path)
    monkeypatch.setattr(measuring, "measure", measure)
    monkeypatch.setattr(serving, "serve", lambda *_, **__: contextlib.nullcontext("http://localhost"))
    monkeypatch.setattr(signal, "pause", lambda: None)
    words = [PLACES.get(word, word) for word in shlex.split(command)]
    done = CliRunner().invoke(cli.app, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    if words[0] in ("quick", "run", "bench") or words == ["serve", "quick"]:
        assert asked and all(count for counts in asked for count in counts)


def test_the_first_page_shows_every_command() -> None:
    text = README.read_text("utf-8")
    for command in cli.app.registered_commands:
        name = command.name or getattr(command.callback, "__name__", "")
        assert f"`howfar {name}" in text, name
