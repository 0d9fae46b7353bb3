"""Roofs: the best of what was taken, of the right kind, and nothing where nothing is known."""

import pytest
from msgspec import structs

import limits
from howfar.ceilings import CACHE_BYTES, Ceilings, taken
from howfar.outcomes import Outcome, Series
from howfar.records import Target

TFJS = Target("tfjs", "4.22.0", "cpu", "chromium")
WEBGL = structs.replace(TFJS, backend="webgl")


def known(*targets: Target) -> Ceilings:
    return Ceilings(taken(limits.results(limits.ceilings(targets or tuple(limits.RATES)))))


def test_a_ceiling_is_the_best_sample_of_all_pages_and_every_page_is_known() -> None:
    (found,) = taken(limits.results(limits.ceilings([limits.SIMD])))
    assert found.best("gemm") == pytest.approx(60)
    assert found.rates["read"] == pytest.approx((40, 40 * 0.98))
    assert found.best("copy") is None
    assert found.kernel == "wasm kernel of ceiling"


def test_a_product_that_is_wrong_is_no_ceiling() -> None:
    wrong = [limits.ceiling(limits.SIMD, 0, status="wrong_result"), limits.ceiling(limits.SIMD, 1)]
    (found,) = taken(limits.results(wrong))
    assert found.best("gemm") == pytest.approx(60 * 0.98)
    assert found.status[0] == "wrong_result"


def test_ceilings_of_an_older_browser_count_no_more() -> None:
    old = structs.replace(limits.ceiling(limits.SIMD), environment="old", series=())
    assert len(taken(limits.results([old], limits.ceilings([limits.SIMD])))) == 1


@pytest.mark.parametrize(
    ("several", "language", "browser", "native"), [(False, 6, 60, 240), (True, 12, 120, 480)], ids=["one", "all"]
)
def test_one_thread_is_held_against_one_and_all_against_all(
    several: bool, language: float, browser: float, native: float
) -> None:
    found = [
        known().language(TFJS, several), known().browser(TFJS, several, software=False), known().native(several),
    ]  # fmt: skip
    assert [roof.gflops for roof in found if roof] == pytest.approx([language, browser, native])


def test_what_one_thread_reaches_all_of_them_can_too() -> None:
    """On a busy machine the pages on all threads may have been the slower ones: no share of a roof is over 100 % for
    that."""
    slow = (limits.SIMD_ALL, limits.ORT_ALL)
    busy = [structs.replace(limits.ceiling(one), series=_slower(limits.ceiling(one), 10)) for one in slow]
    found = Ceilings(taken(limits.results(busy, limits.ceilings([limits.SIMD, limits.ORT]))))
    browser, native = found.browser(TFJS, several=True, software=False), found.native(several=True)
    assert browser is not None and browser.gflops == pytest.approx(60)
    assert native is not None and native.gflops == pytest.approx(240)


def _slower(outcome: Outcome, times: float) -> tuple[Series, ...]:
    return tuple(structs.replace(one, sample_ms=tuple(ms * times for ms in one.sample_ms)) for one in outcome.series)


def test_a_software_gpu_is_the_processor_and_a_real_one_is_not() -> None:
    hardware = limits.ceilings([limits.SIMD, limits.SIMD_ALL])
    strong = [structs.replace(limits.ceiling(limits.WEBGL, 0), software_gpu=False)]
    both = Ceilings(taken(limits.results(hardware, strong)))
    allowed = both.browser(WEBGL, several=True, software=False)
    assert allowed is not None and allowed.gflops == pytest.approx(120)
    soft = known().browser(WEBGL, several=True, software=True)
    assert soft is not None and soft.of.target == limits.SIMD_ALL
    own = known().language(WEBGL, several=True)
    assert own is not None and own.cached_gbs is None
    assert own.gflops == pytest.approx(9)
    assert "chromium, GPU" in both.roofs() and "chromium, GPU" not in known().roofs()


def test_without_webassembly_a_thread_is_not_lifted_by_a_software_gpu_of_all_cores() -> None:
    found = known(limits.JS, limits.WEBGL)
    one, every = (found.browser(TFJS, several, software=False) for several in (False, True))
    assert one is not None and one.gflops == pytest.approx(6)
    assert every is not None and every.gflops == pytest.approx(9)


def test_what_a_browser_reaches_the_machine_can() -> None:
    """NumPy's sums read a cache less well than WebAssembly does."""
    roof = known().native(several=False)
    assert roof is not None and roof.of.target == limits.ORT
    assert roof.cached_gbs == pytest.approx(120)


def test_without_a_library_nothing_is_said_of_native() -> None:
    assert known(limits.JS, limits.SIMD).native(several=False) is None
    assert known(limits.NUMPY).native(several=True) is None


def test_whichever_roof_binds_at_an_intensity() -> None:
    roof = known().browser(TFJS, several=False, software=False)
    assert roof is not None
    assert roof.at(0.25, 1e6) == pytest.approx(30)
    assert roof.at(100, 1e6) == pytest.approx(60)
    assert roof.at(0.25, CACHE_BYTES + 1) == pytest.approx(10)


def test_a_ceiling_that_could_not_be_taken_leaves_the_others() -> None:
    failed = [limits.bare(limits.cell(limits.SIMD), 0, status="unsupported", environment="chromium", message="no SIMD")]
    found = taken(limits.results(failed, limits.ceilings([limits.JS])))
    assert {one.target: one.status for one in found} == {
        limits.SIMD: ("unsupported", "no SIMD"), limits.JS: ("ok", ""),
    }  # fmt: skip
    roof = Ceilings(found).browser(TFJS, several=False, software=False)
    assert roof is not None and roof.gflops == pytest.approx(6)


def test_an_outcome_of_another_howfar_that_tells_no_work_has_no_rate() -> None:
    bare: Outcome = structs.replace(limits.ceiling(limits.JS), facts={})
    (found,) = taken(limits.results([bare]))
    assert found.rates == {}
