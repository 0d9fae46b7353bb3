"""What samples say, and how surely: pure functions over numbers (docs/method.md, "Statistics").

The browser process is the unit of replication: samples of one process share its compiled code, its memory layout and
its moment, so a hundred of them say less about the next process than three processes do.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

Floats = NDArray[np.float64]

CONFIDENCE = 0.95
# Below these many samples a quantile so far out is the largest sample under another name.
MIN_SAMPLES = {0.1: 10, 0.9: 10, 0.99: 100}
# From so many processes on, a fifth of them at either end count for no more than the nearest that is left. Where one in
# ten is slowed by 30 %, as by neighbours that come and go, the interval of the plain mean of 8 to 12 covers 62 to 72 %,
# and that of the trimmed one 95 % at a third of the width; among processes that are all alike it is a tenth wider.
FEWEST_TRIMMED = 8
TRIMMED = 0.2


class Summary(Struct, frozen=True, gc=False):
    """One metric of one cell. Milliseconds per operation; None where the samples are too few to say."""

    median: float
    low: float | None
    high: float | None
    p10: float | None
    p90: float | None
    p99: float | None
    samples: int
    processes: int


class Ratio(Struct, frozen=True, gc=False):
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
    return quantiles(processes, (q,))[0]


def quantiles(processes: Sequence[ArrayLike], qs: Sequence[float]) -> list[float | None]:
    """Several of them, sorted once. (`numpy.quantile` with weights gives the same, 0.5 ms each.)"""
    arrays = [np.asarray(process, dtype=float) for process in processes]
    pooled = np.concatenate(arrays)
    order = np.argsort(pooled)
    lengths = np.array([len(array) for array in arrays])
    weights = np.repeat(1 / lengths, lengths)[order].cumsum()
    places = np.searchsorted(weights / weights[-1], qs, side="left") if len(pooled) else ()
    found = pooled[order[places]].tolist()
    return [one if len(pooled) >= MIN_SAMPLES.get(q, 1) else None for q, one in zip(qs, found, strict=False)]


def middle(values: ArrayLike) -> float:
    """The median, or nan of none."""
    return middles([np.asarray(values, dtype=float)])[0]


def middles(many: Sequence[Floats]) -> list[float]:
    """The medians of many series; those of one length together: `numpy.median` takes 15 us of care for each."""
    found = np.full(len(many), math.nan)
    for length, places in by_length(many):
        if length:
            ordered = np.sort(np.stack([many[place] for place in places]), axis=1)
            found[places] = (ordered[:, (length - 1) // 2] + ordered[:, length // 2]) / 2
    return found.tolist()


def by_length(many: Sequence[Floats]) -> Iterable[tuple[int, list[int]]]:
    """The places of the series of each length."""
    alike: dict[int, list[int]] = defaultdict(list)
    for place, series in enumerate(many):
        alike[len(series)].append(place)
    return alike.items()


class Prior(Struct, frozen=True):
    """What the cells of a study say of one another's spread between processes: as much as `weight` further processes
    whose logarithms have this `variance` would say of one cell."""

    weight: float
    variance: float


def t_interval(logs: ArrayLike, prior: Prior | None = None) -> tuple[Any, Any]:
    """The 95 % interval of the mean over the last axis (one value per process; trimmed where they are many), by
    Student's t, its variance moderated by what the other cells say.

    The percentile bootstrap that is usual here covers 67 % with three processes, where it should cover 95 %
    (tests/test_stats.py measures all of them). Shape (..., R), R >= 2, gives two arrays of shape (...).
    """
    centre, count, variance = _located(np.asarray(logs, dtype=float))
    half = _half_width(count, variance, prior)
    return centre - half, centre + half


def _located(logs: Floats) -> tuple[Any, int, Any]:
    """The mean over the last axis, how many values it is of, and their variance: of many the trimmed mean, and the
    variance of the winsorized values that its standard error is worked out from (J. W. Tukey and D. H. McLaughlin,
    Sankhya A 25 (1963))."""
    count = logs.shape[-1]
    if count < FEWEST_TRIMMED:
        return logs.mean(axis=-1), count, logs.var(axis=-1, ddof=1)
    ends = int(TRIMMED * count)
    ordered = np.sort(logs, axis=-1)
    kept = ordered[..., ends : count - ends]
    winsorized = np.clip(ordered, kept[..., :1], kept[..., -1:])
    left = count - 2 * ends
    return kept.mean(axis=-1), left, winsorized.var(axis=-1) * count / (left - 1)


def _half_width(count: int, variance: Any, prior: Prior | None) -> Any:
    """Of the interval of a mean of so many values, of which one variance or many are known."""
    free, square = _squared_error(count, variance, prior)
    return _t_quantile(free) * square**0.5


def _squared_error(count: int, variance: Any, prior: Prior | None) -> tuple[float, Any]:
    """Of such a mean, its variance moderated, and its degrees of freedom before it."""
    known = prior or Prior(0.0, 0.0)
    free = count - 1 + known.weight
    return free, (known.weight * known.variance + (count - 1) * variance) / free / count


@cache
def _t_quantile(free: float) -> float:
    """Student's, at the interval's upper end: the cells of a study ask for the same few again and again."""
    return float(stdtrit(free, (1 + CONFIDENCE) / 2))


def geometric(values: Iterable[float], prior: Prior | None = None) -> tuple[float, float | None, float | None]:
    """The geometric mean of positive values (trimmed where they are many) and its 95 % interval: None, None for a
    single one.

    A value of 0 (a clock too coarse to see the operation) makes the mean 0, of which no interval can be given.
    """
    positive = [float(value) for value in values]
    if min(positive) <= 0:
        return 0.0, None, None
    if len(positive) < 2:
        return positive[0], None, None
    logs = [math.log(value) for value in positive]
    centre, count, variance = _located_few(logs) if len(logs) < FEWEST_TRIMMED else _located(np.array(logs))
    half = _half_width(count, variance, prior)
    return math.exp(centre), math.exp(centre - half), math.exp(centre + half)


def _located_few(logs: Sequence[float]) -> tuple[float, int, float]:
    """The same without NumPy, which takes ten times as long for a handful."""
    centre = math.fsum(logs) / len(logs)
    return centre, len(logs), math.fsum((one - centre) ** 2 for one in logs) / (len(logs) - 1)


def summarize(
    processes: Sequence[ArrayLike], prior: Prior | None = None, medians: Sequence[float] | None = None
) -> Summary:
    """The statistics of one metric of one cell from its samples: one non-empty array of ms per operation per process.

    `median` is the geometric mean of the processes' medians, which can be given (trimmed where they are many); p10, p90
    and p99 are of all samples, processes weighing the same.
    """
    median, low, high = geometric(medians or [middle(process) for process in processes], prior)
    p10, p90, p99 = quantiles(processes, (0.1, 0.9, 0.99))
    samples = sum(np.asarray(process).size for process in processes)
    return Summary(median, low, high, p10, p90, p99, samples, len(processes))


def block_ratios(a: Mapping[int, float], b: Mapping[int, float]) -> list[float]:
    """A's time over B's in each round that both were measured in; `a` and `b` map a round to that process's median."""
    return [a[number] / b[number] for number in a if number in b and a[number] > 0 and b[number] > 0]


