"""Where a series changes its level, and so drifts: the judging half's own of the rule that measuring loops end their
warm-up by (`native/steady.py`, `page/steady.js`)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from howfar.stats import Floats, by_length, middle

DRIFT_P = 0.01


def change_point(values: ArrayLike, shift: float = 0.02) -> int | None:
    """Where a series changes its level (the index at which the new level starts), or None if it doesn't.

    Pettitt's rank test (Applied Statistics 28, 1979). With average ranks, U_t = 2 (rank_1 + .. + rank_t) - t (n + 1)
    and K = max |U_t| at the first such t, p = 2 exp(-6 K^2 / (n^3 + n^2)). A change counts when p < 0.01 and the
    median from t on differs from the median before t by more than `shift` times itself. The measuring loops hold to
    the same rule for warm-up.
    """
    return change_points([np.asarray(values, dtype=float)], shift)[0]


def change_points(many: Sequence[Floats], shift: float = 0.02) -> list[int | None]:
    """Of each series, as `change_point` finds it; those of one length together, since one by itself costs NumPy 50 us
    and a large study has 100,000."""
    found: list[int | None] = [None] * len(many)
    for length, places in by_length(many):
        if length > 1:
            positions, p = _pettitt(np.stack([many[place] for place in places]))
            for row in np.flatnonzero(p < DRIFT_P):
                found[places[row]] = _shifted(many[places[row]], int(positions[row]), shift)
    return found


def _shifted(series: Floats, position: int, shift: float) -> int | None:
    before, after = middle(series[:position]), middle(series[position:])
    return position if abs(after - before) > shift * after else None


def _pettitt(rows: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Of each row where its level changes most, and p. Shape (rows, n >= 2)."""
    n = rows.shape[1]
    u = np.abs(2 * np.cumsum(_ranks(rows), axis=1)[:, :-1] - np.arange(1, n) * (n + 1))
    return u.argmax(axis=1) + 1, 2 * np.exp(-6 * u.max(axis=1) ** 2 / (n**3 + n**2))


def _ranks(rows: Floats) -> Floats:
    """From 1, within each row; equal values share the average of theirs."""
    order = np.argsort(rows, axis=1)
    ordered = np.take_along_axis(rows, order, axis=1)
    places = np.arange(rows.shape[1])
    apart = ordered[:, 1:] != ordered[:, :-1]
    first = np.maximum.accumulate(places * np.pad(apart, ((0, 0), (1, 0)), constant_values=True), axis=1)
    last = np.where(np.pad(apart, ((0, 0), (0, 1)), constant_values=True), places, places[-1])
    last = np.minimum.accumulate(last[:, ::-1], axis=1)[:, ::-1]
    ranks = np.empty(rows.shape)
    np.put_along_axis(ranks, order, (first + last) / 2 + 1, axis=1)
    return ranks
