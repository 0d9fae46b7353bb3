"""Results that are made of several studies': each by itself, and all of them as one."""

from collections.abc import Iterator

from msgspec.structs import replace

from howfar.kept import kept
from howfar.outcomes import Outcome, Results, over_budget
from howfar.records import Cell

Key = tuple[Cell, str]


def each(results: Results) -> list[Results]:
    """Those of its own study, and those of its parts."""
    return kept(results, "each", lambda: [replace(results, parts=()), *results.parts] if results.parts else [results])


def outcomes(results: Results) -> Iterator[Outcome]:
    """Of all of them, one after the other."""
    return (outcome for one in each(results) for outcome in one.outcomes)


def pooled(results: Results) -> Results:
    """All of them as one, for what compares whatever was measured. No rounds are mixed: a cell that several studies
    have measured is that of the first of them."""
    return kept(results, "pooled", lambda: _pooled(results)) if results.parts else results


def _pooled(results: Results) -> Results:
    facts = {name: found for one in each(results) for name, found in one.environments.items()}
    own = _owners(results)
    found = (outcome for one in each(results) for outcome in one.outcomes if own[_key(outcome)] is one)
    return Results(results.run, facts, tuple(found))


def _owners(results: Results) -> dict[Key, Results]:
    """Of each cell under each protocol the first that measured it; the first that came to it where none did."""
    owners: dict[Key, Results] = {}
    for reached in (True, False):
        for one in each(results):
            for outcome in one.outcomes:
                if not (reached and over_budget(outcome.message)):
                    owners.setdefault(_key(outcome), one)
    return owners


def _key(outcome: Outcome) -> Key:
    return outcome.task.cell, outcome.task.protocol
