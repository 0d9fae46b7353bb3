"""Every way that a page can fail ends as its own outcome, and leaves nothing behind."""

from collections.abc import Iterator
from threading import Timer

import pytest

from howfar.hosts import chromium
from howfar.outcomes import Outcome
from howfar.records import Model, Sampling
from howfar.runner import Workshop
from howfar.study import Limits
from leftovers import browsers, profiles
from real import Measure

pytestmark = pytest.mark.alone

MODEL = Model("spin", 1, 100)


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
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
def test_a_fault_has_its_own_name(measure: Measure, fault: str, status: str, message: str) -> None:
    outcome = measure("faulty", fault, MODEL, flags=gpu(fault))
    assert (outcome.status, message in outcome.message) == (status, True), outcome.message


@pytest.mark.parametrize("fault", ["hang", "never"])
def test_a_page_that_hangs_is_ended_at_its_limit(
    measure: Measure, shop: Workshop, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(shop.visitor, "_limits", Limits(launch_seconds=20, phase_seconds=4))
    outcome = measure("faulty", fault, MODEL)
    assert outcome.status == "hung"
    assert outcome.message == "first was not over after 4 s"


def test_a_page_that_eats_its_heap_ran_out_of_memory(measure: Measure) -> None:
    outcome = measure("faulty", "eat_memory", MODEL, flags=("--js-flags=--max-old-space-size=128",))
    assert (outcome.status, outcome.message) == ("out_of_memory", "the process ran out of memory in first")


def gpu(fault: str) -> tuple[str, ...]:
    """The flags of a task on the GPU, for the faults that need one."""
    backend = {"lose_context": "webgl", "hold_device": "webgpu"}.get(fault, "")
    return chromium.gpu_flags(chromium.require()).get(backend, ())


def kill(role: str) -> None:
    """Kills the browser's processes of a role; without one the browser itself."""
    for process in browsers():
        command = process.cmdline()
        if (role in command) if role else not any(word.startswith("--type=") for word in command):
            process.kill()


def measure_and_kill(measure: Measure, fault: str, role: str) -> Outcome:
    timer = Timer(4, kill, [role])
    timer.start()
    try:
        return measure("faulty", fault, MODEL, flags=gpu(fault))
    finally:
        timer.join()


@pytest.mark.parametrize("role", ["--type=renderer", ""])
def test_a_killed_renderer_crashed_and_a_killed_browser_too(measure: Measure, role: str) -> None:
    outcome = measure_and_kill(measure, "never", role)
    assert (outcome.status, outcome.message) == ("crashed", "the process was gone in first")


def test_a_lost_gpu_device_has_its_own_name(measure: Measure) -> None:
    outcome = measure_and_kill(measure, "hold_device", "--type=gpu-process")
    if outcome.status == "unsupported":
        pytest.skip(f"NO WEBGPU HERE: {outcome.message}")
    assert outcome.status == "gpu_device_lost", outcome.message


def test_a_leak_is_seen(measure: Measure) -> None:
    found = measure("faulty", "leak", MODEL).live_tensors
    assert found is not None and found[1] > found[0]


def test_the_drain_lies_inside_the_timed_region(measure: Measure) -> None:
    sampling = Sampling(5, 0.1, 1.0, 0.02, 0.05, 0.2)
    outcome = measure("faulty", "queue", MODEL, sampling=sampling)
    timed = {series.metric: series for series in outcome.series if series.stage == "timed"}
    per_operation = {metric: min(series.sample_ms) / series.repeats for metric, series in timed.items()}
    assert per_operation["throughput"] == pytest.approx(11, rel=0.02)
    assert per_operation["enqueue"] == pytest.approx(1, rel=0.05)
    assert per_operation["latency"] == pytest.approx(11, rel=0.02)
