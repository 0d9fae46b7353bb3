"""The words of `howfar bench`: a recommendation with its reason, and no claim that the numbers don't carry."""

import io
import json
from pathlib import Path

from msgspec.structs import replace
from rich.console import Console

import limits
import made
import test_benches as own
from howfar import wording
from howfar.outcomes import Noise, Outcome
from howfar.records import Cell, Fact, Target
from howfar.report import answer, excerpt, figures, page, terminal
from howfar.report import bench as benching
from howfar.report.bench import Told

FACTS: dict[str, Fact] = {
    "form": "onnx",
    "model_bytes": 14_000_000,
    "conversion_s": 1.25,
    "form_max_relative_error": 3e-6,
    "form_checked_by": "onnxruntime",
    "trainable_parameters": 3_504_872,
    "multiply_adds": 300_774_272,
    "source": "keras:MobileNetV2",
    "weights": "random",
}


def told(*every: list[Outcome]) -> Told:
    (found,) = benching.tell(own.results(*every))
    return found


def rich() -> Told:
    native = [own.rounds(one, ms) for one, ms in ((made.NATIVE, 4.0), (made.NATIVE_ALL, 2.0))]
    failed = [made.failed(Cell(made.WEBGPU, own.OWN, "inference"), "unsupported", "no adapter", n) for n in range(4)]
    ort = own.rounds(made.ORT, 10.0, 600.0, **FACTS)
    return told(ort, own.rounds(made.WASM, 20.0, first_ms=200.0, form="tfjs-graph"), failed, *native)


def test_the_recommendation_says_what_why_what_it_costs_and_how_far_from_native() -> None:
    words = rich().recommendation
    assert words.startswith("Ship onnxruntime-web@1.23.0 wasm, 1 thread: 2.00× (")
    assert "faster than tfjs@4.22.0 wasm, 1 thread, 400 ms dearer on first use" in words
    assert "right to 1e-05 of the output's scale" in words
    assert words.endswith("the time of native tensorflow on one thread.")


def test_what_can_not_be_told_apart_is_not_called_faster() -> None:
    words = told(own.rounds(made.ORT, 10.0), own.unsteady(made.LITERT, 10.01)).recommendation
    assert "as fast as" in words and "faster than" not in words


def test_what_can_not_be_told_apart_is_said_as_how_much_of_the_others_time_it_takes() -> None:
    """The one to ship is the one that is ready sooner, though its inference takes a third longer as it looks."""
    ready = own.unsteady(made.LITERT, 13.0, first_ms=100.0)
    slow = [own.outcome(made.ORT, number, 10.0 * (1 + 0.5 * (-1) ** number), 900.0) for number in range(4)]
    words = told(ready, slow).recommendation
    assert words.startswith("Ship litert@") and " its time)" in words
    assert 1 < float(words.partition("can be told (")[2].partition("×")[0]) < 2


def test_of_all_others_on_a_gpu_in_name_only_it_is_said() -> None:
    one, software = own.rounds(made.ORT, 10.0), own.rounds(made.WEBGL, 20.0)
    assert ": the only browser target with a right result, right to" in told(one).recommendation
    assert "a right result that is not on a GPU in name only" in told(one, software).recommendation
    assert (
        "all that gave a right result are on a GPU in name only"
        in told(software, own.rounds(made.WEBGPU, 30.0)).recommendation
    )


def paced(target: Target, *paces_ms: float) -> list[Outcome]:
    every = [own.outcome(target, number, 10.0) for number in range(len(paces_ms))]
    return [
        replace(one, noise=Noise(2.0, 0.01, 0.1, (), (0.2, pace))) for one, pace in zip(every, paces_ms, strict=True)
    ]


def test_beside_how_many_the_machine_was_slowed_and_whether_they_count_is_said() -> None:
    often, seldom = paced(made.ORT, *[0.21] * 8, *[0.31] * 4), paced(made.WASM, 0.31)
    found = own.results(often, seldom)
    rows = {row.contender.target: row.note for row in benching.tell(found)[0].rows}
    assert "slowed" in rows[made.WASM] and "slowed" not in rows[made.ORT]
    (words,) = [words for words in answer.reservations(found) if "slower" in words]
    assert words == (
        "The machine itself was slower than it can be beside 5 of 13 measurements (a neighbour on its cores, heat);"
        " 4 of them don't count, since there are enough others."
    )
    few = answer.reservations(own.results(paced(made.ORT, *[0.21] * 2, *[0.31] * 10)))
    assert any(words.endswith("(a neighbour on its cores, heat); they count.") for words in few)
    assert not [words for words in answer.reservations(own.results(paced(made.ORT, *[0.21] * 12))) if "slower" in words]


