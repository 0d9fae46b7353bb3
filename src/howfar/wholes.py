"""Results that are made of several studies': each by itself, and all of them as one."""

from msgspec.structs import replace

from howfar.kept import kept
from howfar.outcomes import Results


def each(results: Results) -> list[Results]:
    """Those of its own study, and those of its parts."""
    return kept(results, "each", lambda: [replace(results, parts=()), *results.parts] if results.parts else [results])


def pooled(results: Results) -> Results:
    """All of them as one, for what looks at every outcome. No number is pooled by that: equal cells of two parts stay
    apart by their settings."""
    return kept(results, "pooled", lambda: _pooled(results)) if results.parts else results


def _pooled(results: Results) -> Results:
    facts = {name: found for one in each(results) for name, found in one.environments.items()}
    return Results(results.run, facts, tuple(outcome for one in each(results) for outcome in one.outcomes))
