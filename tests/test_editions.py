"""Which versions there are between two, and the study that measures some of them."""

import pytest

from howfar import editions, frameworks, npm, plan, vendor
from howfar.commands.options import network
from howfar.editions import Subject
from howfar.errors import UserError
from howfar.experiments import training_time
from howfar.frameworks import Backend
from howfar.records import DataNames, Model, Workload

KNOWN = frameworks.registry()
LISTED = ["0.13.0", "1.0.0", "2.2.0", "2.3.0", "2.4.0-rc.1", "2.4.0", "2.5.0"]


def subject(
    framework: str = "tfjs", backend: str = "cpu", workload: Workload = "training", kind: str = "mlp"
) -> Subject:
    return Subject(framework, backend, network(f"{kind}:6x8"), workload)


@pytest.fixture(autouse=True)
def listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(npm, "versions", {"@tensorflow/tfjs": LISTED}.__getitem__)


@pytest.mark.parametrize(
    ("asked", "versions"),
    [
        ("2.2.0..2.4.0", ["2.2.0", "2.3.0", "2.4.0"]),
        ("2.4.0..2.5.0", ["2.4.0", "2.5.0"]),
        ("2.3.0..2.4.0-rc.1", ["2.3.0", "2.4.0-rc.1"]),
        ("2.4.0-rc.1..2.5.0", ["2.4.0-rc.1", "2.4.0", "2.5.0"]),
        ("2.5.0,0.13.0,2.5.0", ["2.5.0", "0.13.0"]),
    ],
)
def test_the_versions_between_two_are_those_that_npm_lists(asked: str, versions: list[str]) -> None:
    assert editions.versions(KNOWN, subject(), asked) == versions


def test_a_version_without_the_back_end_is_not_among_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Today's framework had that back end, lost it, and has it again."""
    monkeypatch.setattr(type(KNOWN["tfjs"]), "backends_at", lambda _, version: () if version == "2.3.0" else ("wasm",))
    assert editions.versions(KNOWN, subject(backend="wasm"), "2.2.0..2.4.0") == ["2.2.0", "2.4.0"]


@pytest.mark.parametrize(
    ("framework", "asked", "words"),
    [
        ("tfjs", "2.5.0..2.2.0", "2.5.0 is not older than 2.2.0"),
        ("tfjs", "2.5.0..2.5.0", "not older"),
        ("tfjs", "2.5..3", "is no range"),
        ("tfjs", "2.2.1..2.5.0", r"lists no tfjs@2.2.1; there are 1.0.0, 2.2.0, 2.3.0, 2.4.0-rc.1 near it"),
        ("tfjs", "latest", "'latest' names no versions"),
        ("tfjs", "2.5.0", "'2.5.0' names no versions"),
        ("tfjs", "2.5.0,latest", "names no versions"),
        ("numpy", "1.0.0..2.0.0", "numpy does not come from npm"),
        ("limit", "1.0.0..2.0.0", "limit does not come from npm"),
        ("magic", "1.0.0..2.0.0", "no framework 'magic'"),
    ],
)
def test_what_is_no_range_is_refused(framework: str, asked: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        editions.versions(KNOWN, subject(framework), asked)


def test_an_end_without_the_back_end_is_refused() -> None:
    with pytest.raises(UserError, match=r"--backend: tfjs@2.2.0 has no back end 'wasm'"):
        editions.versions(KNOWN, subject(backend="wasm"), "2.2.0..2.5.0")


def test_a_model_is_written_as_kind_and_size() -> None:
    assert network("cnn:6x8") == Model("cnn", 6, 8)


@pytest.mark.parametrize("text", ["", "mlp", "mlp:4", "mlp:0x8", "mlp:4x0", "gru:4x8", "mlp:4x8x2", "cnn:1x8"])
def test_what_is_no_model_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="--model"):
        network(text)


def test_all_versions_of_a_step_meet_in_every_round_and_a_control_among_them() -> None:
    study = editions.study_of(KNOWN, subject(), ["2.2.0", "2.3.0", "2.4.0"], 5)
    blocks = plan.blocks(study, training_time.cells(study), DataNames("digits", "text"))
    assert len(blocks) == 5
    for block in blocks:
        assert sorted(task.cell.target.version for task in block if not task.control) == ["2.2.0", "2.3.0", "2.4.0"]
        assert sum(task.control > 0 for task in block) == 3


def test_more_rounds_are_more_of_the_same_tasks() -> None:
    """What was measured in the first rounds is not measured again."""

    def ids(rounds: int) -> list[str]:
        study = editions.study_of(KNOWN, subject(), ["2.2.0", "2.3.0"], rounds)
        cells = training_time.cells(study)
        return [task.id for block in plan.blocks(study, cells, DataNames("digits", "text")) for task in block]

    assert ids(10)[: len(ids(5))] == ids(5)


@pytest.mark.parametrize(("framework", "kind"), [("onnxruntime-web", "mlp"), ("synaptic", "cnn")])
def test_what_a_framework_does_not_do_is_refused(framework: str, kind: str) -> None:
    version = KNOWN[framework].versions[0]
    backend = KNOWN[framework].backends_at(version)[0]
    with pytest.raises(UserError, match=f"{framework} does no training"):
        editions.study_of(KNOWN, subject(framework, backend, kind=kind), [version], 1)


def test_files_that_can_t_be_had_are_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(_: Backend, version: str) -> dict[str, str]:
        if version == "2.3.0":
            raise UserError("it has no file dist/tf.min.js", mend="try another version")
        return {}

    monkeypatch.setattr(vendor, "fetch", fetch)
    assert editions.why_missing(KNOWN, subject(), "2.3.0") == "it has no file dist/tf.min.js"
    assert editions.why_missing(KNOWN, subject(), "2.4.0") == ""
