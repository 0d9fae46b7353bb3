"""Table 5 and the ratios behind Figure 6: how many times native's time a browser target takes, per network and size."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import geometric_mean
from typing import Any

import polars as pl

from howfar import gaps, tables, wording
from howfar.gaps import NETWORKS
from howfar.outcomes import Results
from howfar.plotted import Spec
from howfar.ranking import Field
from howfar.records import Cell, Workload
from howfar.study import Study
from howfar.summaries import Column, Entry, Line, Row, Summary

TITLE = "The gap to native"
PAPER = "Table 5, Figure 6"
QUESTION = "How many times native's time does a browser target take, and how does that change with the network?"
METRIC = "ratio"
BEST = "best_ratio"

# Means that the paper prints of TensorFlow.js over TensorFlow on dense networks, on its CPU back end.
PRINTED: Mapping[tuple[str, str], float] = {("mlp", "training"): 33.9, ("mlp", "inference"): 5.8}
# Of training at depth > 3 and width > 192: plain JS, and its GPU.
PRINTED_LARGE = {"cpu": 44.7, "gpu": 4.4}
LARGE_DEPTH, LARGE_WIDTH = 3, 192

# Network, workload, target.
Key = tuple[str, Workload, str]


def cells(study: Study) -> Iterable[Cell]:
    """Training and inference with every model by every target, native ones among them."""
    return (cell for workload in gaps.WORKLOADS for cell in study.cells(workload))


def table(results: Results) -> pl.DataFrame:
    """`ratio`: each target over each native framework on as many threads; `best_ratio`: the fastest over the fastest.
    A target without a right number has a row that says why, and so has a native one."""
    return tables.frame(row for field in gaps.primary_fields(results) for row in _rows(field))


def _rows(field: Field) -> Iterator[tables.Row]:
    held = list(gaps.matched(field))
    yield from (tables.compared(gap.web, METRIC, gap.ratio, gap.native) for gap in held)
    known = {id(gap.web) for gap in held}
    lone = (entry for entry in field.entries if id(entry) not in known and not (entry.native and entry.right))
    yield from (tables.compared(entry, METRIC, None, None) for entry in lone)
    if best := gaps.best(field):
        yield tables.compared(best.web, BEST, best.ratio, best.native)


def chart(table: pl.DataFrame) -> Spec:
    """A map of depth and width per network, workload, native framework and back end."""
    from howfar import drawing

    rows = tables.current(table).filter(pl.col("metric") == METRIC, pl.col("browser") != "native")
    return drawing.maps(rows)


def summary(table: pl.DataFrame) -> Summary:
    """Table 5: the factors, and what was measured of each, by network."""
    rows = [row for row in tables.current(table).to_dicts() if row["metric"] == METRIC and row["browser"] != "native"]
    present = [kind for kind in NETWORKS if any(row["model"] == kind for row in rows)]
    columns = tuple(Column(NETWORKS[kind], kind, "#8b8b8b") for kind in present)
    factors = {"back end": "backend", "task": "workload", "depth": "depth", "width": "width"}
    lines = tuple(
        Line(title, tuple(_range([row[key] for row in rows if row["model"] == kind]) for kind in present))
        for title, key in factors.items()
    )
    measured = Line("cells with a ratio", tuple(_counted(rows, kind) for kind in present))
    return Summary("factor", columns, (*lines, measured), "What was varied, as the paper's Table 5 lists it")


def _range(values: Sequence[Any]) -> Entry:
    return Entry(", ".join(str(value) for value in dict.fromkeys(sorted(values, key=_sortable))))


def _sortable(value: Any) -> tuple[float, str]:
    return (value, "") if isinstance(value, int) else (0.0, str(value))


def _counted(rows: Sequence[Row], kind: str) -> Entry:
    own = {_cell(row): row["median"] is not None for row in rows if row["model"] == kind}
    for row in rows:
        if row["model"] == kind and row["median"] is not None:
            own[_cell(row)] = True
    return Entry(f"{sum(own.values())} of {len(own)}")


def _cell(row: Row) -> tuple[Any, ...]:
    return tuple(row[key] for key in ("framework", "version", "backend", "workload", "depth", "width"))


def sentences(table: pl.DataFrame) -> list[str]:
    """The typical ratio per network, task and target, with the range over its sizes, against each native framework; the
    paper's beside it."""
    drawn = tables.current(table).filter(pl.col("metric") == METRIC, pl.col("median").is_not_null())
    gathered: dict[Key, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in drawn.filter(pl.col("status").ne_missing("wrong_result")).to_dicts():
        name = wording.named(wording.target(row), row["software_gpu"])
        gathered[row["model"], row["workload"], name][row["against"]].append(row)
    ordered = sorted(gathered, key=lambda key: (list(NETWORKS).index(key[0]), gaps.WORKLOADS.index(key[1])))
    return [_sentence(key, gathered[key]) for key in ordered] + _large(gathered)


def _sentence(key: Key, by_native: Mapping[str, Sequence[Row]]) -> str:
    kind, workload, name = key
    told = wording.listed([_typical(rows, against) for against, rows in by_native.items()])
    printed = PRINTED.get((kind, workload)) if _plain(next(iter(by_native.values()))[0]) else None
    paper = f"; the paper's mean is {printed}" if printed else ""
    return f"{NETWORKS[kind]} {workload} by {name} takes {told}{paper}."


def _typical(rows: Sequence[Row], against: str) -> str:
    ratios = sorted(row["median"] for row in rows)
    over = f" ({wording.interval(ratios[0], ratios[-1])} over {len(ratios)} sizes)" if len(ratios) > 1 else ""
    return f"{wording.number(geometric_mean(ratios))} times {against}{over}"


def _plain(row: Row) -> bool:
    return bool(row["framework"] == "tfjs" and row["backend"] == "cpu")


def _large(gathered: Mapping[Key, Mapping[str, Sequence[Row]]]) -> list[str]:
    """The paper's example: what a GPU does for training large dense networks."""
    means: dict[str, float] = {}
    for (kind, workload, name), by_native in gathered.items():
        rows = by_native[min(by_native, key=lambda against: gaps.place(gaps.framework(against)))]
        large = [row["median"] for row in rows if row["depth"] > LARGE_DEPTH and row["width"] > LARGE_WIDTH]
        if (kind, workload) == ("mlp", "training") and rows[0]["framework"] == "tfjs" and large:
            means[name] = geometric_mean(large)
    if len(means) < 2:
        return []
    told = wording.listed([f"{wording.number(mean)} by {name}" for name, mean in means.items()])
    printed = f"{PRINTED_LARGE['cpu']} on its CPU back end and {PRINTED_LARGE['gpu']} on a GPU"
    sizes = f"deeper than {LARGE_DEPTH} and wider than {LARGE_WIDTH}"
    return [f"Training dense networks {sizes} takes {told} times native; the paper has {printed}."]
