"""A watched visit's processes: on processes known to be busy, idle, growing or gone, and what looking at them costs."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from howfar.observed import ProcessSamples, RoleSamples
from howfar.probes import watching
from howfar.probes.energy import Energy
from howfar.probes.watching import Watcher, cpu_seconds, memory_of

BUSY = "print(0, flush=True)\nwhile True: pass"
IDLE = "import time; print(0, flush=True); time.sleep(60)"
GROWS = """
import time
kept = [bytearray(b'x' * 1000)]
print(0, flush=True)
time.sleep(0.5)
kept.append(bytearray(b'x' * 60_000_000))
time.sleep(60)
"""
NOWHERE = Path("/nowhere")


class Tree:
    """Processes that stand for a launched visit's."""

    def __init__(self, *processes: "subprocess.Popen[str]", role: str = "main") -> None:
        self.own, self.measuring_role = list(processes), role

    def pids(self) -> list[int]:
        return [process.pid for process in self.own if process.poll() is None]


@contextmanager
def running(code: str, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-S", "-c", code, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.read(1)
            yield process
        finally:
            process.kill()


def watcher(tree: Tree) -> Watcher:
    return Watcher(tree, time.monotonic(), lambda: Energy(NOWHERE))


def watched(tree: Tree, seconds: float) -> ProcessSamples:
    own = watcher(tree)
    own.start()
    time.sleep(seconds)
    return own.stop()


def of(samples: ProcessSamples, role: str) -> RoleSamples:
    (own,) = (one for one in samples.roles if one.role == role)
    return own


def rises(values: Sequence[float]) -> bool:
    return all(before <= after for before, after in pairwise(values))


def test_a_busy_process_uses_a_core_or_waits_for_one() -> None:
    with running(BUSY) as process:
        found = watched(Tree(process), 1.0)
    own = of(found, "main")
    seconds = found.at_s[-1] - found.at_s[0]
    assert seconds == pytest.approx(1.0, abs=0.3)
    assert 4 <= len(found.at_s) == len(own.cpu_s) <= 10  # 4 to 10 looks in a second
    spent = own.cpu_s[-1] - own.cpu_s[0]
    waited = own.wait_s[-1] - own.wait_s[0] if own.wait_s else seconds - spent
    assert spent + waited == pytest.approx(seconds, rel=0.15)
    assert spent > 0.02  # however many others want the core
    assert rises(found.at_s) and rises(own.cpu_s) and rises(own.wait_s)


def test_an_idle_process_does_not() -> None:
    with running(IDLE) as process:
        own = of(watched(Tree(process), 0.6), "main")
    assert own.cpu_s[-1] - own.cpu_s[0] < 0.02


def test_the_clock_of_a_process_is_what_the_system_counts_for_it() -> None:
    with running(BUSY) as process:
        time.sleep(0.5)
        times = psutil.Process(process.pid).cpu_times()
        assert cpu_seconds(process.pid) == pytest.approx(times.user + times.system, abs=0.05)
    assert cpu_seconds(process.pid) is None
    assert cpu_seconds(os.getpid()) == pytest.approx(time.process_time(), abs=0.02)


def test_memory_that_grows_is_seen_growing() -> None:
    with running(GROWS) as process:
        found = watched(Tree(process), 2.5)
    held, counted = of(found, "main").uss_bytes, of(found, "main").anonymous_bytes
    assert len(held) == len(found.memory_at_s) >= 2
    assert held[-1] - held[0] == pytest.approx(60e6, rel=0.1)
    if sys.platform == "linux":
        assert of(found, "main").pss_bytes[-1] >= held[-1]
        assert counted[-1] - counted[0] == pytest.approx(60e6, rel=0.1) and len(counted) == len(found.at_s)


def test_a_browser_is_told_apart_into_roles_and_the_page_is_the_renderer_that_worked() -> None:
    kinds = [(), ("--type=gpu-process",), ("--type=renderer",), ("--type=zygote",)]
    kinds += [("--type=utility", "--utility-sub-type=network.mojom.NetworkService")]
    with running(BUSY, "--type=renderer") as page:
        others = [running(IDLE, *kind) for kind in kinds]
        opened = [one.__enter__() for one in others]
        try:
            found = watched(Tree(*opened, page, role="renderer"), 0.7)
        finally:
            for one in others:
                one.__exit__(None, None, None)
    assert [one.role for one in found.roles] == ["browser", "gpu", "network", "page", "utility"]
    assert of(found, "page").cpu_s[-1] > 0.02
    assert all(of(found, role).uss_bytes[-1] > 1e6 for role in ("browser", "gpu", "page", "utility"))


def test_a_process_that_ended_keeps_what_it_used_and_holds_nothing() -> None:
    with running(BUSY) as process:
        own = watcher(Tree(process))
        own.start()
        time.sleep(0.5)
        process.kill()
        process.wait()
        time.sleep(0.8)
        found = of(own.stop(), "main")
    assert found.cpu_s[-1] > 0.02
    assert rises(found.cpu_s) and found.cpu_s[-1] == found.cpu_s[-2]
    assert found.uss_bytes[0] > 0 and found.uss_bytes[-1] == 0


def test_a_phase_that_begins_is_looked_at_at_once_with_the_processes_that_are_new() -> None:
    with running(IDLE) as first:
        tree = Tree(first, role="renderer")
        own = watcher(tree)
        own.start()
        time.sleep(0.3)
        with running(BUSY, "--type=renderer") as page:
            tree.own.append(page)
            turned = time.monotonic() - own._begin
            own.turn()
            time.sleep(0.35)
            found = own.stop()
    assert any(0 <= at - turned < 0.1 for at in found.at_s)
    assert len(of(found, "page").cpu_s) == len(found.at_s)
    assert of(found, "page").cpu_s[0] == 0 < of(found, "page").cpu_s[-1]


def test_what_nobody_may_read_is_unavailable_with_the_reason_and_the_rest_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(pid: int) -> object:
        raise psutil.AccessDenied(pid)

    with running(IDLE) as process:
        monkeypatch.setattr(psutil.Process, "memory_full_info", lambda own: refused(own.pid))
        assert memory_of(process.pid) == "denied"
        found = watched(Tree(process), 0.4)
    assert found.unavailable["memory"] == watching.DENIED
    assert found.unavailable["energy"].startswith("this machine shows no counters")
    assert of(found, "main").pss_bytes == of(found, "main").uss_bytes == ()
    assert of(found, "main").cpu_s[-1] > 0


def test_a_system_that_tells_no_waiting_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_tells_wait", lambda: False)
    with running(IDLE) as process:
        found = watched(Tree(process), 0.3)
    assert found.unavailable["wait"] == watching.NO_WAIT
    assert of(found, "main").wait_s == ()


def test_a_tree_that_is_gone_has_no_roles() -> None:
    with running(IDLE) as process:
        pass
    found = watched(Tree(process), 0.3)
    assert found.roles == () and found.at_s


def test_looking_costs_at_most_a_hundredth_of_a_core() -> None:
    """Ten processes; how many a browser has."""
    kinds = [(), ("--type=gpu-process",), *[("--type=utility",)] * 6, ("--type=renderer",), ("--type=zygote",)]
    opened = [running(IDLE, *kind) for kind in kinds]
    processes = [one.__enter__() for one in opened]
    try:
        found = watched(Tree(*processes, role="renderer"), 3.0)
    finally:
        for one in opened:
            one.__exit__(None, None, None)
    assert len(found.roles) == 4
    assert found.sampler_cpu_s[-1] / 3.0 < 0.01
