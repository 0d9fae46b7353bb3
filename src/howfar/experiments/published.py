"""What the paper's clock saw: the time by the published protocol, held against the time that an operation takes.

The published figure is what the paper printed: the mean over one process's operations, by a clock of whole
milliseconds. The corrected one is the metric that the workload's own figure shows.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import geometric_mean
from typing import Any

import polars as pl

from howfar import palette, tables, wording
from howfar.measured import COUNTED, Group, contestant, groups, timed
from howfar.outcomes import Results
from howfar.plotted import Spec
from howfar.priors import prior
from howfar.records import PRIMARY_METRIC, Cell, Workload
from howfar.samples import per_operation
from howfar.stats import Prior, block_ratios, ratio
from howfar.study import Study

TITLE = "What the paper's clock saw"
PAPER = ""
QUESTION = "How far is a time by the published protocol from the time that the operation takes?"
METRIC = "published_ratio"

TIMED: Sequence[Workload] = ("training", "inference")
# A ratio nearer to 1 than this is not worth a sentence about a fault.
NEAR = 1.25

# On a GPU a call that is not awaited returns when the work is submitted; elsewhere, when it is done.
GPU = ("webgl", "webgpu", "webnn")
SUBMITTED = "it was stopped when the work was submitted"

Rounds = Mapping[int, float]


def cells(study: Study) -> Iterable[Cell]:
    """Training and inference of every model by every target; the plan measures them under both protocols."""
    return (cell for workload in TIMED for cell in study.cells(workload))


def table(results: Results) -> pl.DataFrame:
    """`published_ms`, the mean by the paper's clock, and `published_ratio`, published / corrected by rounds, with its
    interval. Every cell that was tried under the published protocol has both rows, with numbers or without."""
    right = {
        (entry.cell, entry.group.environment): entry.rounds
        for workload in TIMED
        for entry in timed(results, workload)
        if entry.metric == f"{PRIMARY_METRIC[workload]}_ms" and entry.right
    }
    tried = list(groups(results, lambda cell: contestant(cell) and cell.workload in TIMED, "published"))
    pairs = [(group, _means(group), right.get((group.cell, group.environment), {})) for group in tried]
    known = prior([block_ratios(means, true) for _, means, true in pairs])
    return tables.frame(row for group, means, true in pairs for row in _rows(group, means, true, known))


def _means(group: Group) -> Rounds:
    """The mean of each process in ms. A mean of 0 is below what the clock can tell, and is left out."""
    samples = {o.task.round: per_operation(o, "latency") for o in group.outcomes if o.status in COUNTED}
    means = {number: float(values.mean()) for number, values in samples.items() if len(values)}
    return {number: mean for number, mean in means.items() if mean > 0}


def _rows(group: Group, means: Rounds, true: Rounds, known: Prior | None) -> Iterator[tables.Row]:
    published = geometric_mean(means.values()) if means else None
    yield tables.stated(group, "published_ms", "ms", published)
    found = ratio(means, true, known)
    row = tables.stated(group, METRIC, "ratio", found.value if found else None, _why(group))
    ends = {"low": found.low, "high": found.high} if found else {}
    missing = {} if found or row["status"] != "ok" else {"message": "no round gave a number under both protocols"}
    yield row | ends | missing


def _why(group: Group) -> str | None:
    """What the clock was stopped at, where that is known not to be the end of the work."""
    submitted = any(outcome.facts.get("awaited") is False for outcome in group.outcomes)
    return SUBMITTED if submitted and group.cell.target.backend in GPU else None


def chart(table: pl.DataFrame) -> Spec:
    """Published / corrected over width, a panel per workload and depth; 1 is the truth."""
    from howfar import drawing

    return drawing.times(table, METRIC, "published / corrected", truth=1.0)


def sentences(table: pl.DataFrame) -> list[str]:
    """What the faults did, one sentence per target and workload where the median size is off by more than NEAR."""
    gathered: dict[tuple[Any, ...], list[tables.Row]] = defaultdict(list)
    right = pl.col("median").is_not_null() & pl.col("status").ne_missing("wrong_result")
    for row in tables.current(table).filter(pl.col("metric") == METRIC, right).to_dicts():
        name = wording.named(wording.target(row), row["software_gpu"])
        place = palette.order(row["framework"], row["version"], row["backend"], row["threads"])
        gathered[TIMED.index(row["workload"]), place, name].append(row)
    said = (_sentence(key[-1], gathered[key]) for key in sorted(gathered))
    return [sentence for sentence in said if sentence]


def _sentence(name: str, own: Sequence[tables.Row]) -> str:
    """The typical size's ratio, and the range over the sizes."""
    ratios = sorted(row["median"] for row in own)
    middle = geometric_mean(ratios)
    what = "an inference" if own[0]["workload"] == "inference" else "a training batch"
    if 1 / NEAR <= middle <= NEAR:
        return ""
    if middle < 1:
        over = wording.interval(100 * ratios[0], 100 * ratios[-1]) if len(ratios) > 1 else ""
        within = f" ({over} % over the sizes)" if over else ""
        why = f": {SUBMITTED}" if all(row["value"] for row in own) else ""
        return f"Of {what} of {name} the paper's clock saw {wording.number(100 * middle)} %{within}{why}."
    over = wording.interval(ratios[0], ratios[-1]) if len(ratios) > 1 else ""
    within = f" ({over} over the sizes)" if over else ""
    return f"The paper's clock made {what} of {name} {wording.number(middle)} times as long{within}."
