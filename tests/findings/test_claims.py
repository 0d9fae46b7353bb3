"""Each claim in a world where it holds, in one where it no longer does, and where it can't be told."""

from typing import Any

import pytest
from msgspec.structs import replace

import made
from findings.imagined import (
    BRAIN,
    BRAIN_THEN,
    CARD,
    CONVNET,
    KERAS,
    LOAD,
    MODELS,
    NATIVE,
    NATIVE_ALL,
    NATIVE_GPU,
    NEW,
    OLD,
    PREDICT,
    SHARED,
    SYNAPTIC,
    TRAIN,
    WASM,
    WEBDNN,
    WEBGL,
    constant,
    found,
    judge,
    missing,
    times,
    without,
    work,
)
from howfar.findings import telling
from howfar.findings.evidence import gpu_kind
from howfar.measured import measure
from howfar.observed import Stacks
from howfar.outcomes import Outcome
from howfar.records import Cell, Model, Target, Workload

HOLDS, NOT, UNTOLD = "holds", "no_longer_holds", "cannot_tell"
SOFTWARE: dict[str, Any] = {"software_gpu": True}


# 1
FASTEST = "convnetjs_trains_fastest"


def test_convnetjs_trains_fastest() -> None:
    verdict = judge(FASTEST, times("training", TRAIN))
    assert (verdict.finding, found(verdict)) == (HOLDS, [HOLDS] * 4)
    assert verdict.parts[2].value == pytest.approx(3 * 2**-0.3, rel=0.01)
    assert verdict.parts[0].where == "convnetjs@0.3.0 cpu / tfjs@4.22.0 cpu, 4\u00a0×\u00a0256"
    assert len(verdict.parts[0].cells) == 3 * len(MODELS)


def test_convnetjs_is_overtaken_by_a_back_end_that_came_later_and_brain_js_has_fallen_behind() -> None:
    verdict = judge(FASTEST, times("training", {**TRAIN, WASM: lambda m: work(m) / 2, BRAIN: lambda m: 9 * work(m)}))
    assert found(verdict) == [NOT, NOT, HOLDS, HOLDS]
    assert "tfjs@4.22.0 wasm" in verdict.parts[0].where


def test_who_trains_fastest_takes_rounds_and_all_who_take_part() -> None:
    verdict = judge(FASTEST, times("training", TRAIN, rounds=1))
    assert found(verdict) == [UNTOLD] * 4 and "two rounds or more" in missing(verdict)
    verdict = judge(FASTEST, times("training", without(TRAIN, SYNAPTIC)))
    assert found(verdict) == [UNTOLD, HOLDS, HOLDS, UNTOLD]
    assert "synaptic in a version of today" in missing(verdict)
    assert judge(FASTEST, times("training", TRAIN, MODELS[:2])).parts[0].finding == UNTOLD


def test_a_target_that_failed_is_named_with_its_reason() -> None:
    failed = [made.failed(Cell(CONVNET, model, "training"), "crashed", "signal 11") for model in MODELS]
    verdict = judge(FASTEST, [*times("training", without(TRAIN, CONVNET)), *failed])
    assert found(verdict) == [UNTOLD] * 4
    assert "convnetjs@0.3.0 cpu in training (it crashed: signal 11)" in missing(verdict)


def test_each_year_is_judged_by_its_own_versions() -> None:
    then = {OLD: lambda m: 9 * work(m), BRAIN_THEN: lambda m: 2 * work(m)}
    outcomes = times("training", {**TRAIN, **then})
    assert found(judge(FASTEST, outcomes, "2018")) == [HOLDS, HOLDS, NOT, HOLDS]
    assert found(judge(FASTEST, outcomes)) == [HOLDS] * 4


# 2
CATCHES_UP = "tfjs_catches_up"


def test_tfjs_catches_up() -> None:
    verdict = judge(CATCHES_UP, times("training", TRAIN))
    assert found(verdict) == [HOLDS] * 3
    assert verdict.parts[0].value == pytest.approx(2**-0.2, rel=0.01)
    assert verdict.parts[1].value == pytest.approx(2**-0.1, rel=0.01)


def test_tfjs_falls_behind() -> None:
    verdict = judge(CATCHES_UP, times("training", {**TRAIN, NEW: lambda m: 2 * work(m) * m.width**0.3 * m.depth**0.1}))
    assert found(verdict) == [NOT, NOT, NOT]


