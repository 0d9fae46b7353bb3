"""How a target's time grows with the network: laws that are fitted to what was measured, and chosen and judged by what
they say of sizes that they have not seen.

The same size is never on both sides of a fold, for no target: else the time of the next back end would give it away.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GroupKFold

from howfar.records import Model, Target
from howfar.stats import Floats

# Folds of the cross-validation that judges, and of the one within each that chooses; with fewer sizes each is left out
# once.
FOLDS, CHOOSING_FOLDS = 10, 5
SEED = 0
Indices = NDArray[np.intp]
Predict = Callable[[Floats], Floats]
# (cells, 3): depth, width, multiply-adds of a sample; (cells,): log ms.
Fit = Callable[[Floats, Floats], Predict]


class Timed(Struct, frozen=True):
    """One measured cell: milliseconds, and the multiply-adds of one sample's forward pass."""

    target: Target
    model: Model
    work: float
    ms: float


def features(model: Model, work: float) -> tuple[float, float, float]:
    """What a law goes by."""
    return (model.depth, model.width, work)


def _sum_of_costs(sizes: Floats, logs: Floats) -> Predict:
    """What a call costs, and a layer, and a unit, and a multiply-add: none of them less than nothing. The least squares
    of relative errors."""
    terms = _terms(sizes)
    scale = terms.mean(axis=0)
    times = np.exp(logs)
    law = LinearRegression(positive=True, fit_intercept=False)
    law.fit(terms / scale / times[:, None], np.ones(len(times)))
    costs = law.coef_ / scale
    return lambda others: np.asarray(np.log(np.maximum(_terms(others) @ costs, 1e-9)))


def _terms(sizes: Floats) -> Floats:
    depth, width, work = sizes.T
    return np.stack([np.ones(len(sizes)), depth, depth * width, work], axis=1)


def _power(sizes: Floats, logs: Floats) -> Predict:
    """A power of the depth, of the width and of the multiply-adds; where these hardly differ, small ones."""
    centre, scale = np.log(sizes).mean(axis=0), np.maximum(np.log(sizes).std(axis=0), 1e-9)
    law = Ridge(0.01).fit((np.log(sizes) - centre) / scale, logs)
    return lambda others: np.asarray(law.predict((np.log(others) - centre) / scale))


# Why these: over dense networks of 20 sizes in training and in inference, on six targets of a shared machine, they were
# off by 23 % on average where a size had not been seen; a forest of extremely randomized trees by 28 to 31 %, since its
# steps do not reach between the sizes; a quadratic curve and a Gaussian process in between, the worst of all for single
# cells (2.1 and 1.9 times). Which of the two was better differed from workload to workload.
LAWS: Mapping[str, Fit] = {"sum of costs": _sum_of_costs, "power law": _power}


class Cells:
    """Cells of several targets as columns."""

    def __init__(self, cells: Sequence[Timed]) -> None:
        models = sorted({one.model for one in cells})
        self.targets = sorted({one.target for one in cells})
        self.target = np.array([self.targets.index(one.target) for one in cells])
        self.size = np.array([models.index(one.model) for one in cells])
        self.sizes = np.array([features(one.model, one.work) for one in cells], float)
        self.logs = np.log([one.ms for one in cells])

    def folds(self, among: Indices, most: int = FOLDS) -> Iterator[tuple[Indices, Indices]]:
        """Which of these cells to learn from and which to say, fold by fold."""

        count = min(most, len(np.unique(self.size[among])))
        for learned, said in GroupKFold(count, shuffle=True, random_state=SEED).split(among, groups=self.size[among]):
            yield among[learned], among[said]

    def said(self, fit: Fit, learned: Indices, asked: Indices) -> Floats:
        """What a law says of the asked cells, fitted to each target's own cells among the learned ones."""
        logs = np.full(len(asked), np.nan)
        for target in np.unique(self.target[asked]):
            own, wanted = learned[self.target[learned] == target], self.target[asked] == target
            if len(own):
                logs[wanted] = fit(self.sizes[own], self.logs[own])(self.sizes[asked[wanted]])
        return logs

    def ask(self, law: str, model: Model, work: float) -> Floats:
        """The logarithms that the targets, in their order, are predicted to take for a size; from all cells."""
        every, asked = np.arange(len(self.logs)), np.array([features(model, work)], float)
        own = [every[self.target == place] for place in range(len(self.targets))]
        return np.array([LAWS[law](self.sizes[one], self.logs[one])(asked)[0] for one in own])

    def by_size(self, values: Floats, target: Target) -> dict[int, float]:
        """One target's values by the number of their size."""
        own = self.target == self.targets.index(target)
        return dict(zip(self.size[own].tolist(), values[own].tolist(), strict=True))

    def held_out(self, law: str, among: Indices) -> Floats:
        """How far a law's logarithm was off for each of these cells when it had not seen its size."""
        errors = np.empty(len(self.logs))
        for learned, asked in self.folds(among, CHOOSING_FOLDS):
            errors[asked] = self.said(LAWS[law], learned, asked) - self.logs[asked]
        return errors[among]

    def best(self, among: Indices) -> str:
        """The law that was least off for sizes that it had not seen."""
        off = {law: float(np.nanmean(np.abs(self.held_out(law, among)))) for law in LAWS}
        return min(off, key=lambda law: off[law])


class Judged(Struct, frozen=True):
    """The law that is used, and how far off its logarithms were for cells whose size it had not seen. The choice of the
    law is part of that: in each fold it was chosen without the size that it was asked about."""

    law: str
    errors: Floats


def judge(cells: Cells) -> Judged:
    """Chooses by cross-validation, and judges the choice by another around it."""
    every = np.arange(len(cells.logs))
    errors = np.empty(len(every))
    for learned, asked in cells.folds(every):
        errors[asked] = cells.said(LAWS[cells.best(learned)], learned, asked) - cells.logs[asked]
    return Judged(cells.best(every), errors)


def within(errors: Floats, share: float) -> float:
    """What that share of new errors stays under, by those that were seen: of n, the ceil(share (n + 1))-th smallest;
    the largest where n is too small for that."""
    ordered = np.sort(np.abs(errors[np.isfinite(errors)]))
    return float(ordered[min(int(np.ceil(share * (len(ordered) + 1))), len(ordered)) - 1])
