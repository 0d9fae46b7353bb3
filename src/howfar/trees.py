"""Which factor of a network's gap to native matters: a decision tree over the logarithm of the ratios, as the paper's,
and how much worse it predicts when a factor is shuffled."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from howfar.stats import Floats

# In the order of the paper's Table 5; the column of the common table, and what a reader calls it.
FACTORS: Mapping[str, str] = {"backend": "back end", "workload": "task", "depth": "depth", "width": "width"}
NAMED = ("backend", "workload")
# Fewer configurations than this make no tree worth reading.
FEWEST = 8
REPEATS = 50
SEED = 0

Row = Mapping[str, Any]
Columns = NDArray[np.float64]


class Node(Struct, frozen=True):
    """A node: the question that it splits by (none: a leaf), its configurations and their ratios' median and range."""

    count: int
    median: float
    low: float
    high: float
    factor: str = ""
    question: str = ""
    yes: "Node | None" = None
    no: "Node | None" = None


class Importance(Struct, frozen=True):
    """How much of the variance a tree stops explaining when a factor is shuffled: the mean, and the 95 % range over
    shuffles."""

    factor: str
    mean: float
    low: float
    high: float


class Factors:
    """The rows as columns of numbers: one per value of a named factor, one for each number."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.columns: list[tuple[str, Any]] = []
        for factor in FACTORS:
            values = sorted({row[factor] for row in rows})
            if len(values) > 1:
                self.columns += [(factor, value) for value in values] if factor in NAMED else [(factor, None)]
        # Of a factor with two values one column says it all.
        twice = [factor for factor in NAMED if sum(own == factor for own, _ in self.columns) == 2]
        for factor in twice:
            self.columns.remove(next(column for column in self.columns if column[0] == factor))

    @property
    def varied(self) -> list[str]:
        """The factors that have more than one value."""
        return list(dict.fromkeys(factor for factor, _ in self.columns))

    def matrix(self, rows: Sequence[Row]) -> Columns:
        """(rows, columns)."""
        cells = [[self._cell(row, *column) for column in self.columns] for row in rows]
        return np.array(cells, float).reshape(len(rows), len(self.columns))

    def _cell(self, row: Row, factor: str, value: Any) -> float:
        return float(row[factor] if value is None else row[factor] == value)

    def question(self, column: int, threshold: float) -> tuple[str, str, bool]:
        """The factor, the question, and whether `yes` is the tree's right branch."""
        factor, value = self.columns[column]
        if value is None:
            return factor, f"{FACTORS[factor]} ≤ {threshold:g}?", False
        return factor, f"{value}?" if factor == "workload" else f"{FACTORS[factor]} {value}?", True


def grow(rows: Sequence[Row], depth: int | None = None) -> Node:
    """The tree over the rows' log ratios, fully grown or at most so deep."""
    factors, ratios = Factors(rows), _ratios(rows)
    tree = _fitted(factors.matrix(rows), np.log(ratios), depth)
    met = tree.decision_path(factors.matrix(rows)).toarray().astype(bool)
    return _node(tree.tree_, 0, met, ratios, factors)


def _fitted(matrix: Columns, logs: Floats, depth: int | None) -> Any:
    from sklearn.tree import DecisionTreeRegressor  # noqa: PLC0415 - half a second that only this needs

    # Equal numbers would be split by their rounding.
    return DecisionTreeRegressor(max_depth=depth, min_impurity_decrease=1e-12, random_state=SEED).fit(matrix, logs)


def _node(tree: Any, place: int, met: NDArray[np.bool_], ratios: Floats, factors: Factors) -> Node:
    own = ratios[met[:, place]]
    leaf = Node(len(own), float(np.median(own)), float(own.min()), float(own.max()))
    if tree.children_left[place] < 0:
        return leaf
    factor, question, right = factors.question(int(tree.feature[place]), float(tree.threshold[place]))
    branches = [_node(tree, int(at[place]), met, ratios, factors) for at in (tree.children_left, tree.children_right)]
    yes, no = branches[::-1] if right else branches
    return Node(leaf.count, leaf.median, leaf.low, leaf.high, factor, question, yes, no)


def leaves(node: Node) -> int:
    """How many ends the tree has."""
    return sum(leaves(child) for child in (node.yes, node.no) if child) if node.yes else 1


def importances(rows: Sequence[Row], depth: int) -> list[Importance]:
    """Of every factor that was varied, the most important first; by the tree of that depth."""
    factors, logs = Factors(rows), np.log(_ratios(rows))
    matrix = factors.matrix(rows)
    tree = _fitted(matrix, logs, depth)
    explained, rng = float(tree.score(matrix, logs)), np.random.default_rng(SEED)
    found = []
    for factor in factors.varied:
        own = [i for i, (name, _) in enumerate(factors.columns) if name == factor]
        drops = [explained - _score_shuffled(tree, matrix, logs, own, rng) for _ in range(REPEATS)]
        low, high = np.quantile(drops, (0.025, 0.975))
        found.append(Importance(factor, float(np.mean(drops)), float(low), float(high)))
    return sorted(found, key=lambda one: -one.mean)


def _score_shuffled(tree: Any, matrix: Columns, logs: Floats, own: Sequence[int], rng: np.random.Generator) -> float:
    """What the tree explains when the columns of one factor, together, are of other rows."""
    shuffled = matrix.copy()
    shuffled[:, own] = matrix[rng.permutation(len(matrix))][:, own]
    return float(tree.score(shuffled, logs))


def _ratios(rows: Sequence[Row]) -> Floats:
    return np.array([row["median"] for row in rows], float)
