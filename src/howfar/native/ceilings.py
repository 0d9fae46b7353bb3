"""The ceilings outside the browser: what the libraries that are installed reach with a product of matrices, and what
NumPy reaches with memory.

`python -m howfar.native.ceilings LIBRARY THREADS` takes one library's, and prints them as JSON. Each is taken in a
process of its own: a BLAS reads its kernel and its threads from the environment when it is loaded, and two of them in
one process fight for the cores. The native ceiling is the best of all of them: the same core gave 109 GFLOP/s with one
library and 241 with another.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct
from threadpoolctl import threadpool_info, threadpool_limits

from howfar.native import measure
from howfar.records import Ceiling, Sampling

# Large enough that every library is at its best, small enough for the level-2 cache of one core to hold what it needs.
SIDE = 512
ARRAY_BYTES = 128 * 2**20
# As of the browser's ceilings (plan.py): the best of many short samples.
SAMPLING = Sampling(
    min_samples=10, min_seconds=0.2, max_seconds=0.4, warmup_min_seconds=0.1, warmup_max_seconds=0.5, slow_samples=3
)
# A library that hangs must not hang the run.
TIMEOUT_SECONDS = 120
# OpenBLAS's kernels by the width of their vectors: 128 bits without fused multiply-add, 256 and 512 with it; and ARM's.
CORE_TYPES = ("Nehalem", "Haswell", "SkylakeX", "ARMV8", "NEOVERSEN1")


class NativeCeiling(Struct, frozen=True, forbid_unknown_fields=True):
    """What one library reached: raw samples of `repeats` operations each, and one operation's `work` (floating-point
    operations of `peak` and `gemm`; bytes read and written of the others). `threads`: 0 = all cores. Where there are no
    samples, `reason` says why."""

    library: str
    threads: int
    metric: Ceiling
    kernel: str = ""
    work: float = 0.0
    repeats: int = 1
    sample_ms: tuple[float, ...] = ()
    reason: str = ""

    @property
    def rate(self) -> float | None:
        """The best: GFLOP/s, or GB/s; None where there is none."""
        return self.work * self.repeats / min(self.sample_ms) / 1e6 if self.sample_ms else None


Operation = Callable[[], object]


class _Taken(Struct, frozen=True):
    """An operation, what it is of, and which code of the library does it."""

    metric: Ceiling
    operation: Operation
    work: float
    kernel: str


def best(found: Iterable[NativeCeiling], metric: Ceiling, threads: int) -> NativeCeiling | None:
    """The ceiling: the highest rate over all libraries."""
    able = [one for one in found if one.metric == metric and one.threads == threads and one.rate]
    return max(able, key=lambda one: one.rate or 0.0, default=None)


def take_all(threads: Sequence[int] = (1, 0)) -> list[NativeCeiling]:
    """Every library's, on so many threads each (0 = all cores); a few seconds in all."""
    return [one for library in LIBRARIES for count in threads for one in take(library, count)]


def ladder(threads: int = 1) -> list[NativeCeiling]:
    """The product by vector width: NumPy's OpenBLAS with each of its kernels that this processor can run. By itself it
    does not always take the best. What is asked for and not taken (OpenBLAS then takes another) is left out, as is what
    ends by an illegal instruction."""
    asked = {name: take("numpy", threads, {"OPENBLAS_CORETYPE": name}) for name in CORE_TYPES}
    return [
        one
        for name, found in asked.items()
        for one in found
        if one.metric == "gemm" and one.rate and name.lower() in one.kernel.lower()
    ]


def take(library: str, threads: int, environment: Mapping[str, str] | None = None) -> list[NativeCeiling]:
    """One library's, in a process of its own, with these variables set."""
    if find_spec(library) is None:
        return [_none(library, threads, "it is not installed")]
    command = [sys.executable, "-m", "howfar.native.ceilings", library, str(threads)]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **(environment or {})},
            capture_output=True,
            check=False,
            timeout=TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return [_none(library, threads, f"it took longer than {TIMEOUT_SECONDS} s")]
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or [f"it ended with {done.returncode}"]
        return [_none(library, threads, lines[-1])]
    return msgspec.json.decode(done.stdout, type=list[NativeCeiling])


