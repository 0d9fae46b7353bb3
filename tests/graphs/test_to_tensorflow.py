"""The graph written as a SavedModel, and run from there."""

from pathlib import Path

import pytest
import tensorflow as tf

from graphs.evaluating import evaluate
from graphs.everything import choices, images, rows
from graphs.running import apart, drawn
from howfar.graphs import from_saved_model, to_saved_model
from howfar.graphs.graph import Graph


@pytest.mark.parametrize("graph", [images(), rows(), choices()], ids=["images", "rows", "choices"])
def test_a_saved_model_gives_the_same(tmp_path: Path, graph: Graph) -> None:
    files = to_saved_model.write(graph, tmp_path)
    assert {"saved_model.pb", "variables/variables.index"} <= set(files)
    assert all((tmp_path / name).is_file() for name in files)
    function = tf.saved_model.load(str(tmp_path)).signatures["serving_default"]
    x = drawn(graph)
    found = function(**dict(zip(to_saved_model.names(graph), map(tf.constant, x), strict=True)))
    for name, right in zip(graph.outputs, evaluate(graph, x), strict=True):
        assert apart(found[name].numpy(), right) < 1e-5


def test_what_is_written_reads_again(tmp_path: Path) -> None:
    """A signature has its outputs in the order of their names."""
    written = images()
    to_saved_model.write(written, tmp_path)
    graph = from_saved_model.read(tmp_path, {})
    x = drawn(graph)
    right = dict(zip(written.outputs, evaluate(written, x), strict=True))
    for found, name in zip(evaluate(graph, x), sorted(right), strict=True):
        assert apart(found, right[name]) < 1e-5
