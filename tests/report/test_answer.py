"""The three sentences: no claim that the numbers don't carry, and no failure unsaid."""

from collections.abc import Iterable

import pytest
from msgspec import structs

import limits
import made
from howfar.outcomes import Outcome
from howfar.records import Cell, Model, Target
from howfar.report.answer import Answer, answer

SIZES = ((1, 64),)


def told(outcomes: Iterable[Outcome], *targets: Target, rounds: int = 3) -> Answer:
    return answer(made.results(outcomes, made.study(targets, experiments=("inference_time",), rounds=rounds)))


def rounds(cells: Iterable[Cell], count: int = 3) -> list[Outcome]:
    return [made.outcome(cell, number) for cell in cells for number in range(count)]


@pytest.fixture(scope="module")
def rich() -> Answer:
    return answer(made.rich())


def plain(words: str) -> str:
    return words.replace("\u00a0", " ")


def test_a_winner_at_every_size_is_said_once(rich: Answer) -> None:
    expected = (
        "In inference, onnxruntime-web@1.23.0 wasm is the fastest browser target at every size (1 × 64 to 8 × 256)."
    )
    assert expected in plain(rich.fastest)


def test_where_the_interval_includes_one_nobody_is_called_fastest(rich: Answer) -> None:
    training = plain(rich.fastest).splitlines()[0]
    assert "convnetjs@0.3.0 cpu is the fastest browser target at 1 × 64 and 4 × 128" in training
    assert "convnetjs@0.3.0 cpu and tfjs@4.22.0 webgl (software) can't be told apart at 8 × 256" in training


def test_a_quick_wrong_result_is_not_the_fastest() -> None:
    cells = made.cells([made.LITERT, made.TFJS], "inference", SIZES)
    outcomes = [made.wrong(cells[0], number) for number in range(3)] + rounds(cells[1:])
    found = told(outcomes, made.LITERT, made.TFJS)
    assert "tfjs@4.22.0 cpu is the only browser target with a right result" in found.fastest
    assert "litert@0.2.1 wasm gave a wrong result in 3 tasks (output differs" in found.failed


def test_what_the_time_did_not_allow_gave_no_wrong_result() -> None:
    cells = made.cells([made.TFJS, made.CONVNET], "inference", ((1, 64), (4, 128)))
    missed = [cell for cell in cells if cell.model == cells[0].model or cell.target == made.CONVNET]
    late = [made.failed(cell, "unsupported", "over budget: not reached within 3 min") for cell in missed]
    found = told(late + rounds([cell for cell in cells if cell not in missed]), made.TFJS, made.CONVNET)
    said = plain(found.fastest)
    assert "the time allowed no browser target at 1 × 64" in said
    assert "tfjs@4.22.0 cpu is the only browser target that the time allowed at 4 × 128" in said
    assert "could not be reached in 3 tasks (over budget: not reached within 3 min)" in plain(found.failed)


def test_sizes_that_were_measured_too_little_are_said_last_and_in_one() -> None:
    cells = made.cells([made.TFJS, made.CONVNET], "inference", ((1, 64), (2, 64), (4, 128)))
    sizes = sorted({cell.model for cell in cells})
    missed = [cell for cell in cells if cell.model == sizes[0] or (cell.model, cell.target) == (sizes[1], made.CONVNET)]
    late = [made.failed(cell, "unsupported", "over budget: not reached within 3 min") for cell in missed]
    said = plain(told(late + rounds([one for one in cells if one not in missed]), made.TFJS, made.CONVNET).fastest)
    assert said.endswith(" at 4 × 128; too little was measured to rank anybody at 1 × 64 and 2 × 64.")


