"""ONNX files read: each operator, and whole nets, against ONNX Runtime."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

from graphs.evaluating import evaluate
from graphs.onnx_made import node, same, saved, weights
from graphs.running import drawn, kinds
from howfar.graphs.from_onnx import read
from howfar.graphs.graph import Unreadable

IMAGE = {"x": (2, 3, 8, 7)}


def integers(*values: int) -> Any:
    return np.array(values, np.int64)


ONES = np.ones(4, np.float32)

# Kind, attributes, the constants behind x.
SINGLE: list[tuple[str, dict[str, Any], list[Any]]] = [
    ("Conv", {"pads": [1, 0, 2, 1], "strides": [2, 1]}, [weights(4, 3, 3, 2), weights(4)]),
    ("Conv", {"dilations": [2, 3]}, [weights(4, 3, 2, 2)]),
    ("Conv", {"group": 3, "auto_pad": "SAME_LOWER", "strides": [2, 2]}, [weights(6, 1, 2, 2)]),
    ("Conv", {"auto_pad": "SAME_UPPER", "strides": [1, 2]}, [weights(4, 3, 2, 3)]),
    ("ConvTranspose", {"strides": [2, 2], "pads": [1] * 4, "output_padding": [1, 1]}, [weights(3, 4, 3, 3), ONES]),
    ("ConvTranspose", {"strides": [2, 2], "auto_pad": "SAME_UPPER"}, [weights(3, 4, 3, 3)]),
    ("MaxPool", {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}, []),
    ("MaxPool", {"kernel_shape": [3, 2], "strides": [2, 2], "ceil_mode": 1}, []),
    ("AveragePool", {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}, []),
    ("AveragePool", {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1}, []),
    ("AveragePool", {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}, []),
    ("GlobalAveragePool", {}, []),
    ("GlobalMaxPool", {}, []),
    ("BatchNormalization", {"epsilon": 1e-3}, [weights(3), weights(3), weights(3), np.abs(weights(3)) + 0.5]),
    ("InstanceNormalization", {}, [weights(3), weights(3)]),
    ("LayerNormalization", {"axis": -1}, [weights(7), weights(7)]),
    ("LayerNormalization", {"axis": 1}, [weights(3, 8, 7)]),
    ("LRN", {"size": 3, "alpha": 0.5, "beta": 0.75, "bias": 2.0}, []),
    ("PRelu", {}, [weights(3, 1, 1)]),
    ("Clip", {}, [np.array(-0.5, np.float32), np.array(0.7, np.float32)]),
    ("Clip", {}, [np.array(0, np.float32), np.array(6, np.float32)]),
    ("HardSigmoid", {"alpha": 0.2}, []),
    ("LeakyRelu", {"alpha": 0.3}, []),
    ("Elu", {"alpha": 0.7}, []),
    ("Softmax", {"axis": 1}, []),
    ("LogSoftmax", {"axis": -1}, []),
    ("Pow", {}, [np.array([2.0], np.float32)]),
    ("Add", {}, [weights(3, 1, 1)]),
    ("Mul", {}, [weights(7)]),
    ("Sub", {}, [np.array(3, np.float32)]),
    ("Reshape", {}, [integers(2, 3, -1)]),
    ("Reshape", {}, [integers(0, -1)]),
    ("Flatten", {"axis": 2}, []),
    ("Transpose", {"perm": [0, 2, 3, 1]}, []),
    ("Squeeze", {}, []),
    ("Unsqueeze", {}, [integers(1, -1)]),
    ("Slice", {}, [integers(1, -3), integers(2**40, -1), integers(2, 3)]),
    ("Slice", {}, [integers(1), integers(7), integers(3), integers(2)]),
    ("Gather", {"axis": 1}, [integers(2, 0, -1)]),
    ("Gather", {"axis": 3}, [np.array(-2, np.int64)]),
    ("Pad", {"mode": "constant"}, [integers(0, 0, 1, 2, 0, 0, 3, 0), np.array(0.5, np.float32)]),
    ("Pad", {"mode": "reflect"}, [integers(0, 0, 1, 2, 0, 0, 3, 0)]),
    ("Pad", {"mode": "edge"}, [integers(0, 0, 1, 2, 0, 0, 3, 0)]),
    ("ReduceMean", {"axes": [2, 3], "keepdims": 0}, []),
    ("ReduceMax", {"axes": [-1]}, []),
    ("ReduceL2", {"axes": [1], "keepdims": 1}, []),
    ("ReduceSum", {"keepdims": 0}, [integers(1)]),
    ("Expand", {}, [integers(4, 1, 1, 1, 7)]),
    ("Tile", {}, [integers(1, 2, 1, 3)]),
    ("MatMul", {}, [weights(7, 5)]),
    ("SpaceToDepth", {"blocksize": 1}, []),
    ("Einsum", {"equation": "nchw,wk->nkch"}, [weights(7, 5)]),
]  # fmt: skip
PLAIN = ("Relu", "Sigmoid", "Tanh", "Softplus", "Softsign", "HardSwish", "Selu", "Exp", "Abs", "Neg", "Floor", "Ceil",
         "Round", "Sign", "Erf", "Sin", "Cos", "Reciprocal", "Identity", "Dropout")  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "attributes", "constants"), SINGLE, ids=lambda each: each if isinstance(each, str) else ""
)
@pytest.mark.parametrize("behind", ["alone", "inside"])
def test_an_operator(tmp_path: Path, kind: str, attributes: dict[str, Any], constants: list[Any], behind: str) -> None:
    """Alone its x lies as in the file; behind a convolution that leaves it as it is, channels last."""
    names = {f"c{i}": array for i, array in enumerate(constants)}
    same_again = weights(3, 3, 1, 1)
    before = [node("Conv", "input same_again", "x")] if behind == "inside" else []
    nodes = [*before, node(kind, " ".join(["x", *names]), "y", **attributes)]
    entry = {"input" if before else "x": IMAGE["x"]}
    same(saved(tmp_path / "m.onnx", nodes, entry, {**names, **({"same_again": same_again} if before else {})}))


@pytest.mark.parametrize("kind", PLAIN)
def test_an_operator_on_each_number(tmp_path: Path, kind: str) -> None:
    same(saved(tmp_path / "m.onnx", [node(kind, "x", "y")], IMAGE))


@pytest.mark.parametrize("rule", ["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"])
@pytest.mark.parametrize(("height", "width"), [(16, 21), (5, 4), (11, 7)])
@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_resizing(tmp_path: Path, rule: str, height: int, width: int, mode: str) -> None:
    sizes = {"sizes": integers(2, 3, height, width)}
    resize = node("Resize", "x _ _ sizes", "y", mode=mode, coordinate_transformation_mode=rule)
    same(saved(tmp_path / "m.onnx", [resize], IMAGE, sizes), limit=1e-4)


@pytest.mark.parametrize("rounding", ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
def test_resizing_to_the_nearest(tmp_path: Path, rounding: str) -> None:
    scales = {"scales": np.array([1, 1, 0.5, 2], np.float32)}
    resize = node("Resize", "x _ scales", "y", mode="nearest", nearest_mode=rounding)
    same(saved(tmp_path / "m.onnx", [resize], IMAGE, scales))


def test_a_convolutional_net_has_no_transposes_inside(tmp_path: Path) -> None:
    """Convolutions, a residual, concatenation, squeeze and excitation, flattening before Gemm: one Transpose, of the
    input."""
    constants = {
        "k0": weights(8, 3, 3, 3), "k1": weights(8, 8, 3, 3), "s": weights(8), "e": weights(8, 8),
        "w": weights(10, 16 * 6 * 6), "b": weights(10),
        "v": np.abs(weights(8)) + 1, "shape": integers(0, -1), "four": integers(0, 8, 1, 1),
    }  # fmt: skip
    nodes = [
        node("Conv", "x k0 s", "a", pads=[1] * 4), node("BatchNormalization", "a s s s v", "n"), node("Relu", "n", "r"),
        node("Conv", "r k1", "c", pads=[1] * 4), node("Add", "c r", "sum"), node("GlobalAveragePool", "sum", "g"),
        node("Flatten", "g", "flat"), node("MatMul", "flat e", "h"), node("Sigmoid", "h", "gate"),
        node("Reshape", "gate four", "gates"), node("Mul", "sum gates", "scaled"),
        node("Concat", "scaled r", "both", axis=1), node("MaxPool", "both", "p", kernel_shape=[2, 2], strides=[2, 2]),
        node("Reshape", "p shape", "row"), node("Gemm", "row w b", "logits", transB=1), node("Softmax", "logits", "y"),
    ]  # fmt: skip
    graph = same(saved(tmp_path / "m.onnx", nodes, {"x": ("n", 3, 12, 12)}, constants), {"x": (2, 3, 12, 12)})
    assert kinds(graph).count("Transpose") == 1
    assert graph.shapes[graph.outputs[0]] == (2, 10)


def test_shuffled_channels_stay_last(tmp_path: Path) -> None:
    """ShuffleNet's reshape, transpose, reshape: a transpose of the channels alone."""
    constants = {"k": weights(6, 3, 1, 1), "a": integers(2, 2, 3, 8, 7), "b": integers(2, 6, 8, 7)}
    nodes = [
        node("Conv", "x k", "c"), node("Reshape", "c a", "g"), node("Transpose", "g", "t", perm=[0, 2, 1, 3, 4]),
        node("Reshape", "t b", "s"), node("Conv", "s k2", "y"),
    ]  # fmt: skip
    graph = same(saved(tmp_path / "m.onnx", nodes, IMAGE, {**constants, "k2": weights(4, 6, 1, 1)}))
    assert kinds(graph) == ["Transpose", "Convolution", "Reshape", "Transpose", "Reshape", "Convolution", "Transpose"]


