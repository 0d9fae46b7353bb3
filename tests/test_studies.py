"""A study is checked whole at the door, and what is wrong with it is said in one line with its key path."""

from pathlib import Path

import pytest
from msgspec import structs

from howfar import frameworks, hosts, studies
from howfar.errors import UserError
from howfar.records import NOT_INSTALLED, Model, Target, Workload
from howfar.study import Study

KNOWN = frameworks.registry()
WORKLOADS: tuple[Workload, ...] = ("training", "inference", "loading", "features")

GOOD = """
name = "mine"
title = "My own"
experiments = ["inference_time"]
models = [{ sizes = [[1, 8]], depths = [2, 4], widths = [16, 8] }]
[[targets]]
framework = "tfjs@4.20.0"
backends = ["wasm", "cpu"]
[[targets]]
framework = "numpy"
threads = [1, "all"]
"""


def load(tmp_path: Path, text: str | bytes) -> Study:
    file = tmp_path / "study.toml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return studies.load(str(file), KNOWN)


def refusal(tmp_path: Path, text: str | bytes) -> str:
    """The one line that a study is refused with; it begins with the file."""
    with pytest.raises(UserError) as caught:
        load(tmp_path, text)
    said = str(caught.value)
    assert "\n" not in said
    assert said.startswith(str(tmp_path / "study.toml") + ": ")
    return said.removeprefix(str(tmp_path / "study.toml") + ": ")


@pytest.mark.parametrize("name", studies.named_studies())
def test_the_studies_that_come_with_howfar_load(name: str) -> None:
    loaded = studies.load(name, KNOWN)
    assert loaded.name == name
    assert loaded.resolved_targets
    assert set(loaded.experiments) <= set(studies.experiment_names())


def test_the_paper_has_all_sizes_of_the_paper() -> None:
    loaded = studies.load("paper", KNOWN)
    models = {cell.model for cell in loaded.cells("training")}
    assert models == {Model("mlp", depth, width) for depth in (1, 2, 4, 8) for width in (64, 128, 256)}


def test_targets_are_resolved_against_the_registry(tmp_path: Path) -> None:
    loaded = load(tmp_path, GOOD)
    installed = KNOWN["numpy"].installed_version()
    assert loaded.resolved_targets == (
        Target("tfjs", "4.20.0", "wasm", "chromium"),
        Target("tfjs", "4.20.0", "cpu", "chromium"),
        Target("numpy", installed, "cpu", "native", 1),
        Target("numpy", installed, "cpu", "native", 0),
    )


def test_ceilings_are_those_of_its_browsers_and_of_every_library_here_or_not(tmp_path: Path) -> None:
    missing = structs.replace(KNOWN["ceiling-tensorflow"], distributions=("no-such-distribution-of-howfar",))
    (tmp_path / "study.toml").write_text(GOOD)
    loaded = studies.load(str(tmp_path / "study.toml"), {**KNOWN, "ceiling-tensorflow": missing})
    here = [one for one in loaded.ceilings if one.browser == "chromium"]
    assert {(one.backend, one.threads, one.switch) for one in here} == {
        ("cpu", 1, ""), ("cpu", 0, ""), ("wasm", 1, ""), ("wasm", 0, ""), ("wasm", 1, "fma=off"),
        ("wasm", 0, "fma=off"), ("webgl", None, ""), ("webgpu", None, ""),
    }  # fmt: skip
    natively = {(one.framework, one.version) for one in loaded.ceilings if one.browser == "native"}
    assert ("ceiling-tensorflow", NOT_INSTALLED) in natively
    assert ("ceiling-numpy", KNOWN["numpy"].installed_version()) in natively
    ladder = [one.switch for one in loaded.ceilings if one.framework == "ceiling-openblas"]
    assert ladder == ["code=Nehalem", "code=Sandybridge", "code=Haswell", "code=SkylakeX"]
    assert len(here) + 2 * (len(natively) - 1) + len(ladder) == len(loaded.ceilings)
    plain = structs.replace(loaded, ceiling_ladder=False)
    assert len(list(plain.ceiling_cells())) == len(loaded.ceilings) - len(ladder) - 2
    only = studies.change(loaded, KNOWN, only=["framework=numpy"])
    assert {cell.target.browser for cell in only.ceiling_cells()} == {"native"}


