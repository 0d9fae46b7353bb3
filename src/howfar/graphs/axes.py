"""Orders of axes, and what reshaping does to them: pure arithmetic, for the readers of formats that lie otherwise.

An order says which of the source's axes each of the graph's is: (0, 2, 3, 1) where the source is channels first.
"""

from collections.abc import Iterator, Sequence
from math import prod

from howfar.graphs.graph import Margins
from howfar.layers import Shape

CHANNELS_LAST = (0, 2, 3, 1)  # the order of an image whose source is channels first


def ascending(rank: int) -> tuple[int, ...]:
    """The order of a tensor that lies as in its source."""
    return tuple(range(rank))


def between(order: Sequence[int], other: Sequence[int]) -> tuple[int, ...]:
    """The permutation that brings a tensor from one order into the other."""
    return tuple(order.index(axis) for axis in other)


def moves_ones_only(shape: Shape, permutation: Sequence[int]) -> bool:
    """Whether the numbers stay in their order in memory."""
    long = [axis for axis in permutation if shape[axis] != 1]
    return long == sorted(long)


def in_source(shape: Shape, order: Sequence[int]) -> Shape:
    """The source's shape of what is `shape` in the graph."""
    return tuple(shape[order.index(axis)] for axis in range(len(order)))


def without(order: Sequence[int], axes: Sequence[int]) -> tuple[int, ...]:
    """The order after the source's `axes` are gone."""
    left = [axis for axis in order if axis not in axes]
    return tuple(sorted(left).index(axis) for axis in left)


def at(axis: int, rank: int) -> int:
    """An axis that may be counted from the end."""
    return axis + rank if axis < 0 else axis


Group = tuple[tuple[int, ...], tuple[int, ...]]


def regroup(before: Shape, after: Shape) -> list[Group]:
    """Which axes become which by a reshape: the smallest runs of axes that hold equally many numbers. Both hold as many
    in all."""
    groups = list(_runs(before, after))
    taken, made = (sum(len(group[side]) for group in groups) for side in (0, 1))
    left = tuple(range(taken, len(before))), tuple(range(made, len(after)))  # of length 1
    if not groups:
        return [left] if any(left) else []
    last = groups[-1]
    return [*groups[:-1], (last[0] + left[0], last[1] + left[1])]


def _runs(before: Shape, after: Shape) -> Iterator[Group]:
    i = j = 0
    while i < len(before) and j < len(after):
        start = i, j
        held, wanted = before[i], after[j]
        i, j = i + 1, j + 1
        while held != wanted:
            if held < wanted:
                held, i = held * before[i], i + 1
            else:
                wanted, j = wanted * after[j], j + 1
        yield tuple(range(start[0], i)), tuple(range(start[1], j))


def resolved(before: Shape, after: Sequence[int], *, zero_copies: bool = False) -> Shape:
    """The shape that -1 and, with `zero_copies`, 0 stand for."""
    filled = [before[i] if size == 0 and zero_copies else int(size) for i, size in enumerate(after)]
    if -1 in filled:
        rest = -prod(filled)
        filled[filled.index(-1)] = prod(before) // rest if rest else 0
    return tuple(filled)


def margins(flat: Sequence[int]) -> Margins:
    """From ONNX's order: all before, then all after."""
    return (flat[0], flat[2]), (flat[1], flat[3])
