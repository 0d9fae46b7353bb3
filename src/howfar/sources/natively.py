"""A form of a model, run by the native runtime that has its format; each in the process that prepares it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from howfar.handed import TensorSpec
from howfar.portfolio import FormName
from howfar.sources.source import Array, Run

ERRORS_ONLY = 3


def onnx_session(path: Path) -> Any:
    """A session on the CPU that says nothing but errors."""
    import onnxruntime  # noqa: PLC0415

    options = onnxruntime.SessionOptions()
    options.log_severity_level = ERRORS_ONLY
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def interpreter(path: Path) -> Any:
    """TensorFlow Lite's interpreter, its tensors allocated."""
    import tensorflow as tf  # noqa: PLC0415

    found = tf.lite.Interpreter(model_path=str(path))
    found.allocate_tensors()
    return found


def run_onnx(session: Any, inputs: Sequence[TensorSpec] = ()) -> Run:
    """One sample's outputs, in the file's order. `inputs`: as the samples have them, where not as the file has."""
    names = [one.name for one in session.get_inputs()]

    def run(arrays: Sequence[Array]) -> list[Array]:
        return [np.asarray(one) for one in session.run(None, fed(names, inputs, arrays))]

    return run


def fed(names: Sequence[str], inputs: Sequence[TensorSpec], arrays: Sequence[Array]) -> dict[str, Array]:
    """The inputs by what a format calls them: by their own names where it has kept all, else in its order."""
    own = [spec.name for spec in inputs]
    return dict(zip(own if set(own) == set(names) else names, arrays, strict=True))


Samples = Sequence[Sequence[Array]]
Results = list[list[Array]]


def _onnx(folder: Path, inputs: Sequence[TensorSpec], samples: Samples) -> Results:
    run = run_onnx(onnx_session(folder / "model.onnx"), inputs)
    return [run(sample) for sample in samples]


def _tflite(folder: Path, inputs: Sequence[TensorSpec], samples: Samples) -> Results:
    model = interpreter(folder / "model.tflite")
    return [run_tflite(model, inputs, sample) for sample in samples]


def run_tflite(model: Any, inputs: Sequence[TensorSpec], sample: Sequence[Array]) -> list[Array]:
    """One sample's outputs, in the file's order. Whole numbers may be narrower in the file than in the sample."""
    known = {one["name"]: one for one in model.get_input_details()}
    for name, array in fed(list(known), inputs, sample).items():
        model.set_tensor(known[name]["index"], array.astype(known[name]["dtype"], copy=False))
    model.invoke()
    return [model.get_tensor(one["index"]) for one in model.get_output_details()]


def _saved_model(folder: Path, inputs: Sequence[TensorSpec], samples: Samples) -> Results:
    import tensorflow as tf  # noqa: PLC0415

    loaded = tf.saved_model.load(str(folder))
    return [run_signature(loaded.signatures["serving_default"], inputs, sample) for sample in samples]


def run_signature(signature: Any, inputs: Sequence[TensorSpec], sample: Sequence[Array]) -> list[Array]:
    """One sample's outputs of a SavedModel's signature, in the order of their names."""
    import tensorflow as tf  # noqa: PLC0415

    names = sorted(signature.structured_input_signature[1])
    found = signature(**{name: tf.constant(array) for name, array in fed(names, inputs, sample).items()})
    return [found[name].numpy() for name in sorted(found)]


RUNTIMES: Mapping[FormName, tuple[str, Callable[[Path, Sequence[TensorSpec], Samples], Results]]] = {
    "onnx": ("ONNX Runtime", _onnx),
    "saved-model": ("TensorFlow", _saved_model),
    "tflite": ("TensorFlow Lite", _tflite),
}


def runtime_of(form: FormName) -> str:
    """What runs a format here; nothing for those of TensorFlow.js, which only pages run."""
    return RUNTIMES[form][0] if form in RUNTIMES else ""


def run(form: FormName, folder: Path, inputs: Sequence[TensorSpec], samples: Samples) -> Results:
    """The outputs of every sample, as the form's files give them."""
    return RUNTIMES[form][1](folder, inputs, samples)
