"""What the frameworks say of themselves beneath a figure: facts in words, equal ones said once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import polars as pl
from msgspec import Struct

from howfar import palette
from howfar.measured import contestant
from howfar.outcomes import Outcome
from howfar.records import Fact, Target


class Note(Struct, frozen=True):
    """One heading and what is said under it, and of whom. A `fault` is something that is wrong with a framework."""

    heading: str
    entries: tuple[tuple[str, str], ...]
    fault: bool = False


def notes(every: Iterable[Outcome], table: pl.DataFrame, wanted: Mapping[str, str]) -> tuple[Note, ...]:
    """A note per wanted fact (fact -> heading) that any outcome of the table's workloads tells."""
    workloads = set(table["workload"])
    # The processes of a cell say the same in the very same object (sharing.py).
    once = {(id(o.facts), o.task.cell): o for o in every}.values()
    outcomes = (o for o in once if contestant(o.task.cell) and o.task.cell.workload in workloads)
    told = [(o.task.cell.target, o.facts) for o in outcomes]
    found = (_note(fact, heading, told) for fact, heading in wanted.items())
    return tuple(note for note in found if note.entries)


def _note(fact: str, heading: str, told: Iterable[tuple[Target, Mapping[str, Fact]]]) -> Note:
    """Of a fact that is true or false, those are listed that it is true of, without words."""
    said: dict[str, dict[Target, None]] = defaultdict(dict)
    for target, facts in told:
        value = facts.get(fact)
        if value:
            said["" if value is True else str(value)][target] = None
    entries = sorted((_place(targets), _names(targets), words) for words, targets in said.items())
    return Note(heading, tuple((names, words) for _, names, words in entries), fault=fact.endswith("_fault"))


def _names(targets: Iterable[Target]) -> str:
    """`tfjs@4.22.0 cpu, webgl; convnetjs@0.3.0 cpu`, as legends order them."""
    backends: dict[str, dict[str, None]] = defaultdict(dict)
    for target in sorted(targets, key=_order):
        backends[f"{target.framework}@{target.version}"][target.backend] = None
    return "; ".join(f"{edition} {', '.join(own)}" for edition, own in backends.items())


def _place(targets: Iterable[Target]) -> tuple[object, ...]:
    return min(_order(target) for target in targets)


def _order(target: Target) -> tuple[object, ...]:
    return palette.order(target.framework, target.version, target.backend, target.threads)
