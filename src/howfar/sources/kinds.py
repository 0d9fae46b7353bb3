"""What kind of model a name or path is: told by its content, not by its name alone. Nothing here parses weights."""

import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from howfar.errors import UserError
from howfar.graphs.inside import file_in
from howfar.sources import protobuf

Kind = Literal[
    "keras-application", "keras", "h5", "onnx", "saved-model", "tfjs-layers", "tfjs-graph", "tflite"
]  # fmt: skip

PREFIX = "keras:"
MEND = "give a .onnx, .keras, .h5, .tflite or model.json file, a SavedModel folder, or keras:MobileNetV2"
HDF5 = b"\x89HDF\r\n\x1a\n"
# The largest that some runtime's own loader takes as text.
MAX_JSON_BYTES = 256 << 20


class _Group(msgspec.Struct):
    """A group of a weightsManifest, as far as its files go."""

    paths: list[str] = []


def application(model: str) -> str:
    """The name after `keras:`."""
    return model.removeprefix(PREFIX)


def kind_of(model: str) -> Kind:
    """What it is.

    Raises: UserError where it is not there, cut off, or none of them.
    """
    if model.startswith(PREFIX):
        return "keras-application"
    path = Path(model)
    if not path.exists():
        raise UserError("there is no such file or folder", where=model, mend=MEND)
    return _kind_of_folder(path) if path.is_dir() else _kind_of_file(path)


def _kind_of_folder(path: Path) -> Kind:
    if (path / "saved_model.pb").is_file():
        protobuf.check(path / "saved_model.pb", known=range(1, 6), needed=[2], what="a SavedModel")
        return "saved-model"
    if (path / "model.json").is_file():
        return _kind_of_json(path / "model.json")
    raise UserError("the folder has neither saved_model.pb nor model.json", where=str(path), mend=MEND)


def _kind_of_file(path: Path) -> Kind:
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        raise UserError(f"it can't be read ({error.strerror})", where=str(path), mend=MEND) from None
    if path.suffix == ".json":
        return _kind_of_json(path)
    if start[4:8] == b"TFL3":
        return "tflite"
    if start.startswith(HDF5):
        return "h5"
    if start.startswith(b"PK"):
        return _kind_of_zip(path)
    if path.suffix == ".onnx":
        # The fields of ONNX's ModelProto; 7 is its graph, 8 the version of its operators.
        protobuf.check(path, known=[*range(1, 9), 14, 20, 25, 26], needed=[7, 8], what="an ONNX model")
        return "onnx"
    raise UserError("it is no model that howfar knows", where=str(path), mend=MEND)


def _kind_of_zip(path: Path) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise UserError(f"the archive is broken or cut off ({error})", where=str(path), mend=MEND) from None
    if not {"config.json", "model.weights.h5"} <= names:
        raise UserError("the archive is no Keras model: it has no config.json", where=str(path), mend=MEND)
    return "keras"


def _kind_of_json(path: Path) -> Kind:
    said = tfjs_json(path)
    if "weightsManifest" not in said or not isinstance(said.get("modelTopology"), dict):
        raise UserError("it is no TensorFlow.js model: it has no weightsManifest", where=str(path), mend=MEND)
    topology = said["modelTopology"]
    return "tfjs-graph" if said.get("format") == "graph-model" or "node" in topology else "tfjs-layers"


def tfjs_json(path: Path) -> dict[str, Any]:
    """A model.json. Raises: UserError where it is too large, cut off, or no object."""
    if path.stat().st_size > MAX_JSON_BYTES:
        raise UserError("it is larger than any model.json", where=str(path), mend=MEND)
    try:
        said = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise UserError(f"it is no JSON, or cut off ({error})", where=str(path), mend=MEND) from None
    return said if isinstance(said, dict) else {}


def root(model: str) -> Path:
    """The folder that all files of a model are in."""
    path = Path(model)
    return path if path.is_dir() else path.parent


def files(model: str, kind: Kind) -> Iterator[Path]:
    """Every file that the model is in.

    Raises: UserError for one that is not there, or lies outside the model's folder.
    """
    path = Path(model)
    if kind == "saved-model":
        yield from (one for one in sorted(path.rglob("*")) if one.is_file())
    elif kind in ("tfjs-layers", "tfjs-graph"):
        yield from _tfjs_files(path / "model.json" if path.is_dir() else path)
    else:
        yield path
    if kind == "onnx":
        from howfar.sources.onnx_data import external_files  # noqa: PLC0415  (loads onnx where a file needs it)

        yield from external_files(path)


def _tfjs_files(path: Path) -> Iterator[Path]:
    yield path
    yield from (inside(path.parent, name, path) for name in _weight_files(tfjs_json(path), path))


def _weight_files(said: Mapping[str, Any], path: Path) -> list[str]:
    """The names of a model.json's files of weights. Raises: UserError where its manifest is none."""
    try:
        groups = msgspec.convert(said["weightsManifest"], list[_Group])
    except msgspec.ValidationError as error:
        raise UserError(f"its weightsManifest is broken ({error})", where=str(path), mend=MEND) from None
    return [name for group in groups for name in group.paths]


def inside(folder: Path, name: str, where: Path) -> Path:
    """A file that a model names. Raises: UserError where it is outside the model's folder, or not there."""
    file_in(folder, name, where)
    return folder / name


def size_bytes(model: str, kind: Kind) -> int:
    """What the model's files weigh; 0 for a name."""
    return 0 if kind == "keras-application" else sum(path.stat().st_size for path in files(model, kind))
