"""The models of a study as neutral specs: layers and float32 weights, the same for every framework."""

from functools import lru_cache

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from howfar import layers as neutral
from howfar.layers import Conv2D, Dense, Flatten, Layer, Lstm, MaxPool2D
from howfar.models import cnn, mlp, rnn
from howfar.records import Form, Model, fingerprint

Array = NDArray[np.float32]

# 1 GB as float32: more than any browser keeps, and less than what would press the machine into swapping.
MAX_WEIGHTS = 250_000_000


class ModelSpec(Struct, frozen=True, eq=False):
    """Layers with their parameters (float32) in the shapes and the order of `layers.parameter_shapes`.

    A dense layer without biases has zeros for them here, and none in the binary. Two specs are the same if they are one
    object, so that what is made of one can be kept.
    """

    layers: tuple[Layer, ...]
    parameters: tuple[tuple[Array, ...], ...]

    def to_bytes(self) -> bytes:
        """All parameters in order, layer by layer, little-endian float32."""
        return b"".join(
            array.astype("<f4").tobytes()
            for layer, arrays in zip(self.layers, self.parameters, strict=True)
            for array in arrays[: len(neutral.parameter_shapes(layer))]
        )


class DenseSpec(Struct, frozen=True, eq=False):
    """A spec of dense layers only: weights (inputs, units) and biases (units,) of each."""

    layers: tuple[Dense, ...]
    parameters: tuple[tuple[Array, Array], ...]


def dense(spec: ModelSpec) -> DenseSpec:
    """The spec, for what knows no other layers.

    Raises: TypeError where it has others.
    """
    layers = tuple(layer for layer in spec.layers if isinstance(layer, Dense))
    if len(layers) < len(spec.layers):
        raise TypeError("a network of other layers than dense ones")
    return DenseSpec(layers, tuple((weights, biases) for weights, biases in spec.parameters))


# How much more than one pixel the largest of four is, squared: 1.4 to 2.6 in these networks, growing with the depth.
# Without it the deepest network starts at a loss of 9, where some libraries cut a probability off and others do not.
POOLED = 2.0


class _Size(Struct, frozen=True):
    """What weights are made for: no more of a model than the study's own networks have."""

    kind: str
    depth: int
    width: int


# Two: the last one's rounds and back ends often follow each other, and the largest take a third of a gigabyte.
@lru_cache(maxsize=2)
def spec(model: Model, seed: int, form: Form = Form(), vocabulary: int = 0) -> ModelSpec:  # noqa: B008 - frozen
    """The model's layers in a framework's form, and its seeded weights, which are the same in every form; `spin` and
    `loop` have none. `vocabulary`: of how many characters the text of an `rnn` has each.

    Raises: MemoryError for one that no browser could keep; ValueError where there is no such model.
    """
    made = layers(model, form, vocabulary)
    if (count := neutral.parameters(made)) > MAX_WEIGHTS:
        raise MemoryError(f"{model} has {count / 1e6:.0f} million weights; {MAX_WEIGHTS / 1e6:.0f} million is the most")
    rng = np.random.default_rng([seed, int(fingerprint(_Size(model.kind, model.depth, model.width)), 16)])
    before = (None, *made)
    return ModelSpec(made, tuple(_parameters(rng, layer, one) for layer, one in zip(made, before, strict=False)))


def layers(model: Model, form: Form = Form(), vocabulary: int = 0) -> tuple[Layer, ...]:  # noqa: B008 - frozen
    """The model's layers alone; see `spec`."""
    match model.kind:
        case "mlp":
            return mlp.layers(model, form)
        case "cnn":
            return cnn.layers(model, form)
        case "rnn":
            return rnn.layers(model, form, vocabulary)
    return ()


def _parameters(rng: np.random.Generator, layer: Layer, before: Layer | None) -> tuple[Array, ...]:
    """Weights that keep the signal's size, so that deep nets neither die nor explode: for ReLU by He et al. 2015, for
    LSTMs by their number of inputs, of which a character is one. Biases are small but not 0, so that a framework that
    forgets them is caught."""
    shapes = neutral.parameter_shapes(layer)
    if not shapes:
        return ()
    if isinstance(layer, Lstm):
        spreads = (0.5 if before is None else layer.inputs**-0.5, layer.units**-0.5, 0.1)
        return tuple(_normal(rng, spread, shape) for spread, shape in zip(spreads, shapes, strict=True))
    weights = _normal(rng, np.sqrt(2 / _met(layer) / (POOLED if _halved(before) else 1)), shapes[0])
    biases = _normal(rng, 0.01, shapes[0][-1:])
    return weights, biases * np.float32(not isinstance(layer, Dense) or layer.bias)


def _halved(layer: Layer | None) -> bool:
    """Whether it takes the largest of several pixels, or hands on what such a one gave."""
    return isinstance(layer, Flatten) or (isinstance(layer, MaxPool2D) and layer.height * layer.width > 1)


def _met(layer: Layer) -> float:
    """How many inputs a unit meets: of a convolution those in the image, on average over its places. In the middle of a
    deep network the image is one pixel, and eight of nine numbers are its margin's zeros."""
    if isinstance(layer, Conv2D):
        beyond = (layer.kernel**2 - 1) / 4
        return (layer.kernel - beyond / layer.height) * (layer.kernel - beyond / layer.width) * layer.channels
    return float(neutral.shape_in(layer)[0])


def _normal(rng: np.random.Generator, spread: float, shape: tuple[int, ...]) -> Array:
    return rng.normal(0, spread, shape).astype(np.float32)
