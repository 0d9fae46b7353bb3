"""NumPy's ceilings: its BLAS with a product of matrices, and what its loops reach with memory."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from msgspec.structs import replace
from threadpoolctl import threadpool_info, threadpool_limits

from howfar.native.adapter import Floats, Network, cores
from howfar.native.ceilings import Ceilings, matrices, product
from howfar.native.measure import Operation
from howfar.records import Ceiling, Fact

ARRAY_BYTES = 128 * 2**20
# Of each thread: what its own cache holds, and about the weights of the study's networks; read so many times in an
# operation, so that Python's part in it is small.
CACHED_BYTES, CACHED_READS = 2**20, 64

_threads = 1
_side = 0


def open(backend: str, threads: int, switch: str) -> Mapping[str, Fact]:
    global _threads
    _threads = cores(threads)
    threadpool_limits(_threads)
    blas: dict[str, Any] = next((pool for pool in threadpool_info() if pool["user_api"] == "blas"), {})
    kernel = f"{blas.get('internal_api', 'no BLAS')} {blas.get('architecture', '')}".strip()
    return {"backend": backend, "kernel": kernel, "threads": _threads}


def build(network: Network) -> None:
    global _side
    _side = network.model.width


def ceilings() -> Ceilings:
    a, b = matrices(_side)
    c = np.empty_like(a)
    multiplied = product(_side, lambda: np.matmul(a, b, out=c))
    operations = {**multiplied.operations, **dict(_memory(_threads))}
    return replace(multiplied, operations=operations, work={**multiplied.work, **_bytes(_threads)})


def _bytes(threads: int) -> Mapping[str, Fact]:
    cached = threads * CACHED_BYTES * CACHED_READS
    moved = {"read": 2 * ARRAY_BYTES, "copy": 2 * ARRAY_BYTES, "triad": 3 * ARRAY_BYTES}
    return {"read_cached_bytes": cached, **{f"{name}_bytes": count for name, count in moved.items()}}


def _memory(threads: int) -> Iterator[tuple[Ceiling, Operation]]:
    """Each thread on its part of the arrays, or on its own: NumPy lets go of Python's lock for this."""
    a, b, c = (np.full(ARRAY_BYTES // 4, value, np.float32) for value in (1, 2, 3))
    own = [tuple(np.full(CACHED_BYTES // 8, value, np.float32) for value in (1, 2)) for _ in range(threads)]
    parts = [slice(len(a) * i // threads, len(a) * (i + 1) // threads) for i in range(threads)]
    pool = ThreadPoolExecutor(threads)

    def each(work: Callable[[int], object]) -> Operation:
        return (lambda _: work(0)) if threads == 1 else (lambda _: list(pool.map(work, range(threads))))

    yield "read_cached", each(lambda i: _read_again(*own[i]))
    yield "read", each(lambda i: np.dot(a[parts[i]], b[parts[i]]))
    yield "copy", each(lambda i: np.copyto(a[parts[i]], b[parts[i]]))
    yield "triad", each(lambda i: np.add(b[parts[i]], c[parts[i]], out=a[parts[i]]))


def _read_again(one: Floats, other: Floats) -> None:
    for _ in range(CACHED_READS):
        np.dot(one, other)


def dispose() -> None:
    pass
