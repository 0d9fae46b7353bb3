"""The kernels from text to bytes: howfar's assembler against another, wasmtime's, which is compiled code.

    python benchmarks/assembling.py [ROUNDS]

Both take the same text in each round, in changing order; the ratio is taken within it. It is paid once per run.
"""

import statistics
import sys
import time
from collections.abc import Callable

from wasmtime import wat2wasm

from howfar import kernels
from howfar.kernels.wat import assemble

ASSEMBLERS: dict[str, Callable[[str], object]] = {"howfar": assemble, "wasmtime": wat2wasm}


def took_ms(assembler: Callable[[str], object], text: str) -> float:
    start = time.perf_counter()
    assembler(text)
    return (time.perf_counter() - start) * 1e3


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    text = kernels.text(fma=True, shared=True)
    taken: dict[str, list[float]] = {name: [] for name in ASSEMBLERS}
    for number in range(rounds):
        for name in sorted(ASSEMBLERS, reverse=bool(number % 2)):
            taken[name].append(took_ms(ASSEMBLERS[name], text))
    ratio = statistics.median(own / other for own, other in zip(*taken.values(), strict=True))
    words = ", ".join(f"{name} {statistics.median(times):.1f} ms" for name, times in taken.items())
    print(f"{len(text)} characters: {words}, {ratio:.1f} x")


main()
