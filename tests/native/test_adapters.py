"""Native adapters held against models.reference; TensorFlow itself is only looked for, never imported."""

import importlib
import subprocess
import sys
import time
from importlib.resources import files
from importlib.util import find_spec

import numpy as np
import pytest

import asked
from howfar import frameworks, models
from howfar.checks import TOLERANCE
from howfar.models import reference
from howfar.native.adapter import Network
from howfar.native.frameworks import native_reference
from howfar.native.frameworks import numpy as numpy_adapter
from howfar.records import Model

SIZES = [Model("mlp", 2, 32), Model("mlp", 4, 64)]
RATE = 0.01


def network(model: Model) -> Network:
    spec = models.spec(model, 2019)
    return Network(model, spec.layers, spec.parameters, RATE, 64)


@pytest.mark.parametrize("model", SIZES, ids=str)
def test_numpy_predicts_as_the_reference(model: Model) -> None:
    inputs = asked.digits().inputs[:8]
    numpy_adapter.build(network(model))
    found = np.stack([numpy_adapter.predict(sample) for sample in inputs])
    wanted = reference.outputs(models.spec(model, 2019), inputs)
    assert found.dtype == np.float32
    assert np.abs(found - wanted).max() <= TOLERANCE
    # The tolerance must mean something: another seed's weights are far off.
    assert np.abs(reference.outputs(models.spec(model, 1), inputs) - wanted).max() > 1e-3


@pytest.mark.parametrize("model", SIZES, ids=str)
def test_numpy_trains_as_the_reference(model: Model) -> None:
    digits, spec = asked.digits(192), models.spec(model, 2019)
    batches = [(digits.inputs[i : i + 64], digits.labels[i : i + 64]) for i in (0, 64, 128)]
    numpy_adapter.build(network(model))
    found = [numpy_adapter.train_batch(numpy_adapter.prepare_batch(*batch)) for batch in batches]
    wanted = reference.train(spec, batches, RATE).losses
    assert found == pytest.approx(wanted, abs=TOLERANCE, rel=0)
    standing_still = reference.train(spec, batches, 0.0).losses
    assert abs(wanted[2] - standing_still[2]) > 1e-3


def test_numpy_leaves_the_weights_that_it_was_given_alone() -> None:
    given = network(SIZES[0])
    before = [weights.copy() for weights, _ in given.parameters]
    numpy_adapter.build(given)
    digits = asked.digits(64)
    numpy_adapter.train_batch(numpy_adapter.prepare_batch(digits.inputs, digits.labels))
    assert all(np.array_equal(old, new) for old, (new, _) in zip(before, given.parameters, strict=True))


@pytest.mark.parametrize(("depth", "width"), [(1, 400), (2, 400)])
def test_the_known_answer_takes_as_long_as_it_is_told(depth: int, width: int) -> None:
    native_reference.build(Network(Model("spin", depth, width), (), (), RATE, 64))
    took = []
    for _ in range(50):  # the best of them was not interrupted
        start = time.perf_counter()
        outputs = native_reference.predict(np.zeros(784, np.float32))
        took.append((time.perf_counter() - start) * 1e6)
    assert outputs.tolist() == list(range(1, 11))
    assert depth * width <= min(took) <= depth * width * 1.05


IN_FLOAT32 = {
    "tensorflow": "not adapter.tf.config.experimental.tensor_float_32_execution_enabled()",
    "jax": "adapter.jax.config.jax_default_matmul_precision == 'float32'",
    "torch": "not (adapter.torch.backends.cudnn.allow_tf32 or adapter.torch.backends.cuda.matmul.allow_tf32)",
    "onnxruntime": "adapter.PROVIDER_OPTIONS[adapter.PROVIDERS['gpu']] == {'use_tf32': '0'}",
}


@pytest.mark.parametrize("name", IN_FLOAT32)
def test_no_native_framework_rounds_what_it_multiplies(name: str) -> None:
    """On a GPU they would, by themselves, to TF32; each asked in a process of its own."""
    if find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    opened = f"from howfar.native.frameworks import {name} as adapter; adapter.open('cpu', 1, '')"
    code = f"{opened}; print({IN_FLOAT32[name]})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == "True"


def test_every_native_framework_of_the_registry_has_its_file() -> None:
    folder = files("howfar.native.frameworks")
    native = [name for name, one in frameworks.registry().items() if one.runs_in == "native"]
    assert "tensorflow" in native
    for name in native:
        assert folder.joinpath(f"{name.replace('-', '_')}.py").is_file(), name


@pytest.mark.parametrize("name", ["numpy", "native_reference"])
def test_an_adapter_answers_everything_that_is_asked_of_it(name: str) -> None:
    module = importlib.import_module(f"howfar.native.frameworks.{name}")
    for function in ("open", "build", "predict", "prepare_batch", "train_batch", "dispose"):
        assert callable(getattr(module, function))
    facts = module.open("cpu", 0, "")
    assert facts["backend"] == "cpu"
