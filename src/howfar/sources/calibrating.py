"""Random weights under which a deep network's outputs depend on all of its layers.

Plain initialisers let a deep network's signal die or grow, and a softmax then hides every error of a conversion. So the
network runs once, layer by layer, and each is scaled until what it gives has unit variance; BatchNorm's moving
statistics are those of that run.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

# Two images are enough for the variance of a layer: it is of thousands of pixels.
BATCH = 2
# The classes' logits: spread enough to tell them apart, and no class takes all.
LOGIT_DEVIATION = 2.0
MIN_VARIANCE = 1e-3


def calibrate(model: Any, seed: int) -> None:
    """Sets all weights of a functional Keras model of one image input, by the seed."""
    random = np.random.default_rng(seed)
    shape = [length or 64 for length in model.inputs[0].shape[1:]]
    image = random.standard_normal((BATCH, *shape)).astype(np.float32)
    first = {type(layer).__name__ for layer in model.layers[1:3]}
    if "Rescaling" in first:
        image = random.uniform(0, 255, image.shape).astype(np.float32)
    _run(model, image, random)


def _run(model: Any, tensor: Any, random: np.random.Generator) -> Any:
    def scaled(operation: Any) -> Callable[..., Any]:
        if hasattr(operation, "layers"):
            return lambda tensor, **_: _run(operation, tensor, random)
        return lambda *given, **named: _called(operation, random, given, named)

    graph = getattr(model, "_functional", model)
    outputs = graph._run_through_graph(tensor, operation_fn=scaled)
    return outputs[0] if isinstance(outputs, list) and len(outputs) == 1 else outputs


def _called(operation: Any, random: np.random.Generator, given: Any, named: Any) -> Any:
    """What the operation gives, its weights set before or after it is first tried."""
    kind = type(operation).__name__
    if kind == "BatchNormalization":
        _set_statistics(operation, given[0], random)
    elif kind in ("LayerNormalization", "LayerScale"):
        _set_uniform(operation.gamma, random, 0.5, 1.5)
    elif getattr(operation, "kernel", None) is not None or hasattr(operation, "pointwise_kernel"):
        return _weighted(operation, random, given[0])
    return operation(*given, **named)


def _set_statistics(layer: Any, tensor: Any, random: np.random.Generator) -> None:
    import tensorflow as tf  # noqa: PLC0415

    mean, variance = tf.nn.moments(tensor, list(range(len(tensor.shape) - 1)))
    layer.moving_mean.assign(mean)
    layer.moving_variance.assign(tf.maximum(variance, MIN_VARIANCE))
    if layer.gamma is not None:
        _set_uniform(layer.gamma, random, 0.7, 1.3)
    if layer.beta is not None:
        _set_uniform(layer.beta, random, -0.3, 0.3)


def _set_uniform(variable: Any, random: np.random.Generator, low: float, high: float) -> None:
    variable.assign(random.uniform(low, high, variable.shape).astype(np.float32))


def _weighted(layer: Any, random: np.random.Generator, tensor: Any) -> Any:
    """The layer's output, its kernel scaled so that this has the wanted deviation before the activation."""
    activation, wanted = layer.activation, _wanted(layer)
    layer.activation = _same
    deviation = max(float(np.std(layer(tensor))), 1e-6)
    kernel = layer.pointwise_kernel if hasattr(layer, "pointwise_kernel") else layer.kernel
    kernel.assign(kernel * (wanted / deviation))
    if layer.bias is not None:
        _set_uniform(layer.bias, random, -0.2, 0.2)
    layer.activation = activation
    return layer(tensor)


def _same(tensor: Any) -> Any:
    return tensor


def _wanted(layer: Any) -> float:
    return LOGIT_DEVIATION if getattr(layer.activation, "__name__", "") == "softmax" else 1.0
