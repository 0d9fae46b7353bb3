"""An interval is only worth printing if it covers the truth as often as it says: these tests simulate it."""

import itertools

import numpy as np
import pytest

from howfar import levels, priors, stats

SIMULATIONS = 4000


def simulated_medians(rng: np.random.Generator, processes: int, samples: int = 41) -> tuple[np.ndarray, float]:
    """Medians (simulations, processes) of hierarchical samples around 4 ms, and the true log level.

    Each process has its own level (5 %), each sample its noise (10 %), and one in fifty is preempted for 8 ms.
    """
    shape = (SIMULATIONS, processes, samples)
    levels = rng.normal(np.log(4), 0.05, size=shape[:2])
    times = np.exp(levels[..., None] + rng.normal(0, 0.1, size=shape)) + 8 * (rng.random(shape) < 0.02)
    many = np.exp(rng.normal(0, 0.1, 400_000)) + 2 * (rng.random(400_000) < 0.02)
    return np.median(times, axis=-1), float(np.log(4) + np.log(np.median(many)))


def coverage(low: np.ndarray, high: np.ndarray, truth: float) -> float:
    return float(np.mean((low <= truth) & (truth <= high)))


@pytest.mark.parametrize("processes", [3, 5, 10])
def test_the_interval_of_a_median_covers_95_percent(processes: int) -> None:
    medians, truth = simulated_medians(np.random.default_rng(processes), processes)
    low, high = stats.t_interval(np.log(medians))
    assert 0.93 <= coverage(low, high, truth) <= 0.97


@pytest.mark.parametrize("processes", [8, 10, 12])
def test_the_interval_covers_also_where_one_process_in_ten_was_slowed(processes: int) -> None:
    """What neighbours do that no pace shows. The plain mean's would neither cover nor be as narrow."""
    rng = np.random.default_rng(processes)
    slowed = np.where(rng.random((SIMULATIONS, processes)) < 0.1, np.log(1.3), 0)
    logs = rng.normal(np.log(4), 0.02, slowed.shape) + slowed
    low, high = stats.t_interval(logs)
    # What it is of, when asked of as many processes again and again.
    truth = float(np.median((low + high) / 2))
    assert 0.93 <= coverage(low, high, truth) <= 0.97 and truth == pytest.approx(np.log(4), abs=0.01)
    half = stats._half_width(processes, logs.var(axis=-1, ddof=1), None)
    mean = logs.mean(axis=-1)
    assert coverage(mean - half, mean + half, float(np.log(4) + 0.1 * np.log(1.3))) < 0.75
    assert np.median(high - low) < np.median(half)  # half as wide


def test_two_runs_are_told_apart_in_spite_of_a_process_that_was_slowed() -> None:
    fast = {number: 4.0 * (1 + 0.002 * (-1) ** number) for number in range(10)}
    slow = {number: 1.05 * ms for number, ms in fast.items()}
    found = stats.ratio_apart(slow, fast | {3: 6.0})
    assert found is not None and found.slower and found.value == pytest.approx(1.05, rel=0.01)
    paired = stats.ratio(slow, fast | {3: 6.0})
    assert paired is not None and paired.slower and paired.value == pytest.approx(1.05, rel=0.01)


def test_a_handful_is_located_alike_with_numpy_and_without() -> None:
    logs = [0.1, 0.4, 0.2, 0.5, 0.3]
    assert stats._located_few(logs) == pytest.approx(stats._located(np.array(logs)))


def test_the_percentile_bootstrap_would_not_cover_with_three_processes() -> None:
    medians, truth = simulated_medians(np.random.default_rng(3), 3)
    resamples = np.array(list(itertools.product(range(3), repeat=3)))
    means = np.log(medians)[:, resamples].mean(axis=-1)
    low, high = np.quantile(means, [0.025, 0.975], axis=-1)
    assert coverage(low, high, truth) < 0.90


@pytest.mark.parametrize("rounds", [3, 5, 10])
def test_the_interval_of_a_ratio_covers_95_percent_whatever_the_machine_does_between_rounds(rounds: int) -> None:
    rng = np.random.default_rng(rounds)
    drift = rng.normal(0, 0.7, size=(SIMULATIONS, rounds))
    a = np.exp(np.log(6) + drift + rng.normal(0, 0.04, size=drift.shape))
    b = np.exp(np.log(4) + drift + rng.normal(0, 0.04, size=drift.shape))
    low, high = stats.t_interval(np.log(a / b))
    assert 0.93 <= coverage(low, high, float(np.log(1.5))) <= 0.97
    # The two alone, a factor of two apart from round to round, would say nothing: the drift must have cancelled.
    assert np.median(high - low) < 0.3


