"""ONNX files that are broken, or point where they must not."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from graphs.onnx_made import node, same, saved, weights
from howfar.errors import UserError
from howfar.graphs.from_onnx import read
from howfar.graphs.graph import Unreadable


def with_data(path: Path, **place: str | int) -> Path:
    """A Gemm whose weights (4, 5) lie in another file."""
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4, 5], data_location=TensorProto.EXTERNAL)
    for key, value in place.items():
        tensor.external_data.add(key=key, value=str(value))
    entry = helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 4])
    graph = helper.make_graph(
        [node("Gemm", "x w", "y")], "made", [entry], [helper.make_empty_tensor_value_info("y")], [tensor]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def test_weights_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(bytes(16) + weights(4, 5).tobytes())
    graph = read(with_data(tmp_path / "m.onnx", location="weights", offset=16, length=80), {})
    (constant,) = graph.constants.values()
    assert np.array_equal(constant, weights(4, 5))


@pytest.mark.parametrize("location", ["../weights", "/etc/passwd", "link", "a/../../weights", "C:\\weights", ""])
def test_weights_outside_of_the_folder(tmp_path: Path, location: str) -> None:
    (tmp_path / "weights").write_bytes(bytes(80))
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "weights")
    with pytest.raises(UserError, match="outside its folder"):
        read(with_data(folder / "m.onnx", location=location), {})


@pytest.mark.parametrize(("offset", "length"), [(8, 80), ("-4", 80), (0, 40), ("1e3", 80), (2**70, 80)])
def test_weights_past_the_end(tmp_path: Path, offset: str | int, length: int) -> None:
    (tmp_path / "weights").write_bytes(bytes(80))
    with pytest.raises(UserError, match="tensor 'w'"):
        read(with_data(tmp_path / "m.onnx", location="weights", offset=offset, length=length), {})


def test_weights_that_are_missing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="'weights' is missing"):
        read(with_data(tmp_path / "m.onnx", location="weights"), {})


def test_external_weights_in_an_attribute(tmp_path: Path) -> None:
    """Of a constant that ONNX's own code would otherwise be handed."""
    (tmp_path / "secret").write_bytes(bytes(80))
    (tmp_path / "model").mkdir()
    path = with_data(tmp_path / "model" / "m.onnx", location="../secret")
    model = onnx.load(str(path), load_external_data=False)
    value = model.graph.initializer.pop()
    model.graph.node.insert(0, helper.make_node("Constant", [], ["w"], value=value))
    path.write_bytes(model.SerializeToString())
    with pytest.raises(UserError, match="outside its folder"):
        read(path, {})


def test_a_file_cut_off_anywhere(tmp_path: Path) -> None:
    """Every cut ends in one of the errors that become one line."""
    whole = saved(
        tmp_path / "m.onnx",
        [node("Conv", "x k", "c"), node("Relu", "c", "y")],
        {"x": (1, 3, 8, 8)},
        {"k": weights(4, 3, 3, 3)},
    )
    data = whole.read_bytes()
    for size in [*range(0, len(data), 7)]:
        whole.write_bytes(data[:size])
        with pytest.raises((UserError, Unreadable)):
            read(whole, {})


def test_random_bytes(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for i in range(300):
        (tmp_path / "m.onnx").write_bytes(random.bytes(i))
        with pytest.raises((UserError, Unreadable)):
            read(tmp_path / "m.onnx", {})


def test_bytes_changed_at_random(tmp_path: Path) -> None:
    """A file with some bytes wrong is read, or refused with one of our errors."""
    path = saved(tmp_path / "m.onnx", [node("Conv", "x k", "c"), node("Reshape", "c s", "y")], {"x": (1, 3, 8, 8)},
                 {"k": weights(1, 3, 3, 3), "s": np.array([1, -1], np.int64)})  # fmt: skip
    data, random = path.read_bytes(), np.random.default_rng(0)
    refused = 0
    for _ in range(300):
        changed = bytearray(data)
        for place in random.integers(0, len(data), 3):
            changed[place] = int(random.integers(256))
        path.write_bytes(bytes(changed))
        try:
            read(path, {})
        except (UserError, Unreadable):
            refused += 1
    assert refused > 100


def test_a_constant_too_large_to_make(tmp_path: Path) -> None:
    nodes = [node("ConstantOfShape", "shape", "c"), node("Add", "x c", "y")]
    path = saved(tmp_path / "m.onnx", nodes, {"x": (1,)}, {"shape": np.array([2**40], np.int64)})
    with pytest.raises(Unreadable, match="a constant of"):
        read(path, {})


def test_a_model_with_functions_of_its_own(tmp_path: Path) -> None:
    path = saved(tmp_path / "m.onnx", [node("Relu", "x", "y")], {"x": (2, 3)})
    model = onnx.load(str(path))
    body = [helper.make_node("Neg", ["a"], ["b"]), helper.make_node("Relu", ["b"], ["c"])]
    model.functions.append(helper.make_function("own", "Twice", ["a"], ["c"], body, [helper.make_opsetid("", 17)]))
    model.opset_import.append(helper.make_opsetid("own", 1))
    model.graph.node[0].CopyFrom(helper.make_node("Twice", ["x"], ["y"], domain="own"))
    path.write_bytes(model.SerializeToString())
    same(path)
