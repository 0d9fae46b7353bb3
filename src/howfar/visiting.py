"""One task on one host: launch, watch, hold to the limits, end. Whatever happens comes back as an outcome."""

import contextlib
import queue
import re
import time
from datetime import UTC, datetime
from typing import Any, get_args

import msgspec
from msgspec import Struct

from howfar.assignments import Desk
from howfar.errors import Unavailable
from howfar.hosts.base import Host, Running, StillRunning
from howfar.outcomes import Check, Noise, Outcome, Report, Span
from howfar.probes.observers import Nobody, Observer, observer
from howfar.probes.pace import pace_ms
from howfar.probes.processes import Snapshot, memory_bytes, noise, snapshot
from howfar.records import PhaseName, Status, SteadyMetric, Task
from howfar.server import Server
from howfar.study import Limits
from howfar.visits import Event, Visit

TIMED: tuple[PhaseName, ...] = get_args(SteadyMetric)

# A measuring thread that waited longer than this share for a core was held up: at a wait of 21 % medians were still
# within 3 %, at 29 to 43 % they were 35 % too high (14 fresh tabs each, measured under load).
DISTURBED_WAIT_SHARE = 0.15
# Threads of the task itself also make one another wait; that is its own nature, not a disturbance, unless others were
# busy too.
DISTURBED_FOREIGN_CORES = 0.1

KILLED_LOG = re.compile(r"ended by SIGKILL")
OUT_OF_MEMORY_LOG = re.compile(r"javascript OOM|out of memory|OOM error|MemoryError", re.IGNORECASE)


class End(Struct, frozen=True):
    """How a visit ended: with its report, or with a failure seen from outside."""

    report: Report | None = None
    status: Status = "ok"
    message: str = ""


