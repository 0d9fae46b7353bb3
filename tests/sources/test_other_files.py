"""SavedModels, TensorFlow.js's files and .tflite files, as sources."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import small_models
from howfar.errors import UserError
from howfar.graphs.from_keras import read
from howfar.graphs.writers import WRITERS
from howfar.handed import TensorSpec
from howfar.sources import loading
from howfar.sources.request import Request
from howfar.sources.source import Source

tf = pytest.importorskip("tensorflow")
# Keras's variables and TensorFlow Lite's interpreter warn of what is to come, in their own code.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation"),
    pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated"),
]

IMAGE = np.random.default_rng(1).normal(size=(1, 8, 8, 3)).astype(np.float32)


def right() -> Any:
    return small_models.keras_model()(IMAGE).numpy()


def exported(folder: Path) -> Path:
    model = small_models.keras_model()
    function = tf.function(lambda image: {"classes": model(image)})
    spec = tf.TensorSpec((None, 8, 8, 3), name="image")
    tf.saved_model.save(model, str(folder), signatures=function.get_concrete_function(spec))
    return folder


def check(source: Source) -> None:
    np.testing.assert_allclose(source.run([IMAGE])[0], right(), atol=1e-6)


def test_a_saved_model(tmp_path: Path) -> None:
    source = loading.load(Request(str(exported(tmp_path / "saved"))))
    check(source)
    assert source.inputs == (TensorSpec("image", (1, 8, 8, 3)),)
    assert source.output_names == ("classes",)
    assert source.graph is not None, source.unreadable
    (tmp_path / "copy").mkdir()
    assert "saved_model.pb" in source.own["saved-model"](tmp_path / "copy")


class Reaching(tf.Module):  # type: ignore[misc, name-defined]  # TensorFlow ships no types
    """A module that does something besides."""

    def __init__(self, reach: Callable[[Any], Any]) -> None:
        super().__init__()
        self.reach = reach

    @tf.function(input_signature=[tf.TensorSpec((1, 2))])  # type: ignore[untyped-decorator]
    def __call__(self, x: Any) -> Any:
        return self.reach(x)


def reaching(folder: Path, kind: str) -> Callable[[Any], Any]:
    def write(x: Any) -> Any:
        with tf.control_dependencies([tf.io.write_file(str(folder / "touched"), "x")]):
            return x + 1

    def save(x: Any) -> Any:
        saving = tf.raw_ops.SaveV2(
            prefix=str(folder / "touched"), tensor_names=["x"], shape_and_slices=[""], tensors=[x]
        )
        with tf.control_dependencies([saving]):
            return x + 1

    return {
        "WriteFile": write,
        "SaveV2": save,
        "ReadFile": lambda x: x + tf.cast(tf.strings.length(tf.io.read_file(str(folder / "x"))), tf.float32),
        "EagerPyFunc": lambda x: tf.ensure_shape(tf.py_function(lambda y: y, [x], tf.float32), (1, 2)),
        "PrintV2": lambda x: (tf.print(x, output_stream=f"file://{folder / 'touched'}"), x + 1)[1],
    }[kind]


@pytest.mark.parametrize("kind", ["WriteFile", "SaveV2", "ReadFile", "EagerPyFunc", "PrintV2"])
def test_a_saved_model_that_reaches_outside_is_refused(tmp_path: Path, kind: str) -> None:
    module = Reaching(reaching(tmp_path, kind))
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures=module.__call__)
    with pytest.raises(UserError, match=f"its operator {kind} .* reaches outside of the model"):
        loading.load(Request(str(tmp_path / "saved")))
    assert not list(tmp_path.glob("touched*"))


def test_a_saved_model_without_its_variables_is_said(tmp_path: Path) -> None:
    folder = exported(tmp_path / "saved")
    next(folder.glob("variables/*.data*")).unlink()
    with pytest.raises(UserError, match="TensorFlow cannot take it"):
        loading.load(Request(str(folder)))


@pytest.mark.parametrize("form", ["tfjs-layers", "tfjs-graph"])
def test_tensorflow_js_s_files(tmp_path: Path, form: Any) -> None:
    WRITERS[form](read(small_models.keras_model()), tmp_path)
    source = loading.load(Request(str(tmp_path / "model.json")))
    check(source)
    assert source.runtime == "TensorFlow"
    assert source.graph is not None, source.unreadable
    assert [spec.shape for spec in source.inputs] == [(1, 8, 8, 3)]
    (tmp_path / "copy").mkdir()
    assert set(source.own[form](tmp_path / "copy")) == {"model.json", "weights.bin"}


def test_a_cut_shard_is_said(tmp_path: Path) -> None:
    WRITERS["tfjs-layers"](read(small_models.keras_model()), tmp_path)
    shard = tmp_path / "weights.bin"
    shard.write_bytes(shard.read_bytes()[:-9])
    with pytest.raises(UserError, match=r"weights.bin"):
        loading.load(Request(str(tmp_path)))


def test_a_tflite_file_is_measured_as_it_is(tmp_path: Path) -> None:
    WRITERS["tflite"](read(small_models.keras_model()), tmp_path)
    source = loading.load(Request(str(tmp_path / "model.tflite")))
    check(source)
    assert source.graph is None
    assert list(source.own) == ["tflite"]
    with pytest.raises(UserError, match="--batch: its batch is 1, and fixed"):
        loading.load(Request(str(tmp_path / "model.tflite"), batch=2))


def test_a_cut_tflite_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "cut.tflite").write_bytes(b"\x1c\0\0\0TFL3" + bytes(20))
    with pytest.raises(UserError, match="TensorFlow Lite cannot take it"):
        loading.load(Request(str(tmp_path / "cut.tflite")))
