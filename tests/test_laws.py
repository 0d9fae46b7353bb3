"""Laws of how a time grows with the network, chosen and judged without a size having been seen."""

from collections.abc import Callable

import numpy as np
import pytest

import made
from howfar import laws
from howfar.laws import Cells, Timed
from howfar.records import Model, Target

SIZES = [(depth, width) for depth in (1, 2, 4, 8) for width in (32, 64, 128)]
TARGETS = (made.TFJS, made.WASM)


def work(model: Model) -> float:
    return 794.0 * model.width + (model.depth - 1) * model.width**2


def cells(by: Callable[[Target, Model], float], noise: float = 0.02, seed: int = 0) -> Cells:
    rng = np.random.default_rng(seed)
    models = [Model("mlp", *size) for size in SIZES]
    return Cells(
        [
            Timed(target, model, work(model), by(target, model) * float(np.exp(rng.normal(0, noise))))
            for target in TARGETS
            for model in models
        ]
    )


def costs(target: Target, model: Model) -> float:
    """A call costs 0.1 ms, a layer 0.02 ms, a million multiply-adds 1 ms; five times as much on the slower target."""
    return (0.1 + 0.02 * model.depth + 1e-6 * work(model)) * (5 if target == made.TFJS else 1)


def power(target: Target, model: Model) -> float:
    """Twice the width takes thrice the time, however deep: no sum of costs."""
    return 1e-3 * model.width ** np.log2(3) * model.depth**0.2 * (2 if target == made.TFJS else 1)  # type: ignore[no-any-return]


def test_no_size_is_on_both_sides_of_a_fold() -> None:
    every = cells(costs)
    asked = []
    for learned, said in every.folds(np.arange(len(every.logs))):
        assert not set(every.size[learned]) & set(every.size[said])
        asked.extend(said.tolist())
    assert sorted(asked) == list(range(len(every.logs)))


@pytest.mark.parametrize(("by", "law"), [(costs, "sum of costs"), (power, "power law")])
def test_the_law_that_holds_is_chosen_and_right_for_sizes_between(
    by: Callable[[Target, Model], float], law: str
) -> None:
    every = cells(by)
    assert every.best(np.arange(len(every.logs))) == law
    unseen = Model("mlp", 3, 100)
    said = np.exp(every.ask(law, unseen, work(unseen)))
    assert said == pytest.approx([by(target, unseen) for target in every.targets], rel=0.06)


def test_a_sum_of_costs_has_no_cost_below_nothing() -> None:
    """Times that fall with the depth: the line through them would say less than nothing of a deep one."""
    every = cells(lambda _, model: 1.0 / model.depth)
    deep = Model("mlp", 8, 32)
    assert np.isfinite(every.ask("sum of costs", deep, work(deep))).all()


def test_held_out_errors_are_as_large_as_the_noise_that_no_law_can_know() -> None:
    errors = laws.judge(cells(costs, noise=0.1)).errors
    assert 0.06 < float(np.sqrt(np.mean(errors**2))) < 0.2
    exact = laws.judge(cells(costs, noise=0.0))
    assert exact.law == "sum of costs"
    assert float(np.abs(exact.errors).max()) < 1e-3


def test_errors_are_by_target_and_size() -> None:
    every = cells(costs)
    one, other = (every.by_size(every.logs, target) for target in every.targets)
    assert one.keys() == other.keys() == set(range(len(SIZES)))
    assert all(one[size] > other[size] for size in one) or all(one[size] < other[size] for size in one)


@pytest.mark.parametrize("count", [20, 60])
def test_new_errors_stay_within_what_is_said_of_them_in_95_percent(count: int) -> None:
    rng = np.random.default_rng(count)
    held = [abs(rng.standard_t(3)) <= laws.within(rng.standard_t(3, count), 0.95) for _ in range(4000)]
    assert 0.94 <= np.mean(held) <= 0.98


def test_of_few_errors_the_largest_is_what_is_said() -> None:
    assert laws.within(np.array([0.1, -0.4, 0.2, np.nan]), 0.95) == pytest.approx(0.4)
