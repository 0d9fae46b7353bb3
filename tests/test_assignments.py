"""What a host is given, and whether what it reports is right."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

import asked
from howfar import exporters, frameworks, models, vendor
from howfar.assignments import Desk
from howfar.checks import TOLERANCE
from howfar.frameworks import Backend, Framework
from howfar.handed import Assignment
from howfar.models import ModelSpec, reference
from howfar.models.rules import Parameters
from howfar.outcomes import Check, Report
from howfar.records import Model, Target, Task, Workload
from howfar.server import Server

DATA = asked.data()
DIGITS = DATA.digits
FORM = asked.known()["bare"].form


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture(scope="module")
def desk(server: Server) -> Desk:
    return Desk(server, asked.known(), DATA)


@pytest.fixture(autouse=True)
def no_npm(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every file is there; which were asked for."""
    wanted: list[str] = []

    def fetch(backend: frameworks.Backend, version: str) -> dict[str, str]:
        wanted.extend(backend.scripts)
        return {file: f"{file} at {version}" for file in backend.scripts}

    monkeypatch.setattr(vendor, "fetch", fetch)
    return wanted


BATCHES = [(DIGITS.inputs[i : i + 64], DIGITS.labels[i : i + 64]) for i in (0, 64, 0)]
INFERENCE = asked.task(asked.NUMPY, workload="inference")
TRAINING = asked.task(asked.NUMPY)


def right(assignment: Assignment) -> dict[str, Any]:
    """The numbers of a report that is right."""
    spec, count = models.spec(asked.MLP, 2019), assignment.check_count
    if assignment.task.cell.workload == "inference":
        return {"outputs": tuple(reference.outputs(spec, DIGITS.inputs[:count]).ravel().tolist())}
    return {"losses": tuple(reference.train(spec, BATCHES, assignment.learning_rate).losses)}


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


def outputs_of(
    spec: ModelSpec, assignment: Assignment, parameters: Parameters | None = None, count: int = 8
) -> tuple[float, ...]:
    assert count <= assignment.check_count
    return tuple(reference.outputs(spec, DIGITS.inputs[:count], parameters).ravel().tolist())


def test_features_of_a_framework_that_trains_are_one_loss_and_the_outputs_after_the_step(desk: Desk) -> None:
    given = desk.assignment(asked.task(asked.CONVNETJS, workload="features"))
    spec = models.spec(asked.MLP, 2019)
    once = reference.train(spec, BATCHES[:1], given.learning_rate)
    right = {"losses": tuple(once.losses), "outputs": outputs_of(spec, given, once.parameters)}
    assert judged(desk, right, given) == Check(0.0, TOLERANCE)
    assert judged(desk, {"outputs": right["outputs"]}, given).max_abs_error is None
    standing_still = judged(desk, right | {"outputs": outputs_of(spec, given)}, given).max_abs_error
    assert standing_still is not None
    assert standing_still > 100 * TOLERANCE


def test_features_of_a_framework_that_can_not_train_are_its_outputs_in_its_form(desk: Desk) -> None:
    given = desk.assignment(asked.task(asked.BARE, workload="features"))
    spec = models.spec(asked.MLP, 2019, FORM)
    assert given.layers == spec.layers
    assert judged(desk, {"outputs": outputs_of(spec, given)}, given) == Check(0.0, TOLERANCE)
    in_the_study_s_form = judged(desk, {"outputs": outputs_of(models.spec(asked.MLP, 2019), given)}, given)
    assert in_the_study_s_form.max_abs_error is not None
    assert in_the_study_s_form.max_abs_error > 100 * TOLERANCE


def test_a_network_with_a_rule_of_its_own_is_held_against_that(desk: Desk) -> None:
    """brain.js's recurrent net, which is not what the layers say."""
    brain, rnn = Target("brain.js", "1.6.1", "cpu", "chromium"), Model("rnn", 2, 5)
    given = desk.assignment(asked.task(brain, rnn, "inference"))
    spec = models.spec(rnn, 2019, vocabulary=asked.VOCABULARY)
    assert given.layers == spec.layers
    samples = DATA.text.inputs[: given.check_count]
    own, textbook = (reference.outputs(spec, samples, rule=rule) for rule in ("brainjs_lstm", "mini_batch"))
    assert judged(desk, {"outputs": tuple(own.ravel().tolist())}, given) == Check(0.0, TOLERANCE)
    found = judged(desk, {"outputs": tuple(textbook.ravel().tolist())}, given).max_abs_error
    assert found is not None
    assert found > 100 * TOLERANCE


