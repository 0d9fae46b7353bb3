"""From a request to a folder, by a process of its own."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

import small_models
from howfar import portfolio, sources
from howfar.errors import UserError
from howfar.portfolio import FormName
from howfar.sources import checking, child, memory
from howfar.sources.request import Request, model_of

pytest.importorskip("tensorflow")
pytest.importorskip("onnxruntime")
# Keras's variables and TensorFlow Lite's interpreter warn of what is to come, in their own code.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation"),
    pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated"),
]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("HOWFAR_CACHE", str(tmp_path / "cache"))
    yield tmp_path / "cache"
    left = [path.name for path in tmp_path.glob("cache/models/.making-*")]
    assert not left, "half-made folders stay behind"


def test_what_can_be_prepared_is_made_once_and_then_lies_ready(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    request = Request(str(small_models.onnx_file(tmp_path / "small_models.onnx")))
    bad = Request(str(small_models.onnx_file(tmp_path / "bad.onnx", operator="Frobnicate")))
    book = sources.portfolio([request, bad])
    model = model_of(request)
    assert model in book
    assert "Frobnicate" in book.refused[model_of(bad)]
    assert set(book.files(model, "onnx")) == {"model.onnx"}
    assert "small_models.onnx: writing tfjs-graph" in capsys.readouterr().err
    monkeypatch.setattr(child, "prepare", None)  # whoever makes anything again fails
    assert sources.prepare(request).name == model.digest
    assert capsys.readouterr().err == ""


def test_only_what_is_asked_for_is_made_and_what_was_there_stays(tmp_path: Path) -> None:
    request = Request(str(small_models.onnx_file(tmp_path / "small_models.onnx")))
    model = model_of(request)
    few = sources.portfolio([request], ())[model]
    assert set(few.forms) == {"onnx", "tflite"}  # what is right is judged by them, whoever is measured
    more = sources.portfolio([request], {"tfjs-graph"})
    assert set(more[model].forms) == {"onnx", "tflite", "tfjs-graph"}
    assert set(more.files(model, "onnx")) == {"model.onnx"}
    made = portfolio.read(sources.models_dir() / model.digest)
    assert sources.portfolio([request], {"onnx"})[model] == made
    assert (made.native_spread, made.tolerance) == (few.native_spread, few.tolerance)


def test_other_forms_do_not_change_what_is_right() -> None:
    judged: dict[FormName, float] = {"onnx": 1e-5, "tflite": 3e-5}
    assert checking.spread(judged) == checking.spread({**judged, "saved-model": 1e-3}) == 3e-5
    assert checking.spread({"saved-model": 1e-3, "tflite": 0.5}) == 1e-3
    assert checking.spread({}) == 0


def test_what_another_howfar_made_is_made_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    request = Request(str(small_models.onnx_file(tmp_path / "small_models.onnx")))
    folder = sources.prepare(request)
    file = folder / portfolio.PREPARED
    whole = file.read_bytes()
    file.write_bytes(whole.replace(portfolio.read(folder).made_by.encode(), b"another"))
    capsys.readouterr()
    sources.prepare(request)
    assert file.read_bytes().count(b'"another"') == 0
    assert "small_models.onnx: writing tfjs-graph" in capsys.readouterr().err


def test_a_refusal_of_the_child_is_its_line(tmp_path: Path) -> None:
    request = Request(str(small_models.onnx_file(tmp_path / "small_models.onnx", ("n", "m"))))
    with pytest.raises(UserError, match=r"small_models.onnx: input 'x' is of open shape 1x\?; say --shape x=1x64"):
        sources.portfolio([request])


def test_wrong_inputs_are_said_in_one_line_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "inputs.npz", other=np.zeros(3, np.float32))
    model = small_models.onnx_file(tmp_path / "small_models.onnx")
    with pytest.raises(UserError, match=r"inputs.npz"):
        sources.prepare(Request(str(model), inputs=str(tmp_path / "inputs.npz")))
    assert capsys.readouterr().err == ""


def test_a_model_larger_than_memory_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "COPIES", 10**12)
    with pytest.raises(
        UserError, match=r"the model weighs 0.0 GB; preparing it takes about .* GB are free; free memory"
    ):
        sources.prepare(Request(str(small_models.onnx_file(tmp_path / "small_models.onnx"))))


@pytest.mark.parametrize("code", ["import os; os.kill(os.getpid(), 11)", "raise SystemExit('out of luck')"])
def test_a_child_that_dies_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(child, "COMMAND", ("-c", code))
    request = Request(str(small_models.onnx_file(tmp_path / "small_models.onnx")))
    with pytest.raises(UserError, match=r"small_models.onnx: .*(ended by SIGSEGV at once|failed at once: out of luck)"):
        sources.prepare(request)


def test_a_child_that_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "COMMAND", ("-c", "import time; time.sleep(60)"))
    monkeypatch.setattr(child, "LIMIT_SECONDS", 0.5)
    with pytest.raises(UserError, match=r"it took more than 0\.5 s"):
        sources.prepare(Request(str(small_models.onnx_file(tmp_path / "small_models.onnx"))))
    assert not [one for one in psutil.Process(os.getpid()).children(recursive=True) if "sleep" in str(one.cmdline())]