def test_ratio_and_summary_use_the_interval_whose_coverage_was_tested() -> None:
    a, b = {0: 6.0, 1: 12.6, 2: 3.1}, {0: 4.0, 1: 8.0, 2: 2.0, 3: 9.0}
    low, high = stats.t_interval(np.log([6 / 4, 12.6 / 8, 3.1 / 2]))
    measured = stats.ratio(a, b)
    assert measured is not None
    assert (measured.rounds, measured.slower, measured.faster) == (3, True, False)
    assert [measured.low, measured.high] == pytest.approx(np.exp([low, high]))
    summary = stats.summarize([[1, 2, 3], [2, 4, 8], [3, 3, 3]])
    low, high = stats.t_interval(np.log([2, 4, 3]))
    assert summary.median == pytest.approx(24 ** (1 / 3))
    assert [summary.low, summary.high] == pytest.approx(np.exp([low, high]))


def test_a_is_faster_only_when_the_interval_excludes_one() -> None:
    noisy = stats.ratio({0: 1.0, 1: 2.0, 2: 0.9}, {0: 2.0, 1: 1.9, 2: 1.0})
    clear = stats.ratio({0: 1.0, 1: 2.0, 2: 0.9}, {0: 2.0, 1: 4.1, 2: 1.8})
    assert noisy is not None and noisy.undecided
    assert clear is not None and clear.faster and not clear.slower


def test_one_round_gives_a_ratio_without_an_interval_and_no_shared_round_gives_none() -> None:
    alone = stats.ratio({0: 1.0}, {0: 4.0, 1: 4.0})
    assert alone == stats.Ratio(0.25, None, None, 1)
    assert alone.undecided
    assert stats.ratio({0: 1.0}, {1: 4.0}) is None


def test_one_process_has_a_median_and_no_interval() -> None:
    summary = stats.summarize([[5.0, 4.0, 6.0]])
    assert summary == stats.Summary(5.0, None, None, None, None, None, 3, 1)


def test_a_clock_too_coarse_gives_zero_and_no_interval() -> None:
    summary = stats.summarize([[0.0, 0.0, 1.0], [1.0, 1.0, 1.0]])
    assert (summary.median, summary.low, summary.high) == (0.0, None, None)


def test_quantiles_give_processes_equal_weight() -> None:
    long, short = np.full(990, 1.0), np.full(10, 9.0)
    assert stats.quantile([long, short], 0.9) == 9.0
    assert stats.quantile([long, short], 0.1) == 1.0


def test_far_quantiles_need_enough_samples() -> None:
    assert stats.quantile([np.arange(9.0)], 0.9) is None
    assert stats.quantile([np.arange(10.0)], 0.9) == 8.0
    assert stats.quantile([np.arange(99.0)], 0.99) is None
    assert stats.quantile([np.arange(100.0)], 0.99) == 98.0


def test_medians_of_many_are_those_of_each() -> None:
    rng = np.random.default_rng(4)
    many = [rng.random(length) for length in (1, 2, 3, 30, 31, 30, 2)]
    assert stats.middles(many) == [stats.middle(one) for one in many] == [np.median(one) for one in many]
    assert np.isnan(stats.middles([np.empty(0)])).all()


def test_the_prior_of_ratios_is_that_of_every_pair_in_the_rounds_that_both_have() -> None:
    rng = np.random.default_rng(5)
    fields = [[{number: float(np.exp(rng.normal(0, 0.1))) for number in range(4)} for _ in range(5)] for _ in range(3)]
    del fields[0][1][2]
    fields[1][0] = {0: 1.0}  # shares no two rounds with anybody
    fields[2][3][1] = 0.0  # below what the clock can tell
    pairs = [stats.block_ratios(*pair) for field in fields for pair in itertools.combinations(field, 2)]
    found, known = priors.prior_of_ratios(fields), priors.prior(pairs)
    assert found is not None and known is not None
    assert (found.weight, found.variance) == pytest.approx((known.weight, known.variance))
    assert priors.prior_of_ratios([]) is priors.prior_of_ratios([[]]) is priors.prior_of_ratios(fields[:1][:0]) is None


