"""One's own model at its smallest, in every form that a page takes: y = relu(x A + a), z = y B, outputs z and y."""

import json
from collections.abc import Mapping
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from howfar.handed import TensorSpec
from howfar.portfolio import INPUTS, OUTPUTS, PREPARED, Form, FormName, Portfolio, Prepared
from howfar.records import Model

Array = NDArray[np.float32]

MODEL = Model("graph", name="tiny", digest="71a9")
SAMPLES = 4
X, Y, Z = TensorSpec("x", (1, 6)), TensorSpec("y", (1, 4)), TensorSpec("z", (1, 3))

RNG = np.random.default_rng(7)
A, a, B = (RNG.normal(size=shape).astype(np.float32) for shape in ((6, 4), (4,), (4, 3)))
SETS: Array = RNG.normal(size=(SAMPLES, 6)).astype(np.float32)


def outputs() -> Array:
    """(SAMPLES, z and y in a row), by NumPy."""
    y = np.maximum(SETS @ A + a, 0)
    return np.concatenate([y @ B, y], axis=1).astype(np.float32)


def onnx_file(between: str = "Identity") -> bytes:
    """By the onnx package itself. `between`: an operator on the way from y to z that leaves its numbers as they are."""
    from onnx import TensorProto, checker, helper, numpy_helper  # noqa: PLC0415 - needed by few tests

    def value(spec: TensorSpec) -> Any:
        return helper.make_tensor_value_info(spec.name, TensorProto.FLOAT, spec.shape)

    attributes: dict[str, Any] = {"lambd": 0.0} if between == "Shrink" else {}
    nodes = [
        helper.make_node("Gemm", ["x", "A", "a"], ["h"], name="first"),
        helper.make_node("Relu", ["h"], ["y"], name="bend"),
        helper.make_node(between, ["y"], ["s"], "between", **attributes),
        helper.make_node("MatMul", ["s", "B"], ["z"], name="second"),
    ]
    constants = [numpy_helper.from_array(array, name) for name, array in {"A": A, "a": a, "B": B}.items()]
    graph = helper.make_graph(nodes, "tiny", [value(X)], [value(Z), value(Y)], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    checker.check_model(model)
    return bytes(model.SerializeToString())


def tflite_file() -> bytes:
    """By TensorFlow Lite's own schema, which is read without the rest of TensorFlow: that takes seconds."""
    import flatbuffers  # noqa: PLC0415 - needed by few tests

    schema = _schema()
    arrays = {"A": A.T, "a": a, "B": B.T, "zeros": np.zeros(3, np.float32)}
    tensors: list[tuple[str, tuple[int, ...], Array | None]] = [(spec.name, spec.shape, None) for spec in (X, Y, Z)]
    tensors += [(name, array.shape, array) for name, array in arrays.items()]
    places = {name: place for place, (name, _, _) in enumerate(tensors)}
    model = schema.ModelT()
    model.version, model.buffers = 3, [schema.BufferT()]
    graph = schema.SubGraphT()
    graph.tensors = [_tensor(schema, model, *one) for one in tensors]
    graph.inputs, graph.outputs = [places["x"]], [places["z"], places["y"]]
    bent, plain = schema.ActivationFunctionType.RELU, schema.ActivationFunctionType.NONE
    steps = (("x", "A", "a", "y", bent), ("y", "B", "zeros", "z", plain))
    graph.operators = [_fully_connected(schema, places, *step) for step in steps]
    model.subgraphs, model.operatorCodes = [graph], [schema.OperatorCodeT()]
    kind = schema.BuiltinOperator.FULLY_CONNECTED
    model.operatorCodes[0].builtinCode = model.operatorCodes[0].deprecatedBuiltinCode = kind
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _schema() -> Any:
    folder = Path(str(find_spec("tensorflow").origin)).parent  # type: ignore[union-attr]  # the test skips without it
    spec = spec_from_file_location("schema_py_generated", folder / "lite/python/schema_py_generated.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _tensor(schema: Any, model: Any, name: str, shape: tuple[int, ...], values: Array | None) -> Any:
    """Buffer 0 is the empty one, which all have that are computed."""
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type, tensor.buffer = name, list(shape), schema.TensorType.FLOAT32, 0
    if values is not None:
        tensor.buffer = len(model.buffers)
        model.buffers.append(schema.BufferT())
        model.buffers[-1].data = np.frombuffer(values.tobytes(), np.uint8)
    return tensor


def _fully_connected(schema: Any, places: Mapping[str, int], *names_and_activation: Any) -> Any:
    *names, activation = names_and_activation
    operator, options = schema.OperatorT(), schema.FullyConnectedOptionsT()
    options.fusedActivationFunction = activation
    operator.opcodeIndex, operator.builtinOptions = 0, options
    operator.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
    *operator.inputs, output = (places[name] for name in names)
    operator.outputs = [output]
    return operator


def tfjs_files() -> dict[str, bytes]:
    """A graph model as TensorFlow.js saves them: one file of nodes, one of weights."""
    constants = {"A": A, "a": a, "B": B}
    node = [
        _node("x", "Placeholder", shape={"shape": _shape(X.shape)}),
        *(_node(name, "Const", value={"tensor": {"dtype": "DT_FLOAT", "tensorShape": _shape(array.shape)}})
          for name, array in constants.items()),
        _node("product", "MatMul", "x", "A"),
        _node("h", "AddV2", "product", "a"),
        _node("y", "Relu", "h"),
        _node("z", "MatMul", "y", "B"),
    ]  # fmt: skip
    signature = {"inputs": _signature(X), "outputs": _signature(Z, Y)}
    topology = {"node": node, "versions": {}}
    return _saved({"format": "graph-model", "modelTopology": topology, "signature": signature}, constants)


def layers_files() -> dict[str, bytes]:
    """The same as a layers model."""
    shape = {"name": "x", "dtype": "float32", "batch_input_shape": X.shape}
    config = {
        "name": "tiny",
        "layers": [
            {"class_name": "InputLayer", "name": "x", "inbound_nodes": [], "config": shape},
            _dense("y", "x", 4, "relu"),
            _dense("z", "y", 3, "linear"),
        ],
        "input_layers": [["x", 0, 0]],
        "output_layers": [["z", 0, 0], ["y", 0, 0]],
    }
    topology = {"model_config": {"class_name": "Model", "config": config}}
    constants = {"y/kernel": A, "y/bias": a, "z/kernel": B, "z/bias": np.zeros(3, np.float32)}
    return _saved({"format": "layers-model", "modelTopology": topology}, constants)


def _dense(name: str, after: str, units: int, activation: str) -> dict[str, Any]:
    config = {"name": name, "units": units, "activation": activation, "use_bias": True}
    return {"class_name": "Dense", "name": name, "inbound_nodes": [[[after, 0, 0, {}]]], "config": config}


def _saved(description: dict[str, Any], constants: Mapping[str, Array]) -> dict[str, bytes]:
    weights = [{"name": name, "shape": array.shape, "dtype": "float32"} for name, array in constants.items()]
    manifest = {"weightsManifest": [{"paths": ["weights.bin"], "weights": weights}]}
    packed = b"".join(array.tobytes() for array in constants.values())
    return {"model.json": json.dumps(description | manifest).encode(), "weights.bin": packed}


def _shape(shape: tuple[int, ...]) -> dict[str, Any]:
    return {"dim": [{"size": str(length)} for length in shape]}


def _node(name: str, operation: str, *inputs: str, **attributes: Any) -> dict[str, Any]:
    kind = {"dtype" if operation in ("Placeholder", "Const") else "T": {"type": "DT_FLOAT"}}
    return {"name": name, "op": operation, "input": list(inputs), "attr": {**kind, **attributes}}


def _signature(*tensors: TensorSpec) -> dict[str, Any]:
    return {
        one.name: {"name": f"{one.name}:0", "dtype": "DT_FLOAT", "tensorShape": _shape(one.shape)} for one in tensors
    }


def forms() -> dict[FormName, dict[str, bytes]]:
    """Every form's files."""
    return {"onnx": {"model.onnx": onnx_file()}, "tflite": {"model.tflite": tflite_file()}, "tfjs-graph": tfjs_files()}


def write(folder: Path, contents: Mapping[FormName, Mapping[str, bytes]], model: Model = MODEL) -> Portfolio:
    """A portfolio of the one model, as `sources` would leave it."""
    for form, files in contents.items():
        (folder / form).mkdir(parents=True)
        for name, content in files.items():
            (folder / form / name).write_bytes(content)
    prepared = Prepared(
        model,
        "made by hand",
        (X,),
        (Z, Y),
        SAMPLES,
        native_spread=0.0,
        tolerance=1e-5,
        forms={form: Form(tuple(files)) for form, files in contents.items()},
    )
    (folder / PREPARED).write_bytes(msgspec.json.encode(prepared))
    (folder / INPUTS).write_bytes(SETS.tobytes())
    np.save(folder / OUTPUTS, outputs())
    return Portfolio({model: folder})
