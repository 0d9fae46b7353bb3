"""Whether a Keras model's description is of Keras's own classes only: it is checked before anything is built from it.

Keras resolves what a description names by importing it. So a name is one of those below, or the file is refused.
"""

from collections.abc import Iterator
from typing import Any

from howfar.errors import UserError

MODELS = frozenset({"Functional", "Model", "Sequential"})
LAYERS = frozenset({
    "Activation", "ActivityRegularization", "AdaptiveAveragePooling1D", "AdaptiveAveragePooling2D",
    "AdaptiveMaxPooling1D", "AdaptiveMaxPooling2D", "Add", "AdditiveAttention", "AlphaDropout", "Attention", "Average",
    "AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "BatchNormalization", "Bidirectional", "CenterCrop",
    "Concatenate", "Conv1D", "Conv1DTranspose", "Conv2D", "Conv2DTranspose", "Conv3D", "Conv3DTranspose", "ConvLSTM1D",
    "ConvLSTM2D", "Cropping1D", "Cropping2D", "Cropping3D", "Dense", "DepthwiseConv1D", "DepthwiseConv2D", "Dot",
    "Dropout", "ELU", "EinsumDense", "Embedding", "Flatten", "GRU", "GRUCell", "GaussianDropout", "GaussianNoise",
    "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D", "GlobalMaxPooling1D",
    "GlobalMaxPooling2D", "GlobalMaxPooling3D", "GroupNormalization", "GroupQueryAttention", "Identity", "InputLayer",
    "LSTM", "LSTMCell", "LayerNormalization", "LeakyReLU", "Masking", "MaxPooling1D", "MaxPooling2D", "MaxPooling3D",
    "Maximum", "Minimum", "MultiHeadAttention", "Multiply", "Normalization", "PReLU", "Permute", "RMSNormalization",
    "RNN", "RandomBrightness", "RandomContrast", "RandomCrop", "RandomFlip", "RandomRotation", "RandomTranslation",
    "RandomZoom", "ReLU", "RepeatVector", "Rescaling", "Reshape", "Resizing", "SeparableConv1D", "SeparableConv2D",
    "SimpleRNN", "SimpleRNNCell", "Softmax", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D",
    "SpectralNormalization", "StackedRNNCells", "Subtract", "ThresholdedReLU", "TimeDistributed", "UnitNormalization",
    "UpSampling1D", "UpSampling2D", "UpSampling3D", "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D",
})  # fmt: skip
# What layers are given: initialisers, regularisers, constraints, types.
PARTS = frozenset({
    "Constant", "DTypePolicy", "Float32", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity",
    "IdentityInitializer", "L1", "L1L2", "L2", "LecunNormal", "LecunUniform", "MaxNorm", "MinMaxNorm", "NonNeg", "Ones",
    "Orthogonal", "OrthogonalRegularizer", "Policy", "RandomNormal", "RandomUniform", "TruncatedNormal", "UnitNorm",
    "VarianceScaling", "Zeros",
})  # fmt: skip
# Values that JSON has no form for.
VALUES = frozenset({
    "TensorShape", "__ellipsis__", "__keras_tensor__", "__numpy__", "__slice__", "__tensor__", "__tuple__",
})  # fmt: skip
# Code, or a file that holds code.
CODE = frozenset({"Lambda", "__lambda__", "FlaxLayer", "JaxLayer", "TFSMLayer", "TorchModuleWrapper"})
PLAIN_MODULES = frozenset({
    None, "keras", "keras.constraints", "keras.dtype_policies", "keras.initializers", "keras.layers", "keras.models",
    "keras.regularizers", "keras.src.models.functional", "keras.src.models.model", "keras.src.models.sequential",
})  # fmt: skip
FUNCTION_MODULES = frozenset({None, "builtins", "keras.activations"})
# `x + 3.0` between layers is an operation of these.
OPERATION_MODULES = frozenset({"keras.src.ops.math", "keras.src.ops.nn", "keras.src.ops.numpy"})
APPLICATION_LAYERS = frozenset({
    ("keras.src.applications.convnext", "LayerScale"),
    ("keras.src.applications.convnext", "StochasticDepth"),
    ("keras.src.applications.inception_resnet_v2", "CustomScaleLayer"),
})  # fmt: skip


def check(config: object, where: str) -> None:
    """Raises: UserError for the first class or function in a model's description that is not Keras's own."""
    for one in _described(config):
        if why := _against(one):
            mend = "howfar executes no code of a file; build the model of Keras's own layers"
            raise UserError(f"layer {_name(one)!r} {why}", where=where, mend=mend)


def _described(config: object) -> Iterator[dict[str, Any]]:
    """Every object in a description that names a class, the outer ones first."""
    left = [config]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            if "class_name" in one or "spec_name" in one:
                yield one
            left.extend(reversed(list(one.values())))
        elif isinstance(one, list):
            left.extend(reversed(one))


def _against(one: dict[str, Any]) -> str:
    """What speaks against a class, or nothing."""
    name, module = one.get("class_name"), one.get("module")
    if isinstance(name, str) and name in CODE:
        return f"is a {name.strip('_')}: it holds code, which is never executed"
    if name == "function":
        return _against_function(one.get("config"), module)
    return "" if _is_own(name, module) else f"is of class {name!r}, which is not one of Keras's"


def _against_function(name: object, module: object) -> str:
    known = isinstance(name, str) and name.isidentifier() and module in FUNCTION_MODULES
    return "" if known else f"calls {name!r}, which is no activation of Keras"


def _is_own(name: object, module: object) -> bool:
    if not isinstance(name, str) or not (module is None or isinstance(module, str)):
        return False
    if module in OPERATION_MODULES:
        return name.isidentifier()
    plain = module in PLAIN_MODULES and name in MODELS | LAYERS | PARTS
    return plain or name in VALUES or (module, name) in APPLICATION_LAYERS


def _name(one: dict[str, Any]) -> str:
    inner = one.get("config")
    found = one.get("name") or (inner.get("name") if isinstance(inner, dict) else None)
    return str(found or one.get("class_name"))


def without_training(config: Any) -> Any:
    """A description without what a model was trained by: losses, metrics and optimisers are not built."""
    if isinstance(config, dict):
        return {key: without_training(value) for key, value in config.items() if key != "compile_config"}
    return [without_training(value) for value in config] if isinstance(config, list) else config
