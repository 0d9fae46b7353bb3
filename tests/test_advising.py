"""Advice on sizes that were not measured: right where they lie among those that were, refused elsewhere."""

import json
from collections.abc import Iterable
from io import StringIO
from typing import Any

import pytest
from msgspec import structs
from rich.console import Console

import made
from howfar import advising
from howfar.advising import Advice
from howfar.errors import UserError
from howfar.outcomes import Outcome, Results
from howfar.records import Cell, Model, Target, Workload
from howfar.report import advice

SIZES = [(depth, width) for depth in (1, 2, 4) for width in (64, 128, 256)]
UNSEEN = Model("mlp", 3, 200)


def work(model: Model) -> float:
    return 784.0 * model.width + (model.depth - 1) * model.width**2 + model.width * 10


def outcomes(
    targets: Iterable[Target], workload: Workload = "inference", sizes: Iterable[tuple[int, int]] = SIZES
) -> list[Outcome]:
    return [made.outcome(cell, number) for cell in made.cells(targets, workload, sizes) for number in range(2)]


def results(*targets: Target) -> Results:
    return made.results(outcomes(targets))


def ask(held: Results, model: Model = UNSEEN, workload: Workload = "inference", **options: Any) -> Advice:
    return advising.advise(held, model, workload, work, **options)


@pytest.fixture(scope="module")
def rich() -> Results:
    """Two that can be advised, one software GPU, native; one that failed, one of too few sizes."""
    good = outcomes([made.TFJS, made.WASM, made.WEBGL, made.NATIVE])
    software = [structs.replace(one, software_gpu=True) if one.task.cell.target == made.WEBGL else one for one in good]
    failed = [
        made.failed(cell, "hung", "phase warmup passed its limit")
        for cell in made.cells([made.SYNAPTIC], "inference", SIZES)
    ]
    return made.results([*software, *failed, *outcomes([made.CONVNET], sizes=SIZES[:3])])


@pytest.fixture(scope="module")
def unseen(rich: Results) -> Advice:
    return ask(rich)


def test_the_truth_lies_within_what_is_predicted(unseen: Advice) -> None:
    assert len(unseen.forecasts) == 4
    for one in unseen.forecasts:
        truth = (
            made.level(Cell(one.target, UNSEEN, "inference")) * 1.15 * 1.03
        )  # made.py: so far up are latencies, and its first two rounds
        assert one.low <= truth <= one.high
        assert one.ms == pytest.approx(truth, rel=0.1)


def test_the_fastest_that_can_be_advised_is(unseen: Advice) -> None:
    """Native is faster, and is no browser; WebGL is a GPU in name only."""
    assert unseen.forecasts[0].target == made.NATIVE
    assert unseen.pick and unseen.pick.target == made.WASM
    assert unseen.lead and unseen.lead.slower and not unseen.rivals
    assert [one.target for one in unseen.forecasts if one.software] == [made.WEBGL]


def test_how_far_it_has_been_right_is_told(unseen: Advice) -> None:
    record = unseen.record
    assert (record.cells, record.picks, record.right, record.worst) == (36, 9, 9, 1.0)
    assert 1 < record.half < record.most < 1.2
    said = advice.sentences(unseen)[-1]
    assert said.startswith(f"Held-out: within ×{record.half:.2f} in half") and "at 9 of 9 sizes" in said


def test_targets_of_which_nothing_can_be_said_are_named_with_the_reason(unseen: Advice) -> None:
    assert unseen.left_out["synaptic@1.1.4 cpu"] == "no right result: phase warmup passed its limit"
    assert unseen.left_out["convnetjs@0.3.0 cpu"] == "3 sizes measured right, and it takes 8 at the least"


def test_it_is_shown_and_told_to_machines(unseen: Advice) -> None:
    out = StringIO()
    advice.show(Console(file=out, width=160), unseen, "a machine")
    assert out.getvalue().startswith("mlp(3,200) inference, batch 1: take tfjs@4.22.0 wasm, predicted ")
    assert "faster than the next" in out.getvalue() and "tfjs@4.22.0 webgl (software)" in out.getvalue()
    told = json.loads(json.dumps(advice.as_json(unseen, "a machine")))
    assert (told["predicted"]["pick"], told["predicted"]["rivals"]) == ("tfjs@4.22.0 wasm", [])
    assert told["measured"] == [] and told["predicted"]["lead"]["value"] > 1
    assert told["forecasts"][0]["framework"] == "tensorflow" and "measured_median_ms" not in told["forecasts"][0]


