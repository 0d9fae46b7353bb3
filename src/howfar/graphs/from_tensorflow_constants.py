"""TensorFlow's operators on values that are known while a graph is read: shapes, mostly. In NumPy."""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from howfar.graphs.drafting import Array
from howfar.graphs.graph import Unreadable
from howfar.graphs.reading import Step

# More numbers than that are no shape, and would fill the memory.
MADE_LIMIT = 2**28


def strided(step: Step, shape: Sequence[int]) -> tuple[Any, ...]:
    """What a StridedSlice takes, as NumPy's index: slices, whole numbers for axes that go, None for new ones.

    Raises: Unreadable where it is not constant.
    """
    begins, ends, steps = (step.integers(place) for place in (1, 2, 3))
    mask = {name: int(step.attributes.get(f"{name}_mask") or 0) for name in ("begin", "end", "ellipsis", "new_axis")}
    gone = int(step.attributes.get("shrink_axis_mask") or 0)
    index: list[Any] = []
    for i, bounds in enumerate(zip(begins, ends, steps, strict=True)):
        bit = 1 << i
        if mask["ellipsis"] & bit:
            index.append(Ellipsis)
        elif mask["new_axis"] & bit:
            index.append(None)
        elif gone & bit:
            index.append(bounds[0])
        else:
            begin = None if mask["begin"] & bit else bounds[0]
            index.append(slice(begin, None if mask["end"] & bit else bounds[1], bounds[2]))
    if len([each for each in index if each is not None and each is not Ellipsis]) > len(shape):
        raise Unreadable("more axes than there are")
    return tuple(index)


def _filled(step: Step) -> Array:
    shape = step.integers(0)
    if prod(shape) > MADE_LIMIT:
        raise Unreadable(f"a constant of shape {shape}")
    return np.full(shape, step.known(1))


def _range(step: Step) -> Array:
    start, limit, delta = (step.known(place).reshape(()) for place in range(3))
    if abs((float(limit) - float(start)) / float(delta)) > MADE_LIMIT:
        raise Unreadable(f"a range from {start} to {limit}")
    return np.asarray(np.arange(start, limit, delta, dtype=step.known(0).dtype))


def _tiled(step: Step) -> Array:
    counts = step.integers(1)
    if prod(counts) * step.known(0).size > MADE_LIMIT:
        raise Unreadable(f"a constant repeated {counts} times")
    return np.tile(step.known(0), counts)


def _several(step: Step) -> list[Array]:
    return [np.asarray(step.known(place)) for place in range(len(step.inputs))]


def _over(function: Callable[..., Any]) -> Callable[[Step], Array]:
    """A reduction over constant axes."""

    def handle(step: Step) -> Array:
        keep = bool(step.attributes.get("keep_dims"))
        x = step.known(0)
        return np.asarray(function(x, axis=tuple(step.integers(1)), keepdims=keep)).astype(x.dtype)

    return handle


def _squeezed(step: Step) -> Array:
    gone = step.attributes.get("squeeze_dims") or step.attributes.get("axis")
    return np.asarray(np.squeeze(step.known(0), tuple(gone) if gone else None))


def _split(step: Step) -> list[Array]:
    return np.split(step.known(1), step.attributes["num_split"], step.integers(0)[0])


def _split_sizes(step: Step) -> list[Array]:
    return np.split(step.known(0), np.cumsum(step.integers(1))[:-1], step.integers(2)[0])


def _unpacked(step: Step) -> list[Array]:
    return list(np.moveaxis(step.known(0), step.attributes.get("axis") or 0, 0))


def _elementwise(function: Callable[..., Any]) -> Callable[[Step], Array]:
    return lambda step: np.asarray(function(*_several(step)))


def _cast(step: Step) -> Array:
    return np.asarray(step.known(0).astype(step.attributes["DstT"]))


def _chosen_along_the_first(step: Step) -> Array:
    """The older `Select` takes a condition of one axis for the first one's."""
    condition, one, other = _several(step)
    if condition.ndim == 1 < one.ndim:
        condition = condition.reshape(-1, *[1] * (one.ndim - 1))
    return np.where(condition, one, other)


def _concat(step: Step) -> Array:
    *arrays, axis = _several(step)
    return np.concatenate(arrays, int(axis))


FUNCTIONS: Mapping[str, Callable[[Step], Array | list[Array]]] = {
    "Split": _split,
    "SplitV": _split_sizes,
    "Unpack": _unpacked,
    "Identity": lambda step: step.known(0),
    "StopGradient": lambda step: step.known(0),
    "ReadVariableOp": lambda step: step.known(0),
    "StridedSlice": lambda step: np.asarray(step.known(0)[strided(step, step.known(0).shape)]),
    "Slice": lambda step: step.known(0)[
        tuple(slice(a, None if n < 0 else a + n) for a, n in zip(step.integers(1), step.integers(2), strict=True))
    ],
    "Pack": lambda step: np.stack(_several(step), step.attributes.get("axis") or 0),
    "ConcatV2": _concat,
    "Reshape": lambda step: step.known(0).reshape(step.integers(1)),
    "Transpose": lambda step: step.known(0).transpose(step.integers(1)),
    "ExpandDims": lambda step: np.expand_dims(step.known(0), step.integers(1)[0]),
    "Squeeze": _squeezed,
    "GatherV2": lambda step: np.take(step.known(0), step.known(1), int(step.known(2))),
    "Tile": _tiled,
    "BroadcastTo": lambda step: np.broadcast_to(step.known(0), step.integers(1)),
    "Fill": _filled,
    "Range": _range,
    "Cast": _cast,
    "Shape": lambda step: np.array(step.known(0).shape, step.attributes.get("out_type") or "int32"),
    "Rank": lambda step: np.array(step.known(0).ndim, np.int32),
    "Size": lambda step: np.array(step.known(0).size, np.int32),
    "ZerosLike": lambda step: np.zeros_like(step.known(0)),
    "OnesLike": lambda step: np.ones_like(step.known(0)),
    "Prod": _over(np.prod), "Sum": _over(np.sum), "Max": _over(np.max), "Min": _over(np.min), "Mean": _over(np.mean),
    "All": _over(np.all), "Any": _over(np.any),
    "Add": _elementwise(np.add), "AddV2": _elementwise(np.add), "Sub": _elementwise(np.subtract),
    "Mul": _elementwise(np.multiply), "RealDiv": _elementwise(np.true_divide),
    "FloorDiv": _elementwise(np.floor_divide), "FloorMod": _elementwise(np.mod),
    "Maximum": _elementwise(np.maximum), "Minimum": _elementwise(np.minimum),
    "Pow": _elementwise(np.power), "Neg": _elementwise(np.negative), "Sqrt": _elementwise(np.sqrt),
    "Rsqrt": _elementwise(lambda x: 1 / np.sqrt(x)), "Square": _elementwise(np.square), "Exp": _elementwise(np.exp),
    "Abs": _elementwise(np.abs), "Floor": _elementwise(np.floor), "Ceil": _elementwise(np.ceil),
    "Equal": _elementwise(np.equal), "NotEqual": _elementwise(np.not_equal), "Less": _elementwise(np.less),
    "LessEqual": _elementwise(np.less_equal), "Greater": _elementwise(np.greater),
    "GreaterEqual": _elementwise(np.greater_equal), "LogicalAnd": _elementwise(np.logical_and),
    "LogicalOr": _elementwise(np.logical_or), "LogicalNot": _elementwise(np.logical_not),
    "Select": _chosen_along_the_first, "SelectV2": _elementwise(np.where),
}  # fmt: skip