def test_what_is_kept_beside_a_project_says_what_the_command_said(tmp_path: Path) -> None:
    found = own.results(own.rounds(made.ORT, 10.0), own.rounds(made.WASM, 20.0), experiments=("bench",))
    (one,) = benching.tell(found)
    _, _, words = excerpt.write(found, tmp_path).read_text("utf-8").partition("## The answer")
    answer, _, _ = words.partition("##")
    assert f"- {one.recommendation}" in answer and "In inference, " not in answer


def test_one_round_ranks_nobody() -> None:
    words = told([own.outcome(made.ORT, 0, 10.0)], [own.outcome(made.WASM, 0, 20.0)]).recommendation
    assert "too few rounds" in words


def test_without_a_right_result_nothing_is_shipped() -> None:
    wrong = [made.wrong(Cell(made.ORT, own.OWN, "inference"), number) for number in range(4)]
    found = told(wrong)
    assert found.recommendation == "No browser target gave a right result, so there is none to ship."
    assert found.failures == ("onnxruntime-web@1.23.0 wasm gave a wrong result: output differs from the reference by"
                              " 0.31, tolerance 0.001",)  # fmt: skip


def test_the_model_its_forms_and_its_failures_are_said() -> None:
    found = rich()
    assert found.model == "own.onnx: 3,504,872 parameters, 301 M multiply-adds, weights: random, from keras:MobileNetV2"
    assert "onnx: 14.0 MB, 10.0 MB compressed, made in 1.25 s, off by 3.0e-06 in onnxruntime" in found.conversions
    assert found.failures == ("tfjs@4.22.0 webgpu could not run here: no adapter",)
    (even,) = found.break_evens
    assert even.startswith("For up to 40 inferences in a visit tfjs@4.22.0 wasm, 1 thread is done sooner")


def test_the_terminal_shows_the_recommendation_before_the_ranking() -> None:
    console = Console(file=io.StringIO(), width=160)
    terminal.show(console, rich())
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert lines[1].startswith("Ship onnxruntime-web")
    assert any(line.startswith("1") and "onnxruntime-web" in line for line in lines)
    assert any(line.startswith("native") and "tensorflow" in line for line in lines)


def test_json_holds_every_target_with_numbers_or_their_reason() -> None:
    found = json.loads(json.dumps(benching.as_json(rich())))
    assert found["recommended"] == "onnxruntime-web@1.23.0 wasm"
    by_target = {(one["framework"], one["backend"], one["threads"]): one for one in found["targets"]}
    assert by_target["onnxruntime-web", "wasm", None]["latency_ms"] > 9
    assert by_target["tfjs", "webgpu", None]["status"] == "unsupported"
    assert by_target["tfjs", "webgpu", None]["latency_ms"] is None
    assert found["break_even"] == [{"target": "tfjs@4.22.0 wasm", "inferences": 40}]


def test_the_page_has_the_recommendation_on_its_first_screen() -> None:
    stored = own.results(
        own.rounds(made.ORT, 10.0, 100.0, **FACTS), own.rounds(made.WASM, 20.0), experiments=("bench", "cost")
    )
    html = page.render(stored, figures.figures(stored))
    assert "What to ship" in html.partition("</section>")[0]
    assert "Ship onnxruntime-web@1.23.0 wasm" in html.partition("</section>")[0]


def test_the_factors_of_the_gap_are_said_where_the_ceilings_were_taken() -> None:
    def rounds(target: Target, ms: float) -> list[Outcome]:
        return own.rounds(target, ms, operation_multiply_adds=300_774_272, operation_bytes=14_000_000)

    web, native = rounds(made.ORT, 10.0), rounds(made.NATIVE, 4.0)
    assert told(web, native).factors == ""
    words = told(web, native, limits.ceilings()).factors
    assert words.startswith("In inference at own.onnx, of the 2.50× from onnxruntime-web")
    costs = limits.RATES[limits.ORT]["gemm"] / limits.RATES[limits.SIMD]["gemm"]
    assert f"{wording.number(costs)}× is what the browser costs" in words


def test_what_the_time_did_not_allow_is_not_said_to_be_impossible() -> None:
    late = [
        made.failed(Cell(made.WEBGPU, own.OWN, "inference"), "unsupported", "over budget: not reached within 4 min", 0)
    ]
    failed = told(own.rounds(made.ORT, 10.0), late).failures
    assert failed == ("tfjs@4.22.0 webgpu could not be reached: over budget: not reached within 4 min",)
