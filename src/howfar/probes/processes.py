"""CPU time and run-queue wait of a process tree, and how busy everything else was. Linux's schedstat gives both in
nanoseconds; elsewhere psutil gives CPU time in steps of 10 ms and no wait."""

import os
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import psutil
from msgspec import Struct

from howfar.outcomes import CpuUse, Noise


class ThreadTimes(Struct, frozen=True):
    """Seconds on a core and seconds waiting for one."""

    cpu_s: float
    wait_s: float


class ProcessTimes(Struct, frozen=True):
    """One process: its role, and its threads by id (the main thread has the process's id)."""

    role: str
    threads: Mapping[int, ThreadTimes]


class Snapshot(Struct, frozen=True):
    """A process tree and the whole machine at one moment (`at`: monotonic seconds)."""

    at: float
    processes: Mapping[int, ProcessTimes]
    busy_s: float


def snapshot(pids: Iterable[int]) -> Snapshot:
    """Reads every process of `pids` that is alive."""
    found = ((pid, _process(pid)) for pid in pids)
    return Snapshot(time.monotonic(), {pid: times for pid, times in found if times}, _busy_seconds())


def tree(pid: int) -> list[int]:
    """The process and all that descend from it, as far as they are alive."""
    try:
        parent = psutil.Process(pid)
        return [pid, *(child.pid for child in parent.children(recursive=True))]
    except psutil.Error:
        return []


def role_of(pid: int) -> str:
    """What a process is to its browser, or `main`; nothing where it is gone."""
    try:
        return _role(psutil.Process(pid).cmdline())
    except (psutil.Error, OSError):
        return ""


def noise(spans: Iterable[tuple[Snapshot, Snapshot]], measuring_role: str) -> Noise:
    """What happened between the snapshots of each span, summed. The measuring thread is the main thread of the process
    of `measuring_role` that worked most."""
    wall = busy = 0.0
    use: dict[str, ThreadTimes] = {}
    main = ThreadTimes(0, 0)
    for start, end in spans:
        wall += end.at - start.at
        busy += end.busy_s - start.busy_s
        for role, times in _use(start, end):
            use[role] = _add(use.get(role, ThreadTimes(0, 0)), times)
        main = _add(main, _busiest_main_thread(start, end, measuring_role))
    own = sum(times.cpu_s for times in use.values())
    return Noise(
        wall_s=wall,
        wait_share=main.wait_s / (main.cpu_s + main.wait_s) if main.cpu_s else 0.0,
        foreign_cores=max(0.0, busy - own) / wall if wall else 0.0,
        use=tuple(CpuUse(role, times.cpu_s, times.wait_s) for role, times in sorted(use.items())),
    )


def _process(pid: int) -> ProcessTimes | None:
    try:
        process = psutil.Process(pid)
        return ProcessTimes(_role(process.cmdline()), _threads(process))
    except (psutil.Error, OSError):
        return None


def _role(command: list[str]) -> str:
    """Chromium says what each of its processes is; anything else is its program's `main`."""
    kind = next((word.partition("=")[2] for word in command if word.startswith("--type=")), "")
    sub = next((word.rpartition(".")[2] for word in command if word.startswith("--utility-sub-type=")), "")
    return sub or kind or "main"


def _threads(process: psutil.Process) -> dict[int, ThreadTimes]:
    if sys.platform != "linux":
        times = process.cpu_times()
        return {process.pid: ThreadTimes(times.user + times.system, 0.0)}
    return {
        int(task.name): times
        for task in Path(f"/proc/{process.pid}/task").iterdir()
        if (times := _schedstat(task / "schedstat"))
    }


def _schedstat(file: Path) -> ThreadTimes | None:
    try:
        cpu_ns, wait_ns, _ = file.read_text().split()
    except (OSError, ValueError):
        return None  # the thread ended while we looked
    return ThreadTimes(int(cpu_ns) / 1e9, int(wait_ns) / 1e9)


def _busy_seconds() -> float:
    """Seconds of all cores that were not idle since boot; time that a hypervisor took away counts as busy."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - _counted_twice(times))


def _counted_twice(times: object) -> float:
    return float(getattr(times, "guest", 0.0)) + float(getattr(times, "guest_nice", 0.0))


def _since(start: ProcessTimes | None, end: ProcessTimes) -> dict[int, ThreadTimes]:
    before = start.threads if start else {}
    zero = ThreadTimes(0, 0)
    return {
        thread: ThreadTimes(now.cpu_s - before.get(thread, zero).cpu_s, now.wait_s - before.get(thread, zero).wait_s)
        for thread, now in end.threads.items()
    }


def _use(start: Snapshot, end: Snapshot) -> Iterable[tuple[str, ThreadTimes]]:
    for pid, process in end.processes.items():
        for times in _since(start.processes.get(pid), process).values():
            yield process.role, times


def _busiest_main_thread(start: Snapshot, end: Snapshot, role: str) -> ThreadTimes:
    mains = (
        _since(start.processes.get(pid), process).get(pid, ThreadTimes(0, 0))
        for pid, process in end.processes.items()
        if process.role == role
    )
    return max(mains, key=lambda times: times.cpu_s, default=ThreadTimes(0, 0))


def _add(one: ThreadTimes, other: ThreadTimes) -> ThreadTimes:
    return ThreadTimes(one.cpu_s + other.cpu_s, one.wait_s + other.wait_s)


def memory_bytes(pids: Iterable[int]) -> int:
    """What the processes hold together: on Linux a page that several share counts once (PSS), elsewhere what each holds
    alone (USS)."""
    return sum(map(_memory_of, pids))


def _memory_of(pid: int) -> int:
    try:
        held = psutil.Process(pid).memory_full_info()
    except (psutil.Error, OSError):
        return 0
    return int(getattr(held, "pss", held.uss))


def load_average() -> float | None:
    """The system's one-minute load average, where it has one."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None