def test_the_yardstick_is_only_there_where_it_is_asked_for_and_is_not_timed_by_the_papers_clock() -> None:
    loaded = studies.load("paper", KNOWN)
    yardstick = [cell for cell in loaded.cells("training", yardstick=True) if cell.target.framework == "limit"]
    assert len(yardstick) == 2 * 12
    assert not [cell for cell in loaded.cells("training") if cell.target.framework == "limit"]
    both = structs.replace(loaded, protocols=("corrected", "published"))
    assert {both.protocols_for(cell) for cell in yardstick} == {("corrected",)}
    assert {both.protocols_for(cell) for cell in both.cells("training")} == {("corrected", "published")}


def test_every_target_meets_every_model_once(tmp_path: Path) -> None:
    cells = list(load(tmp_path, GOOD).cells("inference"))
    assert len(cells) == len(set(cells)) == 4 * 5
    assert {cell.model for cell in cells} == {
        Model("mlp", *size) for size in [(1, 8), (2, 16), (2, 8), (4, 16), (4, 8)]
    }


def test_a_version_without_a_choice_of_back_ends_has_all_that_it_had(tmp_path: Path) -> None:
    loaded = load(tmp_path, GOOD.replace("4.20.0", "0.13.0").replace('backends = ["wasm", "cpu"]', ""))
    assert [one.backend for one in loaded.resolved_targets if one.framework == "tfjs"] == ["cpu", "webgl"]


def test_what_a_framework_can_not_do_is_not_asked_of_it(tmp_path: Path) -> None:
    loaded = load(tmp_path, GOOD.replace('"numpy"', '"keras-js"').replace('threads = [1, "all"]', ""))

    def frameworks_of(workload: Workload) -> set[str]:
        return {cell.target.framework for cell in loaded.cells(workload)}

    assert frameworks_of("training") == {"tfjs"}
    assert frameworks_of("inference") == frameworks_of("loading") == frameworks_of("features") == {"tfjs", "keras-js"}


def test_what_a_framework_does_with_some_networks_only_is_asked_with_these_only(tmp_path: Path) -> None:
    both = 'models = [{ sizes = [[1, 8]] }, { kind = "rnn", sizes = [[1, 8]] }]'
    text = GOOD.replace('"tfjs@4.20.0"', '"brain.js"').replace('backends = ["wasm", "cpu"]', "")
    lines = [both if line.startswith("models") else line for line in text.splitlines()]
    loaded = load(tmp_path, "\n".join(lines))
    kinds = {workload: {cell.model.kind for cell in loaded.cells(workload)} for workload in WORKLOADS}
    assert kinds["training"] == kinds["inference"] == {"mlp", "rnn"}
    assert kinds["loading"] == kinds["features"] == {"mlp"}


def test_a_native_framework_has_no_page_to_load_a_model_in(tmp_path: Path) -> None:
    loaded = load(tmp_path, GOOD)
    for workload in WORKLOADS:
        able = {cell.target.framework for cell in loaded.cells(workload)}
        assert able == ({"tfjs", "numpy"} if workload in ("training", "inference") else {"tfjs"})


def test_a_browser_framework_is_measured_in_every_browser_and_a_native_one_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosts, "browsers", lambda: ["chromium", "firefox"])
    loaded = load(tmp_path, GOOD.replace("models =", 'browsers = ["firefox", "chromium"]\nmodels ='))
    browsers = [target.browser for target in loaded.resolved_targets]
    assert browsers == ["firefox", "chromium", "firefox", "chromium", "native", "native"]


def test_a_target_that_is_named_twice_is_measured_once(tmp_path: Path) -> None:
    twice = GOOD + '[[targets]]\nframework = "tfjs@4.20.0"\n'
    assert len(load(tmp_path, twice).resolved_targets) == 6