def test_catching_up_takes_several_widths_of_one_depth() -> None:
    diagonal = [Model("mlp", 1, 64), Model("mlp", 2, 128), Model("mlp", 4, 256)]
    verdict = judge(CATCHES_UP, times("training", TRAIN, diagonal))
    assert found(verdict) == [UNTOLD] * 3 and "several widths of one depth" in missing(verdict)
    assert "convnetjs" in missing(judge(CATCHES_UP, times("training", without(TRAIN, CONVNET))))


# 3
HARDLY_GROWS = "gpu_training_hardly_grows"


def test_gpu_training_hardly_grows() -> None:
    assert judge(HARDLY_GROWS, times("training", TRAIN)).finding == HOLDS
    assert judge(HARDLY_GROWS, times("training", {WEBGL: work})).finding == NOT


def test_a_gpu_in_software_is_none() -> None:
    verdict = judge(HARDLY_GROWS, times("training", TRAIN, **SOFTWARE))
    assert verdict.finding == UNTOLD and "works in software" in missing(verdict)
    assert "measured in training" in missing(judge(HARDLY_GROWS, times("training", without(TRAIN, WEBGL))))


# 4
JSON = "json_is_large_and_slow"
BYTES = {CONVNET: 7e5, BRAIN: 7.2e5, NEW: 1e5}


def loaded(told: dict[Target, float]) -> list[Outcome]:
    """Loading, with the bytes of the smallest network's files."""
    outcomes = times("loading", LOAD)
    sized = [one for one in outcomes if one.task.cell.target in told]
    plain = [one for one in outcomes if one.task.cell.target not in told]
    return [*plain, *(replace(one, facts={"model_bytes": int(_bytes(one, told))}) for one in sized)]


def _bytes(one: Outcome, told: dict[Target, float]) -> float:
    return told[one.task.cell.target] * work(one.task.cell.model)


def test_json_is_large_and_slow() -> None:
    verdict = judge(JSON, loaded(BYTES))
    assert found(verdict) == [HOLDS] * 4
    assert verdict.parts[0].low == verdict.parts[0].high == pytest.approx(7.2, rel=0.01)


def test_json_is_as_small_and_loading_has_changed() -> None:
    outcomes = [one for one in loaded({**BYTES, NEW: 5e5}) if one.task.cell.target not in (NEW, SYNAPTIC)]
    sized = [one for one in loaded({**BYTES, NEW: 5e5}) if one.task.cell.target == NEW]
    cells = [(one, one.task.cell.model) for one in sized]
    grown = [replace(one, phases=times("loading", {NEW: lambda m: work(m) / 3}, [model])[one.task.round].phases)
             for one, model in cells]  # fmt: skip
    synaptic = times("loading", {SYNAPTIC: lambda m: 20 * work(m)})
    assert found(judge(JSON, [*outcomes, *grown, *synaptic])) == [NOT] * 4


def test_what_was_not_loaded_says_nothing_of_loading() -> None:
    verdict = judge(JSON, times("training", TRAIN))
    assert found(verdict) == [UNTOLD] * 4
    assert "with its saved model" in missing(verdict) and "measured in loading" in missing(verdict)


# 5
WARM_UP = "kerasjs_warms_up_in_3_ms"
GPUS = tuple(replace(target, backend="webgl") for target in (KERAS, WEBGL, WEBDNN))


def warmed(first_ms: tuple[float, float, float], **changes: Any) -> list[Outcome]:
    """The first inference of Keras.js, TensorFlow.js and WebDNN on a GPU."""
    pairs = zip(GPUS, first_ms, strict=True)
    return [one for target, ms in pairs for one in times("inference", {target: constant(1.0)}, first=ms, **changes)]


@pytest.mark.parametrize(
    ("first_ms", "findings"),
    [((2, 30, 90), [HOLDS] * 3), ((5, 30, 90), [NOT, HOLDS, HOLDS]), ((50, 30, 9), [NOT] * 3)],
)
def test_kerasjs_warms_up_in_3_ms(first_ms: tuple[float, float, float], findings: list[str]) -> None:
    assert found(judge(WARM_UP, warmed(first_ms))) == findings


def test_warming_up_takes_a_gpu() -> None:
    verdict = judge(WARM_UP, warmed((2, 30, 90), **SOFTWARE))
    assert found(verdict) == [UNTOLD] * 3 and "a GPU" in missing(verdict)


# 6
WITHIN = "inference_within_milliseconds"


def test_inference_takes_milliseconds() -> None:
    assert found(judge(WITHIN, times("inference", PREDICT))) == [HOLDS] * 6


def test_the_smallest_may_be_quicker_on_the_gpu_and_the_largest_on_the_cpu() -> None:
    turned = judge(WITHIN, times("inference", {**PREDICT, WEBGL: lambda m: 0.1 * work(m) ** 2}))
    assert found(turned)[4:] == [NOT, NOT]