def _none(library: str, threads: int, reason: str) -> NativeCeiling:
    return NativeCeiling(library, threads, "gemm", reason=reason)


def _matrices() -> list[Any]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=(SIDE, SIDE)).astype(np.float32) for _ in range(2)]


def _product(operation: Operation, kernel: str) -> _Taken:
    return _Taken("gemm", operation, 2.0 * SIDE**3, kernel)


def _numpy(threads: int) -> Iterator[_Taken]:
    threadpool_limits(threads or os.cpu_count())
    a, b = _matrices()
    c = np.empty_like(a)
    blas: dict[str, Any] = next((pool for pool in threadpool_info() if pool["user_api"] == "blas"), {})
    kernel = f"{blas.get('internal_api', 'no BLAS')} {blas.get('architecture', '')}".strip()
    yield _product(lambda: np.matmul(a, b, out=c), kernel)
    yield from _memory(threads or os.cpu_count() or 1)


def _memory(threads: int) -> Iterator[_Taken]:
    """Each thread on its part of the arrays; NumPy lets go of Python's lock for this."""
    a, b, c = (np.full(ARRAY_BYTES // 4, value, np.float32) for value in (1, 2, 3))
    parts = [slice(len(a) * i // threads, len(a) * (i + 1) // threads) for i in range(threads)]
    pool = ThreadPoolExecutor(threads)

    def each(work: Callable[[slice], object]) -> Operation:
        return (lambda: work(parts[0])) if threads == 1 else (lambda: list(pool.map(work, parts)))

    yield _Taken("read", each(lambda part: np.dot(a[part], b[part])), 2.0 * ARRAY_BYTES, "NumPy dot")
    yield _Taken("copy", each(lambda part: np.copyto(a[part], b[part])), 2.0 * ARRAY_BYTES, "NumPy copyto")
    yield _Taken("triad", each(lambda part: np.add(b[part], c[part], out=a[part])), 3.0 * ARRAY_BYTES, "NumPy add")


def _onnxruntime(threads: int) -> Iterator[_Taken]:
    import onnxruntime  # noqa: PLC0415 - an extra, and only where it is asked for
    from onnx import TensorProto, helper, numpy_helper  # noqa: PLC0415

    a, b = _matrices()
    entry, result = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [SIDE, SIDE]) for name in ("a", "c"))
    node = helper.make_node("MatMul", ["a", "b"], ["c"])
    graph = helper.make_graph([node], "product", [entry], [result], [numpy_helper.from_array(b, "b")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads or os.cpu_count() or 1, 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
    yield _product(lambda: session.run(None, {"a": a}), f"onnxruntime {onnxruntime.__version__} MatMul")


def _tensorflow(threads: int) -> Iterator[_Taken]:
    import tensorflow as tf  # noqa: PLC0415 - an extra, and only where it is asked for

    tf.config.threading.set_intra_op_parallelism_threads(threads or os.cpu_count())
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.set_visible_devices([], "GPU")
    a, b = map(tf.constant, _matrices())
    yield _product(lambda: tf.linalg.matmul(a, b).numpy(), f"tensorflow {tf.__version__} matmul")


LIBRARIES: Mapping[str, Callable[[int], Iterator[_Taken]]] = {
    "numpy": _numpy, "onnxruntime": _onnxruntime, "tensorflow": _tensorflow,
}  # fmt: skip


def _sampled(library: str, threads: int, taken: _Taken) -> NativeCeiling:
    loop = measure.Loop(SAMPLING, measure.calibrate_tick())
    timed = measure.measure_latency(loop, lambda _: taken.operation(), lambda _: None)[-1]
    return NativeCeiling(library, threads, taken.metric, taken.kernel, taken.work, timed.repeats, timed.sample_ms)


def main() -> None:
    """Takes one library's ceilings in this process."""
    library, threads = sys.argv[1], int(sys.argv[2])
    found = [_sampled(library, threads, taken) for taken in LIBRARIES[library](threads)]
    sys.stdout.buffer.write(msgspec.json.encode(found))


if __name__ == "__main__":
    main()