def test_a_size_that_was_measured_has_its_time_beside(rich: Results) -> None:
    found = ask(rich, Model("mlp", 2, 128))
    assert all(one.measured and one.low <= one.measured.median <= one.high for one in found.forecasts)
    assert [one.cell.target for one in found.fastest] == [made.WASM]
    said = advice.sentences(found)[0]
    assert "take tfjs@4.22.0 wasm, measured at this very size: the fastest there, " in said
    assert "By prediction alone: take tfjs@4.22.0 wasm" in said


def test_targets_that_are_alike_are_not_told_apart() -> None:
    twin = structs.replace(made.TFJS, browser="firefox")
    found = ask(results(made.TFJS, twin))
    assert len(found.rivals) == 1 and found.pick and {found.pick.target, found.rivals[0].target} == {made.TFJS, twin}
    assert "they can't be told apart" in advice.sentences(found)[0]


def test_where_measurement_can_t_tell_them_apart_prediction_comes_first() -> None:
    once = [one for one in outcomes([made.TFJS, made.WASM]) if one.task.round == 0]
    said = advice.sentences(ask(made.results(once), Model("mlp", 2, 128)))[0]
    assert "batch 1: take tfjs@4.22.0 wasm, predicted " in said
    assert "Measured at this very size, tfjs@4.22.0 wasm and tfjs@4.22.0 cpu can't be told apart; the lowest" in said


def test_a_single_target_is_advised_as_the_only_one() -> None:
    found = ask(results(made.TFJS))
    assert found.pick and found.lead is None and found.record.picks == 0
    assert "the only one to be had" in advice.sentences(found)[0]


def test_without_a_browser_s_target_none_is_advised() -> None:
    said = advice.sentences(ask(results(made.NATIVE)))[0]
    assert "nothing that was measured in a browser can be advised: none has been measured enough" in said


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        (
            Model("mlp", 8, 128),
            {},
            r"mlp\(8,128\): its depth of 8 lies outside of what was measured, 1 to 4; ask for "
            "a size such as mlp:4x128, or measure more sizes",
        ),
        (Model("mlp", 2, 512), {}, "its width of 512 lies outside of what was measured, 64 to 256"),
        (Model("cnn", 6, 128), {}, "no inference of a network of kind cnn was measured there; there is mlp: inference"),
        (UNSEEN, {"workload": "training"}, "no training of a network of kind mlp was measured"),
        (UNSEEN, {"batch": 64}, "--batch: nothing was measured with a batch of 64; there is 1"),
    ],
)
def test_outside_of_what_it_has_seen_it_says_nothing(model: Model, options: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        ask(results(made.TFJS), model, **options)


def test_between_the_ends_of_both_but_beside_all_sizes_it_says_nothing() -> None:
    """Deep ones were narrow: of one that is deep and wide nothing is known."""
    corner = [size for size in SIZES if size != (4, 256)]
    held = made.results(outcomes([made.TFJS], sizes=corner))
    with pytest.raises(UserError, match="no size as large in the one and as small in the other"):
        ask(held, Model("mlp", 3, 200))
    assert ask(held, Model("mlp", 2, 200)).pick


def test_too_few_sizes_say_nothing() -> None:
    with pytest.raises(UserError, match="3 sizes measured right, and it takes 8 at the least"):
        ask(made.results(outcomes([made.TFJS], sizes=SIZES[:3])), Model("mlp", 1, 128))


def test_wrong_results_say_nothing() -> None:
    wrong = [made.wrong(cell) for cell in made.cells([made.TFJS], "inference", SIZES)]
    with pytest.raises(UserError, match="no right result: output differs"):
        ask(made.results(wrong))


def test_what_was_estimated_from_a_part_of_a_batch_is_not_learned_from() -> None:
    whole = outcomes([made.TFJS], "training")
    parts = [
        structs.replace(one, task=structs.replace(one.task, scale=4, batch_size=16))
        if one.task.cell.model.depth == 4
        else one
        for one in whole
    ]
    with pytest.raises(UserError, match="6 sizes measured right"):
        ask(made.results(parts), workload="training")
