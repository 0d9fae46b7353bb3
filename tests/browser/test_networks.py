"""Networks that convolve and that remember, by every framework that holds them: right against NumPy, or known not to
be."""

import pytest

from howfar import frameworks
from howfar.outcomes import Outcome
from howfar.records import NOT_INSTALLED, Model, Workload
from real import Measure

KNOWN = frameworks.registry()
CNN, RNN = Model("cnn", 7, 4), Model("rnn", 2, 5)
# On a GPU in software the training of two layers takes both cores for a minute.
SHALLOW = Model("rnn", 1, 5)
WORKLOADS: tuple[Workload, ...] = ("inference", "training")
# What a back end lacks the code for, and the name that its reason must hold.
LACKING = {
    ("tfjs", "wasm", CNN, "training"): "Conv2DBackpropFilter",
    ("webdnn", "cpu", RNN, "inference"): "LSTM",
    ("webdnn", "webgl", RNN, "inference"): "LSTM",
}
# WebDNN takes a texture again for anything of its width and height, and does not look at the channels. Before a
# convolution it lays out what each place sees; for 1 channel that is as wide as for 4, whose texture has four to one.
WRONG = {("webdnn", "webgl", CNN, "inference")}
# The same of every network: WebDNN's own "webgpu" is gone from every browser, and test_targets.py says so.
GONE = ("webdnn", "webgpu")
# Half a minute there, for what its training does in every step too.
SLOW = ("tfjs", "webgpu", SHALLOW, "inference")


def held(name: str, backend: str = "") -> list[tuple[Model, Workload]]:
    """What the registry says that a framework does with these networks."""
    able, models = KNOWN[name].abilities(), (CNN, SHALLOW if backend == "webgpu" else RNN)
    return [(model, workload) for model in models for workload in WORKLOADS if able.does(workload, model.kind)]


IN_BROWSERS = [
    (name, version, backend, model, workload)
    for name in frameworks.public_names(KNOWN)
    if KNOWN[name].runs_in == "browser"
    for version in KNOWN[name].versions
    for backend in KNOWN[name].backends_at(version)
    if (name, backend) != GONE
    for model, workload in held(name, backend)
    if (name, backend, model, workload) != SLOW
]
NATIVELY = [(name, *one) for name in frameworks.native_names(KNOWN) for one in held(name)]


def skip_what_is_not_here(outcome: Outcome) -> None:
    """Loudly."""
    if outcome.status == "unsupported":
        assert outcome.message
        pytest.skip(f"NOT HERE: {outcome.task.cell.target} is unsupported: {outcome.message}")


def right(outcome: Outcome) -> None:
    """It gave right numbers."""
    assert outcome.status == "ok", f"{outcome.message}\n{outcome.detail}"
    assert outcome.check is not None and outcome.check.max_abs_error is not None
    assert outcome.check.max_abs_error <= 5e-6


@pytest.mark.parametrize(
    ("framework", "version", "backend", "model", "workload"),
    IN_BROWSERS,
    ids=[f"{name}@{version}-{backend}-{model}-{workload}" for name, version, backend, model, workload in IN_BROWSERS],
)
def test_a_browser_target_is_right(
    measure: Measure, framework: str, version: str, backend: str, model: Model, workload: Workload
) -> None:
    cell = (framework, backend, model, workload)
    outcome = measure(*cell, version=version)
    if (lacking := LACKING.get(cell)) and lacking in outcome.message:
        assert outcome.status == "unsupported"
        return
    skip_what_is_not_here(outcome)
    assert lacking is None, f"{lacking} is there after all"
    if cell in WRONG:
        assert outcome.status == "wrong_result"
        return
    right(outcome)
    assert outcome.facts["backend"] == backend


def test_webdnn_is_right_with_another_number_of_kernels(measure: Measure) -> None:
    outcome = measure("webdnn", "webgl", Model("cnn", 7, 8))
    skip_what_is_not_here(outcome)
    right(outcome)


def test_a_network_that_is_not_the_study_s_says_so(measure: Measure) -> None:
    outcome = measure("brain.js", "cpu", RNN, "training")
    right(outcome)
    assert "keeps no cell" in str(outcome.facts["network"])
    assert "RMSProp" in str(outcome.facts["batch"])
    assert "first step" in str(outcome.facts["training_fault"])


@pytest.mark.parametrize(
    ("framework", "model", "workload"),
    NATIVELY,
    ids=[f"{name}-{model}-{workload}" for name, model, workload in NATIVELY],
)
def test_a_native_target_is_right(measure: Measure, framework: str, model: Model, workload: Workload) -> None:
    if KNOWN[framework].installed_version() == NOT_INSTALLED:
        pytest.skip(f"{framework.upper()} IS NOT INSTALLED: pip install {KNOWN[framework].distributions[-1]}")
    outcome = measure(framework, "cpu", model, workload, browser="native")
    skip_what_is_not_here(outcome)
    right(outcome)
