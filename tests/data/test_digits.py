"""The digits are real, and files that are not MNIST's are refused in one line."""

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from howfar.data import digits
from howfar.errors import UserError

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


def idx(values: np.ndarray) -> bytes:
    sizes = b"".join(size.to_bytes(4, "big") for size in values.shape)
    return bytes([0, 0, 8, values.ndim]) + sizes + values.astype(np.uint8).tobytes()


def write(folder: Path, name: str, content: bytes, *, zipped: bool = False) -> None:
    file = folder / (f"{name}.gz" if zipped else name)
    file.write_bytes(gzip.compress(content) if zipped else content)


RNG = np.random.default_rng(28)
PIXELS = RNG.integers(0, 256, (20, 28, 28))
DIGITS = RNG.integers(0, 10, 20)


@pytest.fixture
def mnist(tmp_path: Path) -> Path:
    """A folder with twenty made-up digits in MNIST's form."""
    write(tmp_path, IMAGES, idx(PIXELS))
    write(tmp_path, LABELS, idx(DIGITS))
    return tmp_path


def test_the_digits_are_real() -> None:
    found = digits.load(None, 2019)
    assert (found.inputs.shape, found.inputs.dtype.name) == ((512, 784), "float32")
    assert (found.labels.shape, found.labels.dtype.name) == ((512,), "uint8")
    assert (found.inputs.min(), found.inputs.max()) == (0, 1)
    assert np.bincount(found.labels, minlength=10).min() > 30  # all ten, about as often
    means = np.stack([found.inputs[found.labels == label].mean(axis=0) for label in range(10)])
    nearest = ((found.inputs[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == found.labels).mean() > 0.8  # a label says what is on its image


def test_the_seed_decides_which_and_in_which_order() -> None:
    one, again, other = digits.load(None, 2019), digits.load(None, 2019), digits.load(None, 2020)
    assert one.name == again.name != other.name
    assert np.array_equal(one.inputs, again.inputs)
    assert one.name.startswith("digits-")


def test_the_binary_holds_all_inputs_then_all_labels() -> None:
    found = digits.load(None, 2019)
    content = found.to_bytes()
    assert len(content) == 512 * 784 * 4 + 512
    assert np.array_equal(np.frombuffer(content, "<f4", 512 * 784).reshape(512, 784), found.inputs)
    assert np.array_equal(np.frombuffer(content, np.uint8, offset=512 * 784 * 4), found.labels)


@pytest.mark.parametrize("zipped", [False, True])
def test_mnist_is_read_plain_or_zipped(tmp_path: Path, zipped: bool) -> None:
    write(tmp_path, IMAGES, idx(PIXELS), zipped=zipped)
    write(tmp_path, LABELS, idx(DIGITS), zipped=zipped)
    found = digits.load(tmp_path, 2019)
    assert found.name.startswith("mnist-")
    assert sorted(found.labels) == sorted(DIGITS)
    for image, label in zip(found.inputs, found.labels, strict=True):
        (place,) = np.flatnonzero((PIXELS.reshape(20, -1) == np.rint(image * 255)).all(axis=1))
        assert DIGITS[place] == label


def test_fewer_images_than_a_batch_are_refused_in_one_line(tmp_path: Path) -> None:
    write(tmp_path, IMAGES, idx(PIXELS))
    write(tmp_path, LABELS, idx(DIGITS))
    with pytest.raises(UserError, match="20 images are no batch of 64"):
        digits.load(tmp_path, 2019, batch_size=64)


def empty(folder: Path) -> None:
    write(folder, IMAGES, idx(PIXELS[:0]))
    write(folder, LABELS, idx(DIGITS[:0]))


BROKEN: dict[str, Callable[[Path], None]] = {
    "no images": lambda folder: (folder / IMAGES).unlink(),
    "no labels": lambda folder: (folder / LABELS).unlink(),
    "an image format": lambda folder: write(folder, IMAGES, b"\x89PNG\r\n\x1a\n" + bytes(99)),
    "empty": lambda folder: write(folder, IMAGES, b""),
    "three bytes": lambda folder: write(folder, IMAGES, b"\0\0\x08"),
    "cut in its sizes": lambda folder: write(folder, IMAGES, idx(PIXELS)[:9]),
    "cut in its data": lambda folder: write(folder, IMAGES, idx(PIXELS)[:-1]),
    "longer than it says": lambda folder: write(folder, LABELS, idx(DIGITS) + b"x"),
    "fewer labels than images": lambda folder: write(folder, LABELS, idx(DIGITS[:-1])),
    "images of another size": lambda folder: write(folder, IMAGES, idx(PIXELS[:, :14])),
    "images for labels": lambda folder: write(folder, LABELS, idx(PIXELS)),
    "labels that are no digits": lambda folder: write(folder, LABELS, idx(DIGITS + 10)),
    "nothing in it": empty,
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_not_mnist_is_refused_in_one_line(mnist: Path, what: str) -> None:
    BROKEN[what](mnist)
    with pytest.raises(UserError) as caught:
        digits.load(mnist, 2019)
    assert str(caught.value).startswith(str(mnist))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"not zipped at all", gzip.compress(idx(PIXELS))[:-200]])
def test_a_broken_gzip_file_is_refused_in_one_line(mnist: Path, content: bytes) -> None:
    (mnist / IMAGES).unlink()
    (mnist / f"{IMAGES}.gz").write_bytes(content)
    with pytest.raises(UserError, match="not a whole IDX file") as caught:
        digits.load(mnist, 2019)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=IMAGES):
        digits.load(tmp_path / "nowhere", 2019)
