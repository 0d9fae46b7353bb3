"""The native ceilings: what is taken is of the work that it says, and a product that is wrong is seen."""

from collections.abc import Iterator

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import asked
from howfar.native import ceilings
from howfar.native.adapter import Network, Unsupported
from howfar.native.frameworks import ceiling_numpy, ceiling_openblas
from howfar.native.multiplying import REPEATS
from howfar.native.workloads import Ceilings
from howfar.records import NATIVE_CEILINGS, NATIVE_GEMM_SIDE, Fact, Model

SIDE = 24


class Draft:
    """The report while it grows, as far as ceilings fill it."""

    def __init__(self) -> None:
        self.facts: dict[str, object] = {}
        self.outputs: list[float | None] = []


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Arrays of kilobytes, and no threads left limited."""
    monkeypatch.setattr(ceiling_numpy, "ARRAY_BYTES", 2**14)
    monkeypatch.setattr(ceiling_numpy, "CACHED_BYTES", 2**12)
    with threadpool_limits():
        yield


def opened(threads: int) -> dict[str, Fact]:
    facts = dict(ceiling_numpy.open("cpu", threads, ""))
    ceiling_numpy.build(Network(Model("gemm", 1, SIDE), (), (), 0.01, 64))
    return facts


@pytest.mark.parametrize("threads", [1, 3])
def test_numpys_are_of_the_work_that_they_say(threads: int) -> None:
    assert opened(threads)["threads"] == threads
    draft = Draft()
    work = Ceilings(ceiling_numpy, asked.assignment(), None, None, draft)
    work.first()
    assert draft.outputs == [0.0]
    assert tuple(work.operations) == NATIVE_CEILINGS["ceiling-numpy"]
    assert draft.facts == {
        "side": SIDE, "gemm_flop": 2 * SIDE**3, "read_cached_bytes": threads * 2**12 * ceiling_numpy.CACHED_READS,
        "read_bytes": 2**15, "copy_bytes": 2**15, "triad_bytes": 3 * 2**14,
    }  # fmt: skip
    for operation in work.operations.values():
        operation(0)


def test_its_kernel_is_named() -> None:
    assert opened(1)["kernel"]


def test_a_step_of_the_ladder_multiplies_in_a_process_of_its_own() -> None:
    blas = next((pool for pool in threadpool_info() if pool["internal_api"] == "openblas"), None)
    if blas is None:
        pytest.skip("NO OpenBLAS: this NumPy has another BLAS")
    code = blas["architecture"]
    facts = ceiling_openblas.open("cpu", 1, f"code={code}")
    assert facts == {"backend": "cpu", "kernel": f"openblas {code}", "threads": 1}
    found = ceiling_openblas.ceilings()
    found.operations["gemm"](0)
    assert found.error() == 0
    assert found.work["gemm_flop"] == REPEATS * 2 * NATIVE_GEMM_SIDE**3
    ceiling_openblas.dispose()
    assert ceiling_openblas._process and ceiling_openblas._process.returncode == 0


def test_a_step_that_there_is_not_says_so() -> None:
    with pytest.raises(Unsupported, match="takes no code for NoSuchProcessor here"):
        ceiling_openblas.open("cpu", 1, "code=NoSuchProcessor")
    ceiling_openblas.dispose()


def test_a_product_that_is_off_is_seen() -> None:
    a, b = ceilings.matrices(SIDE)
    right = a @ b
    assert ceilings.product_error(SIDE, right) == 0
    wrong = right.copy()
    wrong[3, 5] += 1
    assert ceilings.product(SIDE, lambda: wrong).error() == 1
    assert len(np.unique(right)) > SIDE, "numbers that are all alike would hide one in the wrong place"
