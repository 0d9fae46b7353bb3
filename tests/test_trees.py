"""The tree over the ratios, and how much a factor matters."""

from itertools import product
from typing import Any

import pytest

from howfar import trees
from howfar.trees import Node


def rows(by: Any) -> list[dict[str, Any]]:
    """Every configuration of the paper's factors, with the ratio that `by` gives it."""
    found = []
    for backend, workload, depth, width in product(
        ("cpu", "wasm", "webgl"), ("training", "inference"), (1, 2, 4, 8), (64, 128, 256)
    ):
        row = {"backend": backend, "workload": workload, "depth": depth, "width": width}
        found.append(row | {"median": by(row)})
    return found


def by_backend_then_task(row: dict[str, Any]) -> float:
    return (40.0 if row["backend"] == "cpu" else 4.0) * (2.0 if row["workload"] == "training" else 1.0)


def test_the_first_split_is_the_factor_that_explains_most() -> None:
    tree = trees.grow(rows(by_backend_then_task), 4)
    assert (tree.factor, tree.question) == ("backend", "back end cpu?")
    assert tree.yes and tree.no
    assert (tree.yes.count, tree.no.count) == (24, 48)
    assert tree.yes.low >= 40 > tree.no.high
    assert tree.yes.question == "training?"
    assert tree.yes.yes and tree.yes.yes.median == 80


def test_a_number_is_split_at_a_threshold() -> None:
    tree = trees.grow(rows(lambda row: 10.0 if row["width"] > 192 else 1.0), 4)
    assert (tree.factor, tree.question) == ("width", "width ≤ 192?")
    assert tree.yes and tree.no and (tree.yes.median, tree.no.median) == (1, 10)


def test_a_fully_grown_tree_ends_in_single_configurations() -> None:
    distinct = rows(lambda row: 1.0 + row["depth"] * row["width"] + len(row["backend"]) / 7 + len(row["workload"]) / 9)
    tree = trees.grow(distinct)
    assert trees.leaves(tree) == len(distinct)
    assert trees.leaves(trees.grow(distinct, 4)) <= 16


def counted(node: Node) -> int:
    return counted(node.yes) + counted(node.no) if node.yes and node.no else node.count


def test_every_configuration_ends_in_one_leaf() -> None:
    assert counted(trees.grow(rows(by_backend_then_task), 3)) == 72


def test_what_matters_is_important_and_what_does_not_is_not() -> None:
    found = {one.factor: one for one in trees.importances(rows(by_backend_then_task), 4)}
    assert list(found) == sorted(found, key=lambda factor: -found[factor].mean)
    assert found["backend"].mean > found["workload"].mean > 0.05
    assert found["depth"].mean == found["width"].mean == 0
    assert found["backend"].low < found["backend"].mean < found["backend"].high


def test_a_factor_that_was_not_varied_is_no_factor() -> None:
    only = [row for row in rows(by_backend_then_task) if row["workload"] == "training"]
    assert {one.factor for one in trees.importances(only, 4)} == {"backend", "depth", "width"}


@pytest.mark.parametrize("depth", [None, 4])
def test_equal_ratios_make_a_single_leaf(depth: int | None) -> None:
    tree = trees.grow(rows(lambda _: 3.0), depth)
    assert tree.yes is None and (tree.median, tree.low, tree.high) == (3, 3, 3)
