"""CPU time and waiting of processes, measured on processes that are known to be busy or idle, and the arithmetic."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from howfar.outcomes import CpuUse
from howfar.probes.processes import ProcessTimes, Snapshot, ThreadTimes, load_average, noise, snapshot, tree

BUSY = "print(0, flush=True)\nwhile True: pass"
IDLE = "import time; print(0, flush=True); time.sleep(60)"
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
print(0, child.pid, flush=True)
time.sleep(60)
"""


@contextmanager
def running(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-S", "-c", code, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.read(1)  # it runs; before that not even its command line can be read
            yield process
        finally:
            process.kill()


def watched(pids: Sequence[int], seconds: float) -> tuple[Snapshot, Snapshot]:
    start = snapshot(pids)
    time.sleep(seconds)
    return start, snapshot(pids)


def test_a_busy_process_is_busy_all_the_time() -> None:
    with running(BUSY) as process:
        found = noise([watched([process.pid], 0.4)], "main")
    (use,) = found.use
    assert use.role == "main"
    # It either had a core or waited for one: on an idle machine the first, beside other work some of the second.
    assert use.cpu_s + use.wait_s == pytest.approx(found.wall_s, rel=0.15)
    assert use.cpu_s > 0.2 * found.wall_s
    assert found.wall_s == pytest.approx(0.4, rel=0.15)
    assert found.wait_share == pytest.approx(use.wait_s / (use.cpu_s + use.wait_s))


def test_an_idle_process_is_not_and_others_work_is_foreign() -> None:
    with running(BUSY), running(IDLE) as process:
        found = noise([watched([process.pid], 0.4)], "main")
    assert sum(use.cpu_s for use in found.use) < 0.05
    assert found.foreign_cores > 0.3


@pytest.mark.parametrize(
    ("arguments", "role"),
    [
        ((), "main"),
        (("--type=renderer", "--lang=en"), "renderer"),
        (("--type=gpu-process",), "gpu-process"),
        (("--type=utility", "--utility-sub-type=network.mojom.NetworkService"), "NetworkService"),
    ],
)
def test_a_process_says_its_role_as_chromium_does(arguments: tuple[str, ...], role: str) -> None:
    with running(IDLE, *arguments) as process:
        assert snapshot([process.pid]).processes[process.pid].role == role


def test_a_process_that_is_gone_is_left_out() -> None:
    with running(IDLE) as process:
        pass
    found = snapshot([process.pid])
    assert found.processes == {}
    assert found.busy_s > 0


def test_the_tree_has_the_children() -> None:
    with running(PARENT) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        assert tree(process.pid) == [process.pid, child]
        subprocess.run(["kill", "-9", str(child)], check=True)
    assert tree(process.pid) == []


# The arithmetic, on snapshots made by hand. Process 1 is the browser, 10 and 11 are renderers; threads have ids too.


def made(at: float, busy: float, **processes: tuple[str, dict[int, tuple[float, float]]]) -> Snapshot:
    """Snapshots with processes given as `p10=(role, {thread: (cpu, wait)})`."""
    found = {
        int(name[1:]): ProcessTimes(role, {thread: ThreadTimes(*times) for thread, times in threads.items()})
        for name, (role, threads) in processes.items()
    }
    return Snapshot(at, found, busy)


START = made(
    100.0,
    1000.0,
    p1=("main", {1: (5.0, 1.0)}),
    p10=("renderer", {10: (2.0, 0.5), 12: (1.0, 0.0)}),
    p11=("renderer", {11: (9.0, 9.0)}),
)
END = made(
    104.0,
    1007.0,
    p1=("main", {1: (5.5, 1.25)}),
    p10=("renderer", {10: (5.0, 1.5), 12: (1.5, 0.0), 13: (0.25, 0.25)}),
    p11=("renderer", {11: (9.0, 9.0)}),
)


def test_use_is_summed_over_the_threads_of_each_role() -> None:
    found = noise([(START, END)], "renderer")
    assert found.use == (CpuUse("main", 0.5, 0.25), CpuUse("renderer", 3.0 + 0.5 + 0.25, 1.0 + 0.25))
    assert found.wall_s == 4.0


def test_waiting_is_that_of_the_busiest_main_thread_of_the_measuring_role() -> None:
    assert noise([(START, END)], "renderer").wait_share == 1.0 / (3.0 + 1.0)
    assert noise([(START, END)], "main").wait_share == 0.25 / (0.5 + 0.25)
    assert noise([(START, END)], "nobody").wait_share == 0.0


def test_what_was_busy_and_not_ours_is_foreign() -> None:
    assert noise([(START, END)], "renderer").foreign_cores == (7.0 - 0.5 - 3.75) / 4.0


def test_foreign_work_is_never_negative() -> None:
    """The two are read one after the other, so that all of ours can be a little more than all there was."""
    calm = made(104.0, 1001.0, **{f"p{pid}": (one.role, {t: (x.cpu_s, x.wait_s) for t, x in one.threads.items()})
                                  for pid, one in END.processes.items()})  # fmt: skip
    assert noise([(START, calm)], "renderer").foreign_cores == 0.0


def test_spans_add_up_and_what_lies_between_them_does_not_count() -> None:
    later = made(200.0, 5000.0, p10=("renderer", {10: (50.0, 20.0)}))
    end = made(202.0, 5003.0, p10=("renderer", {10: (51.0, 20.5)}))
    found = noise([(START, END), (later, end)], "renderer")
    assert found.wall_s == 6.0
    assert found.use == (CpuUse("main", 0.5, 0.25), CpuUse("renderer", 3.75 + 1.0, 1.25 + 0.5))
    assert found.wait_share == 1.5 / (4.0 + 1.5)
    assert found.foreign_cores == pytest.approx((10.0 - 0.5 - 4.75) / 6.0)


def test_a_process_that_began_in_between_counts_from_its_beginning() -> None:
    found = noise([(made(0.0, 0.0), made(1.0, 1.0, p9=("renderer", {9: (0.5, 0.25)})))], "renderer")
    assert found.use == (CpuUse("renderer", 0.5, 0.25),)


def test_without_any_span_there_is_no_noise() -> None:
    assert noise([], "main") == type(noise([], "main"))(0.0, 0.0, 0.0, ())


def test_the_load_average_is_a_number_where_there_is_one() -> None:
    load = load_average()
    assert load is None or load >= 0
