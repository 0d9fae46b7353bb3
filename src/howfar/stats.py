"""What samples say, and how surely: pure functions over numbers (docs/method.md, "Statistics").

The browser process is the unit of replication: samples of one process share its compiled code, its memory layout and
its moment, so a hundred of them say less about the next process than three processes do.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike, NDArray
from scipy import stats as distributions

Floats = NDArray[np.float64]

CONFIDENCE = 0.95
# Below these many samples a quantile so far out is the largest sample under another name.
MIN_SAMPLES = {0.1: 10, 0.9: 10, 0.99: 100}
DRIFT_P = 0.01


class Summary(Struct, frozen=True):
    """One metric of one cell. Milliseconds per operation; None where the samples are too few to say."""

    median: float
    low: float | None
    high: float | None
    p10: float | None
    p90: float | None
    p99: float | None
    samples: int
    processes: int


class Ratio(Struct, frozen=True):
    """How many times B's time A takes, with its 95 % interval (None when only one round was shared)."""

    value: float
    low: float | None
    high: float | None
    rounds: int

    @property
    def faster(self) -> bool:
        """A takes less time than B: the whole interval lies below 1."""
        return self.high is not None and self.high < 1

    @property
    def slower(self) -> bool:
        """A takes more time than B: the whole interval lies above 1."""
        return self.low is not None and self.low > 1

    @property
    def undecided(self) -> bool:
        """No claim can be made either way."""
        return not (self.faster or self.slower)


def quantile(processes: Sequence[ArrayLike], q: float) -> float | None:
    """The pooled quantile over processes of equal weight, however many samples each gave; None when too few."""
    arrays = [np.asarray(process, dtype=float) for process in processes]
    pooled = np.concatenate(arrays)
    if len(pooled) < MIN_SAMPLES.get(q, 1):
        return None
    weights = np.concatenate([np.full(len(array), 1 / len(array)) for array in arrays])
    return float(np.quantile(pooled, q, weights=weights, method="inverted_cdf"))


def t_interval(logs: ArrayLike) -> tuple[Any, Any]:
    """The 95 % interval of the mean over the last axis (one value per process), by Student's t.

    The percentile bootstrap that is usual here covers about 75 % with three processes, where it should cover 95 %
    (tests/test_stats.py measures both). Shape (..., R), R >= 2, gives two arrays of shape (...).
    """
    values = np.asarray(logs, dtype=float)
    count = values.shape[-1]
    quantile_t = distributions.t.ppf((1 + CONFIDENCE) / 2, count - 1)
    half = quantile_t * values.std(axis=-1, ddof=1) / np.sqrt(count)
    centre = values.mean(axis=-1)
    return centre - half, centre + half


def geometric(values: ArrayLike) -> tuple[float, float | None, float | None]:
    """The geometric mean of positive values, and its 95 % interval: None, None for a single one.

    A value of 0 (a clock too coarse to see the operation) makes the mean 0, of which no interval can be given.
    """
    positive = np.asarray(values, dtype=float)
    if np.any(positive <= 0):
        return 0.0, None, None
    if len(positive) < 2:
        return float(positive[0]), None, None
    logs = np.log(positive)
    low, high = t_interval(logs)
    return float(np.exp(logs.mean())), float(np.exp(low)), float(np.exp(high))


def summarize(processes: Sequence[ArrayLike]) -> Summary:
    """The statistics of one metric of one cell from its samples: one non-empty array of ms per operation per process.

    `median` is the geometric mean of the processes' medians; p10, p90 and p99 are of all samples, processes weighing
    the same.
    """
    median, low, high = geometric([np.median(np.asarray(process, dtype=float)) for process in processes])
    p10, p90, p99 = (quantile(processes, q) for q in (0.1, 0.9, 0.99))
    samples = sum(np.asarray(process).size for process in processes)
    return Summary(median, low, high, p10, p90, p99, samples, len(processes))


def ratio(a: Mapping[int, float], b: Mapping[int, float]) -> Ratio | None:
    """A's time over B's from the rounds that both were measured in; None when there is none.

    `a` and `b` map a round to that process's median. Within a round both met the same machine, so what the machine
    did from round to round cancels.
    """
    shared = [number for number in a if number in b and a[number] > 0 and b[number] > 0]
    if not shared:
        return None
    return Ratio(*geometric([a[number] / b[number] for number in shared]), rounds=len(shared))


def change_point(values: ArrayLike, shift: float = 0.02) -> int | None:
    """Where a series changes its level (the index at which the new level starts), or None if it doesn't.

    Pettitt's rank test (Applied Statistics 28, 1979). With average ranks, U_t = 2 (rank_1 + .. + rank_t) - t (n + 1)
    and K = max |U_t| at the first such t, p = 2 exp(-6 K^2 / (n^3 + n^2)). A change counts when p < 0.01 and the
    median from t on differs from the median before t by more than `shift` times itself. The measuring loops hold to
    the same rule for warm-up.
    """
    series = np.asarray(values, dtype=float)
    n = len(series)
    if n < 2:
        return None
    position, p = _pettitt(series)
    before, after = np.median(series[:position]), np.median(series[position:])
    changed = p < DRIFT_P and abs(after - before) > shift * after
    return position if changed else None


def _pettitt(series: Floats) -> tuple[int, float]:
    n = len(series)
    ranks = distributions.rankdata(series)
    u = np.abs(2 * np.cumsum(ranks)[:-1] - np.arange(1, n) * (n + 1))
    p = 2 * np.exp(-6 * u.max() ** 2 / (n**3 + n**2))
    return int(u.argmax()) + 1, float(p)
