"""`--only`: the part of a study that a run takes."""

import pytest

from howfar import frameworks, selection, studies
from howfar.errors import UserError
from howfar.records import Model
from howfar.study import ModelChoice, Study, TargetChoice

KNOWN = frameworks.registry()
STUDY = studies.resolve(
    Study(
        "mine",
        "",
        ("training_time", "inference_time"),
        (TargetChoice("tfjs", ("wasm", "cpu")), TargetChoice("numpy", threads=(1, "all"))),
        (ModelChoice(depths=(1, 4), widths=(8, 16)),),
        protocols=("corrected", "published"),
    ),
    KNOWN,
    "here",
)


def backends(*selections: str) -> list[str]:
    return [target.backend for target in selection.select(STUDY, selections).resolved_targets]


def test_only_what_is_selected_is_left() -> None:
    assert backends("framework=tfjs") == ["wasm", "cpu"]
    assert backends("framework=tfjs,backend=cpu") == ["cpu"]
    assert backends("framework=tfjs", "backend=cpu") == ["cpu"]
    for all_of_them in ("threads=all", "threads=0"):
        assert [target.threads for target in selection.select(STUDY, [all_of_them]).resolved_targets] == [0]


def test_a_key_with_several_values_takes_any_of_them() -> None:
    assert backends("framework=tfjs,backend=cpu,wasm") == ["wasm", "cpu"]
    assert backends("backend=wasm,framework=tfjs,framework=numpy") == ["wasm"]


def test_experiments_protocols_and_workloads_are_selected_too() -> None:
    left = selection.select(STUDY, ["experiment=training_time,protocol=published,workload=training"])
    assert left.experiments == ("training_time",)
    assert left.protocols == ("published",)
    assert list(left.cells("training"))
    assert not list(left.cells("inference"))
    assert left.resolved_targets == STUDY.resolved_targets


def test_models_are_selected_by_their_sizes() -> None:
    left = selection.select(STUDY, ["depth=4,width=8,16"])
    assert {cell.model for cell in left.cells("training")} == {Model("mlp", 4, 8), Model("mlp", 4, 16)}


def test_nothing_selected_is_the_whole_study() -> None:
    assert selection.select(STUDY, []) == STUDY


@pytest.mark.parametrize(
    "wrong",
    ["tfjs", "colour=blue", "framework=", "framework=keras", "framework=tfjs,", "=", "framework=numpy,backend=wasm",
     "depth=3", "protocol=other", "experiment=cost"],
)  # fmt: skip
def test_a_selection_that_selects_nothing_is_refused(wrong: str) -> None:
    with pytest.raises(UserError, match=r"^--only: ") as caught:
        selection.select(STUDY, [wrong])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("selection_", "said"),
    [
        ("framework=tfjs,keras", "--only: 'framework=keras' selects nothing; there are: tfjs, numpy"),
        ("backend=wasm,wsam", "--only: 'backend=wsam' selects nothing; there are: wasm, cpu"),
        ("depth=1,3", "--only: 'depth=3' selects nothing; there are: 1, 4"),
        ("experiment=training_time,cost", "--only: 'experiment=cost' selects nothing"),
        ("workload=training,guessing", "--only: 'workload=guessing' selects nothing"),
        ("threads=1,2", "--only: 'threads=2' selects nothing; there are: 1, all"),
    ],
)
def test_a_value_that_there_is_not_is_refused_beside_one_that_there_is(selection_: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        studies.change(STUDY, KNOWN, only=[selection_])
    assert str(caught.value).startswith(said)


def test_what_one_part_of_a_whole_lacks_another_may_have() -> None:
    every = studies.whole("paper", KNOWN)
    left = studies.change_whole(every, KNOWN, only=["experiment=memory,training_time"])
    assert {name for study in left for name in study.experiments} == {"memory", "training_time"}
    with pytest.raises(UserError, match=r"^--only: 'experiment=memroy' selects nothing"):
        studies.change_whole(every, KNOWN, only=["experiment=memroy,training_time"])
