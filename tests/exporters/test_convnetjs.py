"""ConvNetJS's JSON, written from its own saved files; and what all exporters share."""

import json

import numpy as np
import pytest

from howfar import exporters, frameworks, models
from howfar.exporters.convnetjs import export
from howfar.records import Form, Model

SMALL = Model("mlp", 2, 4)
SPEC = models.spec(SMALL, 2019)


def test_the_file_is_as_the_library_would_have_saved_it() -> None:
    layers = json.loads(export(SPEC, "cpu", "0.3.0")["model.json"])["layers"]
    kinds = ["input", "fc", "relu", "fc", "relu", "fc", "softmax"]
    assert [layer["layer_type"] for layer in layers] == kinds
    assert layers[0] == {"out_depth": 784, "out_sx": 1, "out_sy": 1, "layer_type": "input"}
    assert layers[-1] == {"out_depth": 10, "out_sx": 1, "out_sy": 1, "layer_type": "softmax", "num_inputs": 10}
    dense = layers[1]
    assert (dense["num_inputs"], dense["out_depth"]) == (784, 4)
    # A Float64Array is an object to JSON.stringify, with its indices as keys.
    assert list(dense["biases"]["w"]) == ["0", "1", "2", "3"]


def test_a_filter_holds_the_weights_into_one_unit() -> None:
    layers = json.loads(export(SPEC, "cpu", "0.3.0")["model.json"])["layers"]
    for dense, (weights, biases) in zip(layers[1::2], SPEC.parameters, strict=True):
        found = np.array([list(unit["w"].values()) for unit in dense["filters"]])
        assert np.array_equal(found, weights.T.astype(float))
        assert np.array_equal(list(dense["biases"]["w"].values()), biases.astype(float))


@pytest.mark.parametrize(("depth", "width", "paper_mb"), [(1, 64, 1.3), (4, 128, 4.0), (4, 256, 10.5)])
def test_the_file_is_as_large_as_the_paper_s(depth: int, width: int, paper_mb: float) -> None:
    """The digits that are printed of a weight move it by some per cent."""
    spec = models.spec(Model("mlp", depth, width), 2019)
    assert len(export(spec, "cpu", "0.3.0")["model.json"]) / 1e6 == pytest.approx(paper_mb, rel=0.06)


def test_an_exporter_is_found_by_its_file() -> None:
    known = frameworks.registry()
    assert exporters.exists("convnetjs") and exporters.exists("brain.js") and exporters.exists("keras-js")
    assert not exporters.exists("numpy") and not exporters.exists("reference")
    with_loading = [name for name, one in known.items() if "loading" in one.workloads]
    assert all(map(exporters.exists, with_loading))


def test_an_export_is_of_its_seed_and_its_form() -> None:
    def exported(seed: int, form: Form) -> bytes:
        return exporters.export("convnetjs", models.spec(SMALL, seed, form), "cpu", "0.3.0")["model.json"]

    assert exported(2019, Form()) == export(SPEC, "cpu", "0.3.0")["model.json"]
    assert exported(1, Form()) != exported(2019, Form())
    assert json.loads(exported(2019, Form("tanh")))["layers"][2]["layer_type"] == "tanh"


def test_the_model_that_is_asked_for_again_is_not_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked_for = ("convnetjs", models.spec(SMALL, 7), "cpu", "0.3.0")
    first = exporters.export(*asked_for)
    monkeypatch.setattr("howfar.exporters.convnetjs.export", lambda *_: {})
    assert exporters.export(*asked_for) is first
