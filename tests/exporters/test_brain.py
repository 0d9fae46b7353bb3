"""brain.js's JSON. That the library really loads it is asked of a browser."""

import json

import numpy as np
import pytest

from howfar import exporters
from howfar.exporters import brain
from howfar.layers import Dense
from howfar.models import ModelSpec, spec
from howfar.records import Form, Model

SIGMOID = Form(hidden="sigmoid", output="sigmoid")
TINY = ModelSpec(
    (Dense(3, 2, "sigmoid", bias=True), Dense(2, 1, "sigmoid", bias=True)),
    (
        (np.array([[0.5, -0.25], [1.5, 0.125], [-0.75, 0.1]], np.float32), np.array([0.375, -0.5], np.float32)),
        (np.array([[-1.5], [2.5]], np.float32), np.array([0.25], np.float32)),
    ),
)
# What the library's own toJSON() gave of TINY.
FIRST = (
    '{"sizes":[3,2,1],"layers":[{"0":{},"1":{},"2":{}},'
    '{"0":{"bias":0.375,"weights":{"0":0.5,"1":1.5,"2":-0.75}},'
    '"1":{"bias":-0.5,"weights":{"0":-0.25,"1":0.125,"2":0.10000000149011612}}},'
    '{"0":{"bias":0.25,"weights":{"0":-1.5,"1":2.5}}}],'
    '"outputLookup":false,"inputLookup":false,"activation":"sigmoid",'
    '"trainOpts":{"iterations":20000,"errorThresh":0.005,"log":false,"logPeriod":10,"learningRate":0.3,"momentum":0.1,'
    '"callbackPeriod":10,"beta1":0.9,"beta2":0.999,"epsilon":1e-8}}'
)
SECOND = (
    '{"type":"NeuralNetwork","sizes":[3,2,1],"layers":[{"weights":[],"biases":[]},'
    '{"weights":[[0.5,1.5,-0.75],[-0.25,0.125,0.10000000149011612]],"biases":[0.375,-0.5]},'
    '{"weights":[[-1.5,2.5]],"biases":[0.25]}],'
    '"inputLookup":null,"inputLookupLength":0,"outputLookup":null,"outputLookupLength":0,'
    '"options":{"inputSize":3,"outputSize":1,"binaryThresh":0.5,"hiddenLayers":[2],"activation":"sigmoid"},'
    '"trainOpts":{"activation":"sigmoid","iterations":20000,"errorThresh":0.005,"log":false,"logPeriod":10,'
    '"leakyReluAlpha":0.01,"learningRate":0.3,"momentum":0.1,"callbackPeriod":10,"timeout":"Infinity",'
    '"beta1":0.9,"beta2":0.999,"epsilon":1e-8}}'
)


@pytest.mark.parametrize(("version", "saved"), [("1.4.0", FIRST), ("1.6.1", FIRST), ("2.0.0-beta.24", SECOND)])
def test_the_file_is_what_the_library_would_have_saved(version: str, saved: str) -> None:
    """Its order and spacing too, since its size is measured; Python writes an exponent with two digits."""
    ours = brain.export(TINY, "cpu", version)
    assert {name: file.replace(b"e-08", b"e-8") for name, file in ours.items()} == {"model.json": saved.encode()}


@pytest.mark.parametrize("version", ["1.4.0", "2.0.0-beta.24"])
def test_the_study_s_network_is_in_it_weight_by_weight(version: str) -> None:
    model = Model("mlp", 2, 8)
    saved = json.loads(exporters.export("brain.js", spec(model, 2019, SIGMOID), "cpu", version)["model.json"])
    assert saved["sizes"] == [784, 8, 8, 10]
    last = saved["layers"][3]
    units = [list(unit["weights"].values()) for unit in last.values()] if version == "1.4.0" else last["weights"]
    assert np.array_equal(np.array(units, np.float32).T, spec(model, 2019, SIGMOID).parameters[2][0])


# The paper's Table 3, MB as it printed them; it measured a version near 1.4.0.
PAPER_MB = {
    (1, 64): 1.4, (1, 128): 2.7, (1, 256): 5.5,
    (2, 64): 1.5, (2, 128): 3.2, (2, 256): 7.2,
    (4, 64): 1.7, (4, 128): 4.0, (4, 256): 10.7,
}  # fmt: skip


@pytest.mark.parametrize(("depth", "width"), PAPER_MB)
def test_the_file_is_as_large_as_the_paper_s(depth: int, width: int) -> None:
    saved = exporters.export("brain.js", spec(Model("mlp", depth, width), 2019, SIGMOID), "cpu", "1.4.0")
    assert len(saved["model.json"]) / 1e6 == pytest.approx(PAPER_MB[depth, width], rel=0.03)
