"""What a host is handed: a task with the URLs of all that it needs, and the shapes of what lies behind them. Frozen and
strict, like all records."""

from collections.abc import Mapping
from math import prod
from typing import Annotated, Literal

from msgspec import Meta, Struct

from howfar.layers import Layer, Positive, Shape
from howfar.records import SCHEMA, DType, Task


class DataShape(Struct, frozen=True, forbid_unknown_fields=True):
    """What lies behind `Assignment.data_url`: float32 inputs (samples, features), then uint8 labels (samples). Of one's
    own model: sample after sample all of its inputs' numbers, 4 bytes each (int32 where they are no float32), and no
    labels; `classes`: of one sample the outputs that are reported."""

    samples: Positive
    features: Positive
    classes: Positive


class TensorSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """What a model takes or gives: all of its lengths are fixed, the batch's too."""

    name: str
    shape: Shape
    dtype: DType = "float32"

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return prod(self.shape)


class Assignment(Struct, frozen=True, forbid_unknown_fields=True):
    """The task as its host gets it: what to do, and the URLs (paths on the same origin) of all that it needs."""

    task: Task
    adapter_url: str
    script_urls: tuple[str, ...]
    # ES modules that the adapter gets, by the registry's names; and what their own imports of packages lead to.
    module_urls: Mapping[str, str]
    imports: Mapping[str, str]
    asset_urls: Mapping[str, str]
    layers: tuple[Layer, ...]
    weights_url: str
    # The model as the framework's own saved files, by name; empty where the task has no use for them.
    model_urls: Mapping[str, str]
    # What one's own model takes; none of the study's networks.
    inputs: tuple[TensorSpec, ...]
    # Of all outputs in a row, every so-manieth number is reported.
    output_stride: Positive
    data_url: str
    data: DataShape
    # Inference: the outputs of this many samples are sent back. Training: the losses of this many first steps.
    check_count: Positive
    learning_rate: Annotated[float, Meta(gt=0)]
    schema: Literal[3] = SCHEMA
