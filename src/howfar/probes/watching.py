"""A visit's processes, looked at again and again from a thread of its own: CPU time, waiting, memory, energy.

The looking must not take from what is looked at. One look at the CPU time of ten processes is ten system calls and ten
small files; the memory is dearer (the system adds up every page of a process), and so is finding out which processes
there are: both are looked at more rarely. `ProcessSamples.sampler_cpu_s` says what it cost.
"""

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
MEMORY_SECONDS = 0.5
# A browser makes no processes while a page computes; when a phase begins, it is looked at once more anyway.
TREE_SECONDS = 5.0

NAMES: dict[str, Role] = {"main": "browser", "gpu-process": "gpu", "NetworkService": "network"}
# The memory of those that neither compute nor draw says nothing of a framework: it is looked at once in so many times.
OTHERS_EVERY = 8

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
        self.cpu_s, self.wait_s = [0.0] * looks, [0.0] * looks
        self.pss_bytes, self.uss_bytes = [0] * memory_looks, [0] * memory_looks
        self.alive, self.denied = True, False

    def look(self) -> None:
        """Its CPU time and its waiting."""
        cpu_s, wait_s = cpu_seconds(self.pid), wait_seconds(self.pid)
        self.alive = cpu_s is not None
        self.cpu_s.append(max(cpu_s or 0.0, _last(self.cpu_s, 0.0)))
        self.wait_s.append(max(wait_s or 0.0, _last(self.wait_s, 0.0)))

    def look_at_memory(self, anew: bool) -> None:
        """What it holds; not `anew`: what it held."""
        held: Held = memory_of(self.pid) if anew and self.alive else "gone"
        self.denied = self.denied or held == "denied"
        before = (_last(self.pss_bytes, 0), _last(self.uss_bytes, 0)) if self.alive and not anew else (0, 0)
        pss, uss = held if isinstance(held, tuple) else before
        self.pss_bytes.append(pss)
        self.uss_bytes.append(uss)


class Watcher:
    """Watches a tree of processes from `start` to `stop`."""

    def __init__(self, tree: Tree, begin: float, energy: Callable[[], Energy] = Energy) -> None:
        """`begin`: the moment that times are counted from, by the monotonic clock."""
        self._tree, self._begin, self._energy = tree, begin, energy()
        self._processes: dict[int, Process] = {}
        self._at: list[float] = []
        self._memory_at: list[float] = []
        self._joules: list[float] = []
        self._cpu_s = self._tree_due = self._memory_due = 0.0
        self._wake, self._stopped = threading.Event(), False
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)

    def start(self) -> None:
        """Begins to look."""
        self._thread.start()

    def turn(self) -> None:
        """A phase begins: it looks now, and at which processes there are, too. Returns at once."""
        self._tree_due = 0.0
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
            sampler_cpu_s=self._cpu_s,
            energy_j=tuple(self._joules) if len(self._joules) == len(self._at) else (),
            unavailable=self._unavailable(),
        )

    def _run(self) -> None:
        while not self._stopped:
            self._look(time.monotonic())
            self._wake.wait(LOOK_SECONDS)
            self._wake.clear()
        self._look(time.monotonic())
        self._cpu_s = time.thread_time()

    def _look(self, now: float) -> None:
        if now >= self._tree_due:
            self._tree_due = now + TREE_SECONDS
            self._find()
        self._at.append(time.monotonic() - self._begin)
        for process in self._processes.values():
            process.look()
        if (joules := self._energy.joules()) is not None:
            self._joules.append(joules)
        if now >= self._memory_due:
            self._memory_due = now + MEMORY_SECONDS
            self._look_at_memory()

    def _find(self) -> None:
        """Which processes there are, and what each is: a renderer begins as a copy of what it was forked from."""
        for pid in self._tree.pids():
            if pid not in self._processes:
                self._processes[pid] = Process(pid, len(self._at), len(self._memory_at))
            self._processes[pid].kind = role_of(pid) or self._processes[pid].kind

    def _look_at_memory(self) -> None:
        all_of_them = len(self._memory_at) % OTHERS_EVERY == 0
        self._memory_at.append(time.monotonic() - self._begin)
        for process in self._processes.values():
            measuring = process.kind in (self._tree.measuring_role, "gpu-process")
            process.look_at_memory(measuring or all_of_them or not _last(process.uss_bytes, 0))

    def _roles(self) -> Iterable[RoleSamples]:
        gathered: dict[Role, list[Process]] = {}
        page = max(self._of_measuring_role(), key=lambda process: _last(process.cpu_s, 0.0), default=None)
        for process in self._processes.values():
            gathered.setdefault(self._role(process, page), []).append(process)
        for role, own in sorted(gathered.items()):
            readable = not any(process.denied for process in own)
            yield RoleSamples(
                role,
                cpu_s=_summed([process.cpu_s for process in own]),
                wait_s=_summed([process.wait_s for process in own]) if _tells_wait() else (),
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
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return None


def memory_of(pid: int) -> Held:
    """What a process holds; PSS is 0 where the system knows none."""
    try:
        held = psutil.Process(pid).memory_full_info()
    except psutil.AccessDenied:
        return "denied"
    except (OSError, psutil.Error):
        return "gone"
    return int(getattr(held, "pss", 0)), int(held.uss)


def _tells_wait() -> bool:
    return Path("/proc/self/schedstat").is_file()


def _last(values: Sequence[N], none: N) -> N:
    return values[-1] if values else none


def _summed(series: Sequence[Sequence[N]]) -> tuple[N, ...]:
    return tuple(sum(values[1:], start=values[0]) for values in zip(*series, strict=True))


def _known(sizes: tuple[int, ...]) -> tuple[int, ...]:
    """Nothing where it never was more than 0: this system knows no such size."""
    return sizes if any(sizes) else ()