def test_inference_takes_longer_and_others_are_ahead() -> None:
    slow = {target: (lambda m, of=of: 20 * of(m)) for target, of in PREDICT.items()}
    verdict = judge(WITHIN, times("inference", {**slow, WASM: constant(0.01), SYNAPTIC: constant(1.0)}))
    assert found(verdict)[:4] == [NOT] * 4


def test_almost_all_is_a_share_of_which_the_unsure_ones_are_the_interval() -> None:
    part = judge(WITHIN, times("inference", PREDICT)).parts[0]
    assert (part.unit, part.finding) == ("share", HOLDS)
    assert part.low == part.high == pytest.approx(22 / 24)  # two take longer with the largest network
    assert judge(WITHIN, times("inference", PREDICT, rounds=1)).parts[0].finding == UNTOLD


def test_inference_untold() -> None:
    assert found(judge(WITHIN, times("training", TRAIN))) == [UNTOLD] * 6


# 7
COSTS_MORE = "loading_costs_more"


@pytest.mark.parametrize(("load_ms", "finding"), [(50.0, HOLDS), (0.01, NOT)])
def test_loading_costs_more(load_ms: float, finding: str) -> None:
    outcomes = [*times("loading", {NEW: constant(load_ms)}), *times("inference", {NEW: constant(2.0)}, first=0.1)]
    verdict = judge(COSTS_MORE, outcomes)
    assert verdict.finding == finding
    assert verdict.parts[0].value == pytest.approx((load_ms + 0.1) / 2, rel=0.02)


def test_loading_costs_more_takes_both() -> None:
    verdict = judge(COSTS_MORE, times("inference", {NEW: constant(2.0)}))
    assert verdict.finding == UNTOLD and "loaded its saved model" in missing(verdict)


# 8
DOUBLES = "width_doubles_inference"


def test_width_doubles_inference() -> None:
    assert judge(DOUBLES, times("inference", PREDICT)).finding == HOLDS
    verdict = judge(DOUBLES, times("inference", {**PREDICT, NEW: constant(0.3)}))
    assert verdict.finding == NOT and "tfjs@4.22.0 cpu" in verdict.parts[0].where
    verdict = judge(DOUBLES, times("inference", without(PREDICT, WEBDNN)))
    assert verdict.finding == UNTOLD and missing(verdict) == "webdnn in a version of today"


# 9
NEAR = "near_native_on_gpus"
TRAINED = [Model("graph", name=name, digest="00") for name in ("MobileNetV2", "ResNet50")]
BESIDE = {NATIVE_GPU: constant(5.0), NATIVE_ALL: constant(30.0)}


def pretrained(ms: float, renderer: str, **changes: Any) -> list[Outcome]:
    facts = {"webgl_renderer": renderer}
    return times("inference", {WEBGL: constant(ms), **BESIDE}, TRAINED, **{"facts": facts, **changes})


@pytest.mark.parametrize(
    ("ms", "renderer", "findings"),
    [
        (8.0, CARD, [HOLDS, UNTOLD]),
        (20.0, CARD, [NOT, UNTOLD]),
        (20.0, SHARED, [UNTOLD, HOLDS]),
        (60.0, SHARED, [UNTOLD, NOT]),
        (20.0, "some renderer", [UNTOLD, UNTOLD]),
    ],
)
def test_near_native_on_gpus(ms: float, renderer: str, findings: list[str]) -> None:
    assert found(judge(NEAR, pretrained(ms, renderer))) == findings


def test_what_near_native_lacks_is_named() -> None:
    assert "a discrete GPU" in missing(judge(NEAR, pretrained(8.0, SHARED)))
    assert "works in software" in missing(judge(NEAR, pretrained(8.0, CARD, **SOFTWARE)))
    assert "howfar run pretrained" in missing(judge(NEAR, times("inference", PREDICT)))
    alone = times("inference", {WEBGL: constant(8.0)}, TRAINED)
    assert "native TensorFlow on its gpu" in missing(judge(NEAR, alone))


@pytest.mark.parametrize(
    ("renderer", "kind"),
    [
        (CARD, "discrete"), (SHARED, "integrated"), ("ANGLE (AMD, AMD Radeon RX 6800, D3D11)", "discrete"),
        ("ANGLE (AMD, AMD Radeon Graphics (radeonsi renoir), OpenGL 4.6)", "integrated"), ("", ""),
        ("ANGLE (Intel, Intel(R) Arc(TM) A770 Graphics, D3D11)", "discrete"), ("Apple M2", "integrated"),
    ],
)  # fmt: skip
def test_what_a_gpu_s_driver_calls_it_says_of_which_kind_it_is(renderer: str, kind: str) -> None:
    outcomes = times("training", {WEBGL: work}, MODELS[:1], facts={"webgl_renderer": renderer})
    (entry,) = measure(made.results(outcomes), lambda _: True, ("throughput",))
    assert gpu_kind(entry) == kind


