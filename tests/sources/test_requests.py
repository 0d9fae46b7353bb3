from pathlib import Path

import msgspec
import numpy as np
import pytest

import small_models
from howfar.errors import UserError
from howfar.sources.request import Request, model_of, shapes_of


def test_shapes_are_read_with_and_without_names() -> None:
    assert shapes_of(["1x224x224x3", "words=1x128"]) == {"": (1, 224, 224, 3), "words": (1, 128)}


def test_a_name_may_hold_an_equals_sign_and_colons() -> None:
    assert shapes_of(["serving=x:0=1x2"]) == {"serving=x:0": (1, 2)}


@pytest.mark.parametrize("text", ["", "x", "1x", "axb", "1x-2", "0x2", "name=", "1.5x2", "²x3"])
def test_what_is_no_shape_is_refused(text: str) -> None:
    with pytest.raises(UserError, match=r"--shape: .* is no shape; write it as 1x224x224x3"):
        shapes_of([text])


def test_a_model_by_name_needs_nothing_installed() -> None:
    model = model_of(Request("keras:MobileNetV2"))
    assert (model.kind, model.name, str(model)) == ("graph", "MobileNetV2", "MobileNetV2")
    assert len(model.digest) == 32


def test_the_digest_is_of_the_content_and_not_of_the_place(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
        small_models.onnx_file(folder / "small_models.onnx")
    assert model_of(Request(str(one / "small_models.onnx"))) == model_of(Request(str(other / "small_models.onnx")))
    small_models.onnx_file(other / "small_models.onnx", operator="Sigmoid")
    assert model_of(Request(str(one / "small_models.onnx"))) != model_of(Request(str(other / "small_models.onnx")))


CHANGES = [{"shapes": {"": (1, 3)}}, {"batch": 2}, {"seed": 1}]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_all_that_changes_outputs_changes_the_digest(tmp_path: Path, change: dict[str, object]) -> None:
    request = Request(str(small_models.onnx_file(tmp_path / "small_models.onnx")))
    assert model_of(request).digest != model_of(msgspec.structs.replace(request, **change)).digest


def test_inputs_and_weights_change_the_digest_by_their_content(tmp_path: Path) -> None:
    file, seen = tmp_path / "x.npz", set()
    for number in (1, 2):
        np.savez(file, x=np.full((1, 3), number))
        seen.add(model_of(Request("keras:VGG16", inputs=str(file))).digest)
        seen.add(model_of(Request("keras:VGG16", weights=str(file))).digest)
    assert len(seen) == 4
    assert model_of(Request("keras:VGG16", weights="random")) == model_of(Request("keras:VGG16"))
    assert model_of(Request("keras:VGG16", weights="imagenet")) != model_of(Request("keras:VGG16"))


def test_weights_beside_an_onnx_file_change_the_digest(tmp_path: Path) -> None:
    request = Request(str(small_models.onnx_file_beside(tmp_path / "small_models.onnx", "weights.bin")))
    before = model_of(request)
    (tmp_path / "weights.bin").write_bytes(bytes(24))
    assert model_of(request).digest != before.digest


def test_options_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    file = str(small_models.onnx_file(tmp_path / "small_models.onnx"))
    with pytest.raises(UserError, match=r"--weights: the file has its own weights"):
        model_of(Request(file, weights="random"))
    with pytest.raises(UserError, match=r"--input: there is no file"):
        model_of(Request(file, inputs=str(tmp_path / "none.npz")))
    with pytest.raises(UserError, match=r"--weights: there is no file"):
        model_of(Request("keras:VGG16", weights=str(tmp_path / "none.h5")))
