"""Mind's JSON. That the library really loads it is asked of a browser."""

import json

import numpy as np

from howfar import exporters
from howfar.exporters import mind
from howfar.layers import Dense
from howfar.models import ModelSpec, spec
from howfar.records import Form, Model

FORM = Form(hidden="sigmoid", output="sigmoid", bias=False)
TINY = ModelSpec(
    (Dense(2, 2, "sigmoid", bias=False), Dense(2, 1, "sigmoid", bias=False)),
    (
        (np.array([[0.5, -0.25], [1.5, 0.1]], np.float32), np.zeros(2, np.float32)),
        (np.array([[-1.5], [2.5]], np.float32), np.zeros(1, np.float32)),
    ),
)
# What JSON.stringify gave of the library's own download() of TINY, where a whole number has no ".0".
SAVED = (
    '[{"0":[0.5,-0.25],"1":[1.5,0.10000000149011612],"numRows":2,"numCols":2,"dimensions":[2,2]},'
    '{"0":[-1.5],"1":[2.5],"numRows":2,"numCols":1,"dimensions":[2,1]}]'
)


def test_the_file_is_what_the_library_would_have_saved() -> None:
    """Its order and spacing too, since its size is measured."""
    assert mind.export(TINY, "cpu", "1.0.1") == {"model.json": SAVED.encode()}


def test_the_study_s_network_is_in_it_weight_by_weight() -> None:
    model = Model("mlp", 2, 8)
    saved = json.loads(exporters.export("mind", spec(model, 2019, FORM), "cpu", "1.0.1")["model.json"])
    for matrix, (weights, biases) in zip(saved, spec(model, 2019, FORM).parameters, strict=True):
        rows = [matrix[str(i)] for i in range(matrix["numRows"])]
        assert np.array_equal(np.array(rows, np.float32), weights)
        assert matrix["dimensions"] == [matrix["numRows"], matrix["numCols"]] == list(weights.shape)
        assert not biases.any()