def test_change_point_finds_where_the_new_level_starts() -> None:
    rng = np.random.default_rng(1)
    up = np.concatenate([rng.normal(8, 0.1, 40), rng.normal(10, 0.1, 40)])
    assert levels.change_point(up) == 40
    assert levels.change_point(up[::-1]) == 40
    early = np.concatenate([rng.normal(10, 0.1, 20), rng.normal(8, 0.1, 60)])
    # Where the levels are unequally long the rank test places the change a few samples late.
    assert levels.change_point(early) in range(20, 30)


def test_change_point_needs_both_significance_and_size() -> None:
    step = np.r_[np.full(40, 1.0), np.full(40, 1.01)] + np.tile([0, 1e-4], 40)
    assert levels.change_point(step) is None
    assert levels.change_point(step, shift=0.005) == 40
    assert levels.change_point([1, 1, 2, 2]) is None


@pytest.mark.parametrize("values", [[], [1.0], [2.0] * 50, [0.0] * 50])
def test_change_point_of_nothing_or_a_constant_is_none(values: list[float]) -> None:
    assert levels.change_point(values) is None


def test_change_point_rarely_fires_on_steady_noise() -> None:
    rng = np.random.default_rng(2)
    fired = sum(levels.change_point(rng.normal(10, 1, 60)) is not None for _ in range(500))
    assert fired <= 10


@pytest.mark.parametrize("cells", [14, 42])
@pytest.mark.parametrize("processes", [2, 3])
@pytest.mark.parametrize("alike", [3, 1000])
def test_an_interval_that_learns_from_the_other_cells_covers_95_percent(cells: int, processes: int, alike: int) -> None:
    """`alike`: how many degrees of freedom the cells' own spreads scatter with, from very unlike to all the same."""
    rng = np.random.default_rng([cells, processes, alike])
    covered, widths = [], []
    for _ in range(200):
        spreads = 0.03 * np.sqrt(alike / rng.chisquare(alike, cells))
        logs = np.log(5) + rng.normal(size=(cells, processes)) * spreads[:, None]
        low, high = stats.t_interval(logs, priors.prior(np.exp(logs)))
        covered.append(coverage(low, high, np.log(5)))
        widths.append(np.median(high - low) / np.median(np.diff(stats.t_interval(logs), axis=0)))
    assert 0.93 <= np.mean(covered) <= 0.97
    assert np.median(widths) < 0.8  # and it says more than each cell could say alone


@pytest.mark.parametrize("alike", [3, 1000])
def test_cells_of_many_processes_and_of_few_learn_from_one_another(alike: int) -> None:
    """As a budget leaves them: each kind is covered by its own intervals."""
    rng, counts = np.random.default_rng(alike), [2] * 6 + [3] * 2 + [8] * 6
    covered: dict[int, list[bool]] = {count: [] for count in counts}
    for _ in range(1500):
        spreads = 0.03 * np.sqrt(alike / rng.chisquare(alike, len(counts)))
        cells = [np.exp(rng.normal(0, own, count)).tolist() for own, count in zip(spreads, counts, strict=True)]
        known = priors.prior(cells)
        for count, cell in zip(counts, cells, strict=True):
            _, low, high = stats.geometric(cell, known)
            assert low is not None and high is not None
            covered[count].append(low < 1 < high)
    for count, found in covered.items():
        assert 0.93 <= np.mean(found) <= 0.97, count


def test_few_cells_say_nothing_of_one_another() -> None:
    assert priors.prior([[1.0, 1.1]] * (priors.MIN_POOLED_CELLS - 1)) is None
    assert priors.prior([[1.0, 1.1]] * priors.MIN_POOLED_CELLS) is not None
    assert priors.prior([[1.0]] * 50) is None


@pytest.mark.parametrize("digits", [9, 1])
def test_the_short_ways_give_what_the_libraries_give(digits: int) -> None:
    """With one digit there are ties."""
    rng = np.random.default_rng(digits)
    for _ in range(100):
        processes = [rng.lognormal(0, 1, rng.integers(20, 60)).round(digits) for _ in range(rng.integers(1, 6))]
        weights = np.concatenate([np.full(len(one), 1 / len(one)) for one in processes])
        pooled = np.concatenate(processes)
        expected = np.quantile(pooled, (0.1, 0.9), weights=weights, method="inverted_cdf")
        assert stats.quantiles(processes, (0.1, 0.9)) == list(expected)
        assert stats.middle(processes[0]) == np.median(processes[0])
    assert np.isnan(stats.middle([]))
