"""Keras's files may name code. Each of these would touch a file if anything of it ran."""

import importlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import small_models
from howfar.errors import UserError
from howfar.sources import h5_files, keras_config, keras_file

pytest.importorskip("tensorflow")
# Keras's variables and TensorFlow Lite's interpreter warn of what is to come, in their own code.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation"),
    pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated"),
]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    file = tmp_path / "small_models.keras"
    small_models.keras_model().save(file)
    return file


def rewritten(path: Path, change: Callable[[Any], None]) -> Path:
    """The archive with another description."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    change(config)
    changed = path.with_name("changed.keras")
    with zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (parts | {"config.json": json.dumps(config).encode()}).items():
            archive.writestr(name, content)
    return changed


def layer(config: Any, name: str) -> Any:
    return next(one for one in config["config"]["layers"] if one["config"]["name"] == name)


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        keras_file.model_of(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_an_own_file_is_read(saved: Path) -> None:
    assert [one.name for one in keras_file.model_of(saved).layers][1:3] == ["maps", "normal"]


def test_a_compiled_model_is_read_without_its_training(tmp_path: Path) -> None:
    model = small_models.keras_model()
    model.compile(optimizer="adam", loss="mse")
    model.save(tmp_path / "small_models.keras")
    assert not keras_file.model_of(tmp_path / "small_models.keras").compiled


@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_a_lambda_is_never_run(tmp_path: Path, suffix: str) -> None:
    import keras  # noqa: PLC0415

    touched, marker = tmp_path / "touched", str(tmp_path / "touched")
    image = keras.Input((2,))
    evil = keras.layers.Lambda(lambda x: (__import__("pathlib").Path(marker).touch(), x)[1], name="evil")
    model = keras.Model(image, evil(image))
    touched.unlink(missing_ok=True)
    model.save(tmp_path / f"evil.{suffix}")
    said = refusal(tmp_path / f"evil.{suffix}")
    assert "layer 'evil' is a Lambda: it holds code, which is never executed" in said
    assert not touched.exists()


def test_classes_of_other_packages_are_not_imported(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "payload.py").write_text(f"import pathlib; pathlib.Path({str(tmp_path / 'touched')!r}).touch()")
    monkeypatch.syspath_prepend(tmp_path)

    def change(config: Any) -> None:
        layer(config, "cut").update(module="payload", class_name="ReLU", registered_name="payload>ReLU")

    assert "layer 'cut' is of class 'ReLU', which is not one of Keras's" in refusal(rewritten(saved, change))
    assert not (tmp_path / "touched").exists()


CODE = {
    "function": {"module": "builtins", "class_name": "function", "config": "os.system"},
    "other_function": {"module": "os", "class_name": "function", "config": "system"},
    "lambda": {"class_name": "__lambda__", "config": {"value": "x"}},
    "saved model": {"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": "/tmp"}},
    "torch": {"module": "keras.layers", "class_name": "TorchModuleWrapper", "config": {"module": "x"}},
    "loader": {"module": "keras.models", "class_name": "load_model", "config": {}},
    "inside": {"module": "keras.src.saving.saving_lib", "class_name": "H5IOStore", "config": {}},
    "type": {"class_name": "__typespec__", "spec_name": "x", "module": "os", "registered_name": "x", "config": []},
    "no text": {"class_name": ["Dense"], "config": {}},
}


@pytest.mark.parametrize("kind", CODE)
def test_code_by_any_name_is_refused(saved: Path, kind: str) -> None:
    def change(config: Any) -> None:
        layer(config, "maps")["config"]["activation"] = CODE[kind]

    said = refusal(rewritten(saved, change))
    assert "howfar executes no code of a file" in said


def test_an_unknown_class_in_an_h5_file_is_said(tmp_path: Path) -> None:
    import h5py  # noqa: PLC0415

    file = tmp_path / "small_models.h5"
    small_models.keras_model().save(file)
    with h5py.File(file, "r+") as opened:
        opened.attrs["model_config"] = opened.attrs["model_config"].replace('"ReLU"', '"MyOwnReLU"')
    assert "layer 'cut' is of class 'MyOwnReLU', which is not one of Keras's" in refusal(file)


def test_h5_files_that_read_others_are_refused(tmp_path: Path) -> None:
    import h5py  # noqa: PLC0415

    secret, file = tmp_path / "secret.bin", tmp_path / "small_models.h5"
    secret.write_bytes(bytes(64))
    with h5py.File(file, "w") as opened:
        opened.create_dataset("stolen", (16,), "float32", external=[(str(secret), 0, 64)])
    with pytest.raises(UserError, match="its stolen is kept in another file"):
        h5_files.check(file)
    with h5py.File(file, "w") as opened:
        opened["link"] = h5py.ExternalLink(str(secret), "/x")
    with pytest.raises(UserError, match="its link is a link to elsewhere"):
        h5_files.check(file)


def test_h5_files_that_unpack_without_end_are_refused(tmp_path: Path) -> None:
    import h5py  # noqa: PLC0415

    file = tmp_path / "bomb.h5"
    with h5py.File(file, "w") as opened:
        opened.create_dataset("zeros", (1 << 40,), "float32", chunks=(1 << 20,), compression="gzip")
    with pytest.raises(UserError, match=r"it unpacks to 4398\.0 GB, more than 100 times its size"):
        h5_files.check(file)


@pytest.mark.parametrize("name", ["config.json", "model.weights.h5"])
def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, name: str) -> None:
    file = tmp_path / "bomb.keras"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in ("config.json", "model.weights.h5"):
            with archive.open(one, "w") as member:
                for _ in range(80 if one == name else 0):
                    member.write(bytes(1 << 20))
    assert f"its {name} unpacks to 0.08 GB from" in refusal(file)


def test_cut_files_are_said(saved: Path, tmp_path: Path) -> None:
    h5 = tmp_path / "small_models.h5"
    small_models.keras_model().save(h5)
    h5.write_bytes(h5.read_bytes()[:-2000])
    assert "the file is broken or cut off" in refusal(h5)
    with zipfile.ZipFile(saved) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(saved, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content[:-2000] if name.endswith(".h5") else content)
    assert "the file is broken or cut off" in refusal(saved)


def test_weights_alone_are_no_model(tmp_path: Path) -> None:
    small_models.keras_model().save_weights(tmp_path / "small_models.weights.h5")
    assert "it holds weights and no model; save the whole model" in refusal(tmp_path / "small_models.weights.h5")


def test_what_keras_applications_are_made_of_is_known() -> None:
    import keras  # noqa: PLC0415

    model = keras.applications.MobileNetV3Small(weights=None)
    keras_config.check(keras.saving.serialize_keras_object(model), "")
    for module, name in keras_config.APPLICATION_LAYERS:
        assert issubclass(getattr(importlib.import_module(module), name), keras.Layer)