def test_a_net_whose_input_is_channels_last_has_no_transpose(tmp_path: Path) -> None:
    """As tf2onnx writes it."""
    nodes = [
        node("Transpose", "x", "t", perm=[0, 3, 1, 2]), node("Conv", "t k", "c"), node("Relu", "c", "r"),
        node("Transpose", "r", "y", perm=[0, 2, 3, 1]),
    ]  # fmt: skip
    graph = same(saved(tmp_path / "m.onnx", nodes, {"x": (1, 8, 8, 3)}, {"k": weights(4, 3, 3, 3)}))
    assert kinds(graph) == ["Convolution", "Activation"]


def test_shapes_worked_out_while_reading(tmp_path: Path) -> None:
    """As torch flattens: a shape taken from a tensor, a part of it, joined with -1."""
    nodes = [
        node("Shape", "x", "s"), node("Gather", "s zero", "n", axis=0), node("Unsqueeze", "n axis", "n1"),
        node("Concat", "n1 rest", "shape", axis=0), node("Reshape", "x shape", "y"),
    ]  # fmt: skip
    constants = {"zero": np.array(0, np.int64), "axis": integers(0), "rest": integers(-1)}
    graph = same(saved(tmp_path / "m.onnx", nodes, {"x": ("n", 3, 4)}, constants), {"x": (5, 3, 4)})
    assert kinds(graph) == ["Reshape"]