class Watch:
    """Follows one visit: which phase it is in, since when, and what the machine did during its timed samples."""

    def __init__(self, visit: Visit, limits: Limits) -> None:
        self._visit, self._limits = visit, limits
        self.begin = self._since = self._limit_from = time.monotonic()
        self._phase = "launch"
        self._start: Snapshot | None = None
        self._running: Running | None = None
        self.spans: list[Span] = []
        self.timed: list[tuple[Snapshot, Snapshot]] = []
        self._paces_ms: list[float] = []
        self.observer: Observer = Nobody()
        # What its processes held when all was done, and nothing let go of yet; asked of one's own model.
        self.memory_bytes: int | None = None

    def until_end(self, running: Running) -> End:
        """Waits for the report, the death of the process, or a limit."""
        self._running = running
        self._limit_from = time.monotonic()  # what it took to get here (an import, natively) is no hang
        self._visit.on_phase = self._at_phase
        while True:
            event = self._next_event(running)
            if isinstance(event, End):
                return event
            if event.kind in ("phase", "arrived"):
                self.turn_to(event.value or "page", event.at)
            elif event.kind != "fetched":
                return self._end_of(event, running)

    def turn_to(self, phase: str, at: float) -> None:
        """The phase that was ends here, this one begins."""
        self.spans.append(Span(self._phase, max(0.0, at - self._since)))
        self._phase, self._since, self._limit_from = phase, at, at

    def noise(self) -> Noise | None:
        """What the machine did during the timed samples, if there were any."""
        if not self.timed or not self._running:
            return None
        return msgspec.structs.replace(noise(self.timed, self._running.measuring_role), pace_ms=tuple(self._paces_ms))

    def _next_event(self, running: Running) -> Event | End:
        launching = self._phase == "launch"
        limit = self._limits.launch_seconds if launching else self._limits.phase_seconds
        while (left := self._limit_from + limit - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                # Once a second it looks whether the process still is: the connection tells sooner, where there is one.
                return self._visit.events.get(timeout=min(left, 1.0))
            if not running.alive():
                with contextlib.suppress(queue.Empty):  # it may have reported, and ended, since the wait was over
                    return self._visit.events.get_nowait()
                return self._gone(running)
        return End(status="hung", message=f"{self._phase.replace('_', ' ')} was not over after {limit:g} s")

    def _end_of(self, event: Event, running: Running) -> End:
        if event.kind == "report":
            return End(report=event.value)
        if event.kind == "refused":
            return End(status="page_error", message=f"it sent what is not a message of the protocol: {event.value}")
        return self._gone(running)

    def _gone(self, running: Running) -> End:
        time.sleep(0.2)  # its last words may still be on their way into the log
        log, phase = running.log(), self._phase.replace("_", " ")
        if OUT_OF_MEMORY_LOG.search(log):
            return End(status="out_of_memory", message=f"the process ran out of memory in {phase}")
        killed = ": killed, as the system does where memory is short" if KILLED_LOG.search(log) else ""
        return End(status="crashed", message=f"the process was gone in {phase}{killed}")

    def _at_phase(self, phase: PhaseName) -> None:
        """Called by the server while the host waits: the snapshots lie outside every sample."""
        self.observer.at_phase(phase)
        if phase == "dispose" and self._running and self._visit.assignment.task.cell.model.kind == "graph":
            self.memory_bytes = memory_bytes(self._running.pids())
        if self._running is None or (self._start is None and phase not in TIMED):
            return
        now = snapshot(self._running.pids())
        if self._start is not None:
            self.timed.append((self._start, now))
        if self._visit.assignment.task.cell.workload != "ceilings":  # the best of those is taken
            self._paces_ms.append(pace_ms())
        self._start = snapshot(self._running.pids()) if phase in TIMED else None


class Visitor:
    """Runs tasks one after the other on one server."""

    def __init__(self, server: Server, desk: Desk, limits: Limits) -> None:
        self._server, self._desk, self._limits = server, desk, limits
        self._idle_since = time.monotonic()

    def measure(self, host: Host, task: Task, environment: str, attempt: int = 1) -> Outcome:
        """Launches the task on the host and waits for its end.

        Raises: UserError where the framework's files can't be had.
        """
        started_at = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            assignment = self._desk.assignment(task)
        except MemoryError as error:
            return Outcome(task, "out_of_memory", environment, started_at, attempt, message=str(error))
        except Unavailable as error:
            return Outcome(task, "unsupported", environment, started_at, attempt, message=str(error))
        idle = Span("idle", time.monotonic() - self._idle_since)
        log = ""
        with self._server.expect(assignment) as visit:
            watch = Watch(visit, self._limits)
            try:
                with host.launch(visit) as running:
                    watch.observer = observer(task.cell.observe, running, watch.begin)
                    try:
                        end = watch.until_end(running)
                    finally:
                        watch.observer.end()
                    watch.turn_to("end", time.monotonic())
                    log = running.log()
            except StillRunning as error:  # whatever it reported: what it still does is in the way of the next
                end = End(status="hung", message=str(error))
        self._idle_since = time.monotonic()
        watch.turn_to("", self._idle_since)
        blank = Outcome(task, end.status, environment, started_at, attempt, timeline=(idle, *watch.spans))
        seen = {"extension": visit.extension, **watch.observer.found(end.report)}
        blank = msgspec.structs.replace(blank, **seen)
        if end.report is None:
            found = msgspec.structs.replace(blank, message=end.message, detail=log)
        else:
            found = self._judged(blank, host, visit, end.report, watch)
        return self._weighed(found)

    def _weighed(self, outcome: Outcome) -> Outcome:
        """Where one's own model did not fit, how large it is."""
        if outcome.status != "out_of_memory" or outcome.task.cell.model.kind != "graph":
            return outcome
        weighs = f"the model weighs {self._desk.model_bytes(outcome.task) / 1e6:.0f} MB"
        return msgspec.structs.replace(outcome, message=f"{outcome.message}; {weighs}")

    def _judged(self, blank: Outcome, host: Host, visit: Visit, report: Report, watch: Watch) -> Outcome:
        """The outcome of a report: wrong where its numbers are, disturbed where the machine was."""
        found = watch.noise()
        fields: dict[str, Any] = {
            "status": report.status,
            "message": report.message,
            "detail": report.detail,
            "facts": {**report.facts, **self._desk.known_facts(visit.assignment.task, visit.library_files)},
            "phases": report.phases,
            "series": report.series,
            "losses": report.losses,
            "live_tensors": report.live_tensors,
            "heap_bytes": report.heap_bytes,
            "noise": found,
            "disturbed": found is not None and _disturbed(found),
            "software_gpu": blank.task.cell.target.backend in ("webgl", "webgpu") and host.software_gpu(report.facts),
        }
        if watch.memory_bytes is not None:
            fields["facts"]["memory_bytes"] = watch.memory_bytes
        if report.status == "ok":
            check = self._desk.check(visit.assignment, report)
            fields["check"] = check
            if check.max_abs_error is None or check.max_abs_error > check.tolerance:
                fields |= {"status": "wrong_result", "message": _wrong(check)}
        return msgspec.structs.replace(blank, **fields)


def _disturbed(found: Noise) -> bool:
    return found.wait_share > DISTURBED_WAIT_SHARE and found.foreign_cores > DISTURBED_FOREIGN_CORES


def _wrong(check: Check) -> str:
    of = " of the output's scale" if check.relative else ""
    error = check.max_abs_error
    found = "its numbers are missing or not finite" if error is None else f"it is off by {error:.3g}{of}"
    return f"{found}; {check.tolerance:.3g}{of} is what a right one stays under"
