"""Every framework on every back end, in a browser or natively: right against NumPy, or unsupported with a reason."""

from statistics import mean, median

import pytest

from howfar import frameworks
from howfar.outcomes import Outcome
from howfar.records import NOT_INSTALLED, Model, Sampling, Workload
from real import Measure

MODEL = Model("mlp", 2, 32)
KNOWN = frameworks.registry()
# Every edition that the registry names, on every back end that it has.
TARGETS = [
    (name, version, backend)
    for name in frameworks.public_names(KNOWN)
    if KNOWN[name].runs_in == "browser" and "mlp" in KNOWN[name].models
    for version in KNOWN[name].versions
    for backend in KNOWN[name].backends_at(version)
]
# `features` takes one training step, and shows by the outputs after it what that did to every weight.
WORKLOADS: list[Workload] = ["inference", "loading", "features"]
# WebDNN's own "webgpu" is another thing than today's, and gone from every browser.
NEVER = ("webdnn", "webgpu")
LATENCY = ("latency", "timed")


def right(outcome: Outcome, backend: str) -> None:
    """It gave right numbers on the back end that was asked for; what the machine lacks is skipped, loudly."""
    if outcome.status == "unsupported":
        assert outcome.message
        pytest.skip(f"NOT HERE: {outcome.task.cell.target} is unsupported: {outcome.message}")
    assert outcome.status == "ok", f"{outcome.message}\n{outcome.detail}"
    assert outcome.check is not None and outcome.check.max_abs_error is not None
    assert outcome.check.max_abs_error <= 5e-6
    assert outcome.facts["backend"] == backend
    assert outcome.facts["library_sha256"]


@pytest.mark.parametrize("workload", WORKLOADS)
@pytest.mark.parametrize(("framework", "version", "backend"), [one for one in TARGETS if (one[0], one[2]) != NEVER])
def test_a_browser_target_is_right(
    measure: Measure, framework: str, version: str, backend: str, workload: Workload
) -> None:
    if not KNOWN[framework].abilities().does(workload, MODEL.kind):
        pytest.skip(f"NOT ASKED: {framework} has no {workload} of an {MODEL.kind}, as the registry says")
    outcome = measure(framework, backend, MODEL, workload, version=version)
    right(outcome, backend)
    facts = outcome.facts
    if workload == "features":
        assert facts["library_bytes"] and facts["licence"] == KNOWN[framework].licence
        assert facts["trains"] is ("training" in KNOWN[framework].workloads)
        assert facts["loads"] is True
    if facts.get("saves"):
        assert float(facts["round_trip_error"] or 0) <= 5e-6


@pytest.mark.parametrize("backend", ["cpu", "wasm", "webgl", "webgpu"])
def test_training_is_right_step_after_step(measure: Measure, backend: str) -> None:
    outcome = measure("tfjs", backend, MODEL, "training")
    right(outcome, backend)
    assert outcome.live_tensors is not None
    assert outcome.live_tensors[0] == outcome.live_tensors[1]
    assert {one.metric for one in outcome.series if one.stage == "timed"} == {"latency", "throughput", "enqueue"}


def test_what_is_gone_from_every_browser_says_so(measure: Measure) -> None:
    outcome = measure(*NEVER, MODEL, "inference")
    assert outcome.status == "unsupported"
    assert "WebMetal" in outcome.message


@pytest.mark.parametrize(("framework", "printed"), [
    ("tfjs@0.13.0", (49, 16, 7)), ("convnetjs@0.3.0", (7, 4, None)), ("brain.js@1.4.0", (7, 4, None)),
    ("synaptic@1.1.4", (None, 5, None)),
])  # fmt: skip
def test_the_features_counted_are_those_that_the_paper_printed(
    measure: Measure, framework: str, printed: tuple[int | None, ...]
) -> None:
    name, version = frameworks.split_version(framework)
    facts = measure(name, "cpu", MODEL, "features", version=version).facts
    counted = [facts.get(key) for key in ("layer_types", "activation_types", "optimizer_types")]
    assert [here for here, there in zip(counted, printed, strict=True) if there is not None] == [
        there for there in printed if there is not None
    ]


def by_the_papers_clock(
    measure: Measure, framework: str, backend: str, model: Model
) -> tuple[Outcome, tuple[float, ...]]:
    """An inference by the published protocol, long enough that code not yet compiled does not decide the mean."""
    outcome = measure(framework, backend, model, protocol="published", sampling=Sampling(max_seconds=3))
    right(outcome, backend)
    (seen,) = (one.sample_ms for one in outcome.series if one.stage == "timed")
    return outcome, seen


@pytest.mark.alone
def test_the_paper_s_clock_saw_all_of_what_runs_where_it_is_called(measure: Measure) -> None:
    """A clock of whole milliseconds gives 0 and 1, whose mean is the time, as long as nothing is left running.

    Thousands of inferences carry one stall of the machine; of the few dozen samples beside them only the median does.
    """
    _, seen = by_the_papers_clock(measure, "convnetjs", "cpu", Model("mlp", 1, 64))
    corrected = next(
        one for one in measure("convnetjs", "cpu", Model("mlp", 1, 64)).series if (one.metric, one.stage) == LATENCY
    )
    assert 0.5 < mean(seen) / (median(corrected.sample_ms) / corrected.repeats) < 2
    assert 0 in seen


@pytest.mark.alone
def test_the_paper_s_clock_saw_only_the_submission_of_a_webgl_inference(measure: Measure) -> None:
    """Nothing is read back, nothing disposed; its results are right all the same."""
    model = Model("mlp", 4, 256)
    published, seen = by_the_papers_clock(measure, "tfjs", "webgl", model)
    corrected = next(one for one in measure("tfjs", "webgl", model).series if (one.metric, one.stage) == LATENCY)
    assert mean(seen) < 0.75 * median(corrected.sample_ms) / corrected.repeats
    assert median(seen) < 0.5 * median(corrected.sample_ms) / corrected.repeats
    assert all(ms == int(ms) for ms in seen)
    assert published.facts["awaited"] is False
    assert published.live_tensors is not None and published.live_tensors[1] > published.live_tensors[0] + len(seen)


@pytest.mark.alone  # beside other pages a GPU in software is waited for while work is handed to it, too
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
