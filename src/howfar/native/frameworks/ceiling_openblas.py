"""The ladder of instruction sets: what OpenBLAS's code for other processors reaches on this one.

OpenBLAS chooses its code when it is loaded, so that each choice is a process of its own, beside the task's.
"""

import os
import subprocess
import sys
from collections.abc import Mapping

from howfar.native.adapter import Network, Unsupported
from howfar.native.ceilings import Ceilings
from howfar.native.multiplying import REPEATS
from howfar.records import NATIVE_GEMM_SIDE, Fact

_process: subprocess.Popen[str] | None = None
_error = 0.0


def open(backend: str, threads: int, switch: str) -> Mapping[str, Fact]:
    global _process, _error
    code = switch.removeprefix("code=")
    command = [sys.executable, "-m", "howfar.native.multiplying", str(NATIVE_GEMM_SIDE)]
    own = os.environ | {"OPENBLAS_CORETYPE": code}
    pipe = subprocess.PIPE
    _process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, env=own)
    taken, _, error = _answer().partition(" ")
    if not taken:
        raise Unsupported(f"this processor does not know the instructions of OpenBLAS's code for {code}")
    if taken != code:
        raise Unsupported(f"NumPy's BLAS takes no code for {code} here, but for {taken}")
    _error = float(error)
    return {"backend": backend, "kernel": f"openblas {code}", "threads": 1}


def _answer() -> str:
    assert _process and _process.stdout
    return _process.stdout.readline().strip()


def _multiply(_: int) -> None:
    assert _process and _process.stdin
    _process.stdin.write("\n")
    _process.stdin.flush()
    _answer()


def build(network: Network) -> None:
    pass


def ceilings() -> Ceilings:
    return Ceilings(
        operations={"gemm": _multiply},
        work={"side": NATIVE_GEMM_SIDE, "gemm_flop": REPEATS * 2 * NATIVE_GEMM_SIDE**3},
        error=lambda: _error,
    )


def dispose() -> None:
    if _process:
        with _process:  # closes its pipes, at which it ends, and waits for that
            pass
