"""One's own model on its way to a host: which form it is given, what is known of it, when its outputs are right."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

import asked
from howfar import portfolio, vendor
from howfar.assignments import Desk
from howfar.errors import Unavailable
from howfar.handed import TensorSpec
from howfar.outcomes import Outcome, Report
from howfar.portfolio import Form, FormName, Portfolio, Prepared
from howfar.records import Model, Status, Target, Task
from howfar.server import Server
from howfar.study import Limits
from howfar.visiting import Visitor
from knocking import ask

OWN = Model("graph", name="own.onnx", digest="0123456789abcdef")
OTHER = Model("graph", name="other.onnx", digest="fedcba9876543210")
# Two inputs, of which one is whole numbers; two outputs of quite different scales.
INPUTS = (TensorSpec("image", (1, 2, 2)), TensorSpec("ids", (3,), "int64"))
OUTPUTS = (TensorSpec("scores", (1, 5)), TensorSpec("mask", (1, 7)))
TRUTH = np.array([[100.0] + [50.0] * 4 + [0.001] * 7, [80.0] + [40.0] * 4 + [0.002] * 7], np.float32)

TFJS = Target("tfjs", "4.22.0", "wasm", "chromium")
LITERT = Target("litert", "2.5.3", "wasm", "chromium")
NATIVE = Target("onnxruntime", "1.0", "cpu", "native", threads=1)


@pytest.fixture
def own(tmp_path: Path) -> Portfolio:
    forms: dict[FormName, Form] = {
        "tfjs-graph": Form(refused="the operator Unheard-of"),
        "tfjs-layers": Form(("model.json", "weights.bin"), size_bytes=30_000_000, gzip_bytes=20),
        "onnx": Form(("model.onnx",), size_bytes=10, gzip_bytes=8, max_relative_error=1e-6, checked_by="onnxruntime"),
        "tflite": Form(refused="the operator Unheard-of"),
    }
    prepared = Prepared(OWN, "own.onnx", INPUTS, OUTPUTS, 2, 1e-6, 1e-3, forms, parameters=7, multiply_adds=70)
    for form, one in forms.items():
        for name in one.files:
            file = tmp_path / form / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(f"{form} {name}")
    (tmp_path / portfolio.PREPARED).write_bytes(msgspec.json.encode(prepared))
    (tmp_path / portfolio.INPUTS).write_bytes(bytes(2 * 7 * 4))
    np.save(tmp_path / portfolio.OUTPUTS, TRUTH)
    return Portfolio({OWN: tmp_path}, {OTHER: "other.onnx: not a model"})


@pytest.fixture
def served() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture
def desk(served: Server, own: Portfolio, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(vendor, "fetch", lambda *_: {})
    return Desk(served, asked.known(), asked.data(), own)


def task(target: Target, model: Model = OWN) -> Task:
    return asked.task(target, model, "inference")


def reported(desk: Desk, outputs: Any, target: Target = TFJS) -> Any:
    given = desk.assignment(task(target))
    return desk.check(given, Report(given.task.id, "ok", outputs=tuple(np.ravel(outputs).tolist())))


def test_a_target_is_given_the_first_form_that_could_be_made_file_by_file(desk: Desk, served: Server) -> None:
    given = desk.assignment(task(TFJS))
    assert set(given.model_urls) == {"model.json", "weights.bin"}
    answer = ask(served.port, given.model_urls["weights.bin"])
    assert (answer.status, answer.body) == (200, b"tfjs-layers weights.bin")


def test_the_inputs_and_how_many_outputs_are_reported(desk: Desk, served: Server) -> None:
    given = desk.assignment(task(TFJS))
    assert given.inputs == INPUTS and given.check_count == 2
    assert (given.data.samples, given.data.features, given.data.classes) == (2, 7, 12)
    assert len(ask(served.port, given.data_url).body) == 56


def test_a_native_process_reads_the_files_where_they_lie(desk: Desk) -> None:
    (url,) = desk.assignment(task(NATIVE)).model_urls.values()
    assert url.startswith("file:///") and url.endswith("/onnx/model.onnx")


@pytest.mark.parametrize("status", ["out_of_memory", "crashed"])
def test_a_model_that_did_not_fit_says_what_it_weighs(desk: Desk, served: Server, status: Status) -> None:
    visitor = Visitor(served, desk, Limits())
    ended = Outcome(task(TFJS), status, "here", "", message="the process was gone")
    weighs = "; the model weighs 30 MB" if status == "out_of_memory" else ""
    assert visitor._weighed(ended).message == f"the process was gone{weighs}"


def test_without_a_form_the_reason_is_that_of_the_converter(desk: Desk) -> None:
    with pytest.raises(Unavailable, match=r"tflite: the operator Unheard-of"):
        desk.assignment(task(LITERT))


def test_a_model_that_could_not_be_prepared_says_why(desk: Desk) -> None:
    with pytest.raises(Unavailable, match=r"other\.onnx: not a model"):
        desk.assignment(task(TFJS, OTHER))


def test_only_what_was_added_is_served(desk: Desk, served: Server) -> None:
    desk.assignment(task(TFJS))
    for path in (
        f"/files/{OWN.digest}/onnx/model.onnx",
        f"/files/{OWN.digest}/tfjs-layers/../prepared.json",
        "/files/",
    ):
        assert ask(served.port, path).status == 404


def test_equal_outputs_have_no_error(desk: Desk) -> None:
    found = reported(desk, TRUTH)
    assert found.max_abs_error == 0.0 and found.relative and found.tolerance == 1e-3


def test_the_error_of_each_output_is_relative_to_its_own_scale(desk: Desk) -> None:
    """2e-5 on an output of at most 2e-3 is a hundredth of it, however large the other output is."""
    wrong = TRUTH.copy()
    wrong[1, -1] += 2e-5
    assert reported(desk, wrong).max_abs_error == pytest.approx(0.01, rel=1e-3)
    wrong = TRUTH.copy()
    wrong[0, 0] += 1.0
    assert reported(desk, wrong).max_abs_error == pytest.approx(0.01)


def test_missing_and_infinite_outputs_have_no_error_at_all(desk: Desk) -> None:
    assert reported(desk, TRUTH[:, :-1]).max_abs_error is None
    given = desk.assignment(task(TFJS))
    nothing = Report(given.task.id, "ok", outputs=(None,) * TRUTH.size)
    assert desk.check(given, nothing).max_abs_error is None


def test_what_is_known_beside_the_times(desk: Desk) -> None:
    facts = desk.known_facts(task(NATIVE))
    assert (facts["form"], facts["model_bytes"], facts["multiply_adds"]) == ("onnx", 10, 70)
    assert facts["form_checked_by"] == "onnxruntime"


def test_of_many_outputs_every_so_manieth_is_reported() -> None:
    large = Prepared(OWN, "", (), (TensorSpec("map", (1, 100, 100, 3)),), 1, 0.0, 1e-3, {})
    assert portfolio.output_stride(large) == 2
    assert portfolio.elements(large.outputs) // 2 <= portfolio.MOST_OUTPUTS
