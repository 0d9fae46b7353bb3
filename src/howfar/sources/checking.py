"""How far apart two results of a model are, and how far apart they may be."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from howfar.portfolio import FormName, scale
from howfar.sources.source import Array

# All are of max |difference| / max |output|. Native against native, under calibrated random weights, MobileNetV2 and
# VGG16 reach 1e-5, ResNet50 6e-5, ResNet152 1.3e-3; a browser's kernels add up in yet another order.
FLOOR = 2e-4
# The forms whose native runs that spread is taken over, as long as one of them runs: two libraries beside the source's.
JUDGING: tuple[FormName, ...] = ("onnx", "tflite")
SPREADS = 5.0
FAULTY = 1e-2


def relative_error(found: Sequence[Sequence[Array]], right: Sequence[Sequence[Array]]) -> float:
    """The largest difference over all samples and outputs, each output relative to its own largest number; infinite
    where shapes differ or a result is no number."""
    pairs = zip(zip(*found, strict=True), zip(*right, strict=True), strict=True)
    return max((_of_output(a, b) for a, b in pairs), default=0.0)


def _of_output(found: Sequence[Array], right: Sequence[Array]) -> float:
    if any(a.shape != b.shape for a, b in zip(found, right, strict=True)):
        return float("inf")
    a, b = np.stack(found).astype(np.float64), np.stack(right).astype(np.float64)
    difference = float(np.max(np.abs(a - b), initial=0.0))
    return difference / scale(b) if np.isfinite(difference) else float("inf")


def spread(errors: Mapping[FormName, float]) -> float:
    """How far apart the native runtimes are, by form; one that is wrong says nothing of that."""
    sound = {form: error for form, error in errors.items() if error <= FAULTY}
    judging = [error for form, error in sound.items() if form in JUDGING]
    return max(judging or sound.values(), default=0.0)


def tolerance(native_spread: float) -> float:
    """How far a browser's result may be from the source's before it is wrong."""
    return min(FAULTY, max(FLOOR, SPREADS * native_spread))


def are_finite(results: Iterable[Sequence[Array]]) -> bool:
    """Whether every number is one."""
    return all(np.isfinite(array).all() for one in results for array in one)
