"""What is asked of a host, made by hand: studies, tasks and assignments for the tests of the measuring half."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from howfar import frameworks, models, plan
from howfar.data import Data, Samples
from howfar.frameworks import Backend, Framework
from howfar.handed import Assignment, DataShape
from howfar.outcomes import Report, Series
from howfar.records import Cell, DataNames, Form, Model, ProtocolName, Sampling, Target, Task, Workload
from howfar.study import Study

FIXTURES = Path(__file__).parent / "fixtures"

WASM = Target("tfjs", "4.22.0", "wasm", "chromium")
NUMPY = Target("numpy", "2.0.0", "cpu", "native", threads=1)
REFERENCE = Target("reference", "1", "cpu", "chromium")
CONVNETJS = Target("convnetjs", "0.3.0", "cpu", "chromium")
CEILING = Target("ceiling", "1", "wasm", "chromium", threads=0)
BARE = Target("bare", "1.0.0", "cpu", "chromium")
MLP = Model("mlp", 2, 32)


def digits(samples: int = 128) -> Samples:
    """Seeded noise in the shape of the digits: quick to make, and always the same."""
    rng = np.random.default_rng(28)
    inputs = rng.integers(0, 17, (samples, 784)) / 16
    return Samples("digits-made", inputs.astype(np.float32), rng.integers(0, 10, samples).astype(np.uint8))


VOCABULARY = 12


def text(samples: int = 128) -> Samples:
    """Seeded noise in the shape of the text's samples, of few characters."""
    rng = np.random.default_rng(40)
    inputs = np.eye(VOCABULARY, dtype=np.float32)[rng.integers(0, VOCABULARY, (samples, 40))]
    labels = rng.integers(0, VOCABULARY, samples).astype(np.uint8)
    return Samples("text-made", inputs.reshape(samples, -1), labels, VOCABULARY)


def data(samples: int = 128) -> Data:
    """Both data sets."""
    return Data(digits(samples), text(samples))


NAMES = DataNames("digits-made", "text-made")


def study(**changes: Any) -> Study:
    """A study of nothing, whose fields can be given."""
    asked: dict[str, Any] = {"name": "asked", "title": "", "experiments": (), "targets": (), "models": ()}
    return Study(**(asked | changes))


def known() -> dict[str, Framework]:
    """The registry, and a framework that holds only sigmoids without biases, and can't train."""
    form, layouts = Form("sigmoid", "sigmoid", bias=False), {"cpu": (Backend(),)}
    bare = Framework(
        "Bare", "browser", "", layouts, ("inference", "features"), ("mlp",), versions=("1.0.0",), form=form
    )
    return {**frameworks.registry(), "bare": bare}


def task(
    target: Target = WASM,
    model: Model = MLP,
    workload: Workload = "training",
    *,
    protocol: ProtocolName = "corrected",
    **changes: Any,
) -> Task:
    """The cell in the first round of a study with these changes."""
    return plan.task_of(study(**changes), Cell(target, model, workload), NAMES, 0, protocol)


def assignment(of: Task | None = None) -> Assignment:
    """What a host would get for the task, with nothing behind its URLs."""
    one = of or task()
    return Assignment(
        task=one,
        adapter_url="/page/frameworks/tfjs.js",
        script_urls=(),
        module_urls={},
        imports={},
        asset_urls={},
        layers=models.spec(one.cell.model, one.seed).layers,
        weights_url="/blobs/weights.bin",
        model_urls={},
        inputs=(),
        output_stride=1,
        data_url="/blobs/digits-made.bin",
        data=DataShape(samples=128, features=784, classes=10),
        check_count=3,
        learning_rate=0.01,
    )


def report(of: Task, **changes: Any) -> Report:
    """A report of one timed series of 2 ms an operation."""
    series = Series("latency", "timed", 2, (4.0, 4.0, 4.0), "interval")
    return Report(**({"task_id": of.id, "status": "ok", "series": (series,)} | changes))


def sampling(**changes: Any) -> Sampling:
    """The default sampling with changes."""
    return Sampling(**changes)


def fixtures(folder: str, pattern: str = "*.json") -> list[Path]:
    """The files of one fixture folder, sorted; there must be some."""
    found = sorted((FIXTURES / folder).glob(pattern))
    if not found:
        raise FileNotFoundError(f"no {pattern} in fixtures/{folder}")
    return found


def read(file: Path) -> Any:
    """A fixture's content."""
    return json.loads(file.read_text("utf-8"))
