"""What can be switched in a target, and a batch at once: right all the same, and really switched."""

import os

import pytest

from howfar import frameworks
from howfar.records import NOT_INSTALLED, READBACK_ONCE, Model
from real import Measure

KNOWN = frameworks.registry()
MODEL = Model("mlp", 2, 64)
SWITCHES = [(backend, switch) for backend, several in KNOWN["tfjs"].switches.items() for switch in several]
CALLS = KNOWN["tensorflow"].switches["cpu"]


@pytest.mark.parametrize(("backend", "switch"), SWITCHES)
def test_a_switched_browser_target_is_right(measure: Measure, backend: str, switch: str) -> None:
    outcome = measure("tfjs", backend, MODEL, "inference", switch=switch)
    if outcome.status == "unsupported":
        pytest.skip(f"NOT HERE: {outcome.message}")
    assert outcome.status == "ok", outcome.message
    timed = {series.metric for series in outcome.series if series.stage == "timed"}
    assert timed - {"enqueue"} == ({"throughput"} if switch == READBACK_ONCE else {"latency", "throughput"})
    if switch.startswith("threads="):
        wanted = {"threads=1": 1, "threads=all": os.cpu_count()}[switch]
        assert outcome.facts["wasm_threads_used"] == wanted


@pytest.mark.alone
def test_without_simd_a_product_takes_longer(measure: Measure) -> None:
    """By about the width of a vector, four numbers; a switch that did nothing would be no part of any gap."""
    model = Model("mlp", 4, 512)

    def best(switch: str) -> float:
        outcome = measure("tfjs", "wasm", model, "batch_inference", switch=switch)
        assert outcome.status == "ok", outcome.message
        timed = next(one for one in outcome.series if (one.metric, one.stage) == ("latency", "timed"))
        return min(timed.sample_ms) / timed.repeats

    assert best("simd=off") > 1.5 * best("")


@pytest.mark.parametrize("switch", CALLS)
def test_keras_s_own_calls_are_right(measure: Measure, switch: str) -> None:
    if KNOWN["tensorflow"].installed_version() == NOT_INSTALLED:
        pytest.skip("TENSORFLOW IS NOT INSTALLED: pip install tensorflow")
    training = switch.removeprefix("call=") in ("fit", "train_on_batch", "eager")
    workload = "training" if training else "inference"
    outcome = measure("tensorflow", "cpu", MODEL, workload, browser="native", switch=switch)
    assert outcome.status == "ok", f"{outcome.message}\n{outcome.detail}"
    assert not any(series.metric == "enqueue" for series in outcome.series)  # it would be the compiled step's


@pytest.mark.parametrize("framework", ["tfjs", *frameworks.native_names(KNOWN)])
@pytest.mark.parametrize("model", [Model("mlp", 1, 16), Model("cnn", 6, 4), Model("rnn", 1, 4)], ids=str)
def test_a_batch_at_once_is_right(measure: Measure, framework: str, model: Model) -> None:
    one = KNOWN[framework]
    if not one.abilities().does("batch_inference", model.kind):
        assert framework == "numpy"
        return
    native = one.runs_in == "native"
    if native and one.installed_version() == NOT_INSTALLED:
        pytest.skip(f"{framework.upper()} IS NOT INSTALLED: pip install {one.distributions[-1]}")
    outcome = measure(framework, "cpu", model, "batch_inference", browser="native" if native else "chromium")
    assert outcome.status == "ok", f"{outcome.message}\n{outcome.detail}"
