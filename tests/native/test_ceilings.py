"""The native ceilings: what is taken is of the work that it says, and what is missing says so."""

import pytest

from howfar.native import ceilings
from howfar.native.ceilings import NativeCeiling


def of(library: str, threads: int, sample_ms: tuple[float, ...], metric: str = "gemm") -> NativeCeiling:
    return NativeCeiling(library, threads, metric, "", 2e6, 1, sample_ms)  # type: ignore[arg-type]


def test_numpys_are_taken_in_a_process_of_their_own() -> None:
    found = ceilings.take("numpy", 1)
    assert [one.metric for one in found] == ["gemm", "read", "copy", "triad"], found
    assert all(one.rate is not None and 0.1 < one.rate < 1e5 for one in found)
    assert found[0].work == 2 * ceilings.SIDE**3
    assert found[0].kernel != ""


def test_what_is_not_installed_says_so() -> None:
    (found,) = ceilings.take("no_such_library", 1)
    assert found.rate is None
    assert found.reason == "it is not installed"


def test_a_library_that_fails_says_why() -> None:
    """A module that is there and is no library that can multiply."""
    (found,) = ceilings.take("json", 1)
    assert found.rate is None
    assert "KeyError" in found.reason


def test_the_rungs_of_the_ladder_are_the_kernels_that_were_asked_for() -> None:
    if "openblas" not in ceilings.take("numpy", 1)[0].kernel:
        pytest.skip("NO OPENBLAS: NumPy is built with another BLAS here")
    rungs = ceilings.ladder()
    assert rungs
    assert len({one.kernel for one in rungs}) == len(rungs)


def test_the_ceiling_is_the_best_of_all_libraries() -> None:
    found = [
        of("a", 1, (3.0, 2.0)),
        of("b", 1, (9.0, 1.0)),
        of("c", 0, (0.1,)),
        of("d", 1, ()),
        of("b", 1, (0.1,), "copy"),
    ]
    best = ceilings.best(found, "gemm", 1)
    assert best is not None
    assert (best.library, best.rate) == ("b", 2.0)
    assert ceilings.best(found, "triad", 1) is None
