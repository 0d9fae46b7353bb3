"""When is a series steady, and when is its median known well enough? The twin of page/steady.js."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def change_point(values: Sequence[float], shift: float = 0.02) -> int | None:
    """Pettitt's rank test for one change of level (A. N. Pettitt, Applied Statistics 28, 1979).

    A change counts when p < 0.01 and the medians on both sides differ by more than `shift` of the later one.
    Returns the index at which the new level starts.
    """
    n = len(values)
    if n < 2:
        return None
    sums = np.cumsum(2 * _average_ranks(np.asarray(values)) - (n + 1))[:-1]
    start = int(np.argmax(np.abs(sums))) + 1
    p = 2 * math.exp(-6 * float(sums[start - 1]) ** 2 / (n**3 + n**2))
    if p >= 0.01:
        return None
    before, after = float(np.median(values[:start])), float(np.median(values[start:]))
    return start if abs(before - after) > shift * after else None


def _average_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 1; equal values share their mean rank."""
    _, index, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: NDArray[np.float64] = (last - (counts - 1) / 2)[index]
    return ranks


def relative_half_width(values: Sequence[float]) -> float:
    """The 95 % interval of the median by order statistics, as a share: (high - low) / 2 / median; infinite where there
    are too few values to tell. It only decides when to stop."""
    n = len(values)
    reach = 1.96 * math.sqrt(n) / 2
    low, high = math.floor(n / 2 - reach), math.ceil(n / 2 + reach)
    if low < 0 or high > n - 1:
        return math.inf
    ordered = np.sort(values)
    return float((ordered[high] - ordered[low]) / 2 / np.median(ordered))
