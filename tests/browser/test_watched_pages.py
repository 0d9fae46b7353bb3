"""Watched executions in a real browser: what is seen must be what the page does."""

import numpy as np
import pytest

from howfar import watched
from howfar.observed import ProcessSamples
from howfar.outcomes import Outcome
from howfar.records import Model
from real import Measure

pytestmark = pytest.mark.alone

MODEL = Model("mlp", 2, 64)


def seen(outcome: Outcome) -> ProcessSamples:
    assert (outcome.status, outcome.message) == ("ok", "")
    assert outcome.processes is not None
    return outcome.processes


@pytest.fixture(scope="module")
def cpu(measure_watched: Measure) -> Outcome:
    return measure_watched("tfjs", "cpu", MODEL, "training")


def test_a_page_that_trains_keeps_one_core_busy_or_waits_for_it(cpu: Outcome) -> None:
    samples, steady = seen(cpu), watched.steady(cpu)
    assert steady is not None and steady.end_s - steady.begin_s == pytest.approx(3.0, abs=0.5)
    page = watched.role(samples, "page")
    assert page is not None
    assert len(watched.windows(samples, page, steady)) == 3
    share = watched.share(samples, page, steady.begin_s, steady.end_s)
    assert cpu.noise is not None
    by_threads = sum(use.cpu_s for use in cpu.noise.use if use.role == "renderer") / cpu.noise.wall_s
    # Two ways of counting the same: the clock of the process, and schedstat of each of its threads.
    assert share == pytest.approx(by_threads, abs=0.05)
    assert 0.02 < share < 1.3  # however many others want the core


def test_its_roles_are_told_apart_and_each_holds_memory(cpu: Outcome) -> None:
    samples = seen(cpu)
    held = {one.role: max(one.pss_bytes or one.uss_bytes) for one in samples.roles}
    assert {"page", "gpu", "browser", "network"} <= held.keys()
    assert all(size > 2e6 for size in held.values())
    assert held["page"] > 20e6


def test_looks_come_4_to_10_times_a_second_and_what_they_cost_is_told(cpu: Outcome) -> None:
    samples, steady = seen(cpu), watched.steady(cpu)
    assert steady is not None
    looks = watched.inside(samples.at_s, steady).sum() / (steady.end_s - steady.begin_s)
    assert 4 <= looks <= 10
    spent = np.interp([steady.begin_s, steady.end_s], samples.at_s, samples.sampler_cpu_s)
    assert 0 < spent[1] - spent[0] < steady.end_s - steady.begin_s


def test_the_page_tells_its_own_memory(cpu: Outcome) -> None:
    page = seen(cpu).page
    assert page is not None and page.unavailable == {}
    assert page.agent_bytes is not None and min(page.agent_bytes) > 500_000
    assert len(page.heap_bytes) > 2 and min(page.heap_bytes) > 1e6
    steady = watched.steady(cpu)
    assert steady is not None and page.heap_at_ms[0] >= 0
    assert page.heap_at_ms[-1] / 1000 <= steady.end_s - steady.begin_s
    assert cpu.facts["parameters"] == 784 * 64 + 64 + 64 * 64 + 64 + 64 * 10 + 10


def test_webassembly_tells_its_memory(measure_watched: Measure) -> None:
    page = seen(measure_watched("tfjs", "wasm", MODEL, "inference")).page
    assert page is not None and page.wasm_bytes is not None and min(page.wasm_bytes) >= 65_536


def test_on_a_gpu_back_end_the_gpus_process_works(measure_watched: Measure) -> None:
    outcome = measure_watched("tfjs", "webgl", MODEL, "inference")
    samples, steady = seen(outcome), watched.steady(outcome)
    gpu = watched.role(samples, "gpu")
    assert steady is not None and gpu is not None
    assert watched.share(samples, gpu, steady.begin_s, steady.end_s) > 0.05


def test_a_native_task_is_watched_as_one(measure_watched: Measure) -> None:
    outcome = measure_watched("numpy", "cpu", MODEL, "inference", browser="native")
    samples, steady = seen(outcome), watched.steady(outcome)
    assert [one.role for one in samples.roles] == ["main"] and samples.page is None
    assert steady is not None
    assert watched.share(samples, samples.roles[0], steady.begin_s, steady.end_s) > 0.2


def test_a_page_that_crashes_is_watched_until_then(measure_watched: Measure) -> None:
    outcome = measure_watched(
        "faulty", "eat_memory", Model("spin", 1, 100), flags=("--js-flags=--max-old-space-size=64",)
    )
    assert outcome.status == "out_of_memory"
    assert outcome.processes is not None and outcome.processes.at_s
