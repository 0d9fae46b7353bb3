"""A tiny model through everything but the process of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

import small_models
from graphs.everything import rows
from howfar import portfolio
from howfar.errors import UserError
from howfar.graphs import writers
from howfar.graphs.graph import Activation, Graph
from howfar.handed import TensorSpec
from howfar.portfolio import Portfolio, Prepared
from howfar.sources import blaming, making, memory
from howfar.sources.request import Request, model_of
from howfar.sources.source import Source

pytest.importorskip("tensorflow")
pytest.importorskip("onnxruntime")
# Keras's variables and TensorFlow Lite's interpreter warn of what is to come, in their own code.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation"),
    pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated"),
]


def made(request: Request, folder: Path) -> Prepared:
    folder.mkdir()
    making.make(request, model_of(request), folder, lambda _: None)
    return portfolio.read(folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("making")
    small_models.keras_model().save(place / "small_models.keras")
    made(Request(str(place / "small_models.keras"), seed=5), place / "made")
    yield place


@pytest.fixture(scope="module")
def prepared(folder: Path) -> Prepared:
    return portfolio.read(folder / "made")


def test_a_keras_file_gives_every_form(prepared: Prepared) -> None:
    refused = {name for name, form in prepared.forms.items() if form.refused}
    assert refused == {"keras-js", "webdnn"}
    for name in ("onnx", "saved-model", "tflite"):
        error = prepared.forms[name].max_relative_error
        assert error is not None
        assert error < 1e-5
        assert prepared.forms[name].checked_by
    assert prepared.forms["tfjs-graph"].checked_by == ""
    assert prepared.tolerance == 2e-4


def test_what_is_known_of_the_model(prepared: Prepared, folder: Path) -> None:
    assert prepared.inputs == (TensorSpec("image", (1, 8, 8, 3)),)
    assert prepared.outputs == (TensorSpec("classes", (1, 5)),)
    assert (prepared.parameters, prepared.trainable_parameters) == (149, 141)
    assert prepared.multiply_adds == 8 * 8 * 27 * 4 + 4 * 5
    assert (prepared.source, prepared.weights) == ("Keras file small_models.keras", "of the file")
    assert (folder / "made/inputs.bin").stat().st_size == 3 * 8 * 8 * 3 * 4


def test_outputs_are_the_model_s_own(prepared: Prepared, folder: Path) -> None:
    book = Portfolio({prepared.model: folder / "made"})
    inputs = np.fromfile(book.inputs(prepared.model), np.float32).reshape(3, 8, 8, 3)
    np.testing.assert_allclose(book.outputs(prepared.model), small_models.keras_model()(inputs), atol=1e-6)


def test_sizes_are_of_the_files(prepared: Prepared, folder: Path) -> None:
    for name in ("onnx", "tflite", "tfjs-graph", "tfjs-layers", "saved-model"):
        form = prepared.forms[name]
        files = [folder / "made" / name / file for file in form.files]
        assert form.size_bytes == sum(file.stat().st_size for file in files) > 0
        assert form.gzip_bytes > 0
        if name != "saved-model":
            assert form.float16_bytes is not None and form.uint8_bytes is not None
            assert form.uint8_bytes < form.float16_bytes < form.size_bytes


def test_an_onnx_file_is_kept_as_it_is(tmp_path: Path) -> None:
    file = small_models.onnx_file(tmp_path / "small_models.onnx")
    result = made(Request(str(file)), tmp_path / "made")
    assert (tmp_path / "made/onnx/model.onnx").read_bytes() == file.read_bytes()
    assert not any(result.forms[name].refused for name in ("onnx", "tfjs-graph", "saved-model", "tflite"))
    assert result.inputs == (TensorSpec("x", (1, 3)),)


def test_an_open_onnx_file_is_fixed(tmp_path: Path) -> None:
    file = small_models.onnx_file(tmp_path / "small_models.onnx", ("batch", 3))
    result = made(Request(str(file), batch=4), tmp_path / "made")
    import onnx  # noqa: PLC0415

    (x,) = onnx.load(tmp_path / "made/onnx/model.onnx").graph.input
    assert [one.dim_value for one in x.type.tensor_type.shape.dim] == [4, 3]
    assert result.outputs == (TensorSpec("y", (4, 2)),)


def test_weights_beside_an_onnx_file_are_put_into_it(tmp_path: Path) -> None:
    file = small_models.onnx_file_beside(tmp_path / "small_models.onnx", "weights.bin")
    result = made(Request(str(file)), tmp_path / "made")
    assert result.forms["onnx"].files == ("model.onnx",)
    assert result.forms["onnx"].max_relative_error == 0.0


@pytest.mark.parametrize("name", ["sequential.keras", "sequential.h5"])
def test_a_sequential_model_gives_every_form(name: str, tmp_path: Path) -> None:
    small_models.sequential_model().save(tmp_path / name)
    result = made(Request(str(tmp_path / name)), tmp_path / "made")
    assert {form for form, made_of in result.forms.items() if made_of.refused} == {"keras-js", "webdnn"}
    assert result.outputs == (TensorSpec("scores", (1, 2)),)
    assert result.parameters == 8 * 3 + 3 + 3 * 2 + 2


def test_integers_are_fed_within_the_table(tmp_path: Path) -> None:
    small_models.words_model().save(tmp_path / "words.keras")
    result = made(Request(str(tmp_path / "words.keras")), tmp_path / "made")
    words = np.fromfile(tmp_path / "made/inputs.bin", np.int32)
    assert result.inputs == (TensorSpec("words", (1, 6), "int32"),)
    assert 0 <= words.min() <= words.max() == 6
    assert not any(result.forms[name].refused for name in ("onnx", "tfjs-graph", "saved-model", "tflite"))


def test_own_inputs_are_what_is_measured(tmp_path: Path) -> None:
    file = small_models.onnx_file(tmp_path / "small_models.onnx")
    np.savez(tmp_path / "x.npz", x=np.array([[1, 2, 3], [4, 5, 6]], np.float32))
    result = made(Request(str(file), inputs=str(tmp_path / "x.npz")), tmp_path / "made")
    assert result.samples == 2
    assert np.fromfile(tmp_path / "made/inputs.bin", np.float32).tolist() == [1, 2, 3, 4, 5, 6]


def test_a_wrong_form_is_refused_and_says_which_operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(graph: Graph, folder: Path) -> tuple[str, ...]:
        def changed(node: Any) -> Any:
            relu = isinstance(node.operation, Activation)
            return msgspec.structs.replace(node, operation=Activation("sigmoid")) if relu else node

        return write(msgspec.structs.replace(graph, nodes=tuple(map(changed, graph.nodes))), folder)

    write = writers.WRITERS["saved-model"]
    monkeypatch.setattr(making, "WRITERS", {**writers.WRITERS, "saved-model": wrong})
    monkeypatch.setattr(blaming, "WRITERS", {**writers.WRITERS, "saved-model": wrong})
    file = small_models.onnx_file(tmp_path / "small_models.onnx")
    result = made(Request(str(file)), tmp_path / "made")
    said = result.forms["saved-model"].refused
    assert "of their scale against ONNX Runtime's: Activation 'last' is the first operator" in said
    assert result.forms["tflite"].refused == ""
    assert result.native_spread < 1e-5


def test_outputs_that_are_no_numbers_are_said(tmp_path: Path) -> None:
    file = small_models.onnx_file(tmp_path / "small_models.onnx", operator="Sqrt")
    with pytest.raises(UserError, match="its outputs are not all numbers; give inputs that it is made for"):
        made(Request(str(file)), tmp_path / "made")


def test_an_unknown_operator_is_named(tmp_path: Path) -> None:
    file = small_models.onnx_file(tmp_path / "small_models.onnx", operator="Frobnicate")
    with pytest.raises(UserError, match=r"ONNX Runtime cannot take it: .*Frobnicate"):
        made(Request(str(file)), tmp_path / "made")


def test_an_operator_that_howfar_does_not_read_leaves_the_own_form(tmp_path: Path) -> None:
    file = small_models.onnx_file(tmp_path / "small_models.onnx", operator="Hardmax")
    result = made(Request(str(file)), tmp_path / "made")
    assert not result.forms["onnx"].refused
    assert "Hardmax" in result.forms["tfjs-graph"].refused


def test_a_form_that_takes_more_memory_than_there_is_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of recurrent layers, which another's converter writes."""
    monkeypatch.setattr(memory, "LOOPS_COPIES", 10**12)
    for graph, refused in ((rows(), True), (rows(loops=False), False)):
        write = making.writer_of("tflite", Source("", "", (), list, (), graph=graph))
        assert isinstance(write, str) == refused
        assert not refused or "preparing it takes about" in str(write)