def test_a_ceiling_that_there_is_not_is_no_failure() -> None:
    cells = made.cells([made.TFJS], "inference", SIZES)
    step = limits.cell(Target("ceiling-openblas", "1", "cpu", "native", 1, "code=SkylakeX"))
    unknown = limits.bare(step, 0, status="unsupported", environment="native", message="it does not know it")
    found = told([*rounds(cells), unknown], made.TFJS)
    assert "ceiling-openblas" not in found.failed
    gone = limits.bare(step, 0, status="crashed", environment="native", message="gone")
    crashed = told([*rounds(cells), gone], made.TFJS)
    assert "ceiling-openblas@1 cpu 1 thread code=SkylakeX crashed" in crashed.failed


def test_failures_under_the_published_protocol_are_counted_apart() -> None:
    (cell,) = made.cells([made.TFJS], "inference", SIZES)
    crashed = [made.published(cell, number, status="crashed", message="gone", series=()) for number in range(3)]
    found = told([*rounds([cell]), *crashed], made.TFJS)
    assert found.failed.splitlines()[0] == (
        "Under the published protocol 3 tasks gave no right number; the list below says why."
    )
    assert "crashed" not in found.failed and "Everything" not in found.failed


def test_the_distance_to_native_is_told_with_its_intervals(rich: Answer) -> None:
    inference = plain(rich.native).splitlines()[1]
    assert inference.startswith("In inference, the best browser target takes 0.9")
    assert ", at 1 × 64) to 1." in inference
    assert "the time of native on one thread, and 1.1" in inference
    assert inference.endswith("that of native at its best.")


def test_a_size_of_one_round_is_no_end_of_the_distance_where_others_have_intervals() -> None:
    cells = made.cells([made.TFJS, made.NATIVE], "inference", ((1, 64), (2, 64), (4, 128)))
    once = [cell for cell in cells if cell.model.depth == 1]
    many = [one for one in rounds(cells) if one.task.cell not in once]
    first = [made.outcome(cell, 0) for cell in once]
    assert "at 1 × 64" not in plain(told([*first, *many], made.TFJS, made.NATIVE).native)
    assert "(one round, no interval, at 1 × 64)" in plain(told(first, made.TFJS, made.NATIVE).native)


def test_no_clear_difference_from_native_is_said() -> None:
    cells = made.cells([made.TFJS, made.NATIVE], "inference", SIZES)
    series = [made.outcome(made.cells([made.TFJS], "inference", SIZES)[0], number).series for number in (3, 4, 0)]
    outcomes = [made.outcome(cell, n, series=series[(n + (cell == cells[1])) % 3]) for cell in cells for n in range(3)]
    assert "no clear difference" in told(outcomes, made.TFJS, made.NATIVE).native


def test_without_native_the_distance_is_not_guessed() -> None:
    found = told(rounds(made.cells([made.TFJS], "inference", SIZES)), made.TFJS)
    assert found.native == "Native was not measured, so the distance to it can't be said."


def test_native_that_could_not_run_is_said_with_its_reason() -> None:
    cells = made.cells([made.TFJS, made.NATIVE], "inference", SIZES)
    outcomes = [*rounds(cells[:1]), made.failed(cells[1], "unsupported", "install howfar[native]")]
    assert "Native gave no right result (install howfar[native])" in told(outcomes, made.TFJS, made.NATIVE).native


def test_one_round_allows_no_ranking() -> None:
    found = told(rounds(made.cells([made.TFJS, made.ORT, made.NATIVE], "inference", SIZES), 1), rounds=1)
    assert "onnxruntime-web@1.23.0 wasm had the lowest time" in found.fastest
    assert "too few rounds were shared to rank it" in found.fastest
    assert "one round, no interval" in found.native


def test_when_nothing_succeeded_it_is_said_with_the_reason() -> None:
    cells = made.cells([made.TFJS, made.NATIVE], "inference", SIZES)
    found = told([made.failed(cell, "crashed", "no memory left") for cell in cells])
    assert found.fastest == "No browser target gave a right result, so there is none to call fastest."
    assert "no memory left" in found.native
    assert "tensorflow@2.21.0 cpu 1 thread and tfjs@4.22.0 cpu crashed in 2 tasks (no memory left)." in found.failed


