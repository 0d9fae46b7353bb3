"""A study with parts: each experiment is made of what was measured for it, and the report is of all of them."""

from pathlib import Path

import pytest
from msgspec import structs

import made
from howfar import experiments, report, wholes
from howfar.errors import UserError
from howfar.experiments import findings
from howfar.outcomes import OVER_BUDGET, Results
from howfar.records import Cell, Model, Workload
from howfar.report import excerpt, failures, machine
from howfar.report.answer import reservations
from howfar.study import ModelChoice, Part

OWN, OTHER = Model("mlp", 1, 64), Model("cnn", 6, 8)
ROUNDS = 2


def results(name: str, model: Model, workloads: tuple[Workload, ...], *asked: str) -> Results:
    cells = [Cell(target, model, workload) for target in (made.TFJS, made.NATIVE) for workload in workloads]
    outcomes = [made.outcome(cell, number) for cell in cells for number in range(ROUNDS)]
    sizes = ModelChoice(model.kind, sizes=((model.depth, model.width),))  # type: ignore[arg-type]
    study = made.study((made.TFJS, made.NATIVE), name=name, experiments=asked, models=(sizes,), rounds=ROUNDS)
    return made.results(outcomes, study)


@pytest.fixture(scope="module")
def whole() -> Results:
    own = results("main", OWN, ("inference",), "inference_time", "findings", "cost")
    part = results("part", OTHER, ("training", "inference"), "training_time", "cost")
    broken = made.failed(Cell(made.WASM, OTHER, "training"), "crashed", "not to be")
    part = structs.replace(part, outcomes=(*part.outcomes, broken))
    return structs.replace(own, parts=(part,))


def test_an_experiment_is_made_of_the_studies_that_name_it(whole: Results) -> None:
    inference, training = experiments.table("inference_time", whole), experiments.table("training_time", whole)
    assert set(inference["model"]) == {"mlp"}
    assert set(training["model"]) == {"cnn"}


def test_what_two_studies_name_has_the_rows_of_both(whole: Results) -> None:
    (part,) = whole.parts
    both = results("part", OTHER, ("inference",), "inference_time")
    together = experiments.table("inference_time", structs.replace(whole, parts=(part, both)))
    assert set(together["model"]) == {"mlp", "cnn"}


def test_what_none_names_and_what_looks_at_all_is_made_of_everything(whole: Results) -> None:
    assert set(experiments.table("warmup_time", whole)["model"]) == {"mlp", "cnn"}
    cost = experiments.table("cost", whole).filter(framework="all", metric="total_ms")
    assert cost["samples"].to_list() == [sum(1 for one in wholes.outcomes(whole) if one.timeline)]
    assert isinstance(findings, experiments.Overall)


def test_without_parts_there_is_nothing_to_pool(whole: Results) -> None:
    own, part = wholes.each(whole)
    assert not own.parts and wholes.pooled(own) is own and wholes.each(part) == [part]


def test_the_report_is_of_all_of_them(whole: Results, tmp_path: Path) -> None:
    page = report.write(whole, tmp_path).read_text("utf-8")
    for shown in ("Inference time", "Training time", "not to be"):
        assert shown in page
    assert page.index('id="training_time"') < page.index('id="findings"')
    assert [found.message for found in failures.failures(whole)] == ["not to be"]
    study = structs.replace(whole.run.study, experiments=("inference_time",))  # the findings would ask for more
    # Each has two targets in two rounds; the part both workloads, of which its own figure asks for one.
    assert machine.progress(structs.replace(whole, run=structs.replace(whole.run, study=study))) == (8, 8)


def test_a_part_that_is_not_there_is_missed(whole: Results) -> None:
    def named(*names: str) -> Results:
        study = structs.replace(whole.run.study, parts=tuple(Part(name, 1.0) for name in names))
        return structs.replace(whole, run=structs.replace(whole.run, study=study))

    assert not any("parts" in words for words in reservations(named("part")))
    assert any(words.startswith("Of its parts gap is not here.") for words in reservations(named("part", "gap")))


def test_a_cell_of_two_studies_is_that_of_the_first_that_measured_it(whole: Results) -> None:
    (part,) = whole.parts
    cells = [Cell(target, OWN, "inference") for target in (made.TFJS, made.NATIVE, made.WASM)]
    again = [made.outcome(cell, number) for cell in cells for number in range(3)]
    missed = made.failed(cells[2], "unsupported", f"{OVER_BUDGET}: not reached")
    own = structs.replace(whole, outcomes=(*whole.outcomes, missed))
    both = structs.replace(own, parts=(structs.replace(part, outcomes=tuple(again)),))
    found = wholes.pooled(both).outcomes
    counted = {cell.target: sum(one.task.cell == cell for one in found) for cell in cells}
    assert counted == {made.TFJS: ROUNDS, made.NATIVE: ROUNDS, made.WASM: 3}
    assert missed not in found and missed in list(wholes.outcomes(both))


def test_an_excerpt_says_where_it_was_taken_and_has_every_table(whole: Results, tmp_path: Path) -> None:
    text = excerpt.write(whole, tmp_path).read_text("utf-8")
    for said in ("Imagined CPU", "chromium 140.0", "tfjs@4.22.0", "study main with part", "not to be"):
        assert said in text
    for name in ("inference_time", "training_time", "findings", "cost"):
        assert f"(tables/{name}.csv)" in text and (tmp_path / "tables" / f"{name}.csv").is_file()
    assert "(figures/training_time.svg)" in text and (tmp_path / "figures" / "training_time.svg").is_file()


def test_an_excerpt_replaces_its_own_page_and_nobody_elses(whole: Results, tmp_path: Path) -> None:
    excerpt.write(whole, tmp_path / "own")
    excerpt.write(whole, tmp_path / "own")
    (tmp_path / "README.md").write_text("# My project\n")
    with pytest.raises(UserError, match=r"README.md that howfar did not write; give a folder of its own"):
        excerpt.write(whole, tmp_path)
    assert (tmp_path / "README.md").read_text() == "# My project\n"
    assert not (tmp_path / "tables").exists()


def test_what_an_excerpt_keeps_of_a_table_says_something(whole: Results) -> None:
    table = experiments.table("inference_time", whole)
    kept = excerpt.slim(table)
    assert kept.height == table.filter("current").height and kept.width < table.width
    assert all(kept[name].null_count() < kept.height for name in kept.columns)


def test_words_of_others_are_no_markdown() -> None:
    assert excerpt._words("a|b <img> *x*\n[c](d)") == r"a\|b \<img> \*x\* \[c](d)"


def test_a_kept_picture_is_small_and_the_same() -> None:
    svg = '<path role="graphics-symbol" aria-label="ms: 1.23456" d="M1.25,-3.999L10,0.04" opacity="0.55"/>4.22.0'
    assert excerpt.drawn_small(svg) == '<path d="M1.2,-4L10,0" opacity="0.55"/>4.22.0'