@pytest.mark.parametrize(
    ("old", "new", "path", "word"),
    [
        ('title = "My own"', 'titel = "My own"', "top level", "titel"),
        ("backends =", "backend =", "targets[0]", "backend"),
        ("sizes =", "size =", "models[0]", "size"),
        ('title = "My own"', "title = 5", "title", "str"),
        ("sizes = [[1, 8]]", "sizes = [[1, 0]]", "models[0].sizes[0][1]", ">= 1"),
        ("sizes = [[1, 8]]", "sizes = [[1]]", "models[0].sizes[0]", "length 2"),
        ('title = "My own"', 'title = ""\nrounds = 0', "rounds", ">= 1"),
        ('title = "My own"', 'title = ""\nsampling = { max_seconds = inf }', "sampling.max_seconds", "86400"),
        ("threads = [1,", "threads = [-1,", "targets[1].threads[0]", ">= 0"),
        ('"tfjs@4.20.0"', '"tensorflow.js"', "targets[0].framework", "tfjs"),
        ('"tfjs@4.20.0"', '"tfjs@latest"', "targets[0].framework", "latest"),
        ('"numpy"', '"numpy@0.1"', "targets[1].framework", "0.1"),
        ('["wasm", "cpu"]', '["wasm", "gpu"]', "targets[0].backends", "wasm, webgl"),
        (
            '"tfjs@4.20.0"',
            '"tfjs@0.13.0"',
            "targets[0].backends",
            "tfjs@0.13.0 has no back end 'wasm'; it has: cpu, webgl",
        ),
        ("models =", 'browsers = ["netscape"]\nmodels =', "browsers[0]", "chromium"),
        ('["inference_time"]', '["inference_time", "magic"]', "experiments[1]", "inference_time"),
        ("sizes = [[1, 8]], depths = [2, 4], ", "", "models[0]", "no sizes"),
        ('name = "mine"', 'name = "../mine"', "name", "folder"),
        ('name = "mine"', 'name = ".."', "name", "folder"),
        ('name = "mine"', 'name = ""', "name", "folder"),
    ],
)
def test_what_is_wrong_is_named_with_its_key_path(tmp_path: Path, old: str, new: str, path: str, word: str) -> None:
    assert old in GOOD
    said = refusal(tmp_path, GOOD.replace(old, new, 1))
    assert said.startswith(f"{path}: ")
    assert word in said


def test_a_study_without_targets_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, GOOD.partition("[[targets]]")[0] + "targets = []").startswith("targets: ")


@pytest.mark.parametrize("text", ['name = "mine', "name = mine", b"name = \xff", b"\x00", "[[targets]\n"])
def test_invalid_toml_is_refused(tmp_path: Path, text: str | bytes) -> None:
    assert refusal(tmp_path, text).startswith("not valid TOML: ")


@pytest.mark.parametrize("line", ['experiments = ["published"]', 'experiments = ["cost"]\nprotocols = ["published"]'])
def test_the_published_protocol_comes_with_its_experiment(tmp_path: Path, line: str) -> None:
    text = GOOD.replace('experiments = ["inference_time"]', line)
    assert "protocols: 'published' is in one of" in refusal(tmp_path, text)
    both = GOOD.replace('experiments = ["inference_time"]', 'experiments = ["published"]\nprotocols = ["published"]')
    assert load(tmp_path, both).protocols == ("published",)


def test_an_empty_file_says_what_is_missing(tmp_path: Path) -> None:
    assert "name" in refusal(tmp_path, "")


@pytest.mark.parametrize("name", ["nowhere", "nowhere/study.toml", "."])
def test_a_study_that_is_not_there_names_those_that_are(name: str) -> None:
    with pytest.raises(UserError, match=r"quick") as caught:
        studies.load(name, KNOWN)
    assert "\n" not in str(caught.value)


def test_the_command_line_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    loaded = load(tmp_path, GOOD)
    assert studies.change(loaded, KNOWN) == loaded
    changed = studies.change(loaded, KNOWN, frameworks_wanted=["convnetjs"], rounds=7, seed=0, only=["backend=cpu"])
    assert (changed.rounds, changed.seed) == (7, 0)
    assert [target.framework for target in changed.resolved_targets] == ["convnetjs"]


@pytest.mark.parametrize("name", ["keras", "tfjs@x", "numpy@0.1"])
def test_a_framework_of_the_command_line_that_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=r"^--framework") as caught:
        studies.change(load(tmp_path, GOOD), KNOWN, frameworks_wanted=[name])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["experiments", "browsers", "models"])
