"""Graphs that hold every operation between them, to be written and run in any format."""

from typing import Any

import numpy as np

from howfar.graphs.building import Builder
from howfar.graphs.graph import (
    Activation,
    BatchNorm,
    Binary,
    Cast,
    Concat,
    Convolution,
    Dense,
    Gather,
    Graph,
    Gru,
    LayerNorm,
    Logical,
    Lstm,
    MatMul,
    Pad,
    Pool,
    PRelu,
    Reduce,
    Reshape,
    Resize,
    Select,
    Slice,
    Softmax,
    Transpose,
    TransposedConvolution,
    Unary,
)
from howfar.handed import TensorSpec


def some(*shape: int) -> Any:
    return np.random.default_rng(3).normal(size=shape).astype(np.float32)


def images() -> Graph:
    """Every operation on images; names that TensorFlow does not take."""
    b = Builder([TensorSpec("image:0", (2, 9, 8, 4))])
    x = b.add(Convolution(margins=((1, 1), (0, 2))), "image:0", b.constant(some(3, 3, 4, 6)), b.constant(some(6)))
    x = b.add(Activation("hard_silu"), b.add(BatchNorm(0.01), x, *(b.constant(np.abs(some(6)) + i) for i in range(4))))
    x = b.add(Convolution(strides=(2, 2), margins=((0, 1), (1, 1)), groups=6), x, b.constant(some(3, 3, 1, 6)))
    y = b.add(Convolution(groups=2), x, b.constant(some(1, 1, 3, 6)), b.constant(some(6)))
    x = b.add(Binary("add"), x, b.add(PRelu(), y, b.constant(some(6))))
    x = b.add(TransposedConvolution((2, 2), ((1, 1), (0, 1))), x, b.constant(some(3, 3, 5, 6)), b.constant(some(5)))
    x = b.add(Pool("max", (3, 3), (2, 2), ((1, 1), (1, 1))), x)
    average = b.add(Pool("average", (3, 3), (1, 1), ((2, 1), (1, 1))), x)
    counting = b.add(Pool("average", (3, 3), (1, 1), ((2, 1), (1, 1)), margin_counts=True), x)
    x = b.add(Concat(3), average, counting)
    x = b.add(Resize((10, 12), "bilinear"), b.add(Resize((8, 9), "nearest", half_pixel=False), x))
    x = b.add(Pad(((0, 0), (1, 0), (0, 2), (0, 0)), mode="reflect"), x)
    x = b.add(Pad(((0, 0), (1, 3), (0, 2), (0, 0)), mode="edge"), x)
    x = b.add(Slice((0, 1, 0, 2), (2, 9, 12, 9), (1, 2, 3, 1)), x)
    return b.finish([b.add(Softmax(1), b.add(Reduce("mean", (1, 2)), x)), b.add(Activation("mish"), x)])


def rows(*, loops: bool = True) -> Graph:
    """Everything else: two inputs, one of numbers of words. `loops`: with recurrent layers."""
    b = Builder([TensorSpec("words", (2, 5), "int32"), TensorSpec("x", (2, 5, 4))])
    table = b.add(Gather(0), b.constant(some(7, 4)), "words")
    x = b.add(LayerNorm(1e-3), b.add(Binary("add"), table, "x"), b.constant(some(4)), b.constant(some(4)))
    kinds = (Lstm, Gru) if loops else ()
    both = [b.add(kind(3, True, back), x, *arrays(b, kind)) for kind in kinds for back in (False, True)] or [x] * 3
    last = [b.add(kind(3, False, back), x, *arrays(b, kind)) for kind in kinds for back in (False, True)]
    x = b.add(Activation("gelu"), b.add(Dense(), b.add(Concat(2), *both), b.constant(some(12, 6)), b.constant(some(6))))
    products = b.add(Softmax(2), b.add(MatMul(transpose_b=True), x, x))
    x = b.add(Transpose((0, 2, 1)), b.add(MatMul(), products, x))
    x = b.add(Unary("sqrt"), b.add(Unary("square"), b.add(Reshape((2, 30)), x)))
    return b.finish([x, b.add(Concat(1), *last)] if loops else [x])


def choices() -> Graph:
    """A transformer's mask: what may be looked at is worked out of the input, and the rest is minus infinity."""
    b = Builder([TensorSpec("mask", (2, 5), "int32"), TensorSpec("x", (2, 3, 5, 5))])
    there = b.add(Logical("greater"), b.add(Reshape((2, 1, 1, 5)), "mask"), b.constant(np.int32(0)))
    places = np.arange(5, dtype=np.int32)
    row = b.add(Reshape((1, 5)), b.constant(places))
    earlier = b.add(Logical("less_equal"), row, b.constant(places.reshape(5, 1)))
    seen = b.add(
        Logical("and"), there, b.add(Logical("or"), earlier, b.add(Logical("equal"), there, b.constant(False)))
    )
    x = b.add(Select(), seen, "x", b.constant(np.float32(-np.inf)))
    # Whoever sees nobody sees everybody.
    seen = b.add(Reduce("max", (3,), keep=True), b.add(Cast("float32"), seen))
    x = b.add(Select(), b.add(Logical("less"), seen, b.constant(np.float32(1))), b.constant(np.float32(0)), x)
    return b.finish([b.add(Softmax(3), x), b.add(Cast("float32"), b.add(Logical("greater_equal"), "x", seen))])


def arrays(b: Builder, kind: type) -> list[str]:
    gates = 12 if kind is Lstm else 9
    biases = some(gates) if kind is Lstm else some(2, gates)
    return [b.constant(array) for array in (some(4, gates), some(3, gates), biases)]