def ratio(a: Mapping[int, float], b: Mapping[int, float], prior: Prior | None = None) -> Ratio | None:
    """A's time over B's from the rounds that both were measured in; None when there is none.

    Within a round both met the same machine, so what the machine did from round to round cancels.
    """
    ratios = block_ratios(a, b)
    return Ratio(*geometric(ratios, prior), rounds=len(ratios)) if ratios else None


def ratio_apart(a: Mapping[int, float], b: Mapping[int, float], prior: Prior | None = None) -> Ratio | None:
    """A's time over B's where they met in no round: two runs, days apart. `rounds`: of the one that has fewer.

    Welch's interval over the logarithms, each side's variance moderated like that of a single mean.
    """
    logs = [np.log([value for value in one.values() if value > 0]) for one in (a, b)]
    fewest = min(map(len, logs))
    if not fewest:
        return None
    if fewest < 2:
        return Ratio(float(np.exp(logs[0].mean() - logs[1].mean())), None, None, fewest)
    (own, *_), (other, *_) = located = [_located(one) for one in logs]
    shift, half = float(own - other), _welch([_squared_error(count, variance, prior) for _, count, variance in located])
    value, low, high = (float(np.exp(at)) for at in (shift, shift - half, shift + half))
    return Ratio(value, low, high, fewest)


def _welch(sides: Sequence[tuple[float, float]]) -> float:
    """Half of the 95 % interval of the difference of two means, each given by its degrees of freedom and its squared
    error."""
    whole = float(sum(square for _, square in sides))
    if whole == 0:
        return 0.0
    return _t_quantile(whole**2 / sum(square**2 / free for free, square in sides)) * math.sqrt(whole)


def pooled(ratios: Sequence[Ratio]) -> Ratio | None:
    """The geometric mean of ratios of different cells, and the interval that their own intervals leave it: it says how
    surely these cells are known, not how others would turn out. `rounds`: how many cells have an interval."""
    sure = [one for one in ratios if one.low and one.high]
    if not sure:
        return None
    logs = np.log([one.value for one in sure])
    halves = np.array([np.log(one.high / one.low) / 2 for one in sure if one.low and one.high])
    half = float(np.sqrt((halves**2).sum()) / len(sure))
    centre = float(logs.mean())
    value, low, high = (float(np.exp(at)) for at in (centre, centre - half, centre + half))
    return Ratio(value, low, high, len(sure))
