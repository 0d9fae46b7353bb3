"""Convolutions, pools and resizing for all readers. Images of one dimension get a height of 1.

`order` says where the source has its axes: `axes.CHANNELS_LAST` for a source that is channels first, (0, 1, 2, 3) for
one that is channels last.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from howfar.graphs import axes, by_axes
from howfar.graphs.drafting import Array, Draft, Operand, Order, Tensor
from howfar.graphs.graph import (
    BatchNorm,
    Convolution,
    Margins,
    Pool,
    Reduce,
    Resize,
    TransposedConvolution,
    Unary,
    Unreadable,
)

Rounding = Callable[[Array], Array]
# The source's index of each of the result's: its position before rounding, by the number of them and the scale.
Positions = Callable[[Array, float], Array]


def convolved(draft: Draft, image: Operand, arrays: Sequence[Array], operation: Convolution, order: Order) -> Tensor:
    """`arrays`: the kernel as `graph.Convolution` has it, then biases where there are any."""
    names = [draft.constant(array) for array in arrays]
    if draft.rank(image) != 4:
        raise Unreadable(f"an image of {draft.rank(image)} axes")
    return draft.add(operation, draft.named(image, order), *names, order=order)


def spread_over(
    draft: Draft, image: Operand, arrays: Sequence[Array], operation: TransposedConvolution, order: Order
) -> Tensor:
    """The transposed convolution, likewise."""
    names = [draft.constant(array) for array in arrays]
    return draft.add(operation, draft.named(image, order), *names, order=order)


def pooled(draft: Draft, image: Operand, operation: Pool, order: Order) -> Tensor:
    """A pool. One over the whole image is a reduction, which every runtime does at once."""
    name = draft.named(image, order)
    shape = draft.builder.shapes[name]
    if operation.size == shape[1:3] and not any(map(any, operation.margins)):
        kind: Literal["mean", "max"] = "mean" if operation.kind == "average" else "max"
        return draft.add(Reduce(kind, (1, 2), True), name, order=order)
    return draft.add(operation, name, order=order)


def batch_norm(draft: Draft, operand: Operand, arrays: Sequence[Array], epsilon: float, channels: int) -> Tensor:
    """`arrays`: scale, offset, mean, variance; `channels`: which of the source's axes."""
    rank = draft.rank(operand)
    last = (*(axis for axis in range(rank) if axis != channels), channels)
    names = [draft.constant(array) for array in arrays]
    return draft.add(BatchNorm(epsilon), draft.named(operand, last), *names, order=last)


def resized(draft: Draft, image: Operand, operation: Resize, order: Order) -> Tensor:
    """By the graph's own rules."""
    return draft.add(operation, draft.named(image, order), order=order)


def nearest(draft: Draft, image: Operand, places: Sequence[Array], order: Order) -> Operand:
    """Picks the rows and columns of the source named in `places`: a Resize where it would pick the same, else two
    Gathers."""
    height, width = (draft.shape(image)[axis] for axis in order[1:3])
    size = len(places[0]), len(places[1])
    for half_pixel in (True, False):
        own = [_graphs_own(*each, half_pixel) for each in zip((height, width), size, strict=True)]
        if all(np.array_equal(*each) for each in zip(own, places, strict=True)):
            return resized(draft, image, Resize(size, "nearest", half_pixel), order)
    down = by_axes.picked(draft, image, places[0], order[1])
    return by_axes.picked(draft, down, places[1], order[2])


def _graphs_own(length: int, count: int, half_pixel: bool) -> Array:
    """As TensorFlow picks them: rounded down."""
    positions = (np.arange(count) + 0.5 * half_pixel) * (length / count)
    return np.asarray(np.minimum(np.floor(positions + 1e-9), length - 1), np.int64)


def ceiled(lengths: Sequence[int], size: Sequence[int], strides: Sequence[int], margins: Margins) -> Margins:
    """Margins that let the last window begin wherever a part of it still meets the image, as ceil_mode has it."""
    down, across = (_ceiled(*each) for each in zip(lengths, size, strides, margins, strict=True))
    return down, across


def _ceiled(length: int, size: int, stride: int, margin: tuple[int, int]) -> tuple[int, int]:
    before, after = margin
    count = -(-(length + before + after - size) // stride) + 1
    if (count - 1) * stride >= length + before:
        count -= 1
    return before, max(after, (count - 1) * stride + size - length - before)


def flat(draft: Draft, image: Operand) -> tuple[Operand, bool]:
    """(n, channels, length) as (n, channels, 1, length), and whether it was."""
    if draft.rank(image) != 3:
        return image, False
    n, channels, length = draft.shape(image)
    return draft.reshape(draft.tensor(image), (n, channels, 1, length)), True


def unflat(draft: Draft, image: Tensor, was: bool) -> Tensor:
    """The height of 1 taken away again."""
    if not was:
        return image
    n, channels, _, length = draft.shape(image)
    return draft.reshape(image, (n, channels, length))


def response_norm(draft: Draft, image: Operand, size: int, scale: float, bias: float, power: float) -> Tensor:
    """x / (bias + scale * mean of x^2 over `size` neighbouring channels) ^ power, of an image that is channels first in
    its source: the mean as a pool over channels."""
    n, channels, height, width = draft.shape(image)
    order = axes.CHANNELS_LAST
    squares = draft.unary(Unary("square"), draft.tensor(image))
    rows = draft.reshape(draft.transpose(squares, order), (n, height * width, channels, 1))
    before = (size - 1) // 2
    pool = Pool("average", (1, size), (1, 1), ((0, 0), (before, size - 1 - before)), margin_counts=True)
    means = draft.add(pool, draft.named(rows))
    back = draft.transpose(draft.reshape(means, (n, height, width, channels)), (0, 3, 1, 2))
    line = draft.binary("add", draft.binary("multiply", back, scale), bias)
    return draft.binary("multiply", image, draft.binary("power", line, -power))
