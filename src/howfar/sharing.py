"""Outcomes read from their text so that what many of them say in the same words is made once."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Raw, Struct, json
from msgspec.structs import astuple

from howfar.outcomes import Outcome
from howfar.records import Cell, Fact, Sampling, SteadyMetric, Task


class _Task(Task, frozen=True, gc=False, forbid_unknown_fields=True):
    """A task whose cell, metrics and sampling, which many tasks have in common, are left as they are written."""

    cell: Raw  # type: ignore[assignment]
    metrics: Raw  # type: ignore[assignment]
    sampling: Raw  # type: ignore[assignment]


class _Outcome(Outcome, frozen=True, gc=False, forbid_unknown_fields=True):
    """An outcome of such a task, and what all processes say of a machine as it is written."""

    task: _Task
    facts: Raw = Raw(b"{}")  # type: ignore[assignment]


class Reader:
    """Reads outcomes. Equal texts of a cell, say, give the very same object, which is found quickly in a mapping."""

    def __init__(self) -> None:
        self._decoder = json.Decoder(_Outcome)
        task = {"cell": _Once(Cell), "metrics": _Once(tuple[SteadyMetric, ...]), "sampling": _Once(Sampling)}
        self._task = _Made(Task, task)
        self._outcome = _Made(Outcome, {"task": self._task, "facts": _Once(Mapping[str, Fact])})

    def outcome(self, text: str) -> Outcome:
        """Raises msgspec.DecodeError or ValidationError where it is none."""
        found: Outcome = self._outcome(self._decoder.decode(text))
        return found


class _Once:
    """A value from its text, made once for all equal texts: so 1, 1.0 and true stay three things."""

    def __init__(self, kind: Any) -> None:
        self._decoder = json.Decoder(kind)
        self._known: dict[bytes, Any] = {}

    def __call__(self, written: Raw) -> Any:
        text = bytes(written)
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = self._decoder.decode(text)
        return found


class _Made:
    """A record from one of the same fields in the same places, of which some are yet to be made."""

    def __init__(self, kind: type[Struct], parts: Mapping[str, Callable[[Any], Any]]) -> None:
        self._kind = kind
        self._parts = [(kind.__struct_fields__.index(name), make) for name, make in parts.items()]

    def __call__(self, stored: Struct) -> Any:
        values = list(astuple(stored))
        for place, make in self._parts:
            values[place] = make(values[place])
        return self._kind(*values)
