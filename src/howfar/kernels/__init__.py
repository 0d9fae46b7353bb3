"""The WebAssembly that the yardstick and the ceilings run on: readable text, made into bytes when it is asked for.

Four variants of one module: with the fused multiply-add of relaxed SIMD or without, and over a memory that threads
share or one that is the page's own. What a page can't validate, it can't run, and takes the next.
"""

from collections.abc import Mapping
from functools import cache

from howfar.kernels.dense import dense
from howfar.kernels.gemm import gemm
from howfar.kernels.streams import streams
from howfar.kernels.wat import assemble

# The frameworks whose pages are given the kernels.
_USERS = ("limit", "ceiling")

# 1 GB in pages of 64 KB: the most that a memory may be given, which one that is shared must say.
MAX_PAGES = 16384


def text(*, fma: bool, shared: bool) -> str:
    """The module as WebAssembly text; its memory is imported as `env.memory`."""
    memory = f"(memory 1 {MAX_PAGES} shared)" if shared else "(memory 1)"
    return f'(module\n(import "env" "memory" {memory})\n{gemm(fma)}\n{dense(fma)}\n{streams(fma)})\n'


@cache
def variants() -> Mapping[str, bytes]:
    """The module's bytes by variant: `relaxed`, `relaxed-shared`, `simd`, `simd-shared`."""
    return {
        name + ("-shared" if shared else ""): assemble(text(fma=fma, shared=shared))
        for name, fma in (("relaxed", True), ("simd", False))
        for shared in (False, True)
    }


def files(framework: str) -> Mapping[str, bytes]:
    """What the pages of a framework fetch of it, by its adapter's names; nothing for those that bring their own."""
    return variants() if framework in _USERS else {}
