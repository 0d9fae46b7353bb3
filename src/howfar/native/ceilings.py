"""The ceilings outside the browser, as far as all libraries share them: a product of matrices of whole numbers, which
must be exact. The adapters in frameworks/ceiling_*.py take them; the native ceiling is the best of all of them: the
same core gave 109 GFLOP/s with one library and 241 with another.
"""

from collections.abc import Callable, Mapping

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from howfar.native.adapter import Floats
from howfar.native.measure import Operation
from howfar.records import Ceiling, Fact


class Ceilings(Struct, frozen=True):
    """What can be timed. `work`: of one operation, `gemm_flop`, and the bytes that the others read and write together
    (`read_bytes`, ...); `error`: the largest difference in a product of the operation `gemm`."""

    operations: Mapping[Ceiling, Operation]
    work: Mapping[str, Fact]
    error: Callable[[], float]


def matrices(side: int) -> tuple[Floats, Floats]:
    """Matrices of whole numbers, whose product has no rounding in it, however it is summed: as of the browser's
    (page/limit/javascript.js)."""
    row, column = np.indices((side, side))
    a, b = ((row * 7 + column * 3) % 11) - 5, ((row * 5 + column * 2) % 13) - 6
    return a.astype(np.float32), b.astype(np.float32)


def product_error(side: int, found: NDArray[np.float32]) -> float:
    """The largest difference of a product of `matrices` from the right one."""
    a, b = (one.astype(np.float64) for one in matrices(side))
    return float(np.abs(a @ b - found).max())


def product(side: int, multiply: Callable[[], NDArray[np.float32]]) -> Ceilings:
    """The ceiling of a library that multiplies, and moves no memory. `multiply`: the product of `matrices`."""
    return Ceilings(
        operations={"gemm": lambda _: multiply()},
        work={"side": side, "gemm_flop": 2 * side**3},
        error=lambda: product_error(side, multiply()),
    )
