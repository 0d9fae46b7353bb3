"""PyTorch, float32, eager: the network as its own functions, without the cost of a module's call."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from howfar.layers import Conv2D, Dense, Layer, Lstm, MaxPool2D, shape_in
from howfar.native.adapter import Floats, Network, Unsupported, cores
from howfar.records import Fact

Batch = tuple[Any, Any]
ACTIVATIONS: Mapping[str, Callable[[Any], Any]] = {
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softmax": lambda z: torch.softmax(z, dim=1),
}

_layers: tuple[Layer, ...] = ()
_parameters: list[list[Any]] = []
_lstms: dict[int, Any] = {}
_optimizer: Any = None
_device = "cpu"
_last: Any = None


def open(backend: str, threads: int, switch: str) -> Mapping[str, Fact]:
    global _device
    if backend == "gpu" and not torch.cuda.is_available():
        raise Unsupported("PyTorch sees no GPU here")
    _device = "cuda" if backend == "gpu" else "cpu"
    torch.set_num_threads(cores(threads))
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False  # docs/method.md, "What is done"
    facts = {"backend": backend, "dtype": "float32", "threads": torch.get_num_threads()}
    return facts | {"batch": "one call, one update by the mean gradient"}


def build(network: Network) -> None:
    global _layers, _parameters, _lstms, _optimizer
    _layers = tuple(network.layers)
    _lstms = {i: _lstm(layer, network.parameters[i]) for i, layer in enumerate(_layers) if isinstance(layer, Lstm)}
    _parameters = [
        [] if i in _lstms else [_trained(array, layer) for array in arrays]
        for i, (layer, arrays) in enumerate(zip(_layers, network.parameters, strict=True))
    ]
    trained = [one for own in _parameters for one in own] + [p for one in _lstms.values() for p in one.parameters()]
    _optimizer = torch.optim.SGD([one for one in trained if one.requires_grad], network.learning_rate)


def _trained(array: Floats, layer: Layer) -> Any:
    """A parameter in PyTorch's order: units first, a convolution's channels before its rows."""
    order = {2: (1, 0), 4: (3, 2, 0, 1)}.get(array.ndim, (0,)) if isinstance(layer, Dense | Conv2D) else (0,)
    return torch.tensor(array.transpose(order).copy(), device=_device, requires_grad=True)


def _lstm(layer: Lstm, arrays: tuple[Floats, ...]) -> Any:
    """Its gates are in our order; it has biases twice, of which one is kept at 0 and not trained."""
    made = torch.nn.LSTM(layer.inputs, layer.units, batch_first=True)
    weights, recurrent, biases = (torch.tensor(array) for array in arrays)
    given = {"weight_ih_l0": weights.T, "weight_hh_l0": recurrent.T, "bias_ih_l0": biases}
    made.load_state_dict({**given, "bias_hh_l0": torch.zeros_like(biases)})
    made.bias_hh_l0.requires_grad = False
    return made.to(_device)


def _forward(x: Any) -> Any:
    for i, layer in enumerate(_layers):
        x = _through(layer, _parameters[i], x, _lstms.get(i))
    return x


def _through(layer: Layer, own: list[Any], x: Any, lstm: Any) -> Any:
    """Images are channels first in between."""
    match layer:
        case Dense():
            return ACTIVATIONS[layer.activation](functional.linear(x, *own))
        case Conv2D():
            return ACTIVATIONS[layer.activation](functional.conv2d(x, *own, padding=layer.kernel // 2))
        case MaxPool2D():
            return functional.max_pool2d(x, layer.size, ceil_mode=True)
        case Lstm():
            steps, (last, _) = lstm(x)
            return steps if layer.sequences else last[0]
    return x.permute(0, 2, 3, 1).flatten(1)


def _tensor(samples: Floats) -> Any:
    x = torch.from_numpy(samples).to(_device).reshape(len(samples), *shape_in(_layers[0]))
    return x.permute(0, 3, 1, 2) if isinstance(_layers[0], Conv2D) else x


def predict(sample: Floats) -> Floats:
    outputs: Floats = predict_batch(sample[None])[0]
    return outputs


def predict_batch(samples: Floats) -> Floats:
    with torch.inference_mode():
        outputs: Floats = _forward(_tensor(samples)).cpu().numpy()
    return outputs


def prepare_batch(inputs: Floats, labels: NDArray[np.uint8]) -> Batch:
    return _tensor(inputs.copy()), torch.tensor(labels.astype(np.int64), device=_device)


def enqueue_train_batch(batch: Batch) -> None:
    global _last
    inputs, labels = batch
    _optimizer.zero_grad(set_to_none=True)
    _last = functional.nll_loss(torch.log(_forward(inputs)), labels)
    _last.backward()
    _optimizer.step()


def train_batch(batch: Batch) -> float:
    enqueue_train_batch(batch)
    return float(_last.detach())


def sync() -> None:
    _last.item()


def dispose() -> None:
    global _parameters, _lstms, _optimizer, _last
    _parameters, _lstms, _optimizer, _last = [], {}, None, None