def test_the_losses_of_a_network_with_a_rule_of_its_own_are_those_of_its_steps(desk: Desk) -> None:
    brain, rnn = Target("brain.js", "1.6.1", "cpu", "chromium"), Model("rnn", 1, 5)
    task = asked.task(brain, rnn)
    given = desk.assignment(task)
    batches = [(DATA.text.inputs[i : i + 64], DATA.text.labels[i : i + 64]) for i in (0, 64, 0)]
    spec = models.spec(rnn, 2019, vocabulary=asked.VOCABULARY)
    losses = reference.train(spec, batches, given.learning_rate, "brainjs_lstm").losses
    assert losses[2] < losses[0]
    assert judged(desk, {"losses": tuple(losses)}, given) == Check(0.0, TOLERANCE)
    assert "first step alone" in str(desk.known_facts(task)["training_fault"])


@pytest.mark.parametrize("framework", ["convnetjs", "bare"])
@pytest.mark.parametrize("checked", [2, 5, 8])
def test_a_slow_operation_is_checked_as_often_as_was_found_out(desk: Desk, framework: str, checked: int) -> None:
    """The first and the check that was slow, however late it was: what was reported must be right, all of it."""
    target = msgspec.structs.replace(asked.BARE, framework=framework, version="0.3.0")
    given = desk.assignment(asked.task(target, workload="inference"))
    spec = models.spec(asked.MLP, 2019, asked.known()[framework].form)
    numbers, slow = outputs_of(spec, given, count=checked), {"facts": {"slow": True}}
    assert judged(desk, {"outputs": numbers} | slow, given) == Check(0.0, TOLERANCE)
    assert judged(desk, {"outputs": numbers}, given).max_abs_error == (0.0 if checked == 8 else None)
    assert judged(desk, {"outputs": numbers[:-1]} | slow, given).max_abs_error is None
    wrong = (*numbers[:-1], numbers[-1] + 0.5)
    assert judged(desk, {"outputs": wrong} | slow, given).max_abs_error == pytest.approx(0.5)


@pytest.mark.parametrize("few", [0, 1])
def test_what_is_slow_is_still_checked_twice(desk: Desk, few: int) -> None:
    given = desk.assignment(INFERENCE)
    numbers = outputs_of(models.spec(asked.MLP, 2019), given, count=few) if few else ()
    assert judged(desk, {"outputs": numbers, "facts": {"slow": True}}, given).max_abs_error is None


def test_slow_training_steps_are_checked_too(desk: Desk) -> None:
    given = desk.assignment(TRAINING)
    losses = right(given)["losses"]
    assert judged(desk, {"losses": losses[:2], "facts": {"slow": True}}, given) == Check(0.0, TOLERANCE)
    assert judged(desk, {"losses": losses[:2]}, given).max_abs_error is None
    assert judged(desk, {"losses": losses[:1], "facts": {"slow": True}}, given).max_abs_error is None


def test_slow_features_are_checked_whole(desk: Desk) -> None:
    """All its samples are in its one check."""
    given = desk.assignment(asked.task(asked.BARE, workload="features"))
    spec = models.spec(asked.MLP, 2019, FORM)
    numbers, slow = outputs_of(spec, given), {"facts": {"slow": True}}
    assert judged(desk, {"outputs": numbers} | slow, given) == Check(0.0, TOLERANCE)
    assert judged(desk, {"outputs": numbers[:20]} | slow, given).max_abs_error is None


def test_a_native_process_needs_nothing_from_npm(desk: Desk, no_npm: list[str]) -> None:
    assert desk.assignment(INFERENCE).script_urls == ()
    assert set(desk.known_facts(INFERENCE)) == {"operation_multiply_adds", "operation_bytes"}
    assert no_npm == []


