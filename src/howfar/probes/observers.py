"""Who looks on while a task is done, by what its cell is to be watched at (`Cell.observe`)."""

from collections.abc import Mapping
from typing import Any, Protocol

from msgspec import UNSET
from msgspec.structs import replace

from howfar.hosts.base import Running
from howfar.hosts.devtools import Inspectable
from howfar.observed import ProcessSamples
from howfar.outcomes import Report
from howfar.probes.inputs import InputWatch
from howfar.probes.stacks import StackWatch
from howfar.probes.watching import Watcher
from howfar.records import Observation, PhaseName


class Observer(Protocol):
    """Told of every phase while the page waits to go on; it must neither fail nor take long."""

    def at_phase(self, phase: PhaseName) -> None:
        """The page is about to begin it."""

    def end(self) -> None:
        """The visit is over, however it went."""

    def found(self, report: Report | None) -> Mapping[str, Any]:
        """The fields of the Outcome that it has something for; asked after `end`. `report`: None where none came."""


class Nobody:
    """Looks at nothing."""

    def at_phase(self, phase: PhaseName) -> None: ...

    def end(self) -> None: ...

    def found(self, _: Report | None) -> Mapping[str, Any]:
        return {}


class ProcessWatch:
    """Looks at the visit's processes all the while; a page adds what it says of its own memory."""

    def __init__(self, running: Running, begin: float) -> None:
        self._watcher = Watcher(running, begin)
        self._seen: ProcessSamples | None = None
        self._watcher.start()

    def at_phase(self, _: PhaseName) -> None:
        self._watcher.turn()

    def end(self) -> None:
        self._seen = self._watcher.stop()

    def found(self, report: Report | None) -> Mapping[str, Any]:
        if report is None or report.memory is UNSET or self._seen is None:
            return {"processes": self._seen}
        return {"processes": replace(self._seen, page=report.memory)}


def observer(observe: Observation, running: Running, begin: float) -> Observer:
    """The one that watches what was launched. `begin`: when the visit began, by the monotonic clock."""
    devtools = running.devtools if isinstance(running, Inspectable) else None
    match observe:
        case "processes":
            return ProcessWatch(running, begin)
        case "stacks":
            return StackWatch(devtools)
        case "experience":
            return InputWatch(devtools)
        case _:
            return Nobody()
