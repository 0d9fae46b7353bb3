"""TensorFlow with Keras, float32, on the call path with the least overhead: a compiled step on tensors that are
already there, and a concrete function for one sample. Keras's `fit` and `predict` would measure Keras: for one sample
`predict` takes 200 to 700 times the work itself. The published protocol does measure them, as the study did; and the
switch `call` chooses one of Keras's own calls, to see what each is worth."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from howfar.handed import TensorSpec
from howfar.layers import Layer, shape_in
from howfar.native.adapter import Floats, Network, Unsupported
from howfar.native.keras_layers import model_of, samples_of
from howfar.records import Fact

Batch = tuple[Any, Any]
BATCH = "one call, one update by the mean gradient"

_layers: tuple[Layer, ...] = ()
_call = ""
_infer: Any
_step: Any
_model: Any = None
_last: Any = None


def open(backend: str, threads: int, switch: str) -> Mapping[str, Fact]:
    global _call
    _call = switch.removeprefix("call=")
    if _call:
        globals().update(enqueue_predict=None, enqueue_train_batch=None)  # they are the compiled step's
    if backend == "gpu" and not tf.config.list_physical_devices("GPU"):
        raise Unsupported("TensorFlow sees no GPU here")
    if backend == "cpu":
        tf.config.set_visible_devices([], "GPU")
    if threads:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    tf.config.experimental.enable_tensor_float_32_execution(False)  # docs/method.md, "What is done"
    tf.zeros(1)  # TensorFlow makes its context on the first operation: that belongs here, not to the model
    found = "gpu" if tf.config.list_logical_devices("GPU") else "cpu"
    return {
        "backend": found,
        "dtype": "float32",
        "threads": threads or os.cpu_count(),
        "keras": keras.__version__,
        "batch": BATCH,
    }


def build(network: Network) -> None:
    global _layers, _infer, _step, _model
    _layers, _model = tuple(network.layers), model_of(network)
    model, optimizer = _model, keras.optimizers.SGD(network.learning_rate)
    optimizer.build(model.trainable_variables)
    model.compile(optimizer, "categorical_crossentropy")

    def step(inputs: Any, targets: Any) -> Any:
        with tf.GradientTape() as tape:
            outputs = model(inputs, training=True)
            loss = tf.reduce_mean(keras.losses.categorical_crossentropy(targets, outputs))
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return loss

    @tf.function  # type: ignore[untyped-decorator]
    def infer(inputs: Any) -> Any:
        return model(inputs, training=False)

    _infer = infer.get_concrete_function(tf.TensorSpec((None, *shape_in(_layers[0])), tf.float32))
    _step = step if _call == "eager" else tf.function(step)


def load_graph(files: Mapping[str, Path], _inputs: Sequence[TensorSpec]) -> Mapping[str, Fact]:
    """A SavedModel as howfar writes it: the names of its inputs, and of its outputs, sort in the model's order."""
    global _model, _infer
    _model = tf.saved_model.load(str(files["saved_model.pb"].parent))
    _infer = _model.signatures["serving_default"]
    return {}


def run(tensors: Sequence[NDArray[np.generic]]) -> Sequence[NDArray[np.generic]]:
    names = sorted(_infer.structured_input_signature[1])
    outputs = _infer(**{name: tf.constant(tensor) for name, tensor in zip(names, tensors, strict=True)})
    return [outputs[name].numpy() for name in sorted(outputs)]


def _tensor(samples: Floats) -> Any:
    return tf.constant(samples_of(_layers, samples))


def predict(sample: Floats) -> Floats:
    outputs: Floats = predict_batch(sample[None])[0]
    return outputs


def predict_batch(samples: Floats) -> Floats:
    if _call:
        return _predicted_by_keras(samples_of(_layers, samples))
    outputs: Floats = _infer(_tensor(samples)).numpy()
    return outputs


def _predicted_by_keras(inputs: Floats) -> Floats:
    if _call == "predict":
        outputs = _model.predict(inputs, verbose=0)
    elif _call == "predict_on_batch":
        outputs = _model.predict_on_batch(inputs)
    else:
        outputs = _model(tf.constant(inputs), training=False)
    return np.asarray(outputs)


def enqueue_predict(sample: Floats) -> None:
    global _last
    _last = _infer(_tensor(sample[None]))


def prepare_batch(inputs: Floats, labels: NDArray[np.uint8]) -> Batch:
    return _tensor(inputs), tf.one_hot(labels, _model.output_shape[-1])


def train_batch(batch: Batch) -> float:
    if _call == "fit":
        return published_train_batch(batch)
    if _call == "train_on_batch":
        return float(_model.train_on_batch(*batch))
    return float(_step(*batch))


def enqueue_train_batch(batch: Batch) -> None:
    global _last
    _last = _step(*batch)


def published_predict(sample: Floats) -> Floats:
    """As the study's public native script called it, sample by sample."""
    outputs: Floats = _model.predict(samples_of(_layers, sample[None]), verbose=0)[0]
    return outputs


def published_train_batch(batch: Batch) -> float:
    """As the study's public native script called it: an epoch of one batch."""
    history = _model.fit(*batch, batch_size=len(batch[0]), epochs=1, verbose=0).history
    return float(history["loss"][0])


def sync() -> None:
    _last.numpy()


def dispose() -> None:
    global _infer, _step, _model, _last
    _infer = _step = _model = _last = None
