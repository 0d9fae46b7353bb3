"""One's own models as they are measured: in every form that a runtime takes, with inputs and the right outputs.

`sources` makes a folder of each, once; what is here reads it. A folder holds `prepared.json`, `inputs.bin` (as
`handed.DataShape` has it), `outputs.npy` (samples, all outputs' numbers in a row) and one folder per form.
"""

from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from howfar.handed import TensorSpec
from howfar.records import Fact, Model

FormName = Literal["tfjs-graph", "tfjs-layers", "onnx", "saved-model", "tflite", "keras-js", "webdnn"]
# In the order in which they are made.
FORMS: tuple[FormName, ...] = get_args(FormName)

PREPARED = "prepared.json"
INPUTS = "inputs.bin"
OUTPUTS = "outputs.npy"
# Of so many numbers spread over all outputs, none is right by chance.
MOST_OUTPUTS = 20_000


class Form(Struct, frozen=True, forbid_unknown_fields=True):
    """The model in one format. `files`: paths in the form's folder, empty where there are none; `refused` says why.

    `max_relative_error`: of its outputs, worked out natively by `checked_by`, against the source's, relative to the
    output's scale; None where nothing here runs this format.
    `float16_bytes`, `uint8_bytes`: what the files would weigh with weights of that type, where the format has it.
    """

    files: tuple[str, ...] = ()
    refused: str = ""
    size_bytes: int = 0
    gzip_bytes: int = 0
    float16_bytes: int | None = None
    uint8_bytes: int | None = None
    conversion_s: float = 0.0
    max_relative_error: float | None = None
    checked_by: str = ""


class Prepared(Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of a model before it is measured. `samples`: how many sets of inputs lie ready.

    `native_spread`: how far apart the native runtimes are that ran it, relative to the output's scale; `tolerance`
    comes from it, as docs/method.md says. `made_by`: as `sources.makers` has it.
    """

    model: Model
    source: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    samples: int
    native_spread: float
    tolerance: float
    forms: Mapping[FormName, Form]
    parameters: int | None = None
    trainable_parameters: int | None = None
    multiply_adds: int | None = None
    weights: str = ""
    made_by: str = ""


class Portfolio:
    """The models of one run, by their records. `refused`: those that could not be prepared, and why."""

    def __init__(self, folders: Mapping[Model, Path] | None = None, refused: Mapping[Model, str] | None = None) -> None:
        self._folders, self.refused = dict(folders or {}), dict(refused or {})
        self._prepared = {model: read(folder) for model, folder in self._folders.items()}

    def __getitem__(self, model: Model) -> Prepared:
        return self._prepared[model]

    def __contains__(self, model: object) -> bool:
        return model in self._prepared

    def files(self, model: Model, form: FormName) -> dict[str, Path]:
        """The files of a form, by their path in it."""
        folder = self._folders[model] / form
        return {name: folder / name for name in self._prepared[model].forms[form].files}

    def inputs(self, model: Model) -> Path:
        """The file of its inputs."""
        return self._folders[model] / INPUTS

    def outputs(self, model: Model) -> NDArray[np.float32]:
        """The outputs that are right: (samples, numbers of all outputs in a row)."""
        found: NDArray[np.float32] = np.load(self._folders[model] / OUTPUTS, allow_pickle=False)
        return found

    def facts(self, model: Model, form: FormName) -> dict[str, Fact]:
        """What the judging half is told of a model and the form that a target takes."""
        prepared, one = self[model], self[model].forms[form]
        facts: dict[str, Fact] = {
            "form": form,
            "model_bytes": one.size_bytes,
            "model_gzip_bytes": one.gzip_bytes,
            "model_float16_bytes": one.float16_bytes,
            "model_uint8_bytes": one.uint8_bytes,
            "conversion_s": one.conversion_s,
            "form_max_relative_error": one.max_relative_error,
            "form_checked_by": one.checked_by,
            "parameters": prepared.parameters,
            "trainable_parameters": prepared.trainable_parameters,
            "multiply_adds": prepared.multiply_adds,
            "native_spread": prepared.native_spread,
            "weights": prepared.weights,
            "source": prepared.source,
        }
        return {key: value for key, value in facts.items() if value is not None}


EMPTY = Portfolio()


def output_stride(prepared: Prepared) -> int:
    """Every so-manieth of a sample's numbers is held against the right ones, so that they fit in a report."""
    return -(-elements(prepared.outputs) // MOST_OUTPUTS)


def read(folder: Path) -> Prepared:
    """What `sources` wrote there."""
    return msgspec.json.decode((folder / PREPARED).read_bytes(), type=Prepared)


def scale(output: NDArray[Any]) -> float:
    """What an output's errors are relative to: its largest absolute value; 1 where all are zeros."""
    return float(np.max(np.abs(output), initial=0.0)) or 1.0


def elements(tensors: tuple[TensorSpec, ...]) -> int:
    """How many numbers all of them hold."""
    return sum(prod(tensor.shape) for tensor in tensors)
