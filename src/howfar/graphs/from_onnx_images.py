"""ONNX's operators on images, which are channels first: (n, channels, height, width)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from howfar.graphs import axes, by_axes, windows
from howfar.graphs.building import same_margins
from howfar.graphs.drafting import Array, Draft, Operand, Tensor
from howfar.graphs.graph import Convolution, Margins, Pool, Resize, TransposedConvolution, Unary, Unreadable
from howfar.graphs.reading import Handler, Step

LAST = axes.CHANNELS_LAST


def pair(values: Any, one_dimension: bool) -> tuple[int, int]:
    """Along height and width; of one dimension the height is 1."""
    both = (1, *values) if one_dimension else tuple(values)
    if len(both) != 2:
        raise Unreadable(f"{len(both)} dimensions")
    return int(both[0]), int(both[1])


def margins_of(
    step: Step, lengths: Sequence[int], size: tuple[int, int], strides: tuple[int, int], dilations: tuple[int, int]
) -> Margins:
    """By `auto_pad` or `pads`."""
    kind = step.attributes.get("auto_pad", "NOTSET")
    if kind in ("SAME_UPPER", "SAME_LOWER"):
        down, across = same_margins(lengths, size, strides, dilations)
        return (down, across) if kind == "SAME_UPPER" else (down[::-1], across[::-1])
    flat = step.attributes.get("pads") if kind == "NOTSET" else None
    if not flat:
        return (0, 0), (0, 0)
    if len(flat) == 2:
        return (0, 0), (flat[0], flat[1])
    return axes.margins(flat)


def convolution(draft: Draft, step: Step) -> Operand:
    """Kernel (filters, channels / groups, height, width)."""
    image, flat = windows.flat(draft, step[0])
    kernel = step.known(1)
    kernel = kernel[:, :, None] if flat else kernel
    size = pair(kernel.shape[2:], False)
    strides, dilations = (_pair(step, name, flat) for name in ("strides", "dilations"))
    margins = margins_of(step, draft.shape(image)[2:], size, strides, dilations)
    operation = Convolution(strides, dilations, margins, step.attributes.get("group", 1))
    arrays = [kernel.transpose(2, 3, 1, 0), *_biases(step, 2)]
    return windows.unflat(draft, windows.convolved(draft, image, arrays, operation, LAST), flat)


def _pair(step: Step, name: str, flat: bool) -> tuple[int, int]:
    return pair(step.attributes.get(name) or ([1] if flat else [1, 1]), flat)


def _biases(step: Step, place: int) -> list[Array]:
    return [] if step.get(place) is None else [step.known(place)]


def transposed_convolution(draft: Draft, step: Step) -> Operand:
    """Kernel (channels, filters / groups, height, width)."""
    image, flat = windows.flat(draft, step[0])
    kernel = step.known(1)
    kernel = kernel[:, :, None] if flat else kernel
    if step.attributes.get("group", 1) != 1 or _pair(step, "dilations", flat) != (1, 1):
        raise Unreadable("a transposed convolution with groups or dilations")
    size, strides = pair(kernel.shape[2:], False), _pair(step, "strides", flat)
    margins = _cut_off(step, draft.shape(image)[2:], size, strides)
    arrays = [kernel.transpose(2, 3, 1, 0), *_biases(step, 2)]
    made = windows.spread_over(draft, image, arrays, TransposedConvolution(strides, margins), LAST)
    return windows.unflat(draft, made, flat)


def _cut_off(step: Step, lengths: Sequence[int], size: tuple[int, int], strides: tuple[int, int]) -> Margins:
    flat = len(step.attributes.get("kernel_shape", size)) == 1
    extra = pair(step.attributes.get("output_padding") or ([0] if flat else [0, 0]), flat)
    wanted = step.attributes.get("output_shape")
    kind = step.attributes.get("auto_pad", "NOTSET")
    if wanted:
        ends: Sequence[int] = pair(wanted[-1:] if flat else wanted[-2:], flat)
    elif kind.startswith("SAME"):
        ends = [length * stride for length, stride in zip(lengths, strides, strict=True)]
    else:
        (top, bottom), (left, right) = margins_of(step, lengths, size, strides, (1, 1))
        return _checked(((top, bottom - extra[0]), (left, right - extra[1])))
    both = zip(lengths, size, strides, extra, ends, strict=True)
    cut = [stride * (length - 1) + more + window - end for length, window, stride, more, end in both]
    halves = [(each // 2, each - each // 2 - more) for each, more in zip(cut, extra, strict=True)]
    if kind != "SAME_UPPER":
        halves = [(each - each // 2, each // 2 - more) for each, more in zip(cut, extra, strict=True)]
    return _checked((halves[0], halves[1]))


def _checked(margins: Margins) -> Margins:
    if any(each < 0 for both in margins for each in both):
        raise Unreadable("more comes out than the kernel reaches")
    return margins


def _pool(kind: Literal["max", "average"]) -> Handler:
    def handle(draft: Draft, step: Step) -> Operand | Sequence[Operand]:
        image, flat = windows.flat(draft, step[0])
        size, strides = pair(step.attributes["kernel_shape"], flat), _pair(step, "strides", flat)
        if _pair(step, "dilations", flat) != (1, 1) or step.wanted[1:] == (True,):
            raise Unreadable("a pool with dilations, or one that gives indices")
        lengths = draft.shape(image)[2:]
        margins = margins_of(step, lengths, size, strides, (1, 1))
        counts = bool(step.attributes.get("count_include_pad", 0)) and any(map(any, margins))
        if step.attributes.get("ceil_mode", 0):
            reaching = windows.ceiled(lengths, size, strides, margins)
            if counts and reaching != margins:
                raise Unreadable("an average that counts some of the margin (ceil_mode with count_include_pad)")
            margins = reaching
        made = windows.pooled(draft, image, Pool(kind, size, strides, margins, counts), LAST)
        return windows.unflat(draft, made, flat)

    return handle


def _global(kind: str) -> Handler:
    def handle(draft: Draft, step: Step) -> Operand:
        return by_axes.reduced(draft, kind, step[0], range(2, draft.rank(step[0])), keep=True)

    return handle


def batch_norm(draft: Draft, step: Step) -> Operand:
    if any(step.wanted[1:]) or step.attributes.get("training_mode", 0):
        raise Unreadable("batch normalization as in training")
    arrays = [step.known(place) for place in range(1, 5)]
    return windows.batch_norm(draft, step[0], arrays, step.attributes.get("epsilon", 1e-5), 1)


def instance_norm(draft: Draft, step: Step) -> Operand:
    rank = draft.rank(step[0])
    made = normalized(draft, step[0], range(2, rank), step.attributes.get("epsilon", 1e-5))
    return _scaled(draft, made, step, rank)


def group_norm(draft: Draft, step: Step) -> Operand:
    shape, groups = draft.shape(step[0]), step.attributes["num_groups"]
    channels = shape[1]
    image = draft.reshape(draft.tensor(step[0]), (shape[0], groups, channels // groups, *shape[2:]))
    made = normalized(draft, image, range(2, len(shape) + 1), step.attributes.get("epsilon", 1e-5))
    return _scaled(draft, draft.reshape(made, shape), step, len(shape))


def normalized(draft: Draft, operand: Operand, over: Sequence[int], epsilon: float) -> Tensor:
    """(x - mean) / sqrt(variance + epsilon)."""
    centred = draft.binary("subtract", operand, by_axes.reduced(draft, "mean", operand, over, keep=True))
    variance = by_axes.reduced(draft, "mean", draft.unary(Unary("square"), centred), over, keep=True)
    spread = draft.unary(Unary("rsqrt"), draft.binary("add", variance, epsilon))
    return draft.binary("multiply", centred, spread)


def _scaled(draft: Draft, operand: Operand, step: Step, rank: int) -> Operand:
    """By one scale and offset per channel; per group in group normalization of opset 18."""
    scale, offset = (step.known(place) for place in (1, 2))
    channels = draft.shape(operand)[1]
    shape = (channels,) + (1,) * (rank - 2)
    scale, offset = (np.repeat(each, channels // each.size).reshape(shape) for each in (scale, offset))
    return draft.binary("add", draft.binary("multiply", operand, scale), offset)


def response_norm(draft: Draft, step: Step) -> Operand:
    numbers = step.attributes
    scale, bias, power = numbers.get("alpha", 1e-4), numbers.get("bias", 1.0), numbers.get("beta", 0.75)
    return windows.response_norm(draft, step[0], numbers["size"], scale, bias, power)


# Where each of `count` results lies in the source, by ONNX's names.
POSITIONS: Mapping[str, Callable[[Array, int, int], Array]] = {
    "half_pixel": lambda i, length, count: (i + 0.5) * length / count - 0.5,
    "pytorch_half_pixel": lambda i, length, count: (i + 0.5) * length / count - 0.5 if count > 1 else i * 0.0,
    "asymmetric": lambda i, length, count: i * length / count,
    "align_corners": lambda i, length, count: i * (length - 1) / max(count - 1, 1),
}
ROUNDED: Mapping[str, Callable[[Array], Array]] = {
    "round_prefer_floor": lambda x: np.ceil(x - 0.5),
    "round_prefer_ceil": lambda x: np.floor(x + 0.5),
    "floor": np.floor,
    "ceil": np.ceil,
}


def resize(draft: Draft, step: Step) -> Operand:
    """Opset 10 has scales alone; later ones a region of interest before them, and sizes behind."""
    old = len(step.inputs) == 2
    shape = draft.shape(step[0])
    scales = step.known_or(1 if old else 2, np.zeros(0))
    if not step.attributes.get("axes") and not old and step.get(3) is not None:
        size = step.integers(3)
    else:
        size = [int(np.floor(length * scale + 1e-6)) for length, scale in zip(shape, scales, strict=True)]
        if any(abs(a - b * c) > 1e-3 for a, b, c in zip(size, shape, scales, strict=True)):
            raise Unreadable(f"scales {scales.tolist()}, which do not fit {shape}")
    default = "asymmetric" if old else "half_pixel"
    rule = step.attributes.get("coordinate_transformation_mode", default)
    rounding = step.attributes.get("nearest_mode", "floor" if old else "round_prefer_floor")
    return _resized(draft, step, size, rule, rounding)


def upsample(draft: Draft, step: Step) -> Operand:
    scales = step.attributes.get("scales") or step.known(1).tolist()
    size = [int(np.floor(length * scale)) for length, scale in zip(draft.shape(step[0]), scales, strict=True)]
    return _resized(draft, step, size, "asymmetric", "floor")


def _resized(draft: Draft, step: Step, size: Sequence[int], rule: str, rounding: str) -> Operand:
    mode, shape = step.attributes.get("mode", "nearest"), draft.shape(step[0])
    if len(shape) != 4 or tuple(size[:2]) != shape[:2] or rule not in POSITIONS:
        raise Unreadable(f"from {shape} to {tuple(size)} by {rule}")
    height, width = size[2:]
    if mode == "nearest":
        ends = zip(shape[2:], (height, width), strict=True)
        found = [ROUNDED[rounding](POSITIONS[rule](np.arange(count), length, count)) for length, count in ends]
        places = [np.clip(each, 0, length - 1).astype(np.int64) for each, length in zip(found, shape[2:], strict=True)]
        return windows.nearest(draft, step[0], places, LAST)
    if mode not in ("linear", "bilinear") or (step.attributes.get("antialias", 0) and (height, width) < shape[2:]):
        raise Unreadable(f"mode {mode}, antialias {step.attributes.get('antialias', 0)}")
    half, corners = rule.endswith("half_pixel"), rule == "align_corners"
    return windows.resized(draft, step[0], Resize((height, width), "bilinear", half, corners), LAST)


HANDLERS: Mapping[str, Handler] = {
    "Conv": convolution, "ConvTranspose": transposed_convolution, "MaxPool": _pool("max"),
    "AveragePool": _pool("average"), "GlobalAveragePool": _global("mean"), "GlobalMaxPool": _global("max"),
    "BatchNormalization": batch_norm, "InstanceNormalization": instance_norm, "GroupNormalization": group_norm,
    "LRN": response_norm, "Resize": resize, "Upsample": upsample,
}  # fmt: skip
