"""Figure 6: the decision tree that explains the gap to native, per network, and how much each factor matters in it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from howfar import gaps, tables, trees, wording
from howfar.experiments import gap
from howfar.gaps import NETWORKS
from howfar.outcomes import Results
from howfar.plotted import Spec
from howfar.records import Cell
from howfar.study import Study
from howfar.trees import FACTORS, Importance, Row

TITLE = "What the gap depends on"
PAPER = "Figure 6"
QUESTION = "Which factor decides how far the browser is from native?"
METRIC = "importance"

# What the paper found to split first, for all three networks, and second.
PAPER_FIRST, PAPER_SECOND = "backend", "workload"

Key = tuple[str, str, str]


def cells(study: Study) -> Iterable[Cell]:
    """Those of the gap."""
    return gap.cells(study)


def table(results: Results) -> pl.DataFrame:
    """`importance` of each factor (`value`), per framework and network: what share of the variance of the log ratios
    the tree no longer explains when the factor is shuffled. Then the `ratio` rows that the tree is grown of."""
    ratios = gap.table(results)
    gathered = _configurations(ratios)
    used = [dict(row) for rows in gathered.values() for row in rows]
    found = [row for key, rows in gathered.items() if len(rows) >= trees.FEWEST for row in _importances(key, rows)]
    return tables.frame([*found, *used])


def _configurations(table: pl.DataFrame) -> dict[Key, list[Row]]:
    """The right ratios against one native framework, by browser framework and network."""
    right = pl.col("median").is_not_null() & (pl.col("median") > 0) & pl.col("status").ne_missing("wrong_result")
    rows = tables.current(table).filter(pl.col("metric") == gap.METRIC, right)
    against = gaps.first_against(rows["against"].drop_nulls().to_list())
    gathered: dict[Key, list[Row]] = defaultdict(list)
    for row in rows.filter(pl.col("against").is_in(against)).to_dicts():
        gathered[row["framework"], row["version"], row["model"]].append(row)
    return dict(sorted(gathered.items(), key=lambda item: (item[0][:2], list(NETWORKS).index(item[0][2]))))


def _importances(key: Key, rows: Sequence[Row]) -> Iterator[tables.Row]:
    identity = {"framework": key[0], "version": key[1], "model": key[2], "protocol": rows[0]["protocol"]}
    common = identity | {"metric": METRIC, "unit": "share", "status": "ok", "message": "", "current": True}
    software = any(row["software_gpu"] for row in rows)
    for one in trees.importances(rows, len(FACTORS)):
        numbers = {"median": one.mean, "low": one.low, "high": one.high, "samples": len(rows)}
        yield common | numbers | {"value": one.factor, "software_gpu": software}


def chart(table: pl.DataFrame) -> Spec:
    """The trees, one below the other."""
    from howfar import drawing

    grown = {_title(key): trees.grow(rows, len(FACTORS)) for key, rows in _trees(table).items()}
    return drawing.trees(grown)


def _trees(table: pl.DataFrame) -> dict[Key, list[Row]]:
    return {key: rows for key, rows in _configurations(table).items() if len(rows) >= trees.FEWEST}


def _title(key: Key) -> str:
    return f"{NETWORKS[key[2]]}, {key[0]}@{key[1]}"


def sentences(table: pl.DataFrame) -> list[str]:
    """Per network: the first split, the second, and whether the paper found the same."""
    weights: dict[Key, list[Importance]] = defaultdict(list)
    for row in table.filter(pl.col("metric") == METRIC).to_dicts():
        found = Importance(row["value"], row["median"], row["low"], row["high"])
        weights[row["framework"], row["version"], row["model"]].append(found)
    return [_sentence(key, rows, weights[key]) for key, rows in _trees(table).items()]


def _sentence(key: Key, rows: Sequence[Row], weights: Sequence[Importance]) -> str:
    whole, node = trees.grow(rows), trees.grow(rows, len(FACTORS))
    first, second = node.factor, _second(node)
    agreed = "as the paper found" if first == PAPER_FIRST else f"where the paper found the {FACTORS[PAPER_FIRST]}"
    then = f"; below it most often the {FACTORS[second]}" if second else ""
    paper_then = "" if not second or second == PAPER_SECOND else f" (the paper: the {FACTORS[PAPER_SECOND]})"
    told = wording.listed([f"{FACTORS[one.factor]} {_share(one)}" for one in weights])
    doubt = " A GPU in software stands for the paper's." if any(row["software_gpu"] for row in rows) else ""
    return (
        f"{_title(key)}: the first split of {len(rows)} configurations ({trees.leaves(whole)} leaves when fully grown) "
        f"is the {FACTORS[first]}, {agreed}{then}{paper_then}. Shuffled, a factor takes from what the tree explains: "
        f"{told}.{doubt}"
    )


def _second(node: trees.Node) -> str:
    """The factor that most configurations meet next."""
    counted: dict[str, int] = defaultdict(int)
    for child in (node.yes, node.no):
        if child and child.factor:
            counted[child.factor] += child.count
    return max(counted, key=lambda factor: counted[factor], default="")


def _share(one: Importance) -> str:
    return f"{wording.number(one.mean)} ({wording.interval(one.low, one.high)})"
