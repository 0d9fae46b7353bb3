"""What a person feels in a real browser, of work whose length is known; and frameworks in a worker."""

from itertools import pairwise
from statistics import median

import pytest

from howfar import frameworks
from howfar.observed import Experience, Stretch
from howfar.outcomes import Outcome
from howfar.records import IN_WORKER, Model
from real import Measure

pytestmark = pytest.mark.alone

KNOWN = frameworks.registry()
MODEL = Model("mlp", 2, 32)
# An operation of a fifth of a second.
LONG = Model("spin", 1, 200_000)
# What can be had of all in a worker is told by the registry; these are one of each kind of loading.
WORKERS = [("tfjs", "cpu"), ("tfjs", "wasm"), ("convnetjs", "cpu")]


def felt(measure: Measure, model: Model, switch: str = "") -> Experience:
    outcome = measure("reference", "cpu", model, switch=switch, observe="experience")
    assert outcome.status == "ok", f"{outcome.message}\n{outcome.detail}"
    assert outcome.experience is not None and outcome.experience.inputs_unavailable == ""
    assert outcome.series == ()
    return outcome.experience


def fps(one: Stretch) -> float:
    return len(one.frame_ms) / one.seconds


def held_up(one: Stretch) -> float:
    assert one.long_task_ms is not None
    return sum(one.long_task_ms) / 1000 / one.seconds


def test_a_page_at_rest_draws_sixty_frames_and_hears_every_press_at_once(measure: Measure) -> None:
    rest = felt(measure, Model("spin", 1, 500)).rest
    assert 16 <= median(later - earlier for earlier, later in pairwise(rest.frame_ms)) <= 17.5
    assert held_up(rest) < 0.1 and rest.operations == 0
    assert len(rest.input_delay_ms) >= 10
    assert median(rest.input_delay_ms) < 10


def test_work_of_a_fifth_of_a_second_is_felt_on_the_page_s_thread_and_not_in_a_worker(measure: Measure) -> None:
    """The same page, the same work. After each operation come a frame that was due and, at once, the next or two."""
    page, worker = felt(measure, LONG).busy, felt(measure, LONG, IN_WORKER).busy
    assert 3 <= fps(page) <= 16  # of which some are drawn at once
    assert fps(worker) > 16
    assert 0.8 < held_up(page) <= 1.01
    assert held_up(worker) < 0.5
    assert page.long_task_ms is not None and min(page.long_task_ms) >= 199
    assert 50 < median(page.input_delay_ms) < 400
    assert median(worker.input_delay_ms) < median(page.input_delay_ms) / 2
    assert page.paint_delay_ms is not None and len(page.paint_delay_ms) > 10
    assert 2 <= worker.operations / worker.seconds <= 5.1


def right(outcome: Outcome) -> None:
    """It gave right numbers from a worker; or it says why it can't run there."""
    if outcome.status == "unsupported":
        assert outcome.message
        pytest.skip(f"NOT IN A WORKER: {outcome.task.cell.target}: {outcome.message}")
    assert outcome.status == "ok", f"{outcome.message}\n{outcome.detail}"
    assert outcome.check is not None and outcome.check.max_abs_error is not None
    assert outcome.check.max_abs_error <= 5e-6
    assert outcome.facts["thread"] == "worker"


@pytest.mark.parametrize(("framework", "backend"), WORKERS)
def test_a_framework_in_a_worker_is_right_or_says_why_not(measure: Measure, framework: str, backend: str) -> None:
    right(measure(framework, backend, MODEL, switch=IN_WORKER))


def test_a_worker_only_predicts(measure: Measure) -> None:
    outcome = measure("tfjs", "cpu", MODEL, "training", switch=IN_WORKER)
    assert (outcome.status, outcome.message) == ("unsupported", "in a worker it only predicts")
