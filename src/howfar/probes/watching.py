"""A visit's processes, looked at again and again from a thread of its own: CPU time, waiting, memory, energy.

The looking must not take from what is looked at. The CPU time of a process is one system call; its memory is dearer
(the system adds up all of its pages, 2 to 6 ms), and so is finding out which processes there are (5 to 10 ms): both are
looked at more rarely, and what has not worked is not read again. `ProcessSamples.sampler_cpu_s` says what it all cost.
"""

import mmap
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal, Protocol, TypeVar

import psutil

from howfar.observed import ProcessSamples, Role, RoleSamples
from howfar.probes.energy import Energy
from howfar.probes.processes import role_of

N = TypeVar("N", int, float)
# PSS and USS in bytes, or why they are not to be had.
Held = tuple[int, int] | Literal["denied", "gone"]

LOOK_SECONDS = 0.2
MEMORY_SECONDS, MEMORY_LEAST_SECONDS = 4.0, 1.0
# A process that has used less than this since its memory was read holds what it held: it is not read again; of those
# that neither compute nor draw it has to be more.
WORKED_SECONDS, OTHERS_WORKED_SECONDS = 0.02, 0.3
# Until the first phase a browser makes its processes; it makes none while a page computes. When a phase begins they are
# looked for again, but not at once if they just were: phases of the start follow one another in milliseconds.
TREE_FIRST_SECONDS, TREE_SECONDS, TREE_LEAST_SECONDS = 0.2, 10.0, 0.3

NAMES: dict[str, Role] = {"main": "browser", "gpu-process": "gpu", "NetworkService": "network"}

DENIED = "the system lets nobody else read what these processes hold"
NO_WAIT = "the system does not say how long a thread waits for a core"


class Tree(Protocol):
    """Whose processes are watched: a launched visit (hosts.base.Running)."""

    measuring_role: str

    def pids(self) -> list[int]:
        """Every process of it that is alive."""


class Process:
    """One process: what it was seen to have used at each look; when it has ended, what it was last seen at."""

    def __init__(self, pid: int, looks: int, memory_looks: int) -> None:
        self.pid, self.kind = pid, ""
        # What it had used when it was found counts from the first look on: it is no work of that moment.
        self.cpu_s, self.wait_s = [cpu_seconds(pid) or 0.0] * looks, [wait_seconds(pid) or 0.0] * looks
        self.anonymous_bytes = [0] * looks
        self.pss_bytes, self.uss_bytes = [0] * memory_looks, [0] * memory_looks
        self.alive, self.denied = True, False
        # Its CPU seconds when its memory was last read; it is read as soon as it is found.
        self._read_at_s = -OTHERS_WORKED_SECONDS

    @property
    def worked_s(self) -> float:
        """Its CPU seconds since it was first looked at; since it began, where that was later. In a browser that stays
        open for visit after visit, an idle tab may have used more in its life than the page has."""
        return self.cpu_s[-1] - self.cpu_s[0] if self.cpu_s else 0.0

    def look(self) -> None:
        """Its CPU time, its waiting, and its own memory by the system's running count."""
        cpu_s, before_s = cpu_seconds(self.pid), _last(self.cpu_s, 0.0)
        self.alive = cpu_s is not None
        worked = cpu_s is not None and cpu_s > before_s
        wait_s, anonymous = (wait_seconds(self.pid), anonymous_of(self.pid)) if worked else (None, None)
        self.cpu_s.append(max(cpu_s or 0.0, before_s))
        self.wait_s.append(max(wait_s or 0.0, _last(self.wait_s, 0.0)))
        before = _last(self.anonymous_bytes, 0) if self.alive else 0
        self.anonymous_bytes.append(before if anonymous is None else anonymous)

    def look_at_memory(self, worked_s: float) -> None:
        """What it holds; what it held, where it has worked less than this since."""
        used_s = _last(self.cpu_s, 0.0)
        before = (_last(self.pss_bytes, 0), _last(self.uss_bytes, 0)) if self.alive else (0, 0)
        if self.alive and used_s - self._read_at_s >= worked_s:
            self._read_at_s = used_s
            held = memory_of(self.pid)
            self.denied = self.denied or held == "denied"
            before = held if isinstance(held, tuple) else (0, 0)
        self.pss_bytes.append(before[0])
        self.uss_bytes.append(before[1])


