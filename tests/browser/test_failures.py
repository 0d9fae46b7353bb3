"""Every way that a page can fail ends as its own outcome, and leaves nothing behind."""

import tempfile
from pathlib import Path

import psutil
import pytest

from howfar.records import Model, Sampling

MODEL = Model("spin", 1, 100)


def browsers() -> list[psutil.Process]:
    """Every living process of a browser that howfar started (its profile is in its command line)."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        command = " ".join(process.info["cmdline"] or [])
        if f"{tempfile.gettempdir()}/howfar-" in command and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def profiles() -> list[Path]:
    return list(Path(tempfile.gettempdir()).glob("howfar-*/profile"))


@pytest.fixture(autouse=True)
def nothing_left_behind():  # type: ignore[no-untyped-def]
    before = set(profiles())
    yield
    assert browsers() == []
    assert set(profiles()) <= before


@pytest.mark.parametrize(
    ("fault", "status", "message"),
    [
        ("throw", "page_error", "the library threw"),
        ("reject_elsewhere", "page_error", "nobody awaited this"),
        ("allocate", "out_of_memory", "rray"),
        ("lose_context", "gl_context_lost", "context was lost"),
        ("fall_back", "fell_back", "asked for fall_back, got cpu"),
        ("wrong", "wrong_result", "off by 0.0001"),
        ("not_finite", "wrong_result", "not finite"),
    ],
)
def test_a_fault_has_its_own_name(measure, fault: str, status: str, message: str):  # type: ignore[no-untyped-def]
    outcome = measure("faulty", fault, MODEL)
    assert (outcome.status, message in outcome.message) == (status, True), outcome.message


@pytest.mark.parametrize("fault", ["hang", "never"])
def test_a_page_that_hangs_is_ended_at_its_limit(measure, fault: str):  # type: ignore[no-untyped-def]
    outcome = measure("faulty", fault, MODEL)
    assert outcome.status == "hung"
    assert outcome.message == "first was not over after 12 s"


def test_a_page_that_eats_its_heap_ran_out_of_memory(measure):  # type: ignore[no-untyped-def]
    outcome = measure("faulty", "eat_memory", MODEL, flags=("--js-flags=--max-old-space-size=128",))
    assert (outcome.status, outcome.message) == ("out_of_memory", "the process ran out of memory in first")


def test_a_killed_renderer_crashed_and_a_killed_browser_too(shop, measure):  # type: ignore[no-untyped-def]
    from threading import Timer  # noqa: PLC0415

    def kill(role: str) -> None:
        for process in browsers():
            command = process.cmdline()
            if (role in command) if role else not any(word.startswith("--type=") for word in command):
                process.kill()

    for role in ("--type=renderer", ""):
        timer = Timer(4, kill, [role])
        timer.start()
        outcome = measure("faulty", "never", MODEL)
        timer.join()
        assert (outcome.status, outcome.message) == ("crashed", "the process was gone in first"), role


def test_a_leak_is_seen(measure):  # type: ignore[no-untyped-def]
    before, after = measure("faulty", "leak", MODEL).live_tensors
    assert after > before


def test_the_drain_lies_inside_the_timed_region(measure):  # type: ignore[no-untyped-def]
    sampling = Sampling(5, 0.1, 1.0, 0.02, 0.05, 0.2)
    outcome = measure("faulty", "queue", MODEL, sampling=sampling)
    timed = {series.metric: series for series in outcome.series if series.stage == "timed"}
    per_operation = {metric: min(series.sample_ms) / series.repeats for metric, series in timed.items()}
    assert per_operation["throughput"] == pytest.approx(11, rel=0.02)
    assert per_operation["enqueue"] == pytest.approx(1, rel=0.05)
    assert per_operation["latency"] == pytest.approx(11, rel=0.02)
