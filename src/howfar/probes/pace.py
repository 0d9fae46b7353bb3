"""How fast the machine is at this moment: a fixed piece of work on its cores, while the task beside it waits.

A neighbour on the other half of a core, a hypervisor that gives two cores the halves of one, heat: none of them shows
in any process's CPU time or wait, and each makes the same code take 1.2 to 2 times as long.
"""

import contextlib
import os
import threading
import time
from pathlib import Path

import numpy as np

# A sum of products in the core's own cache, in which no step waits for the one before: that fills a core's execution
# units, and so feels whoever else is in them (on an AMD EPYC 0.23 ms alone, 0.29 and 0.42 beside others; a loop of
# dependent steps took the same time in all three). NumPy lets go of its lock meanwhile.
_SIGNAL, _FILTER = np.ones(4096, np.float32), np.ones(1024, np.float32)
# 11 ms of it, of which the lowest quarter tells: the first ones wake the core up, and single ones are interrupted.
_PULSES = 48
# More threads would wait for one another to read the clock, in an interpreter that runs one at a time.
_MOST_CORES = 16
_CPU_MAX = Path("/sys/fs/cgroup/cpu.max")


def pace_ms() -> float:
    """What the work takes on the slowest of the cores that this process may use, on all of them at once.

    All of them, also beside a task on one thread: that may be moved to any.
    """
    cores = _spread(_cores(), min(_MOST_CORES, _quota()))
    found: dict[int, float] = {}
    together = threading.Barrier(len(cores))
    threads = [threading.Thread(target=_run, args=(core, together, found), daemon=True) for core in cores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return max(found.values())


def _cores() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def _quota() -> int:
    """How many cores' time a container may use (Linux, cgroup 2): more would be paid for by the samples that follow."""
    try:
        most_us, period_us = _CPU_MAX.read_text().split()
        return max(1, int(most_us) // int(period_us))
    except (OSError, ValueError):  # there is none: no such file, or `max`
        return _MOST_CORES


def _spread(cores: list[int], most: int) -> list[int]:
    """At most so many of them, from all over the machine."""
    count = min(len(cores), most)
    return [cores[place * len(cores) // count] for place in range(count)]


def _run(core: int, together: threading.Barrier, found: dict[int, float]) -> None:
    if hasattr(os, "sched_setaffinity"):
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, {core})  # of this thread alone, which ends with it
    together.wait()
    taken = []
    for _ in range(_PULSES):
        start = time.perf_counter()
        np.correlate(_SIGNAL, _FILTER, "valid")
        taken.append(time.perf_counter() - start)
    found[core] = sorted(taken)[_PULSES // 4] * 1000