def test_the_hash_of_the_library_s_files_is_a_fact(desk: Desk) -> None:
    facts = dict(desk.known_facts(asked.task()))
    fact = facts.pop("library_sha256")
    work = facts.pop("operation_multiply_adds"), facts.pop("operation_bytes")
    assert facts == {"rule": "mini_batch"}
    # 784 x 32 + 32 x 32 + 32 x 10, three times but for the first layer's inputs; and every weight twice
    assert work == (64 * (3 * 26_432 - 25_088), 4 * (2 * (26_432 + 74) + 64 * 784))
    newer = asked.task(msgspec.structs.replace(asked.WASM, version="4.21.0"))
    assert fact == desk.known_facts(asked.task())["library_sha256"] != desk.known_facts(newer)["library_sha256"]
    assert desk.known_facts(asked.task(asked.REFERENCE, Model("spin", 1, 5), "inference")) == {}


def test_a_version_gets_the_files_of_its_layout(server: Server) -> None:
    layouts = (Backend(scripts=("made:old.js",)), Backend(since="2.0.0", scripts=("made:new.js",)))
    two = Framework("", "browser", "", {"cpu": layouts}, ("training",), ("mlp",), versions=("2.0.0",))
    desk = Desk(server, {"two": two}, DATA)
    for version, file in (("1.9.0", "old.js"), ("2.0.0", "new.js")):
        given = desk.assignment(asked.task(Target("two", version, "cpu", "chromium")))
        assert given.script_urls == (f"/packages/made/{version}/{file}",)


def test_a_saved_model_is_there_for_the_tasks_that_load_one(server: Server, desk: Desk) -> None:
    for workload in ("training", "inference", "features"):
        assert desk.assignment(asked.task(asked.CONVNETJS, workload=workload)).model_urls == {}
    task = asked.task(asked.CONVNETJS, workload="loading")
    ((name, url),) = desk.assignment(task).model_urls.items()
    saved = exporters.export("convnetjs", models.spec(asked.MLP, 2019), "cpu", "0.3.0")["model.json"]
    assert name == "model.json"
    assert server.blob_bytes(url) == len(saved) == desk.known_facts(task)["model_bytes"]
    assert desk.assignment(task).model_urls == {name: url}  # the same model is kept once
    other = asked.task(asked.CONVNETJS, workload="loading", seed=1)
    assert desk.assignment(other).model_urls != {name: url}


def test_a_framework_that_can_not_be_given_weights_gets_its_saved_model_for_every_task(server: Server) -> None:
    known = asked.known()
    saved_only = msgspec.structs.replace(known["convnetjs"], needs_saved_model=True)
    desk = Desk(server, known | {"convnetjs": saved_only}, DATA)
    assert list(desk.assignment(asked.task(asked.CONVNETJS, workload="inference")).model_urls) == ["model.json"]


@pytest.mark.parametrize("workload", ["training", "features"])
def test_what_is_wrong_with_a_framework_s_own_rule_is_a_fact(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, workload: Workload
) -> None:
    monkeypatch.setattr(vendor, "package_facts", lambda *_: {})
    mind = Target("mind", "1.0.1", "cpu", "chromium")
    said = desk.known_facts(asked.task(mind, workload=workload))["training_fault"]
    assert isinstance(said, str) and said.startswith("between hidden layers")
    assert "training_fault" not in desk.known_facts(asked.task(mind, Model("mlp", 1, 8), workload))
    assert "training_fault" not in desk.known_facts(asked.task(asked.CONVNETJS, workload=workload))
    assert "training_fault" not in desk.known_facts(asked.task(mind, workload="inference"))


def test_the_facts_of_features_are_those_of_the_package(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"licence": "MIT", "library_bytes": 34_442}
    monkeypatch.setattr(vendor, "package_facts", lambda backend, version: said | {"of": f"{backend.scripts}@{version}"})
    facts = desk.known_facts(asked.task(asked.CONVNETJS, workload="features"))
    assert facts.pop("library_sha256")
    assert facts == said | {"of": "('convnetjs:build/convnet-min.js',)@0.3.0", "backends": "cpu"}
    assert "licence" not in desk.known_facts(asked.task(asked.CONVNETJS, workload="inference"))


def test_what_a_network_of_another_kind_computes_is_not_said(desk: Desk) -> None:
    """brain.js's recurrent net guesses every character, not the last alone."""
    brain = msgspec.structs.replace(asked.CONVNETJS, framework="brain.js", version="1.6.1")
    task = asked.task(brain, Model("rnn", 1, 4), "inference")
    assert not any(fact.startswith("operation_") for fact in desk.known_facts(task))
