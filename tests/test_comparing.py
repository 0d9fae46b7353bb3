"""Faster, slower, the same: only where the interval says so; and two stores only where they can be compared."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from msgspec import structs

import made
from howfar import comparing, stats
from howfar.errors import UserError
from howfar.outcomes import Outcome, Results, Series
from howfar.records import Cell, Model, Sampling, Target
from howfar.report import comparison


def outcomes(target: Target, ms: float, rounds: int = 4, seed: int = 0, width: int = 64) -> list[Outcome]:
    """Rounds of inference that scatter by 1 %."""
    rng = np.random.default_rng(seed)
    cell = Cell(target, Model("mlp", 1, width), "inference")
    medians = ms * np.exp(rng.normal(0, 0.01, rounds))
    return [
        made.outcome(cell, number, series=(Series("latency", "timed", 1, (float(median),) * 20, "interval"),))
        for number, median in enumerate(medians)
    ]


def results(*every: Iterable[Outcome], **changes: Any) -> Results:
    return made.results([one for several in every for one in several], made.study(**changes))


def stores(base: Results, new: Results, **options: bool) -> comparing.Comparison:
    return comparing.stores(base, new, ("base", "new"), **options)


@pytest.mark.parametrize(("ms", "verdict"), [(10.0, "same"), (20.0, "slower"), (5.0, "faster")])
def test_two_stores_are_compared_cell_by_cell(ms: float, verdict: str) -> None:
    found = stores(results(outcomes(made.TFJS, 10.0)), results(outcomes(made.TFJS, ms, seed=1)))
    (pair,) = found.pairs
    assert pair.verdict == verdict
    assert pair.ratio and pair.ratio.value == pytest.approx(ms / 10, rel=0.02)


def test_one_round_tells_nothing() -> None:
    found = stores(results(outcomes(made.TFJS, 10.0, rounds=1)), results(outcomes(made.TFJS, 30.0, rounds=1)))
    assert found.pairs[0].verdict == "cannot_tell" and found.overall is None
    assert not found.slowed(0.05)


def test_a_version_that_only_one_store_has_is_held_against_the_others() -> None:
    found = stores(results(outcomes(made.TFJS, 10.0)), results(outcomes(made.OLD, 20.0)))
    (pair,) = found.pairs
    assert (pair.base.cell.target.version, pair.new.cell.target.version) == ("4.22.0", "0.13.0")


def test_what_one_store_alone_has_is_named() -> None:
    both = results(outcomes(made.TFJS, 10.0), outcomes(made.WASM, 2.0))
    found = stores(both, results(outcomes(made.TFJS, 10.0)))
    assert found.only_base == ("tfjs@4.22.0 wasm mlp(1,64) inference",) and not found.only_new


def test_a_wrong_result_has_no_ratio_and_says_why() -> None:
    wrong = [made.wrong(Cell(made.TFJS, Model("mlp", 1, 64), "inference"), number) for number in range(3)]
    (pair,) = stores(results(outcomes(made.TFJS, 10.0)), results(wrong)).pairs
    assert pair.ratio is None and pair.verdict == "cannot_tell"
    assert pair.reason.startswith("tfjs@4.22.0 cpu: output differs")


def test_only_an_interval_past_the_limit_is_a_slowdown() -> None:
    base = results(outcomes(made.TFJS, 10.0), outcomes(made.TFJS, 10.0, width=128))
    new = results(outcomes(made.TFJS, 10.6, seed=1), outcomes(made.TFJS, 12.0, seed=2, width=128))
    found = stores(base, new)
    assert [pair.new.cell.model.width for pair in found.slowed(0.06)] == [128]
    assert len(found.slowed(0.01)) == 2


def test_other_machines_are_compared_only_when_asked() -> None:
    base, new = results(outcomes(made.TFJS, 10.0)), results(outcomes(made.TFJS, 10.0))
    other = {**new.environments, "chromium": {**new.environments["chromium"], "browser_version": "141.0"}}
    moved = Results(new.run, other, new.outcomes)
    with pytest.raises(UserError, match=r"chromium browser version: 140.0 and 141.0"):
        stores(base, moved)
    assert stores(base, moved, across=True).pairs


@pytest.mark.parametrize(("setting", "value"), [("batch_size", 32), ("seed", 1), ("data", "other-data")])
def test_what_was_asked_for_in_another_way_is_compared_only_when_told_to(setting: str, value: object) -> None:
    base, every = results(outcomes(made.TFJS, 10.0)), outcomes(made.TFJS, 10.0)
    other = [structs.replace(one, task=structs.replace(one.task, **{setting: value})) for one in every]
    with pytest.raises(UserError, match=setting.replace("_", " ")):
        stores(base, results(other))
    assert stores(base, results(other), across=True).pairs


def test_what_a_budget_did_not_reach_is_not_there() -> None:
    other = Cell(made.TFJS, Model("mlp", 1, 128), "inference")
    late = [made.failed(other, "unsupported", "over budget: not reached within 3 min")]
    found = stores(results(outcomes(made.TFJS, 10.0), late), results(outcomes(made.TFJS, 10.0), late))
    assert len(found.pairs) == 1 and not found.only_base and not found.only_new


def test_more_samples_are_no_other_question() -> None:
    every = outcomes(made.TFJS, 10.0)
    longer = [structs.replace(one, task=structs.replace(one.task, sampling=Sampling(max_seconds=9))) for one in every]
    assert stores(results(every), results(longer)).pairs


def test_two_browsers_of_one_store() -> None:
    firefox = structs.replace(made.TFJS, browser="firefox")
    both = results(outcomes(made.TFJS, 10.0), outcomes(firefox, 30.0))
    found = comparing.targets(both, "tfjs@4.22.0/cpu/chromium", "tfjs@4.22.0/cpu/firefox")
    assert [pair.verdict for pair in found.pairs] == ["slower"]


def test_stores_without_a_common_cell_are_refused() -> None:
    with pytest.raises(UserError, match="share no cell"):
        stores(results(outcomes(made.TFJS, 10.0)), results(outcomes(made.WASM, 10.0)))


def test_two_versions_of_one_store_meet_in_their_rounds() -> None:
    found = comparing.targets(
        results(outcomes(made.OLD, 30.0), outcomes(made.TFJS, 10.0)), "tfjs@0.13.0", "tfjs@4.22.0"
    )
    (pair,) = found.pairs
    assert pair.verdict == "faster" and pair.ratio and pair.ratio.rounds == 4


def test_two_back_ends_of_one_version() -> None:
    both = results(outcomes(made.TFJS, 10.0), outcomes(made.WASM, 2.0))
    found = comparing.targets(both, "tfjs@4.22.0/cpu", "tfjs@4.22.0/wasm")
    assert found.pairs[0].verdict == "faster"


def named(target: Target, ms: float) -> list[Outcome]:
    """Rounds of a target of any name."""
    every = outcomes(made.TFJS, ms)
    cell = structs.replace(every[0].task.cell, target=target)
    return [structs.replace(one, task=structs.replace(one.task, cell=cell)) for one in every]


def test_what_either_has_only_one_of_need_not_be_named() -> None:
    other = Target("onnxruntime-web", "1.30.0", "wasm", "chromium")
    (pair,) = comparing.targets(results(named(made.TFJS, 10.0), named(other, 5.0)), "tfjs", "onnxruntime-web").pairs
    assert pair.ratio is not None and pair.ratio.value == pytest.approx(0.5)


def test_two_targets_on_other_numbers_of_threads_are_refused_with_what_to_name() -> None:
    one, all_of_them = (structs.replace(made.TFJS, backend="wasm", threads=count) for count in (1, 0))
    both = results(named(made.TFJS, 10.0), named(one, 5.0), named(all_of_them, 3.0))
    with pytest.raises(UserError, match=r"they share no cell; name two that met .* on as many threads"):
        comparing.targets(both, "tfjs/cpu", "tfjs/wasm")


@pytest.mark.parametrize("name", ["", "tfjs/a/b/c", "@4"])
def test_what_names_no_target_is_refused(name: str) -> None:
    with pytest.raises(UserError, match="names no target"):
        comparing.targets(results(outcomes(made.TFJS, 10.0)), name, "tfjs")


def test_a_target_that_was_not_measured_is_refused_with_those_that_were() -> None:
    with pytest.raises(UserError, match=r"there are tfjs@4.22.0/cpu"):
        comparing.targets(results(outcomes(made.TFJS, 10.0)), "tfjs@1.0.0", "tfjs")


def test_the_interval_of_runs_apart_covers_the_truth_as_often_as_it_says() -> None:
    """1,000 pairs of runs of 3 and of 4 processes."""
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(1000):
        base, new = np.exp(rng.normal(0, 0.05, 3)), 1.3 * np.exp(rng.normal(0, 0.05, 4))
        found = stats.ratio_apart(dict(enumerate(new)), dict(enumerate(base)))
        assert found and found.low and found.high
        held += found.low <= 1.3 <= found.high
    assert 930 <= held <= 985


def test_all_cells_together_are_known_better_than_one() -> None:
    one = stats.Ratio(1.1, 1.0, 1.21, 3)
    found = stats.pooled([one] * 4)
    assert found and found.low and found.value == pytest.approx(1.1) and found.low > one.low  # type: ignore[operator]
    assert stats.pooled([stats.Ratio(2.0, None, None, 1)]) is None


def test_each_task_is_told_by_itself_where_there_are_several() -> None:
    found = comparing.targets(made.rich(), "tfjs@0.13.0", "tfjs@4.22.0")
    assert set(found.by_workload) == {"training", "inference"}
    assert ". That is in training 0." in comparison.sentence(found)
    alone = stores(results(outcomes(made.TFJS, 10.0)), results(outcomes(made.TFJS, 20.0, seed=1)))
    assert alone.by_workload == {} and "That is" not in comparison.sentence(alone)
