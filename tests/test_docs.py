"""What the documents say in numbers is what the code says."""

import re
from pathlib import Path

import msgspec
import pytest

from howfar import layers, models, wording
from howfar.data import text
from howfar.records import Model
from howfar.study import Study

METHOD = Path(__file__).parents[1] / "docs" / "method.md"
KINDS = ("mlp", "cnn", "rnn")


def table_of(kind: str) -> list[list[str]]:
    """The cells of the table that follows the network's own heading."""
    after = METHOD.read_text("utf-8").partition(f"**`{kind}(depth, width)`**")[2]
    lines = re.findall(r"^\|(.*)\|$", after[: after.index("\n\n", after.index("|---"))], re.MULTILINE)
    return [[cell.strip() for cell in line.split("|")] for line in lines if "---" not in line]


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_and_multiply_adds_of_every_cell_are_those_of_the_layers(kind: str) -> None:
    head, *rows = table_of(kind)
    assert head[0] == "depth" and len(rows) > 2
    vocabulary = text.load(None, 2019).classes if kind == "rnn" else 0
    for depth, *cells in rows:
        for width, cell in zip(head[1:], cells, strict=True):
            made = models.layers(Model(kind, int(depth), int(width)), vocabulary=vocabulary)  # type: ignore[arg-type]
            counts = (layers.parameters(made), layers.multiply_adds(made))
            assert cell == " · ".join(wording.number(count / 1e6) for count in counts), (depth, width)


def test_every_study_key_that_the_documents_show_is_one() -> None:
    """The file shown is read as it stands."""
    shown = METHOD.read_text("utf-8").partition("## A study file\n```toml\n")[2].partition("```")[0]
    study = msgspec.toml.decode(shown, type=Study)
    assert study.name == "mine"
    assert study.sampling == type(study.sampling)() and study.limits == type(study.limits)()
