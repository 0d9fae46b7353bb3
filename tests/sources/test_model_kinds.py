import json
import zipfile
from pathlib import Path

import pytest

import small_models
from howfar.errors import UserError
from howfar.sources import kinds


def refusal(path: Path | str) -> str:
    with pytest.raises(UserError) as caught:
        list(kinds.files(str(path), kinds.kind_of(str(path))))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_kinds_are_told_by_content(tmp_path: Path) -> None:
    assert kinds.kind_of("keras:VGG16") == "keras-application"
    assert kinds.kind_of(str(small_models.onnx_file(tmp_path / "a.onnx"))) == "onnx"
    (tmp_path / "named.onnx").write_bytes(b"\x1c\0\0\0TFL3" + bytes(8))
    assert kinds.kind_of(str(tmp_path / "named.onnx")) == "tflite"
    (tmp_path / "any.bin").write_bytes(kinds.HDF5 + bytes(8))
    assert kinds.kind_of(str(tmp_path / "any.bin")) == "h5"


def test_nothing_there_is_said(tmp_path: Path) -> None:
    assert "there is no such file or folder; give a .onnx" in refusal(tmp_path / "none.onnx")
    assert "neither saved_model.pb nor model.json" in refusal(tmp_path)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x08", b"GIF89a" + bytes(100)], ids=["empty", "text", "a", "b"])
def test_what_is_no_model_is_said(tmp_path: Path, content: bytes) -> None:
    for name in ("model.onnx", "model.keras", "model.h5", "model.tflite"):
        (tmp_path / name).write_bytes(content)
        assert "it is no model" in refusal(tmp_path / name) or "it is not an ONNX model" in refusal(tmp_path / name)


def test_every_cut_of_an_onnx_file_is_seen(tmp_path: Path) -> None:
    whole = small_models.onnx_file(tmp_path / "whole.onnx").read_bytes()
    for length in range(1, len(whole)):
        (tmp_path / "cut.onnx").write_bytes(whole[:length])
        assert "it is not an ONNX model, or cut off" in refusal(tmp_path / "cut.onnx")


def test_a_saved_model_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01")
    assert "it is not a SavedModel, or cut off (field 2 is missing)" in refusal(tmp_path)


def test_archives_that_are_no_models(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "photos.keras", "w") as archive:
        archive.writestr("photo.png", "x" * 100)
    assert "the archive is no Keras model" in refusal(tmp_path / "photos.keras")
    (tmp_path / "cut.keras").write_bytes((tmp_path / "photos.keras").read_bytes()[:60])
    assert "the archive is broken or cut off" in refusal(tmp_path / "cut.keras")


def test_json_that_is_no_model(tmp_path: Path) -> None:
    file = tmp_path / "model.json"
    for text, said in (
        ("{", "it is no JSON, or cut off"),
        ("[" * 100_000, "it is no JSON, or cut off"),
        ("[1]", "it is no TensorFlow.js model"),
        ('{"weightsManifest": []}', "it is no TensorFlow.js model"),
    ):
        file.write_text(text)
        assert said in refusal(file)


@pytest.mark.parametrize("manifest", [None, 7, ["x"], [{"paths": None}], [{"paths": [1]}]])
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, manifest: object) -> None:
    file = tmp_path / "model.json"
    file.write_text(json.dumps({"modelTopology": {}, "weightsManifest": manifest}))
    assert "its weightsManifest is broken" in refusal(file)


def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(bytes(8))

    def locked(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", locked)
    assert "it can't be read (Permission denied)" in refusal(file)


@pytest.mark.parametrize("name", ["../secret.bin", "/etc/hostname"])
def test_shards_outside_of_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.bin").write_bytes(bytes(8))
    (tmp_path / "model").mkdir()
    said = {"modelTopology": {}, "weightsManifest": [{"paths": [name], "weights": []}]}
    (tmp_path / "model/model.json").write_text(json.dumps(said))
    assert "outside its folder" in refusal(tmp_path / "model")


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.bin").write_bytes(bytes(24))
    (tmp_path / "model").mkdir()
    (tmp_path / "model/weights.bin").symlink_to(tmp_path / "secret.bin")
    small_models.onnx_file_beside(tmp_path / "model/small_models.onnx", "weights.bin", content=None)
    assert "outside its folder" in refusal(tmp_path / "model/small_models.onnx")


def test_external_data_of_onnx_is_checked(tmp_path: Path) -> None:
    file = tmp_path / "small_models.onnx"
    assert list(kinds.files(str(small_models.onnx_file_beside(file, "weights.bin")), "onnx")) == [
        file,
        tmp_path / "weights.bin",
    ]
    small_models.onnx_file_beside(file, "weights.bin", length=25)
    assert "its tensor 'weights' is not within weights.bin" in refusal(file)
    (tmp_path / "weights.bin").unlink()
    assert "missing" in refusal(file)
    (tmp_path.parent / "outside.bin").write_bytes(bytes(24))
    assert "outside its folder" in refusal(small_models.onnx_file_beside(file, "../outside.bin", content=None))
