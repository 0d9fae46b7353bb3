"""Real handwritten digits as 28 x 28 images: scikit-learn's own, or MNIST's files where a folder is given."""

import gzip
import hashlib
import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from howfar.data.samples import SAMPLES, Samples
from howfar.errors import UserError

SIDE = 28
CLASSES = 10


def load(mnist: Path | None, seed: int, batch_size: int = 1) -> Samples:
    """The digits of a study, inputs (samples, 784).

    Raises: UserError where `mnist` does not hold MNIST's training files, or not one batch of them.
    """
    images, labels = _mnist(mnist) if mnist else _scikit_learn()
    if len(labels) < batch_size:
        mend = "give a folder with more, or make batch_size smaller"
        raise UserError(f"{len(labels)} images are no batch of {batch_size}", where=str(mnist), mend=mend)
    order = np.random.default_rng(seed).permutation(len(labels))[:SAMPLES]
    inputs, labels = images[order].reshape(len(order), -1).astype(np.float32), labels[order].astype(np.uint8)
    digest = hashlib.sha256(inputs.tobytes() + labels.tobytes()).hexdigest()[:12]
    return Samples(f"{'mnist' if mnist else 'digits'}-{digest}", inputs, labels)


def _scikit_learn() -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """8 x 8 images of 0..16, each pixel three wide, with a margin of two as in MNIST."""
    from sklearn.datasets import load_digits  # noqa: PLC0415 - 0.6 s that only a run needs

    digits = load_digits()
    large = np.kron(digits.images / 16, np.ones((1, 3, 3)))
    return np.pad(large, ((0, 0), (2, 2), (2, 2))).astype(np.float32), digits.target.astype(np.uint8)


def _mnist(folder: Path) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    images, labels = _idx(folder, "train-images-idx3-ubyte"), _idx(folder, "train-labels-idx1-ubyte")
    if images.shape != (len(labels), SIDE, SIDE) or labels.ndim != 1 or not set(labels) or labels.max() > 9:
        what = f"images {images.shape} and labels {labels.shape} are not those of digits"
        raise UserError(what, where=str(folder), mend=_OWN_FILES)
    return (images / 255).astype(np.float32), labels


_OWN_FILES = "give the folder with MNIST's own files"


def _idx(folder: Path, name: str) -> NDArray[np.uint8]:
    """What an IDX file (plain or gzip) holds."""
    for file, opener in ((folder / name, open), (folder / f"{name}.gz", gzip.open)):
        if file.is_file():
            try:
                with opener(file, "rb") as stream:
                    return _parsed(stream.read())
            except (OSError, EOFError, ValueError, zlib.error) as error:
                raise UserError(f"not a whole IDX file of bytes ({error})", where=str(file), mend=_OWN_FILES) from None
    mend = "give the folder that holds MNIST's train-images-idx3-ubyte and train-labels-idx1-ubyte (.gz or not)"
    raise UserError(f"no {name} there", where=str(folder), mend=mend)


def _parsed(content: bytes) -> NDArray[np.uint8]:
    """Y. LeCun's format: 2 zero bytes, type 8, the number of dimensions, their sizes (big-endian), the data."""
    if content[:3] != b"\0\0\x08" or len(content) < 4:
        raise ValueError("its first bytes are others")
    start = 4 + 4 * content[3]
    sizes = [int.from_bytes(content[i : i + 4], "big") for i in range(4, start, 4)]
    if len(content) != start + math.prod(sizes):
        raise ValueError(f"{len(content)} bytes, where its sizes {sizes} need {start + math.prod(sizes)}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(sizes)
