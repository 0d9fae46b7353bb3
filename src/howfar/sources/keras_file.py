"""A model that Keras saved: .keras (an archive) and .h5, read as data only.

Keras's own loaders go by what a file names. Here the description is checked first and built without them, and the
weights are read from an HDF5 file that was checked too.
"""

import json
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from howfar.errors import UserError
from howfar.sources import h5_files, keras_config
from howfar.sources.foreign import calling
from howfar.sources.keras_source import source_of
from howfar.sources.memory import check as check_memory
from howfar.sources.request import Request
from howfar.sources.source import Source

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
# The longest description of keras.applications is of 0.7 MB.
MAX_CONFIG_BYTES = 64 << 20


def load(request: Request) -> Source:
    """Raises: UserError where it is broken, hostile, or has what Keras lacks, and as `source_of`."""
    path = Path(request.model)
    return source_of(model_of(path), request, f"Keras file {path.name}")


def model_of(path: Path) -> Any:
    """The Keras model of a file, for inference.

    Raises: UserError where it is broken, hostile, or has what Keras lacks.
    """
    return _from_archive(path) if zipfile.is_zipfile(path) else _from_h5(path)


def _from_archive(path: Path) -> Any:
    with calling("Keras", path), zipfile.ZipFile(path) as archive:
        for name in (CONFIG, WEIGHTS):
            _check_member(archive.getinfo(name), path)
        config = _config(archive.read(CONFIG), path)
        with tempfile.TemporaryDirectory() as folder, archive.open(WEIGHTS) as packed:
            weights = Path(folder) / WEIGHTS
            with weights.open("wb") as file:
                shutil.copyfileobj(packed, file, 1 << 20)
            h5_files.check(weights)
            return _built(config, weights)


def _check_member(member: zipfile.ZipInfo, path: Path) -> None:
    limit = MAX_CONFIG_BYTES if member.filename == CONFIG else h5_files.MAX_RATIO * max(member.compress_size, 1 << 16)
    if member.file_size > limit:
        what = f"its {member.filename} unpacks to {member.file_size / 1e9:.2f} GB from {member.compress_size} bytes"
        raise UserError(what, where=str(path), mend="do not use it")
    check_memory(member.file_size, str(path))


def _config(text: bytes | str, path: Path) -> Any:
    try:
        config = keras_config.without_training(json.loads(text))
    except (ValueError, RecursionError) as error:
        what = f"its description is no JSON ({error})"
        raise UserError(what, where=str(path), mend="save the model again") from None
    keras_config.check(config, str(path))
    return config


def _built(config: Any, weights: Path) -> Any:
    import keras  # noqa: PLC0415

    model = keras.saving.deserialize_keras_object(config, safe_mode=True)
    model.load_weights(str(weights))
    return model


def _from_h5(path: Path) -> Any:
    import h5py  # noqa: PLC0415
    import keras  # noqa: PLC0415

    h5_files.check(path)
    with calling("Keras", path):
        with h5py.File(path, "r") as file:
            text = file.attrs.get("model_config")
        if text is None:
            mend = "save the whole model, or name the network: keras:NAME --weights FILE"
            raise UserError("it holds weights and no model", where=str(path), mend=mend)
        _config(text, path)
        return keras.models.load_model(str(path), compile=False, safe_mode=True)
