"""ONNX files, run by ONNX Runtime and held against Keras."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from graphs.evaluating import evaluate
from graphs.everything import choices
from graphs.keras_cases import CASES, inputs_of, model_of, outputs_of
from graphs.running import apart, drawn
from howfar.graphs import onnx_file, to_onnx
from howfar.graphs.building import Builder
from howfar.graphs.from_keras import read
from howfar.graphs.graph import Dense, Unreadable
from howfar.handed import TensorSpec

pytest.importorskip("keras")
onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")


@pytest.mark.parametrize("name", CASES)
def test_onnx_runtime_gives_what_keras_gives(name: str, tmp_path: Path) -> None:
    model, inputs = model_of(name), inputs_of(name, 2)
    graph = read(model, batch_size=2)
    (file,) = to_onnx.write(graph, tmp_path)
    onnx.checker.check_model(str(tmp_path / file), full_check=True)
    session = onnxruntime.InferenceSession(str(tmp_path / file))
    fed = {spec.name: values for spec, values in zip(graph.inputs, inputs, strict=True)}
    made = session.run(list(graph.outputs), fed)
    for mine, right in zip(made, outputs_of(model, inputs), strict=True):
        np.testing.assert_allclose(mine, right, rtol=5e-5, atol=5e-5)


def test_what_depends_on_conditions_gives_the_same(tmp_path: Path) -> None:
    graph = choices()
    (file,) = to_onnx.write(graph, tmp_path)
    onnx.checker.check_model(str(tmp_path / file), full_check=True)
    x = drawn(graph)
    fed = {spec.name: values for spec, values in zip(graph.inputs, x, strict=True)}
    found = onnxruntime.InferenceSession(str(tmp_path / file)).run(list(graph.outputs), fed)
    for mine, right in zip(found, evaluate(graph, x), strict=True):
        assert apart(mine, right) < 1e-5


def kinds(name: str, folder: Path) -> Counter[str]:
    (file,) = to_onnx.write(read(model_of(name)), folder)
    return Counter(node.op_type for node in onnx.load(folder / file).graph.node)


def test_images_are_turned_once(tmp_path: Path) -> None:
    """At the door; a row behind the last image needs no turn, the dense layer's weights are in its order."""
    found = kinds("dense net", tmp_path)
    assert found["Transpose"] == 1
    assert found["Pad"] == 0
    assert found["BatchNormalization"] == 0


def test_attributes_of_windows_are_all_written(tmp_path: Path) -> None:
    (file,) = to_onnx.write(read(model_of("mobile")), tmp_path)
    nodes = [node for node in onnx.load(tmp_path / file).graph.node if node.op_type == "Conv"]
    assert len(nodes) == 5
    for node in nodes:
        assert {each.name for each in node.attribute} == {"kernel_shape", "strides", "pads", "dilations", "group"}


def test_a_file_of_more_than_two_gigabytes_is_refused(tmp_path: Path) -> None:
    b = Builder([TensorSpec("x", (1, 30_000))])
    graph = b.finish([b.add(Dense(), "x", b.filled(0.5, (30_000, 20_000)))])
    with pytest.raises(Unreadable, match=r"2\.40 GB"):
        to_onnx.write(graph, tmp_path)
    assert not list(tmp_path.iterdir())


def test_lengths_are_written_seven_bits_a_byte() -> None:
    assert [onnx_file._varint(number) for number in (0, 127, 128, 300)] == [b"\0", b"\x7f", b"\x80\x01", b"\xac\x02"]
