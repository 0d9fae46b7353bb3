"""What the cells of a study say of one another's spread between processes (docs/method.md, "Statistics")."""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from scipy.special import digamma, polygamma

from howfar.stats import Floats, Prior

# With fewer cells than this their spreads say too little of one another (simulated: coverage falls below 93 %).
MIN_POOLED_CELLS = 10
# What the other cells say never counts for more than this many further processes: with more, a study whose cells
# happen to agree would give intervals that one unquiet cell does not deserve.
MAX_PRIOR_WEIGHT = 10.0
# A spread below 1e-5 is the clock's step, not the machine's.
MIN_VARIANCE = 1e-10


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
