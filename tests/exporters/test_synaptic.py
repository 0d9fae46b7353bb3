"""synaptic's JSON. That the library really loads it is asked of a browser."""

import json

import numpy as np
import pytest

from howfar import exporters
from howfar.exporters import synaptic
from howfar.layers import Dense
from howfar.models import ModelSpec, spec
from howfar.records import Form, Model

FORM = Form(hidden="relu", output="sigmoid")
TINY = ModelSpec(
    (Dense(2, 2, "relu", bias=True), Dense(2, 1, "sigmoid", bias=True)),
    (
        (np.array([[0.5, -0.25], [1.5, 0.1]], np.float32), np.array([0.375, -0.5], np.float32)),
        (np.array([[-1.5], [2.5]], np.float32), np.array([0.25], np.float32)),
    ),
)
# What the library's own toJSON() gave of TINY.
_FRESH = '{"trace":{"elegibility":{},"extended":{}},"state":0,"old":0,"activation":0,'
SAVED = (
    f'{{"neurons":[{_FRESH}"bias":0,"layer":"input","squash":"LOGISTIC"}},'
    f'{_FRESH}"bias":0,"layer":"input","squash":"LOGISTIC"}},'
    f'{_FRESH}"bias":0.375,"layer":0,"squash":"RELU"}},'
    f'{_FRESH}"bias":-0.5,"layer":0,"squash":"RELU"}},'
    f'{_FRESH}"bias":0.25,"layer":"output","squash":"LOGISTIC"}}],'
    '"connections":[{"from":0,"to":2,"weight":0.5,"gater":null},{"from":0,"to":3,"weight":-0.25,"gater":null},'
    '{"from":1,"to":2,"weight":1.5,"gater":null},{"from":1,"to":3,"weight":0.10000000149011612,"gater":null},'
    '{"from":2,"to":4,"weight":-1.5,"gater":null},{"from":3,"to":4,"weight":2.5,"gater":null}]}'
)


def test_the_file_is_what_the_library_would_have_saved() -> None:
    """Its order and spacing too, since its size is measured."""
    assert synaptic.export(TINY, "cpu", "1.1.4") == {"model.json": SAVED.encode()}


def test_the_study_s_network_is_in_it_weight_by_weight() -> None:
    model = Model("mlp", 2, 8)
    saved = json.loads(exporters.export("synaptic", spec(model, 2019, FORM), "cpu", "1.1.4")["model.json"])
    matrices = [np.zeros(weights.shape, np.float32) for weights, _ in spec(model, 2019, FORM).parameters]
    first = [0, 784, 792, 800]  # the first neuron of each layer
    for connection in saved["connections"]:
        layer = np.searchsorted(first, connection["from"], side="right") - 1
        at = connection["from"] - first[layer], connection["to"] - first[layer + 1]
        matrices[layer][at] = connection["weight"]
    for matrix, (weights, _) in zip(matrices, spec(model, 2019, FORM).parameters, strict=True):
        assert np.array_equal(matrix, weights)
    assert [neuron["layer"] for neuron in saved["neurons"][784::8]] == [0, 1, "output", "output"]


# The paper's Table 3, MB as it printed them.
PAPER_MB = {
    (1, 64): 3.4, (1, 128): 6.7, (1, 256): 13.3,
    (2, 64): 3.7, (2, 128): 7.8, (2, 256): 17.7,
    (4, 64): 4.2, (4, 128): 10.1, (4, 256): 26.5,
}  # fmt: skip


@pytest.mark.parametrize(("depth", "width"), PAPER_MB)
def test_the_file_is_as_large_as_the_paper_s(depth: int, width: int) -> None:
    saved = exporters.export("synaptic", spec(Model("mlp", depth, width), 2019, FORM), "cpu", "1.1.4")
    assert len(saved["model.json"]) / 1e6 == pytest.approx(PAPER_MB[depth, width], rel=0.02)
