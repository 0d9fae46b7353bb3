"""The kernels' module in `wasmtime`, a development dependency: its functions, over NumPy arrays in its memory."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from howfar import kernels

try:
    import wasmtime
except ImportError:
    wasmtime = None

needs_wasmtime = pytest.mark.skipif(wasmtime is None, reason="NO WASMTIME: pip install wasmtime")

Floats = NDArray[np.float32]
PAGES = 256
# Below are the zeros that the kernels start sums from.
FIRST_FREE = 4096


def engine() -> Any:
    """With all that the kernels may use."""
    config = wasmtime.Config()
    config.wasm_relaxed_simd = True
    config.wasm_threads = True
    return wasmtime.Engine(config)


def other_assembler(text: str) -> bytes:
    """What wat2wasm makes of it, but for names."""
    return without_names(bytes(wasmtime.wat2wasm(text)))


def validate(module: bytes) -> None:
    """Raises: wasmtime's error where the module is not valid."""
    wasmtime.Module.validate(engine(), module)


def without_names(module: bytes) -> bytes:
    """The module's bytes but for custom sections, in which other assemblers write names for debuggers."""
    out, at = bytearray(module[:8]), 8
    while at < len(module):
        start, (size, body) = at, _leb(module, at + 1)
        at = body + size
        if module[start] != 0:
            out += module[start:at]
    return bytes(out)


def _leb(module: bytes, at: int) -> tuple[int, int]:
    """An unsigned LEB128, and where the bytes after it begin."""
    value = shift = 0
    while True:
        value |= (module[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if not module[at - 1] & 0x80:
            return value, at


def in_panels(matrix: Floats, rows: int = 0) -> Floats:
    """The matrix as `howfar.kernels.gemm` has it, filled up with zeros: to `rows`, and to whole panels of columns."""
    rows, columns = rows or len(matrix), -(-matrix.shape[1] // 8) * 8
    filled = np.zeros((rows, columns), np.float32)
    filled[: len(matrix), : matrix.shape[1]] = matrix
    return filled.reshape(rows, columns // 8, 8).transpose(1, 0, 2).copy()


def from_panels(panels: Floats) -> Floats:
    """The whole matrix again."""
    count, rows, _ = panels.shape
    return panels.transpose(1, 0, 2).reshape(rows, count * 8)


class Module:
    """One instance: arrays are put into its memory, and read from it."""

    def __init__(self, variant: str) -> None:
        self._store = wasmtime.Store(engine())
        module = wasmtime.Module(self._store.engine, kernels.variants()[variant])
        limits = wasmtime.MemoryType(wasmtime.Limits(PAGES, None))
        self._memory = wasmtime.Memory(self._store, limits)
        self._exports = wasmtime.Instance(self._store, module, [self._memory]).exports(self._store)
        self._end = FIRST_FREE

    def put(self, array: Floats) -> int:
        """Its address."""
        content, address = np.ascontiguousarray(array, np.float32).tobytes(), self._end
        self._memory.write(self._store, content, address)
        self._end += -(-len(content) // 64) * 64
        return address

    def get(self, address: int, *shape: int) -> Floats:
        """The numbers that lie there."""
        content = self._memory.read(self._store, address, address + 4 * int(np.prod(shape)))
        return np.frombuffer(bytes(content), np.float32).reshape(shape)

    def run(self, name: str, *numbers: float) -> Any:
        """Calls an exported function."""
        return self._exports[name](self._store, *numbers)
