"""One's own model in a real browser, by every runtime that takes it: right and where it was asked to be."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec

import pytest
from msgspec import structs

import tiny
from howfar import frameworks, plan
from howfar.outcomes import Outcome
from howfar.portfolio import FormName, Portfolio
from howfar.records import Cell, Model, Sampling, Target
from howfar.runner import Options, Workshop
from howfar.study import Limits, Study

KNOWN = frameworks.registry()
QUICK = Sampling(min_samples=5, min_seconds=0.1, max_seconds=0.3, warmup_min_seconds=0.05, warmup_max_seconds=0.1)
ONNX, LITERT, TFJS = "onnxruntime-web", "litert", "tfjs"
WRONG, BROKEN, MIXED, LAYERS = (
    structs.replace(tiny.MODEL, name=name, digest=name) for name in ("wrong", "broken", "mixed", "layers")
)

Measured = Callable[..., Outcome]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Portfolio:
    """The tiny model, one whose ONNX file has other weights, one whose file is none, one with an operator for which
    ONNX Runtime has nothing on a GPU, and one of TensorFlow.js's layers."""
    for needed in ("onnx", "tensorflow"):
        if find_spec(needed) is None:
            pytest.skip(f"{needed.upper()} IS NOT INSTALLED")
    forms = tiny.forms()
    files = forms["onnx"]["model.onnx"]
    other = files.replace(tiny.B.tobytes(), (2 * tiny.B).tobytes())
    assert other != files
    made: dict[Model, Mapping[FormName, Mapping[str, bytes]]] = {
        tiny.MODEL: forms,
        WRONG: {"onnx": {"model.onnx": other}},
        MIXED: {"onnx": {"model.onnx": tiny.onnx_file(between="Shrink")}},
        LAYERS: {"tfjs-layers": tiny.layers_files()},
        BROKEN: {"onnx": {"model.onnx": files[:100]}, "tflite": {"model.tflite": b"TFL3"}},
    }
    folders = {}
    for model, contents in made.items():
        folder = tmp_path_factory.mktemp(model.name)
        tiny.write(folder, contents, model)
        folders[model] = folder
    return Portfolio(folders)


@pytest.fixture(scope="module")
def measured(own: Portfolio) -> Iterator[Measured]:
    """Measures one cell of a model in Chromium."""
    study = Study("graphs", "", (), (), (), sampling=QUICK, limits=Limits(launch_seconds=20, phase_seconds=20))
    with Workshop(study, KNOWN, Options(own=own)) as shop, shop.block() as block:

        def run(framework: str, backend: str, model: Model = tiny.MODEL, threads: int | None = None) -> Outcome:
            target = Target(framework, KNOWN[framework].versions[0], backend, "chromium", threads)
            task = plan.task_of(study, Cell(target, model, "inference"), shop.data.names, 0)
            return shop.visitor.measure(block.host("chromium"), task, "test")

        yield run


@dataclass(frozen=True)
class Case:
    """A target and what it must say of itself."""

    framework: str
    backend: str
    facts: Mapping[str, object]
    threads: int | None = None


CASES = [
    Case(ONNX, "wasm", {"wasm_threads_used": 2, "execution_providers": "CPUExecutionProvider"}, threads=2),
    Case(ONNX, "wasm", {"wasm_threads_used": 1, "nodes_fell_back": 0}, threads=1),
    Case(ONNX, "webgl", {"nodes_fell_back": 0}),
    Case(ONNX, "webgpu", {"nodes_fell_back": 0, "execution_providers": "WebGpuExecutionProvider"}),
    Case(LITERT, "wasm", {"wasm_threads_used": 2}, threads=2),
    Case(LITERT, "wasm", {"wasm_threads_used": 1}, threads=1),
    Case(LITERT, "webgpu", {"nodes_fell_back": 0, "fully_accelerated": True}),
    Case(TFJS, "cpu", {}),
    Case(TFJS, "wasm", {"wasm_threads_used": 1}, threads=1),
    Case(TFJS, "webgl", {}),
    Case(TFJS, "webgpu", {}),
]


def right(outcome: Outcome) -> None:
    """Its numbers are right; what the machine lacks is skipped, loudly."""
    if outcome.status == "unsupported":
        pytest.skip(f"NOT HERE: {outcome.task.cell.target} is unsupported: {outcome.message}")
    assert outcome.status == "ok", f"{outcome.message}\n{outcome.detail}"
    assert outcome.check is not None and outcome.check.max_abs_error is not None
    assert outcome.check.max_abs_error < 1e-5


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.framework}-{case.backend}-{case.threads}")
def test_a_model_is_right_on_every_runtime(measured: Measured, case: Case) -> None:
    outcome = measured(case.framework, case.backend, threads=case.threads)
    right(outcome)
    assert outcome.facts["backend"] == case.backend
    assert case.facts.items() <= outcome.facts.items(), outcome.facts
    timed = [one for one in outcome.series if one.stage == "timed"]
    assert timed and all(ms > 0 for one in timed for ms in one.sample_ms)
    if outcome.live_tensors is not None:
        assert outcome.live_tensors[0] == outcome.live_tensors[1]


def test_a_layers_model_is_right(measured: Measured) -> None:
    outcome = measured(TFJS, "wasm", LAYERS)
    right(outcome)
    assert outcome.facts["form"] == "tfjs-layers"


def test_what_a_gpu_leaves_to_the_cpu_is_counted(measured: Measured) -> None:
    outcome = measured(ONNX, "webgpu", MIXED)
    right(outcome)
    assert outcome.facts["nodes_fell_back"] == 1
    assert "CPUExecutionProvider" in str(outcome.facts["execution_providers"])


def test_another_model_than_was_prepared_is_a_wrong_result(measured: Measured) -> None:
    outcome = measured(ONNX, "wasm", WRONG)
    assert outcome.status == "wrong_result"
    assert outcome.check is not None and outcome.check.max_abs_error is not None
    assert outcome.check.max_abs_error > 0.1


@pytest.mark.parametrize("framework", [ONNX, LITERT])
def test_a_file_that_is_no_model_is_a_page_error(measured: Measured, framework: str) -> None:
    outcome = measured(framework, "wasm", BROKEN)
    assert outcome.status == "page_error"
    assert outcome.message


def test_a_browser_without_webnn_says_why(measured: Measured) -> None:
    outcome = measured(ONNX, "webnn")
    if outcome.status == "ok":
        pytest.skip("THIS BROWSER HAS WEBNN")
    assert outcome.status == "unsupported"
    assert "navigator.ml" in outcome.message
