"""Who looks on while a task is done, by what its cell is to be watched at (`Cell.observe`)."""

from collections.abc import Mapping
from typing import Any, Protocol

from howfar.hosts.devtools import Inspectable
from howfar.outcomes import Report
from howfar.probes.inputs import InputWatch
from howfar.probes.stacks import StackWatch
from howfar.records import Observation, PhaseName


class Observer(Protocol):
    """Told of every phase while the page waits to go on; it must neither fail nor take long."""

    def at_phase(self, phase: PhaseName) -> None:
        """The page is about to begin it."""

    def end(self) -> None:
        """The visit is over, however it went."""

    def found(self, report: Report) -> Mapping[str, Any]:
        """The fields of the Outcome that it has something for."""


class Nobody:
    """Looks at nothing."""

    def at_phase(self, phase: PhaseName) -> None: ...

    def end(self) -> None: ...

    def found(self, _: Report) -> Mapping[str, Any]:
        return {}


def observer(observe: Observation, running: object) -> Observer:
    """The one that watches what was launched."""
    devtools = running.devtools if isinstance(running, Inspectable) else None
    match observe:
        case "stacks":
            return StackWatch(devtools)
        case "experience":
            return InputWatch(devtools)
        case _:
            return Nobody()
