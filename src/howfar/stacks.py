"""Depths of call stacks, weighed by the time that was seen at each. Pure."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from howfar.observed import StackNode
from howfar.stats import Floats

Depths = Sequence[int]


def seconds(depth_us: Depths) -> float:
    """How long the framework was on the stack."""
    return sum(depth_us[1:]) / 1e6


def depths(rounds: Sequence[Depths]) -> dict[str, float]:
    """`stack_depth_mean`, `stack_depth_median`, `stack_depth_p999` and `stack_depth_max` over rounds of equal weight,
    of the time in which the framework was on the stack; in each round there must be some."""
    shares = np.zeros(max(map(len, rounds)))
    for one in rounds:
        shares[: len(one)] += _shares(one)
    known = np.arange(len(shares))
    below = shares.cumsum() / shares.sum()
    return {
        "stack_depth_mean": float((known * shares).sum() / shares.sum()),
        "stack_depth_median": float(np.searchsorted(below, 0.5)),
        "stack_depth_p999": float(np.searchsorted(below, 0.999)),
        "stack_depth_max": float(known[shares > 0].max()),
    }


def _shares(depth_us: Depths) -> Floats:
    inside: Floats = np.array([0, *depth_us[1:]], dtype=float) / sum(depth_us[1:])
    return inside


class Flame(Struct, frozen=True):
    """One box of a flame graph: where it begins and how broad it is, as shares of the whole; its level from 0 on."""

    node: StackNode
    left: float
    share: float
    level: int


def flames(nodes: Sequence[StackNode]) -> list[Flame]:
    """Callers below what they called, each as broad as its time, the broadest first."""
    total_us = [node.self_us for node in nodes]
    for place in reversed(range(len(nodes))):
        caller = nodes[place].caller
        if caller is not None:
            total_us[caller] += total_us[place]
    whole = sum(us for node, us in zip(nodes, total_us, strict=True) if node.caller is None)
    free: dict[int | None, float] = {None: 0.0}  # where the next box of each caller begins
    boxes: dict[int, Flame] = {}
    for place in _broadest_first(nodes, total_us):
        node, share = nodes[place], total_us[place] / whole
        left = free[node.caller]
        level = 0 if node.caller is None else boxes[node.caller].level + 1
        boxes[place] = Flame(node, left, share, level)
        free[node.caller], free[place] = left + share, left
    return list(boxes.values())


def _broadest_first(nodes: Sequence[StackNode], total_us: Sequence[int]) -> list[int]:
    """A caller is no narrower than what it called, and stands before it."""
    return sorted(
        (place for place in range(len(nodes)) if total_us[place]), key=lambda place: (-total_us[place], place)
    )
