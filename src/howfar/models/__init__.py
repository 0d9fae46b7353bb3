"""The models of a study as neutral specs: layers and float32 weights, the same for every framework."""

from functools import lru_cache

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from howfar.models.mlp import dense_layers
from howfar.records import Form, Layer, Model, fingerprint

Array = NDArray[np.float32]

# 1 GB as float32: more than any browser keeps, and less than what would press the machine into swapping.
MAX_WEIGHTS = 250_000_000


class ModelSpec(Struct, frozen=True):
    """Layers with their parameters: per layer weights (inputs, units) and biases (units,), float32.

    A layer without biases has zeros for them here, and none in the binary.
    """

    layers: tuple[Layer, ...]
    parameters: tuple[tuple[Array, Array], ...]

    def to_bytes(self) -> bytes:
        """All parameters in order, weights then biases of each layer, little-endian float32."""
        return b"".join(
            array.astype("<f4").tobytes()
            for layer, (weights, biases) in zip(self.layers, self.parameters, strict=True)
            for array in ((weights, biases) if layer.bias else (weights,))
        )


@lru_cache(maxsize=4)
def spec(model: Model, seed: int, form: Form = Form()) -> ModelSpec:  # noqa: B008 - frozen
    """The model's layers in a framework's form, and its seeded weights, which are the same in every form; `spin` and
    `loop` have none."""
    layers = dense_layers(model, form) if model.kind == "mlp" else ()
    if (count := sum(layer.inputs * layer.units for layer in layers)) > MAX_WEIGHTS:
        raise MemoryError(f"{model} has {count / 1e6:.0f} million weights; {MAX_WEIGHTS / 1e6:.0f} million is the most")
    rng = np.random.default_rng([seed, int(fingerprint(model), 16)])
    return ModelSpec(layers, tuple(_he(rng, layer) for layer in layers))


def _he(rng: np.random.Generator, layer: Layer) -> tuple[Array, Array]:
    """He et al. 2015, so that deep ReLU nets neither die nor explode; biases are small but not 0, so that a framework
    that forgets them is caught."""
    weights = rng.normal(0, np.sqrt(2 / layer.inputs), (layer.inputs, layer.units))
    biases = rng.normal(0, 0.01, layer.units) * layer.bias
    return weights.astype(np.float32), biases.astype(np.float32)
