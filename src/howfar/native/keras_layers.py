"""The neutral layers as Keras's own: what the adapters share that run Keras on a back end of theirs."""

from collections.abc import Sequence
from typing import Any

import keras

from howfar.layers import Conv2D, Dense, Layer, Lstm, MaxPool2D, shape_in
from howfar.native.adapter import Network


def model_of(network: Network) -> Any:
    """A Sequential model with the network's weights."""
    layers = network.layers
    model = keras.Sequential([keras.Input(shape_in(layers[0])), *map(_layer, layers)])
    model.set_weights([array for arrays in network.parameters for array in arrays])
    return model


def samples_of(layers: Sequence[Layer], inputs: Any) -> Any:
    """(batch, features) in the shape that the network takes."""
    return inputs.reshape(len(inputs), *shape_in(layers[0]))


def _layer(layer: Layer) -> Any:
    match layer:
        case Dense():
            return keras.layers.Dense(layer.units, activation=layer.activation)
        case Conv2D():
            return keras.layers.Conv2D(layer.filters, layer.kernel, padding="same", activation=layer.activation)
        case MaxPool2D():
            return keras.layers.MaxPooling2D(layer.size, padding="same")
        case Lstm():
            return keras.layers.LSTM(layer.units, return_sequences=layer.sequences)
    return keras.layers.Flatten()