def test_nothing_at_all_is_no_success() -> None:
    found = told([])
    assert "Everything" not in found.failed
    assert "The run is not complete: 0 of" in found.failed


def test_a_run_in_which_all_was_watched_claims_nothing_of_time() -> None:
    watched = [
        Cell(target, Model("mlp", 1, 64), "training", observe="processes") for target in (made.TFJS, made.NATIVE)
    ]
    found = told(rounds(watched))
    assert found.fastest.startswith("Nothing was timed here: every execution was watched")
    assert found.native == "Nothing to hold against native, either."
    mixed = told(rounds([*watched, *made.cells([made.TFJS], "inference", SIZES)]), made.TFJS)
    assert "tfjs@4.22.0 cpu is the only browser target" in mixed.fastest


def test_of_what_is_unsupported_no_further_round_is_missing() -> None:
    study = made.study([made.TFJS], experiments=("inference_time",), rounds=3)
    first, *others = study.cells("inference")
    taken = [made.failed(first, "unsupported", "no such kernel")]
    taken += [made.outcome(cell, number) for cell in others for number in range(3)]
    assert "not complete" not in answer(made.results(taken, study)).failed
    assert "not complete" in answer(made.results(taken[:-1], study)).failed


def test_of_what_several_runs_measured_none_is_said_to_have_taken_it_all() -> None:
    study = made.study([made.TFJS], experiments=("inference_time",), rounds=2, budget_minutes=4.0)
    outcomes = [made.outcome(cell) for cell in study.cells("inference")]
    one = made.results(outcomes, study)
    assert f"Within 4 min the run took {len(outcomes)} of {2 * len(outcomes)} planned" in plain(answer(one).failed)
    resumed = structs.replace(one, run=structs.replace(one.run, started_at="2025-06-02T00:00:00Z"))
    assert "planned measurements are here; the last run of several had 4 min." in plain(answer(resumed).failed)


def test_a_whole_run_without_failures_says_so() -> None:
    study = made.study([made.TFJS], experiments=("inference_time",), rounds=1)
    outcomes = [made.outcome(cell) for cell in study.cells("inference")]
    assert answer(made.results(outcomes, study)).failed == "Everything that was planned ran, and gave right results."


def test_failures_and_software_gpus_are_told(rich: Answer) -> None:
    for words in (
        "tfjs@4.22.0 webgl crashed in 2 tasks (the renderer process is gone (signal 11)).",
        "synaptic@1.1.4 cpu hung in 6 tasks (phase warmup passed its limit of 180 s).",
        "could not run here in 45 tasks (litert wasm cannot train; and 4 other reasons below).",
        "WebGL and WebGPU ran in software here: their times say nothing about a GPU.",
    ):
        assert words in rich.failed


def test_browsers_are_told_apart() -> None:
    firefox = Target("tfjs", "4.22.0", "cpu", "firefox")
    cell = Cell(firefox, Model("mlp", 1, 64), "inference")
    assert "tfjs@4.22.0 cpu in firefox is the only" in told(rounds([cell]), firefox).fastest


def test_where_only_ceilings_were_taken_they_are_the_answer() -> None:
    found = answer(limits.results(limits.ceilings()))
    assert found.fastest == (
        "What chromium allows is 60.0 GFLOP/s (25% of native's) on 1 thread and 120 GFLOP/s (25% of native's) on all"
        " threads."
    )
    assert found.native == "No network was timed, so there is nothing to hold against native."
    browser = answer(limits.results(limits.ceilings([limits.SIMD])))
    assert browser.fastest == "What chromium allows is 60.0 GFLOP/s on 1 thread."
    gpu = [structs.replace(one, software_gpu=False) for one in limits.ceilings([limits.WEBGL])]
    drawn = answer(limits.results(limits.ceilings([limits.SIMD]), gpu))
    assert drawn.fastest == "What chromium allows is 60.0 GFLOP/s on 1 thread and 9.00 GFLOP/s on the GPU."
