"""What many outcomes say in the same words, held once."""

from typing import Any

from msgspec import json
from msgspec.structs import replace

from howfar.outcomes import Outcome

# Of a task, what many tasks have in common.
PARTS = ("cell", "sampling", "data", "metrics", "protocol")


class Shared:
    """Equal parts of outcomes, each held once: a cell has many rounds, and all processes say the same of a machine."""

    def __init__(self) -> None:
        self._known: dict[Any, Any] = {}

    def within(self, outcome: Outcome) -> Outcome:
        """The same outcome, of shared parts."""
        task = outcome.task
        own = replace(task, **{name: self._once(name, getattr(task, name)) for name in PARTS})
        # By their text, in which 1, 1.0 and true are three things.
        facts = self._known.setdefault(json.encode(outcome.facts), outcome.facts)
        return replace(outcome, task=own, facts=facts)

    def _once(self, name: str, part: Any) -> Any:
        return self._known.setdefault((name, part), part)