def test_an_empty_list_is_refused(tmp_path: Path, key: str) -> None:
    text = (
        'name = "x"\ntitle = "x"\nexperiments = ["cost"]\nbrowsers = ["chromium"]\nmodels = [{ sizes = [[1, 4]] }]\n'
        'targets = [{ framework = "convnetjs" }]\n'
    )
    lines = [f"{key} = []" if line.startswith(key) else line for line in text.splitlines()]
    assert refusal(tmp_path, "\n".join(lines)).startswith(f"{key}: there are none")


PARTS = """
budget_minutes = 30
parts = [{ study = "%s", budget_minutes = 10, only = ["framework=convnetjs"], rounds = 1 }]
"""


def whole(tmp_path: Path, part: str = "quick", head: str = "") -> list[Study]:
    file = tmp_path / "whole.toml"
    file.write_text(GOOD.replace("models =", f"{head or PARTS % part}models =", 1))
    return studies.whole(str(file), KNOWN)


def test_parts_are_studies_with_minutes_of_their_own(tmp_path: Path) -> None:
    own, part = whole(tmp_path)
    assert (own.name, part.name) == ("mine", "quick")
    assert (own.budget_minutes, part.budget_minutes, part.rounds) == (30, 10, 1)
    assert {target.framework for target in part.resolved_targets} == {"convnetjs"}


def test_a_budget_is_shared_out_as_the_studies_own_are(tmp_path: Path) -> None:
    every = whole(tmp_path)
    assert [one.budget_minutes for one in studies.change_whole(every, KNOWN, budget_minutes=20)] == [15, 5]
    assert [one.budget_minutes for one in studies.change_whole(every, KNOWN)] == [30, 10]
    alone = [load(tmp_path, GOOD)]
    assert [one.budget_minutes for one in studies.change_whole(alone, KNOWN, budget_minutes=20)] == [20]


def test_of_what_a_selection_leaves_nothing_of_nothing_is_run_and_it_has_no_share(tmp_path: Path) -> None:
    every = whole(tmp_path)
    own, part = studies.change_whole(every, KNOWN, only=["experiment=warmup_time"], budget_minutes=20)
    assert not own.experiments and [one.study for one in own.parts] == ["quick"]
    assert (part.experiments, part.budget_minutes) == (("warmup_time",), 20)
    (own,) = studies.change_whole(every, KNOWN, only=["framework=numpy"], budget_minutes=20)
    assert own.experiments and not own.parts and own.budget_minutes == 20
    with pytest.raises(UserError, match="leaves no"):
        studies.change_whole(every, KNOWN, only=["experiment=features"])


def test_another_framework_keeps_the_rest_of_a_part_s_selection(tmp_path: Path) -> None:
    head = (PARTS % "quick").replace("framework=convnetjs", "framework=convnetjs,depth=4")
    _, part = studies.change_whole(whole(tmp_path, head=head), KNOWN, frameworks_wanted=["tfjs"])
    assert {target.framework for target in part.resolved_targets} == {"tfjs"}
    assert {model.depth for model in part.sizes()} == {4}


def test_studies_of_one_name_would_share_a_folder(tmp_path: Path) -> None:
    part = '{ study = "quick", budget_minutes = 1 }'
    twice = f"budget_minutes = 30\nparts = [{part}, {part}]\n"
    with pytest.raises(UserError, match="two studies are called 'quick'"):
        whole(tmp_path, head=twice)


def test_a_study_with_parts_says_how_long_it_takes_itself(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="budget_minutes: a study with parts has none"):
        whole(tmp_path, head=(PARTS % "quick").replace("budget_minutes = 30\n", ""))


def test_a_part_has_no_parts(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="paper has parts itself"):
        whole(tmp_path, "paper")


def test_the_paper_is_whole_within_an_hour() -> None:
    every = studies.whole("paper", KNOWN)
    asked = {name for one in every for name in one.experiments}
    assert set(studies.experiment_names()) - asked == {"bench"}
    assert sum(one.budget_minutes or 0 for one in every) < 60
