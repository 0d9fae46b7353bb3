"""What a host is given, and whether what it reports is right."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

import asked
from howfar import frameworks, models, vendor
from howfar.assignments import TOLERANCE, Desk
from howfar.models import reference
from howfar.outcomes import Check, Report
from howfar.records import Assignment, Model, Task
from howfar.server import Server

DIGITS = asked.digits()


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with Server() as server:
        yield Desk(server, frameworks.registry(), DIGITS)


@pytest.fixture(autouse=True)
def no_npm(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every file is there; which were asked for."""
    wanted: list[str] = []

    def fetch(backend: frameworks.Backend, version: str) -> dict[str, str]:
        wanted.extend(backend.scripts)
        return {file: f"{file} at {version}" for file in backend.scripts}

    monkeypatch.setattr(vendor, "fetch", fetch)
    return wanted


INFERENCE = asked.task(asked.NUMPY, workload="inference")
TRAINING = asked.task(asked.NUMPY)


def right(assignment: Assignment) -> dict[str, Any]:
    """The numbers of a report that is right."""
    spec, count = models.spec(asked.MLP, 2019), assignment.check_count
    if assignment.task.cell.workload == "inference":
        return {"outputs": tuple(reference.outputs(spec, DIGITS.inputs[:count]).ravel().tolist())}
    batches = [(DIGITS.inputs[i : i + 64], DIGITS.labels[i : i + 64]) for i in (0, 64, 0)]
    return {"losses": tuple(reference.losses(spec, batches, assignment.learning_rate))}


def judged(desk: Desk, found: dict[str, Any], assignment: Assignment) -> Check:
    return desk.check(assignment, Report(assignment.task.id, "ok", **found))


@pytest.mark.parametrize("task", [INFERENCE, TRAINING], ids=["inference", "training"])
def test_right_numbers_are_right(desk: Desk, task: Task) -> None:
    given = desk.assignment(task)
    assert judged(desk, right(given), given) == Check(0.0, TOLERANCE)


@pytest.mark.parametrize("task", [INFERENCE, TRAINING], ids=["inference", "training"])
def test_the_error_is_that_of_the_worst_number(desk: Desk, task: Task) -> None:
    given = desk.assignment(task)
    ((key, numbers),) = right(given).items()
    wrong = (*numbers[:-1], numbers[-1] - 0.25)
    assert judged(desk, {key: wrong}, given).max_abs_error == pytest.approx(0.25)


@pytest.mark.parametrize("task", [INFERENCE, TRAINING], ids=["inference", "training"])
def test_numbers_that_are_missing_too_many_or_not_finite_have_no_error(desk: Desk, task: Task) -> None:
    given = desk.assignment(task)
    ((key, numbers),) = right(given).items()
    for wrong in ((), numbers[:-1], (*numbers, 0.5), (None, *numbers[1:])):
        assert judged(desk, {key: wrong}, given).max_abs_error is None


def test_the_numbers_of_the_other_workload_do_not_count(desk: Desk) -> None:
    given = desk.assignment(TRAINING)
    assert judged(desk, {"outputs": right(given)["losses"]}, given).max_abs_error is None


def test_another_model_s_numbers_are_past_the_tolerance(desk: Desk) -> None:
    given = desk.assignment(INFERENCE)
    other = reference.outputs(models.spec(asked.MLP, 1), DIGITS.inputs[: given.check_count])
    check = judged(desk, {"outputs": tuple(other.ravel().tolist())}, given)
    assert check.max_abs_error is not None
    assert check.max_abs_error > 100 * check.tolerance


def test_the_known_answers_are_one_to_ten_and_a_loss_of_one(desk: Desk) -> None:
    inference = desk.assignment(asked.task(asked.REFERENCE, Model("spin", 1, 5), "inference"))
    numbers = tuple(map(float, range(1, 11))) * inference.check_count
    assert judged(desk, {"outputs": numbers}, inference).max_abs_error == 0
    assert judged(desk, {"outputs": numbers[1:] + numbers[:1]}, inference).max_abs_error == 9
    training = desk.assignment(asked.task(asked.REFERENCE, Model("spin", 1, 5)))
    assert judged(desk, {"losses": (1.0,) * training.check_count}, training).max_abs_error == 0


def test_a_page_gets_the_urls_of_all_that_it_loads(desk: Desk) -> None:
    given = desk.assignment(asked.task())
    packages = "/packages/@tensorflow"
    assert given.adapter_url == "/page/frameworks/tfjs.js"
    assert given.script_urls == (
        f"{packages}/tfjs/4.22.0/dist/tf.min.js",
        f"{packages}/tfjs-backend-wasm/4.22.0/dist/tf-backend-wasm.min.js",
    )
    assert given.asset_urls == {"wasm": f"{packages}/tfjs-backend-wasm/4.22.0/dist/"}
    assert given.layers == models.spec(asked.MLP, 2019).layers


def test_a_native_process_needs_nothing_from_npm(desk: Desk, no_npm: list[str]) -> None:
    assert desk.assignment(INFERENCE).script_urls == ()
    assert desk.library_facts(INFERENCE) == {}
    assert no_npm == []


def test_the_hash_of_the_library_s_files_is_a_fact(desk: Desk) -> None:
    (fact,) = desk.library_facts(asked.task()).values()
    newer = asked.task(msgspec.structs.replace(asked.WASM, version="4.21.0"))
    assert fact == desk.library_facts(asked.task())["library_sha256"] != desk.library_facts(newer)["library_sha256"]
    assert desk.library_facts(asked.task(asked.REFERENCE, Model("spin", 1, 5))) == {}