# 10
DECIDES = "backend_decides_the_gap"
NETWORKS = [
    *(Model("mlp", depth, width) for depth in (1, 4, 8) for width in (64, 256)),
    *(Model("cnn", depth, width) for depth in (6, 9) for width in (8, 32)),
    *(Model("rnn", depth, width) for depth in (1, 2) for width in (8, 32)),
]


def held(cpu: tuple[float, float], gpu: tuple[float, float], **changes: Any) -> list[Outcome]:
    """Ratios to native of training and inference, on plain JS and on a GPU."""
    workloads: tuple[Workload, ...] = ("training", "inference")
    return [
        one
        for workload, on_cpu, on_gpu in zip(workloads, cpu, gpu, strict=True)
        for told in [{NEW: constant(on_cpu), WEBGL: constant(on_gpu), NATIVE: constant(1.0), NATIVE_GPU: constant(1.0)}]
        for one in times(workload, told, NETWORKS, **changes)
    ]


def test_backend_decides_the_gap() -> None:
    verdict = judge(DECIDES, held((38, 8), (3, 1)))
    assert found(verdict) == [HOLDS] * 6
    assert verdict.parts[2].value == pytest.approx(38, rel=0.01)


def test_the_task_decides_the_gap() -> None:
    verdict = judge(DECIDES, held((200, 1.0), (150, 0.9)))
    assert found(verdict) == [NOT, HOLDS, NOT, NOT, NOT, NOT]


def test_the_tree_takes_a_gpu_and_all_networks() -> None:
    verdict = judge(DECIDES, held((38, 8), (3, 1), **SOFTWARE))
    assert found(verdict) == [UNTOLD, UNTOLD, HOLDS, HOLDS, HOLDS, UNTOLD]
    assert "DNNs" in missing(verdict) and "on a GPU" in missing(verdict)
    dense = [one for one in held((38, 8), (3, 1)) if one.task.cell.model.kind == "mlp"]
    assert found(judge(DECIDES, dense))[:2] == [UNTOLD, UNTOLD]
    assert found(judge(DECIDES, times("training", TRAIN))) == [UNTOLD] * 6


# 11
ONE_CORE = "one_core_only"


def watched(*switches: str, target: Target = WASM, **changes: Any) -> list[Outcome]:
    """Executions at whose processes somebody looked; `threads=all` works on more than one core."""
    cells = [Cell(replace(target, switch=switch), Model("mlp", 1, 64), "training", "processes") for switch in switches]
    return [made.outcome(cell, number, **changes) for cell in cells for number in range(3)]


def test_one_core_only() -> None:
    assert judge(ONE_CORE, watched("", "threads=1")).finding == HOLDS
    verdict = judge(ONE_CORE, watched("", "threads=all"))
    assert verdict.finding == NOT and "threads=all" in verdict.parts[0].where
    assert telling.amount(verdict.parts[0]).startswith("175 %")


def test_one_core_untold() -> None:
    assert "watched" in missing(judge(ONE_CORE, times("training", TRAIN)))
    assert "quiet machine" in missing(judge(ONE_CORE, watched("", disturbed=True)))
    assert "more than one core" in missing(judge(ONE_CORE, watched(""), cores=1))
    assert judge(ONE_CORE, watched("", target=WEBGL)).finding == UNTOLD


# 12
DEEP = "tfjs_stack_is_deep"


def profiled(deepest: int, rounds: int = 3) -> list[Outcome]:
    cells = [Cell(target, Model("mlp", 1, 64), "training", "stacks") for target in (NEW, CONVNET)]
    told = {NEW: (0, *[1000] * deepest), CONVNET: made.DEPTH_US["convnetjs"]}
    return [
        made.outcome(cell, number, stacks=Stacks(100, told[cell.target])) for cell in cells for number in range(rounds)
    ]


def test_tfjs_stack_is_deep() -> None:
    verdict = judge(DEEP, profiled(48))
    assert verdict.finding == HOLDS and verdict.parts[0].value == pytest.approx(16)
    assert judge(DEEP, profiled(12)).finding == NOT
    assert judge(DEEP, profiled(48, rounds=1)).finding == UNTOLD
    assert "profiled while it trains" in missing(judge(DEEP, times("training", TRAIN)))
