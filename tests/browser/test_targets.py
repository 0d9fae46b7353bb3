"""Every framework on every back end, in a browser or natively: right against NumPy, or unsupported with a reason."""

import pytest

from howfar import frameworks
from howfar.records import NOT_INSTALLED, Model, Workload
from real import Measure

MODEL = Model("mlp", 2, 32)
BROWSER = [("tfjs", "cpu"), ("tfjs", "wasm"), ("tfjs", "webgl"), ("tfjs", "webgpu"), ("convnetjs", "cpu")]


@pytest.mark.parametrize("workload", ["inference", "training"])
@pytest.mark.parametrize(("framework", "backend"), BROWSER)
def test_a_browser_target_is_right(measure: Measure, framework: str, backend: str, workload: Workload) -> None:
    outcome = measure(framework, backend, MODEL, workload)
    if outcome.status == "unsupported":
        assert backend == "webgpu"
        assert outcome.message
        pytest.skip(f"NO WEBGPU HERE: {outcome.message}")
    assert outcome.status == "ok", f"{outcome.message}\n{outcome.detail}"
    assert outcome.check is not None and outcome.check.max_abs_error is not None
    assert outcome.check.max_abs_error <= 5e-6
    assert outcome.facts["backend"] == backend
    assert outcome.facts["library_sha256"]
    if framework == "tfjs":
        assert outcome.live_tensors is not None
        assert outcome.live_tensors[0] == outcome.live_tensors[1]
    metrics = {series.metric for series in outcome.series if series.stage == "timed"}
    assert metrics == ({"latency", "throughput", "enqueue"} if framework == "tfjs" else {"latency", "throughput"})


def test_webgl_throughput_waits_for_the_gpu(measure: Measure) -> None:
    """Enqueuing alone is what the published protocol timed; a drained sample can't be as quick."""
    outcome = measure("tfjs", "webgl", Model("mlp", 4, 256))
    timed = {series.metric: series for series in outcome.series if series.stage == "timed"}
    drained, enqueued = (min(timed[metric].sample_ms) for metric in ("throughput", "enqueue"))
    assert drained > 1.3 * enqueued


@pytest.mark.parametrize("workload", ["inference", "training"])
@pytest.mark.parametrize("framework", ["numpy", "tensorflow"])
def test_a_native_target_is_right(measure: Measure, framework: str, workload: Workload) -> None:
    if frameworks.registry()[framework].installed_version() == NOT_INSTALLED:
        pytest.skip(f"{framework.upper()} IS NOT INSTALLED: pip install tensorflow")
    outcome = measure(framework, "cpu", MODEL, workload, browser="native")
    assert outcome.status == "ok", f"{outcome.message}\n{outcome.detail}"
    assert outcome.check is not None and outcome.check.max_abs_error is not None
    assert outcome.check.max_abs_error <= 5e-6
    assert outcome.facts["threads"] == 1
