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
from scipy.special import digamma, polygamma, stdtrit

Floats = NDArray[np.float64]

CONFIDENCE = 0.95
# Below these many samples a quantile so far out is the largest sample under another name.
MIN_SAMPLES = {0.1: 10, 0.9: 10, 0.99: 100}
# With fewer cells than this their spreads say too little of one another (simulated: coverage falls below 93 %).
MIN_POOLED_CELLS = 10
# What the other cells say never counts for more than this many further processes: with more, a study whose cells
# happen to agree would give intervals that one unquiet cell does not deserve.
MAX_PRIOR_WEIGHT = 10.0
# A spread below 1e-5 is the clock's step, not the machine's.
MIN_VARIANCE = 1e-10


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


def prior(cells: Iterable[Sequence[float]]) -> Prior | None:
    """The prior of cells that were measured alike, each given by its processes' medians; None where they are too few.

    Empirical Bayes as in G. K. Smyth, Statistical Applications in Genetics and Molecular Biology 3 (2004): the cells'
    variances are taken to scatter about a common one, and how much they scatter beyond what so few processes explain
    says how much a cell may learn from the others. Without it two processes would give an interval of 12.7 standard
    errors, and three one of 4.3.
    """
    logs = [np.log(cell) for cell in cells if len(cell) > 1 and min(cell) > 0]
    return _prior(np.array([float(len(own)) for own in logs]), np.array([own.var(ddof=1) for own in logs]))


def prior_of_ratios(fields: Iterable[Sequence[Mapping[int, float]]]) -> Prior | None:
    """The same of the ratios of every two in each field, round by round as `block_ratios` has them; in a field each is
    given by its rounds. All pairs together, since a large study has a million of their rounds."""
    found = [_pairs(field) for field in fields]
    counts, variances = (np.concatenate([np.empty(0), *(each[part] for each in found)]) for part in (0, 1))
    return _prior(counts, variances)


def _pairs(field: Sequence[Mapping[int, float]]) -> tuple[Floats, Floats]:
    """Of every two that share two rounds: how many they share, and the variance of the ratios' logarithms over them."""
    numbers = sorted({number for rounds in field for number in rounds})
    times = np.array([[rounds.get(number, 0.0) for number in numbers] for rounds in field])
    times = times.reshape(len(field), len(numbers))
    logs = np.log(times, out=np.full(times.shape, math.nan), where=times > 0)
    one, other = np.triu_indices(len(field), 1)
    ratios = logs[one] - logs[other]
    counts = np.sum(~np.isnan(ratios), axis=1, dtype=float)
    ratios, counts = ratios[counts > 1], counts[counts > 1]
    squares = (ratios - np.nansum(ratios, axis=1, keepdims=True) / counts[:, None]) ** 2
    return counts, np.nansum(squares, axis=1) / (counts - 1)


def _prior(counts: Floats, variances: Floats) -> Prior | None:
    """From how many processes each cell has, and the variance of their logarithms (Smyth, section 6.2)."""
    if len(variances) < MIN_POOLED_CELLS:
        return None
    free = counts - 1
    levels = np.log(np.maximum(variances, MIN_VARIANCE)) - digamma(free / 2) + np.log(free / 2)
    excess = float(levels.var(ddof=1) - polygamma(1, free / 2).mean())
    weight = min(MAX_PRIOR_WEIGHT, _inverse_trigamma(excess) * 2 if excess > 0 else MAX_PRIOR_WEIGHT)
    return Prior(weight, float(np.exp(levels.mean() + digamma(weight / 2) - np.log(weight / 2))))


def _inverse_trigamma(value: float) -> float:
    """By Newton's method on 1 / trigamma, which is convex, from below (Smyth, appendix)."""
    x, step = 0.5 + 1 / value, math.inf
    while abs(step) > 1e-8 * x:
        trigamma = polygamma(1, x)
        step = trigamma * (1 - trigamma / value) / polygamma(2, x)
        x += step
    return float(x)


def t_interval(logs: ArrayLike, prior: Prior | None = None) -> tuple[Any, Any]:
    """The 95 % interval of the mean over the last axis (one value per process), by Student's t, its variance moderated
    by what the other cells say.

    The percentile bootstrap that is usual here covers 67 % with three processes, where it should cover 95 %
    (tests/test_stats.py measures all of them). Shape (..., R), R >= 2, gives two arrays of shape (...).
    """
    values = np.asarray(logs, dtype=float)
    half = _half_width(values.shape[-1], values.var(axis=-1, ddof=1), prior)
    centre = values.mean(axis=-1)
    return centre - half, centre + half


def _half_width(count: int, variance: Any, prior: Prior | None) -> Any:
    """Of the interval of a mean of so many values, of which one variance or many are known."""
    known = prior or Prior(0.0, 0.0)
    free = count - 1 + known.weight
    return _t_quantile(free) * ((known.weight * known.variance + (count - 1) * variance) / free / count) ** 0.5


@cache
def _t_quantile(free: float) -> float:
    """Student's, at the interval's upper end: the cells of a study ask for the same few again and again."""
    return float(stdtrit(free, (1 + CONFIDENCE) / 2))


def geometric(values: Iterable[float], prior: Prior | None = None) -> tuple[float, float | None, float | None]:
    """The geometric mean of positive values, and its 95 % interval: None, None for a single one.

    A value of 0 (a clock too coarse to see the operation) makes the mean 0, of which no interval can be given.
    """
    # Without NumPy, which takes ten times as long for a handful.
    positive = [float(value) for value in values]
    if min(positive) <= 0:
        return 0.0, None, None
    if len(positive) < 2:
        return positive[0], None, None
    logs = [math.log(value) for value in positive]
    centre = math.fsum(logs) / len(logs)
    variance = math.fsum((one - centre) ** 2 for one in logs) / (len(logs) - 1)
    half = _half_width(len(logs), variance, prior)
    return math.exp(centre), math.exp(centre - half), math.exp(centre + half)


def summarize(
    processes: Sequence[ArrayLike], prior: Prior | None = None, medians: Sequence[float] | None = None
) -> Summary:
    """The statistics of one metric of one cell from its samples: one non-empty array of ms per operation per process.

    `median` is the geometric mean of the processes' medians, which can be given; p10, p90 and p99 are of all samples,
    processes weighing the same.
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
    if not all(len(one) for one in logs):
        return None
    shift, fewest = float(logs[0].mean() - logs[1].mean()), min(map(len, logs))
    if fewest < 2:
        return Ratio(float(np.exp(shift)), None, None, fewest)
    half = _welch(logs, prior or Prior(0.0, 0.0))
    value, low, high = (float(np.exp(at)) for at in (shift, shift - half, shift + half))
    return Ratio(value, low, high, fewest)


def _welch(logs: Sequence[Floats], known: Prior) -> float:
    """Half of the 95 % interval of the difference of two means."""
    frees = [len(one) - 1 + known.weight for one in logs]
    squares = [
        (known.weight * known.variance + (len(one) - 1) * float(one.var(ddof=1))) / free / len(one)
        for one, free in zip(logs, frees, strict=True)
    ]
    whole = sum(squares)
    if whole == 0:
        return 0.0
    free = whole**2 / sum(square**2 / own for square, own in zip(squares, frees, strict=True))
    return float(_t_quantile(free) * np.sqrt(whole))


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
