"""A .tflite file as a source. It is measured as it is: howfar reads no graph out of it."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np

from howfar.errors import UserError
from howfar.sources import natively
from howfar.sources.foreign import calling
from howfar.sources.request import Request
from howfar.sources.shapes import Declared, fixed
from howfar.sources.source import Source

MODEL = "model.tflite"
UNREADABLE = "howfar reads no graph out of a .tflite file; give the model that it was made of"


def load(request: Request) -> Source:
    """Raises: UserError where it is broken, or TensorFlow Lite lacks an operator."""
    path = Path(request.model)
    with calling("TensorFlow Lite", path):
        interpreter = natively.interpreter(path)
    if request.batch not in (None, _batch(interpreter)):
        mend = "convert the model again for another batch"
        raise UserError(f"its batch is {_batch(interpreter)}, and fixed", where="--batch", mend=mend)
    return Source(
        words=f"TensorFlow Lite file {path.name}",
        runtime="TensorFlow Lite",
        inputs=fixed([_declared(one) for one in interpreter.get_input_details()], request),
        run=lambda arrays: natively.run_tflite(interpreter, (), arrays),
        output_names=tuple(one["name"] for one in interpreter.get_output_details()),
        unreadable=UNREADABLE,
        own={"tflite": lambda folder: _write(path, folder)},
    )


def _batch(interpreter: Any) -> int | None:
    shapes = [list(one["shape"]) for one in interpreter.get_input_details()]
    return int(shapes[0][0]) if shapes and shapes[0] else None


def _declared(one: Any) -> Declared:
    return Declared(one["name"], tuple(int(length) for length in one["shape"]), np.dtype(one["dtype"]).name)


def _write(path: Path, folder: Path) -> tuple[str, ...]:
    shutil.copyfile(path, folder / MODEL)
    return (MODEL,)
