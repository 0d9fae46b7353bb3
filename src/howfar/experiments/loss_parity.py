"""Is it the same training? The losses of the first steps, held against native TensorFlow's from the same weights and
batches, for every target that takes the same step."""

from collections.abc import Iterable, Sequence

import polars as pl

from howfar import gaps, tables, wording
from howfar.gaps import NETWORKS
from howfar.measured import NATIVE, Group, contestant, groups
from howfar.outcomes import Results
from howfar.records import Cell, Model
from howfar.study import Study
from howfar.summaries import Column, Entry, Line, Summary
from howfar.tables import Row

TITLE = "Loss parity"
PAPER = ""
QUESTION = (
    "Do the losses of the first training steps agree with native TensorFlow's, from the same weights and batches?"
)
METRIC = "loss_difference"

# The step that they must take to be compared: one update by the batch's mean gradient.
RULE = "mini_batch"
Losses = Sequence[float]


def cells(study: Study) -> Iterable[Cell]:
    """Training of every model by every target."""
    return study.cells("training")


def table(results: Results) -> pl.DataFrame:
    """`loss_difference`: the largest difference of a step's loss, over the steps that both were asked for and all
    rounds; beside it in `max_abs_error` the difference from NumPy in float64."""
    every = [group for group in groups(results, _trained) if group.current]
    native = _native_losses(every)
    rows = (_row(group, native.get(_key(group))) for group in every if _comparable(group))
    return tables.frame(rows)


def _trained(cell: Cell) -> bool:
    return contestant(cell) and cell.workload == "training"


def _comparable(group: Group) -> bool:
    """Browser targets by the same rule; those that never ran have no rule to tell, and their row says why."""
    rules = {outcome.facts.get("rule", RULE) for outcome in group.outcomes}
    return group.cell.target.browser != NATIVE and rules == {RULE}


def _key(group: Group) -> tuple[Model, int]:
    """What must be equal: the network, and the batch."""
    return group.cell.model, group.outcomes[0].task.batch_size


def _native_losses(every: Sequence[Group]) -> dict[tuple[Model, int], Losses]:
    """Of the paper's native framework, where it was measured; else of the first that was."""
    found: dict[tuple[Model, int], Losses] = {}
    native = [group for group in every if group.cell.target.browser == NATIVE]
    for group in sorted(native, key=lambda group: gaps.place(group.cell.target.framework)):
        if (losses := _losses(group)) and group.outcomes[0].facts.get("rule", RULE) == RULE:
            found.setdefault(_key(group), losses[0])
    return found


def _losses(group: Group) -> list[Losses]:
    told = [outcome.losses for outcome in group.outcomes if outcome.status == "ok" and outcome.losses]
    return [[loss for loss in losses if loss is not None] for losses in told]


def _row(group: Group, native: Losses | None) -> Row:
    own = _losses(group)
    pairs = [(ours, native[: len(ours)]) for ours in own] if native else []
    differences = [abs(a - b) for ours, theirs in pairs for a, b in zip(ours, theirs, strict=False)]
    number = max(differences, default=None)
    missing = {"message": "no native losses of this network and batch"} if own and number is None else {}
    steps = max((len(ours) for ours in own), default=0)
    return tables.stated(group, METRIC, "loss", number, f"{steps} steps" if own else None) | missing


def summary(table: pl.DataFrame) -> Summary:
    """The largest difference over all sizes, a line per network, a column per target."""
    rows = tables.current(table).to_dicts()
    targets = list(dict.fromkeys(wording.named(wording.target(row), row["software_gpu"]) for row in rows))
    kinds = [kind for kind in NETWORKS if any(row["model"] == kind for row in rows)]
    lines = tuple(
        Line(NETWORKS[kind], tuple(_entry([r for r in rows if r["model"] == kind], name) for name in targets))
        for kind in kinds
    )
    columns = tuple(Column(name.partition("@")[0], name.partition("@")[2], "#8b8b8b") for name in targets)
    return Summary("network", columns, lines, "Largest difference of a step's loss from native's, over all sizes")


def _entry(rows: Sequence[Row], name: str) -> Entry:
    own = [row for row in rows if wording.named(wording.target(row), row["software_gpu"]) == name]
    known = [row["median"] for row in own if row["median"] is not None]
    if known:
        wrong = any(row["status"] == "wrong_result" for row in own)
        return Entry(f"{max(known):.1e}", wrong=wrong)
    notes = (row["message"] for row in own if row["message"])
    return Entry(note=next(notes, ""))


def sentences(table: pl.DataFrame) -> list[str]:
    """The worst of all, in a sentence."""
    known = tables.current(table).filter(pl.col("median").is_not_null()).sort("median")
    if not known.height:
        return []
    worst = known.row(-1, named=True)
    where = f"{NETWORKS[worst['model']]} {wording.size(worst['depth'], worst['width'])}"
    named = wording.named(wording.target(worst), worst["software_gpu"])
    return [
        f"Over {known.height} trainings no step's loss is further from native's than {worst['median']:.1e} "
        f"({named}, {where})."
    ]
