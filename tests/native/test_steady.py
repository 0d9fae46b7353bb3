"""The same series have the same answers in native/steady.py, levels.py and the page (tests/page/steady.test.js)."""

import math
import statistics
from pathlib import Path

import numpy as np
import pytest

import asked
from howfar import levels
from howfar.native import steady

FIXTURES = asked.fixtures("loop")


def by_definition(values: list[float], shift: float) -> int | None:
    """Pettitt's test as he wrote it: signs of all pairs across every split. O(n^3), and hard to get wrong."""
    n = len(values)
    if n < 2:
        return None
    pairs = [
        abs(sum((a > b) - (a < b) for a in values[:split] for b in values[split:])) for split in range(1, len(values))
    ]
    peak, split = max(pairs), pairs.index(max(pairs)) + 1
    if 2 * math.exp(-6 * peak**2 / (n**3 + n**2)) >= 0.01:
        return None
    before, after = statistics.median(values[:split]), statistics.median(values[split:])
    return split if abs(before - after) > shift * after else None


@pytest.mark.parametrize("file", FIXTURES, ids=lambda file: file.stem)
def test_change_points_agree(file: Path) -> None:
    known = asked.read(file)
    values, shift, expected = known["values"], known["shift"], known["change_point"]
    assert by_definition(values, shift) == expected
    assert steady.change_point(values, shift) == expected
    assert levels.change_point(values, shift) == expected


@pytest.mark.parametrize("file", FIXTURES, ids=lambda file: file.stem)
def test_half_widths_agree(file: Path) -> None:
    known = asked.read(file)
    expected = known["relative_half_width"]
    assert steady.relative_half_width(known["values"]) == (math.inf if expected is None else pytest.approx(expected))


def test_the_fixtures_hold_both_answers() -> None:
    found = [asked.read(file) for file in FIXTURES]
    assert {one["change_point"] is None for one in found} == {True, False}
    assert {one["relative_half_width"] is None for one in found} == {True, False}


def test_the_interval_covers_the_median_of_a_skewed_population() -> None:
    """It only decides when to stop, but it must not stop far too early: 95 % asked, 95 +- 3 % found."""
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(1000):
        values = sorted(rng.lognormal(0, 0.3, 60).tolist())
        reach = 1.96 * math.sqrt(60) / 2
        low, high = values[math.floor(30 - reach)], values[math.ceil(30 + reach)]
        assert steady.relative_half_width(values) == pytest.approx((high - low) / 2 / statistics.median(values))
        covered += low <= 1 <= high
    assert covered >= 920
