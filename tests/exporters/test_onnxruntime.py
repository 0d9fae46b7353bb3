"""The ONNX files: read by ONNX Runtime itself, and held against NumPy."""

import numpy as np
import pytest

import asked
from howfar import models
from howfar.checks import TOLERANCE
from howfar.errors import Unavailable
from howfar.exporters import onnxruntime as exporter
from howfar.layers import shape_in
from howfar.models import reference
from howfar.records import Form, Model

MODELS = [Model("mlp", 2, 16), Model("cnn", 9, 5), Model("cnn", 27, 3), Model("rnn", 1, 6), Model("rnn", 3, 4)]


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_the_file_computes_what_the_reference_does(model: Model) -> None:
    runtime = pytest.importorskip("onnxruntime", reason="ONNX RUNTIME IS NOT INSTALLED: pip install onnxruntime")
    pytest.importorskip("onnx", reason="ONNX IS NOT INSTALLED: pip install onnx")
    samples = asked.data().of(model)
    spec = models.spec(model, 2019, vocabulary=samples.classes if model.reads_text else 0)
    content = exporter.export(spec, "cpu", "1.20.0")["model.onnx"]
    session = runtime.InferenceSession(content, providers=["CPUExecutionProvider"])
    inputs = samples.inputs[:5]
    (found,) = session.run(None, {"input": inputs.reshape(5, *shape_in(spec.layers[0]))})
    assert np.abs(found - reference.outputs(spec, inputs)).max() <= TOLERANCE


def test_the_file_is_valid_by_the_format_s_own_checker() -> None:
    onnx = pytest.importorskip("onnx", reason="ONNX IS NOT INSTALLED: pip install onnx")
    content = exporter.export(models.spec(Model("cnn", 6, 4), 2019), "cpu", "1.20.0")["model.onnx"]
    onnx.checker.check_model(onnx.load_from_string(content), full_check=True)


def test_other_activations_are_written_too() -> None:
    onnx = pytest.importorskip("onnx", reason="ONNX IS NOT INSTALLED: pip install onnx")
    spec = models.spec(Model("mlp", 1, 4), 2019, Form("tanh", "sigmoid"))
    nodes = onnx.load_from_string(exporter.export(spec, "cpu", "1.20.0")["model.onnx"]).graph.node
    assert [node.op_type for node in nodes] == ["Gemm", "Tanh", "Gemm", "Sigmoid"]


def test_without_the_package_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(Unavailable, match="pip install onnx"):
        exporter.export(models.spec(Model("mlp", 1, 4), 2019), "cpu", "1.20.0")
