"""The yardstick and the ceilings, in a real browser."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from msgspec import structs

from howfar import plan
from howfar.hosts import base, chromium
from howfar.outcomes import Outcome
from howfar.records import CEILINGS, NATIVE_CEILINGS, Cell, Model, Sampling, Target, Workload
from howfar.runner import Workshop
from real import Measure

MODEL = Model("mlp", 2, 32)
# Odd sizes: neither units nor classes fill whole panels, and rows leave every remainder.
SMALL, ODD = Model("mlp", 1, 20), Model("mlp", 3, 33)
QUICK = Sampling(min_samples=5, min_seconds=0.1, max_seconds=0.4, warmup_min_seconds=0.05, warmup_max_seconds=0.2)

Take = Callable[[Target, Model, Workload], Outcome]


@pytest.fixture
def take(shop: Workshop) -> Take:
    """Measures one cell of a target that says its threads and its switch."""

    def run(target: Target, model: Model, workload: Workload) -> Outcome:
        study = structs.replace(shop.study, sampling=QUICK)
        task = plan.task_of(study, Cell(target, model, workload), shop.data.names, 0)
        with shop.block() as block:
            return shop.visitor.measure(block.host(target.browser), task, "test")

    return run


def right(outcome: Outcome) -> None:
    if outcome.status == "unsupported":
        pytest.skip(f"NOT HERE: {outcome.message}")
    assert outcome.status == "ok", f"{outcome.message}\n{outcome.detail}"
    assert outcome.check is not None and outcome.check.max_abs_error is not None
    assert outcome.check.max_abs_error <= 5e-6


@pytest.mark.parametrize(
    ("workload", "threads", "model"),
    [
        ("training", 1, ODD),
        ("training", 0, SMALL),
        ("training", 3, ODD),
        ("inference", 1, SMALL),
        ("inference", 0, ODD),
        ("batch_inference", 1, ODD),
        ("batch_inference", 0, SMALL),
    ],
)
def test_the_yardstick_is_right(take: Take, workload: Workload, threads: int, model: Model) -> None:
    outcome = take(Target("limit", "1", "wasm", "chromium", threads), model, workload)
    right(outcome)
    assert outcome.facts["library_sha256"]
    assert outcome.facts["wasm_threads_used"] == (threads or outcome.facts["hardware_concurrency"])


def test_its_training_step_is_that_of_tensorflow_js(take: Take, measure: Measure) -> None:
    one = take(Target("limit", "1", "wasm", "chromium", 1), MODEL, "training")
    other = measure("tfjs", "wasm", MODEL, "training")
    right(one)
    right(other)
    assert len(one.losses) == 3
    for here, there in zip(one.losses, other.losses, strict=True):
        assert here == pytest.approx(there, abs=5e-6)


def test_a_native_ceiling_is_taken_like_any_other_native_cell(take: Take, shop: Workshop) -> None:
    version = shop.known["ceiling-numpy"].installed_version()
    outcome = take(Target("ceiling-numpy", version, "cpu", "native", 1), Model("gemm", 1, 64), "ceilings")
    right(outcome)
    timed = {one.metric for one in outcome.series if one.stage == "timed"}
    assert timed == set(NATIVE_CEILINGS["ceiling-numpy"])
    assert outcome.facts["kernel"] and outcome.facts["gemm_flop"] == 2 * 64**3


@pytest.mark.parametrize(
    ("backend", "switch", "threads"),
    [("cpu", "", 1), ("cpu", "", 0), ("wasm", "", 1), ("wasm", "", 0), ("wasm", "fma=off", 1), ("webgl", "", 1),
     ("webgpu", "", 1)],
)  # fmt: skip
def test_a_ceiling_is_taken_of_a_product_that_is_exact(take: Take, backend: str, switch: str, threads: int) -> None:
    outcome = take(Target("ceiling", "1", backend, "chromium", threads, switch), Model("gemm", 1, 192), "ceilings")
    right(outcome)
    timed = {one.metric: one for one in outcome.series if one.stage == "timed"}
    assert set(timed) == set(CEILINGS[backend][: 2 if switch else None])
    rates = {
        metric: float(outcome.facts[f"{metric}_{unit}"] or 0) * one.repeats / min(one.sample_ms) / 1e6
        for metric, one in timed.items()
        for unit in ("flop", "bytes")
        if f"{metric}_{unit}" in outcome.facts
    }
    assert set(rates) == set(timed)
    assert all(0.05 < rate < 1e6 for rate in rates.values()), rates


def test_ceilings_in_a_row_share_a_browser_and_nobody_else_has_it(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []

    def counted(command: Sequence[str], *rest: Any, **options: Any) -> Any:
        started.append(command[-1])
        return base.launched(command, *rest, **options)

    monkeypatch.setattr(chromium, "launched", counted)
    ceilings = [Target("ceiling", "1", backend, "chromium", 1) for backend in ("cpu", "wasm", "cpu")]
    cells = [Cell(target, Model("gemm", 1, 192), "ceilings") for target in ceilings]
    cells.insert(2, Cell(Target("reference", "1", "cpu", "chromium"), plan.CONTROL_MODEL, "inference"))
    tasks = [plan.task_of(shop.study, cell, shop.data.names, number) for number, cell in enumerate(cells)]
    with shop.block() as block:
        for task in tasks:
            right(shop.visitor.measure(block.host("chromium"), task, "test"))
    opened = [number for url in started for number, task in enumerate(tasks) if task.id in url]
    assert opened == [0, 2, 3]
