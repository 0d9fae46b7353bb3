"""What the kernels compute, held against NumPy."""

import numpy as np
import pytest

from assembled import Floats, Module, from_panels, in_panels, needs_wasmtime

pytestmark = [needs_wasmtime, pytest.mark.parametrize("variant", ["relaxed", "simd"])]

# Every number of rows up to a tile and beyond, so that each height of tile and each remainder is met.
ROWS = [1, 2, 3, 4, 5, 6, 7, 11, 13, 24, 64]


def drawn(seed: int, *shape: int) -> Floats:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def close(found: Floats, wanted: Floats, tolerance: float = 5e-6) -> None:
    assert found.shape == wanted.shape
    assert float(np.abs(found - wanted).max()) <= tolerance * max(1.0, float(np.abs(wanted).max()))


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize(("depth", "columns"), [(8, 8), (40, 24)])
def test_a_product_is_numpys(variant: str, rows: int, depth: int, columns: int) -> None:
    module, a, b = Module(variant), drawn(1, rows, depth), drawn(2, depth, columns)
    c = module.put(np.full((columns // 8, rows, 8), 7, np.float32))
    module.run(
        "multiply", module.put(in_panels(a)), module.put(in_panels(b)), c, rows, rows * 32, depth // 8, 0, columns // 8
    )
    close(from_panels(module.get(c, columns // 8, rows, 8)), a @ b)


def test_a_product_of_whole_numbers_is_exact(variant: str) -> None:
    rng = np.random.default_rng(3)
    a, b = (rng.integers(-6, 7, (96, 96)).astype(np.float32) for _ in range(2))
    module = Module(variant)
    c = module.put(np.zeros((12, 96, 8), np.float32))
    module.run("multiply", module.put(in_panels(a)), module.put(in_panels(b)), c, 96, 96 * 32, 12, 0, 12)
    assert np.array_equal(from_panels(module.get(c, 12, 96, 8)), a @ b)


def test_a_share_of_the_panels_leaves_the_others_alone(variant: str) -> None:
    module, a, b = Module(variant), drawn(1, 7, 16), drawn(2, 16, 40)
    c = module.put(np.full((5, 7, 8), 3, np.float32))
    addresses = module.put(in_panels(a)), module.put(in_panels(b)), c
    module.run("multiply", *addresses, 7, 7 * 32, 2, 1, 3)
    module.run("multiply", *addresses, 7, 7 * 32, 2, 4, 4)
    found = from_panels(module.get(c, 5, 7, 8))
    close(found[:, 8:24], (a @ b)[:, 8:24])
    assert (found[:, :8] == 3).all() and (found[:, 24:] == 3).all()


@pytest.mark.parametrize("relu", [0, 1])
@pytest.mark.parametrize("rows", [1, 7, 64])
def test_a_layer_forward(variant: str, rows: int, relu: int) -> None:
    module, x, w, bias = Module(variant), drawn(1, rows, 24), drawn(2, 24, 16), drawn(3, 16)
    y = module.put(np.zeros((2, rows, 8), np.float32))
    addresses = module.put(in_panels(x)), module.put(in_panels(w)), module.put(bias), y
    module.run("forward", *addresses, rows, rows * 32, 3, 0, 2, relu)
    wanted = x @ w + bias
    close(from_panels(module.get(y, 2, rows, 8)), np.maximum(wanted, 0) if relu else wanted)


def test_a_layer_forward_keeps_what_is_not_a_number(variant: str) -> None:
    """A network that has diverged must not look like one whose units are merely off."""
    module, x = Module(variant), np.full((1, 8), np.nan, np.float32)
    y = module.put(np.zeros((1, 1, 8), np.float32))
    module.run("forward", module.put(x), module.put(drawn(1, 8, 8)), module.put(drawn(2, 8)), y, 1, 32, 1, 0, 1, 1)
    assert np.isnan(module.get(y, 8)).all()


def test_a_layer_backward(variant: str) -> None:
    """dx = dy W^T where x is positive; of x, dx and dy the transposed."""
    module, w, dy, x = Module(variant), drawn(1, 40, 24), drawn(2, 16, 24), drawn(3, 16, 40)
    dx = module.put(np.zeros((2, 40, 8), np.float32))
    addresses = module.put(in_panels(w)), module.put(in_panels(dy.T)), module.put(in_panels(x.T)), dx
    module.run("backward", *addresses, 40, 40 * 32, 3, 0, 2)
    close(from_panels(module.get(dx, 2, 40, 8)).T, (dy @ w.T) * (x > 0))


def test_weights_and_biases_after_a_step(variant: str) -> None:
    module, x, dy = Module(variant), drawn(1, 16, 40), drawn(2, 16, 24)
    w, bias, rate = drawn(3, 40, 24), drawn(4, 24), -0.01
    weights, biases, gradient = module.put(in_panels(w)), module.put(bias), module.put(in_panels(dy))
    module.run("update", module.put(in_panels(x.T)), gradient, weights, 40, 40 * 32, 2, 0, 3, rate)
    module.run("update_biases", gradient, biases, 16, 16 * 32, 0, 2, rate)
    close(from_panels(module.get(weights, 3, 40, 8)), w + np.float32(rate) * (x.T @ dy))
    close(module.get(biases, 24)[:16], (bias + np.float32(rate) * dy.sum(axis=0))[:16])
    assert np.array_equal(module.get(biases, 24)[16:], bias[16:])


@pytest.mark.parametrize(("rows", "classes"), [(1, 10), (64, 10), (5, 16), (3, 61)])
def test_softmax(variant: str, rows: int, classes: int) -> None:
    """What is no class bears a number so low that its share is zero."""
    module, z = Module(variant), drawn(1, rows, classes) * 8
    panels = -(-classes // 8)
    filled = np.full((rows, panels * 8), -1e30, np.float32)
    filled[:, :classes] = z
    address = module.put(in_panels(filled))
    module.run("softmax", address, rows, rows * 32, panels)
    found = from_panels(module.get(address, panels, rows, 8))
    exponentials = np.exp(z.astype(float) - z.max(axis=1, keepdims=True))
    close(found[:, :classes], (exponentials / exponentials.sum(axis=1, keepdims=True)).astype(np.float32), 3e-7)
    assert (found[:, classes:] == 0).all()


def test_the_exponential_is_right_in_every_decade(variant: str) -> None:
    """Held by its share: a softmax over 0 and x is exp(x) / (1 + exp(x))."""
    module, x = Module(variant), -np.geomspace(1e-6, 86, 800).astype(np.float32)
    filled = np.full((800, 8), -1e30, np.float32)
    filled[:, 0], filled[:, 1] = 0, x
    address = module.put(in_panels(filled))
    module.run("softmax", address, 800, 800 * 32, 1)
    found, wanted = from_panels(module.get(address, 1, 800, 8))[:, 1], 1 / (1 + np.exp(-x.astype(float)))
    assert float(np.abs(found / wanted - 1).max()) < 5e-7


@pytest.mark.parametrize(("rows", "columns"), [(8, 8), (64, 24), (16, 784)])
def test_transposing(variant: str, rows: int, columns: int) -> None:
    module, matrix = Module(variant), drawn(1, rows, columns)
    to = module.put(np.zeros((rows // 8, columns, 8), np.float32))
    source = module.put(in_panels(matrix))
    half = rows // 16
    for first, last in [(0, half), (half, rows // 8)]:
        module.run("transpose", source, to, rows * 32, columns * 32, columns // 8, first, last)
    assert np.array_equal(from_panels(module.get(to, rows // 8, columns, 8)), matrix.T)


@pytest.mark.parametrize(("rows", "columns"), [(1, 784), (64, 784), (5, 3), (9, 20)])
def test_packing(variant: str, rows: int, columns: int) -> None:
    module, matrix, panels, filled = Module(variant), drawn(1, rows, columns), -(-columns // 8), -(-rows // 8) * 8
    to = module.put(np.zeros((panels, filled, 8), np.float32))
    module.run("pack", module.put(matrix), to, rows, columns, filled * 32)
    assert np.array_equal(module.get(to, panels, filled, 8), in_panels(matrix, filled))


def test_streams(variant: str) -> None:
    module, b, c = Module(variant), drawn(1, 4096), drawn(2, 4096)
    at_a, at_b, at_c = module.put(np.zeros(4096, np.float32)), module.put(b), module.put(c)
    assert module.run("read", at_b, b.nbytes) == pytest.approx(float(b.sum(dtype=float)), abs=1e-2)
    module.run("copy", at_a, at_b, b.nbytes)
    assert np.array_equal(module.get(at_a, 4096), b)
    module.run("triad", at_a, at_b, at_c, b.nbytes, 0.5)
    close(module.get(at_a, 4096), b + np.float32(0.5) * c, 1e-7)


def test_the_peak_does_what_it_says(variant: str) -> None:
    """Every chain tends to shift / (1 - slope): 12 chains of 4 numbers."""
    assert Module(variant).run("peak", 100, 0.5, 1.0) == pytest.approx(12 * 4 * 2)