class Watcher:
    """Watches a tree of processes from `start` to `stop`."""

    def __init__(self, tree: Tree, begin: float, energy: Callable[[], Energy] = Energy) -> None:
        """`begin`: the moment that times are counted from, by the monotonic clock."""
        self._tree, self._begin, self._energy = tree, begin, energy()
        self._processes: dict[int, Process] = {}
        self._there: set[int] = set()
        self._at: list[float] = []
        self._memory_at: list[float] = []
        self._joules: list[float] = []
        self._cost: list[float] = []
        self._tree_at = self._tree_due = self._memory_due = 0.0
        self._tree_seconds = TREE_FIRST_SECONDS
        self._wake, self._stopped = threading.Event(), False
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)

    def start(self) -> None:
        """Begins to look."""
        self._thread.start()

    def turn(self) -> None:
        """A phase begins: it looks now, and at which processes there are, too. Returns at once."""
        self._tree_due = self._tree_at + TREE_LEAST_SECONDS
        self._tree_seconds = TREE_SECONDS
        self._memory_due = min(self._memory_due, self._begin + _last(self._memory_at, 0.0) + MEMORY_LEAST_SECONDS)
        self._wake.set()

    def stop(self) -> ProcessSamples:
        """Looks no more. Returns what was seen."""
        self._stopped = True
        self._wake.set()
        self._thread.join()
        return ProcessSamples(
            at_s=tuple(self._at),
            memory_at_s=tuple(self._memory_at),
            roles=tuple(self._roles()),
            sampler_cpu_s=tuple(self._cost),
            energy_j=tuple(self._joules) if len(self._joules) == len(self._at) else (),
            unavailable=self._unavailable(),
        )

    def _run(self) -> None:
        while not self._stopped:
            self._look(time.monotonic())
            self._wake.wait(LOOK_SECONDS)
            self._wake.clear()
        self._memory_due = 0.0
        self._look(time.monotonic())

    def _look(self, now: float) -> None:
        if now >= self._tree_due:
            self._tree_at, self._tree_due = now, now + self._tree_seconds
            self._find()
        self._at.append(time.monotonic() - self._begin)
        for process in self._processes.values():
            process.look()
        if (joules := self._energy.joules()) is not None:
            self._joules.append(joules)
        if now >= self._memory_due:
            self._memory_due = now + MEMORY_SECONDS
            self._look_at_memory()
        self._cost.append(time.thread_time())

    def _find(self) -> None:
        """Which processes there are, where the system has new ones, and what each is: a renderer begins as a copy of
        what it was forked from."""
        there = set(psutil.pids())
        for pid in [] if there <= self._there else self._tree.pids():
            self._processes.setdefault(pid, Process(pid, len(self._at), len(self._memory_at)))
        for process in self._processes.values():
            process.kind = role_of(process.pid) or process.kind
        self._there = there

    def _look_at_memory(self) -> None:
        self._memory_at.append(time.monotonic() - self._begin)
        for process in self._processes.values():
            measures = process.kind in (self._tree.measuring_role, "gpu-process")
            process.look_at_memory(WORKED_SECONDS if measures else OTHERS_WORKED_SECONDS)

    def _roles(self) -> Iterable[RoleSamples]:
        gathered: dict[Role, list[Process]] = {}
        page = max(self._of_measuring_role(), key=lambda process: process.worked_s, default=None)
        for process in self._processes.values():
            gathered.setdefault(self._role(process, page), []).append(process)
        for role, own in sorted(gathered.items()):
            readable = not any(process.denied for process in own)
            yield RoleSamples(
                role,
                cpu_s=_summed([process.cpu_s for process in own]),
                wait_s=_summed([process.wait_s for process in own]) if _tells_wait() else (),
                anonymous_bytes=_known(_summed([process.anonymous_bytes for process in own])),
                pss_bytes=_known(_summed([process.pss_bytes for process in own])) if readable else (),
                uss_bytes=_known(_summed([process.uss_bytes for process in own])) if readable else (),
            )

    def _of_measuring_role(self) -> list[Process]:
        return [process for process in self._processes.values() if process.kind == self._tree.measuring_role]

    def _role(self, process: Process, page: Process | None) -> Role:
        if self._tree.measuring_role == "main":
            return "main"
        return "page" if process is page else NAMES.get(process.kind, "utility")

    def _unavailable(self) -> dict[str, str]:
        reasons = {"energy": self._energy.unavailable, "wait": "" if _tells_wait() else NO_WAIT}
        reasons["memory"] = DENIED if any(process.denied for process in self._processes.values()) else ""
        return {column: reason for column, reason in reasons.items() if reason}


def cpu_seconds(pid: int) -> float | None:
    """Of all threads of a process, those that have ended included; None where it is gone. On Linux by the process's
    own clock: one system call of 2 us, in nanoseconds; elsewhere psutil's, in steps of 10 ms."""
    try:
        if sys.platform == "linux":
            return time.clock_gettime(~pid << 3 | 2)  # what clock_getcpuclockid(3) makes of a pid
        times = psutil.Process(pid).cpu_times()
        return float(times.user + times.system)
    except (OSError, psutil.Error):
        return None


def wait_seconds(pid: int) -> float | None:
    """What a process's main thread has waited for a core; None where it is gone, or where the system does not tell."""
    try:
        return int(_read(f"/proc/{pid}/schedstat").split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return None


def anonymous_of(pid: int) -> int | None:
    """Bytes of a process in memory that are no file's and not shared: a count that the system keeps, quick to read.
    None where it is gone, or where there is no such count."""
    try:
        _, resident, shared, *_ = _read(f"/proc/{pid}/statm").split()
    except (OSError, ValueError):
        return None
    return (int(resident) - int(shared)) * mmap.PAGESIZE


def memory_of(pid: int) -> Held:
    """What a process holds; PSS is 0 where the system knows none."""
    try:
        held = psutil.Process(pid).memory_full_info()
    except psutil.AccessDenied:
        return "denied"
    except (OSError, psutil.Error):
        return "gone"
    return int(getattr(held, "pss", 0)), int(held.uss)


def _read(file: str) -> bytes:
    """A line of the system's, in 10 us: as text through a Path it takes 60, and that ten times at each look."""
    opened = os.open(file, os.O_RDONLY)
    try:
        return os.read(opened, 4096)
    finally:
        os.close(opened)


def _tells_wait() -> bool:
    return Path("/proc/self/schedstat").is_file()


def _last(values: Sequence[N], none: N) -> N:
    return values[-1] if values else none


def _summed(series: Sequence[Sequence[N]]) -> tuple[N, ...]:
    return tuple(sum(values[1:], start=values[0]) for values in zip(*series, strict=True))


def _known(sizes: tuple[int, ...]) -> tuple[int, ...]:
    """Nothing where it never was more than 0: this system knows no such size."""
    return sizes if any(sizes) else ()
