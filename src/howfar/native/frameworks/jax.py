"""JAX, float32: the network as pure functions, compiled by XLA; the step's parameters are updated in place."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from howfar.layers import Conv2D, Dense, Layer, Lstm, MaxPool2D, shape_in, shape_out
from howfar.native.adapter import Floats, Network, Unsupported
from howfar.records import Fact

Batch = tuple[Any, Any]
ACTIVATIONS: Mapping[str, Callable[[Any], Any]] = {
    "relu": jax.nn.relu,
    "sigmoid": jax.nn.sigmoid,
    "tanh": jnp.tanh,
    "softmax": jax.nn.softmax,
}

_layers: tuple[Layer, ...] = ()
_parameters: Any = None
_infer: Callable[[Any, Any], Any]
_step: Callable[[Any, Any, Any], Any]
_last: Any = None


def open(backend: str, threads: int, switch: str) -> Mapping[str, Fact]:
    # XLA makes its threads when the first device is asked for, as many as this says: it has no other knob for them.
    if threads:
        os.environ["NPROC"] = str(threads)
    if backend == "cpu":
        jax.config.update("jax_platforms", "cpu")  # else it takes a GPU by itself, NVIDIA's and AMD's alike
    try:
        found = jax.devices()[0].platform
    except RuntimeError as error:
        raise Unsupported(f"JAX has no device for {backend!r}: {error}") from None
    if found != backend:
        raise Unsupported(f"JAX sees no GPU here, but {found!r}")
    jax.config.update("jax_default_matmul_precision", "float32")  # docs/method.md, "What is done"
    batch = "one call, one update by the mean gradient"
    return {"backend": backend, "dtype": "float32", "threads": threads or os.cpu_count(), "batch": batch}


def build(network: Network) -> None:
    global _layers, _parameters, _infer, _step
    _layers = tuple(network.layers)
    _parameters = [tuple(map(jnp.asarray, arrays)) for arrays in network.parameters]

    def loss_of(parameters: Any, inputs: Any, targets: Any) -> Any:
        return -jnp.mean(jnp.sum(targets * jnp.log(_forward(parameters, inputs)), axis=1))

    def step(parameters: Any, inputs: Any, targets: Any) -> Any:
        loss, gradients = jax.value_and_grad(loss_of)(parameters, inputs, targets)
        return loss, jax.tree.map(lambda one, by: one - network.learning_rate * by, parameters, gradients)

    _infer, _step = jax.jit(_forward), jax.jit(step, donate_argnums=0)


def _forward(parameters: Sequence[Any], inputs: Any) -> Any:
    x = inputs.reshape(len(inputs), *shape_in(_layers[0]))
    for layer, own in zip(_layers, parameters, strict=True):
        x = _through(layer, own, x)
    return x


def _through(layer: Layer, own: Any, x: Any) -> Any:
    match layer:
        case Dense():
            return ACTIVATIONS[layer.activation](x @ own[0] + own[1])
        case Conv2D():
            sums = lax.conv_general_dilated(x, own[0], (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
            return ACTIVATIONS[layer.activation](sums + own[1])
        case MaxPool2D():
            square = (1, layer.size, layer.size, 1)
            return lax.reduce_window(x, -jnp.inf, lax.max, square, square, "SAME")
        case Lstm():
            return _recurrent(layer, own, x)
    return x.reshape(len(x), *shape_out(layer))


def _recurrent(layer: Lstm, own: Any, x: Any) -> Any:
    weights, recurrent, biases = own

    def step(state: Any, sums: Any) -> Any:
        cell, hidden = state
        i, f, g, o = jnp.split(sums + hidden @ recurrent, 4, axis=1)
        cell = jax.nn.sigmoid(f) * cell + jax.nn.sigmoid(i) * jnp.tanh(g)
        hidden = jax.nn.sigmoid(o) * jnp.tanh(cell)
        return (cell, hidden), hidden if layer.sequences else None

    zero = jnp.zeros((len(x), layer.units))
    (_, last), steps = lax.scan(step, (zero, zero), (x @ weights + biases).swapaxes(0, 1))
    return steps.swapaxes(0, 1) if layer.sequences else last


def predict(sample: Floats) -> Floats:
    outputs: Floats = predict_batch(sample[None])[0]
    return outputs


def predict_batch(samples: Floats) -> Floats:
    return np.asarray(_infer(_parameters, samples))


def enqueue_predict(sample: Floats) -> None:
    global _last
    _last = _infer(_parameters, sample[None])


def prepare_batch(inputs: Floats, labels: NDArray[np.uint8]) -> Batch:
    return jnp.asarray(inputs), jnp.eye(shape_out(_layers[-1])[0])[labels]


def enqueue_train_batch(batch: Batch) -> None:
    global _last, _parameters
    _last, _parameters = _step(_parameters, *batch)


def train_batch(batch: Batch) -> float:
    enqueue_train_batch(batch)
    return float(_last)


def sync() -> None:
    jax.block_until_ready(_last)


def dispose() -> None:
    global _parameters, _last
    _parameters = _last = None