def test_self_attention(tmp_path: Path) -> None:
    """One block of a transformer from token numbers, with a masked softmax."""
    d, heads, steps, words = 8, 2, 5, 11
    numbers = {"scale": 0.5, "low": -np.inf, "root": np.sqrt(2), "one": 1, "half": 0.5}
    constants = {
        "table": weights(words, d), "wq": weights(d, d), "wk": weights(d, d), "wv": weights(d, d),
        "g": weights(d), "b": weights(d),
        "split": integers(0, 0, heads, d // heads), "join": integers(0, 0, d), 
        "mask": np.triu(np.ones((steps, steps)), 1).astype(bool), "w1": weights(d, 16), "b1": weights(16),
        **{name: np.array(value, np.float32) for name, value in numbers.items()},
    }  # fmt: skip
    nodes = [node("Gather", "table ids", "x"), node("LayerNormalization", "x g b", "n")]
    for part in "qkv":
        nodes += [
            node("MatMul", f"n w{part}", f"{part}0"), node("Reshape", f"{part}0 split", f"{part}1"),
            node("Transpose", f"{part}1", part, perm=[0, 2, 3, 1] if part == "k" else [0, 2, 1, 3]),
        ]  # fmt: skip
    nodes += [
        node("MatMul", "q k", "qk"), node("Mul", "qk scale", "scaled"), node("Where", "mask low scaled", "masked"),
        node("Softmax", "masked", "p"), node("MatMul", "p v", "pv"), node("Transpose", "pv", "t", perm=[0, 2, 1, 3]),
        node("Reshape", "t join", "joined"), node("Add", "joined x", "sum"), node("MatMul", "sum w1", "h0"),
        node("Add", "b1 h0", "h"), node("Div", "h root", "d"), node("Erf", "d", "e"), node("Add", "e one", "e1"),
        node("Mul", "h e1", "m"), node("Mul", "m half", "y"),
    ]  # fmt: skip
    path = saved(tmp_path / "m.onnx", nodes, {"ids": ("n", "s")}, constants, types={"ids": TensorProto.INT64})
    graph = same(path, {"ids": (2, steps)})
    assert graph.inputs[0].dtype == "int64"
    assert kinds(graph)[-1] == "Activation"


def test_a_mask_that_is_worked_out(tmp_path: Path) -> None:
    """As exporters write attention: what the mask hides, or lies between two numbers, is minus infinity."""
    constants = {"axes": integers(1, 2), "low": np.array(-0.5, np.float32), "zero": np.array(0, np.float32),
                 "one": np.array(1, np.int64), "hidden": np.array(-np.inf, np.float32),
                 "causal": np.tril(np.ones((8, 7))).astype(bool)}  # fmt: skip
    nodes = [
        node("Unsqueeze", "mask axes", "m"), node("Cast", "m", "there", to=TensorProto.BOOL),
        node("Not", "there", "away"), node("Equal", "m one", "first"), node("Or", "away first", "out"),
        node("GreaterOrEqual", "x low", "above"), node("Less", "x zero", "below"),
        node("And", "above below", "between"), node("Or", "out between", "gone"),
        node("Where", "gone hidden x", "s0"), node("Where", "causal s0 hidden", "seen"),
        node("Greater", "seen low", "large"), node("LessOrEqual", "seen zero", "small"),
        node("Where", "large x zero", "y0"), node("Where", "small zero y0", "y"),
    ]  # fmt: skip
    entries = {"mask": (2, 7), "x": (2, 3, 8, 7)}
    same(saved(tmp_path / "m.onnx", nodes, entries, constants, types={"mask": TensorProto.INT64}))


@pytest.mark.parametrize(("kind", "function"), [("Sub", np.subtract), ("Less", np.less)])
def test_before_opset_7_a_constant_may_lie_from_an_axis_on(tmp_path: Path, kind: str, function: np.ufunc) -> None:
    """ONNX Runtime takes no such file: what it means is ONNX's own text."""
    constant = weights(3, 4)
    nodes = [node(kind, "x c", "y", axis=1, broadcast=1)]
    graph = read(saved(tmp_path / "m.onnx", nodes, {"x": (2, 3, 4, 5)}, {"c": constant}, opset=6), {})
    (x,) = drawn(graph)
    (found,) = evaluate(graph, [x])
    assert np.allclose(found.astype(float), function(x, constant[:, :, None]).astype(float), atol=1e-6)


@pytest.mark.parametrize("half_first", [True, False])
@pytest.mark.parametrize("divided", [True, False])
def test_gelu_in_parts_is_found(tmp_path: Path, half_first: bool, divided: bool) -> None:
    """As PyTorch writes it before opset 20, and as TensorFlow does."""
    root = np.sqrt(2) if divided else np.sqrt(0.5)
    constants = {"root": np.array(root, np.float32), "one": np.ones(1, np.float32), "half": np.array(0.5, np.float32)}
    nodes = [node("Div" if divided else "Mul", "x root", "d"), node("Erf", "d", "e"), node("Add", "one e", "e1")]
    first = [node("Mul", "half x", "h"), node("Mul", "h e1", "y")]
    last = [node("Mul", "x e1", "p"), node("Mul", "p half", "y")]
    graph = same(saved(tmp_path / "m.onnx", nodes + (first if half_first else last), IMAGE, constants))
    assert kinds(graph) == ["Activation"]


def test_what_is_only_like_gelu_stays(tmp_path: Path) -> None:
    constants = {"root": np.array(1.5, np.float32), "one": np.ones(1, np.float32), "half": np.array(0.5, np.float32)}
    nodes = [
        node("Div", "x root", "d"), node("Erf", "d", "e"), node("Add", "one e", "e1"), node("Mul", "x e1", "p"),
        node("Mul", "p half", "y"),
    ]  # fmt: skip
    graph = same(saved(tmp_path / "m.onnx", nodes, IMAGE, constants))
    assert kinds(graph) == ["Binary", "Unary", "Binary", "Binary", "Binary"]


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_recurrent_layers(tmp_path: Path, kind: str, direction: str) -> None:
    """All steps' outputs, and the last ones."""
    ways, units, gates = 1 + (direction == "bidirectional"), 4, 4 if kind == "LSTM" else 3
    constants = {
        "w": weights(ways, gates * units, 3), "r": weights(ways, gates * units, units),
        "b": weights(ways, 2 * gates * units), "zero": integers(0),
    }  # fmt: skip
    more = {"linear_before_reset": 1} if kind == "GRU" else {}
    layer = node(kind, "t w r b", "all last", hidden_size=units, direction=direction, **more)
    nodes = [node("Transpose", "x", "t", perm=[1, 0, 2]), layer, node("ReduceSum", "last zero", "kept", keepdims=0)]
    nodes += [node("ReduceMean", "all", "mean", axes=[0], keepdims=0), node("Concat", "mean last", "y", axis=0)]
    same(saved(tmp_path / "m.onnx", nodes, {"x": (2, 5, 3)}, constants))


def test_a_convolution_of_one_dimension(tmp_path: Path) -> None:
    nodes = [node("Conv", "x k", "c", pads=[1, 1], strides=[2]), node("MaxPool", "c", "y", kernel_shape=[2])]
    same(saved(tmp_path / "m.onnx", nodes, {"x": (2, 3, 9)}, {"k": weights(4, 3, 3)}))


def test_a_split_into_several_outputs(tmp_path: Path) -> None:
    nodes = [node("Conv", "x k", "c"), node("Split", "c sizes", "a b", axis=1)]
    same(saved(tmp_path / "m.onnx", nodes, IMAGE, {"k": weights(5, 3, 1, 1), "sizes": integers(2, 3)}))


def test_an_unknown_operator_is_named_with_its_node(tmp_path: Path) -> None:
    path = saved(tmp_path / "m.onnx", [node("Relu", "x", "r"), node("NonZero", "r", "y")], IMAGE)
    with pytest.raises(Unreadable, match=r"NonZero \(NonZero_of_y\)"):
        read(path, {})


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        ({}, "say its shape"),
        ({"x": (2, 4, 8, 7)}, "is \\(\\?, 3, 8, 7\\)"),
        ({"z": (1,)}, "no input z"),
        ({"x": (2, 3)}, "not"),
    ],
)
def test_shapes_that_do_not_fit(tmp_path: Path, shapes: dict[str, tuple[int, ...]], said: str) -> None:
    path = saved(tmp_path / "m.onnx", [node("Relu", "x", "y")], {"x": ("n", 3, 8, 7)})
    with pytest.raises(Unreadable, match=said):
        read(path, shapes)
