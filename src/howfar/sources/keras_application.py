"""A model of keras.applications by its name: random weights that say something, or trained ones."""

import difflib
from pathlib import Path
from typing import Any

from howfar.errors import UserError
from howfar.sources import calibrating, h5_files, kinds, memory
from howfar.sources.foreign import calling
from howfar.sources.keras_source import source_of
from howfar.sources.request import ONLY, RANDOM, Request
from howfar.sources.source import Source


def load(request: Request) -> Source:
    """Raises: UserError for a name that Keras does not have, or a shape or weights that do not fit it."""
    import keras  # noqa: PLC0415

    keras.utils.set_random_seed(request.seed)
    model = _constructed(request)
    words = weights_words(request)
    if words.startswith(RANDOM):
        memory.check(4 * model.count_params(), request.model)
        calibrating.calibrate(model, request.seed)
    return source_of(model, request, f"keras.applications.{kinds.application(request.model)}", words)


def weights_words(request: Request) -> str:
    """What `Prepared.weights` says."""
    if request.weights in ("", RANDOM):
        return f"{RANDOM}, seed {request.seed}"
    return "imagenet" if request.weights == "imagenet" else f"of {Path(request.weights).name}"


def names() -> list[str]:
    """What keras.applications can build."""
    import keras  # noqa: PLC0415

    there = vars(keras.applications)
    return sorted(name for name, one in there.items() if name[0].isupper() and callable(one) and name != "ConvNeXtBase")


def _constructed(request: Request) -> Any:
    import keras  # noqa: PLC0415

    name = kinds.application(request.model)
    if not hasattr(keras.applications, name) or not name[:1].isupper():
        near = difflib.get_close_matches(name, names(), 3, 0.4) or ["MobileNetV2", "ResNet50", "EfficientNetB0"]
        raise UserError("keras.applications has no such model", where=request.model, mend=f"try {', '.join(near)}")
    options: dict[str, Any] = {"weights": "imagenet" if request.weights == "imagenet" else None}
    if shape := request.shapes.get(ONLY) or next(iter(request.shapes.values()), None):
        options["input_shape"] = shape[-3:]
    weights = Path(request.weights) if request.weights not in ("", RANDOM, "imagenet") else None
    with calling("Keras", request.model, mend="check --shape and --weights; imagenet needs a network"):
        if weights:
            h5_files.check(weights)
        model = getattr(keras.applications, name)(**options)
        if weights:
            model.load_weights(weights)
    return model
