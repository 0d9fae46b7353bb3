"""Presses come from the phase `rest` until the model is let go of, whatever the page does meanwhile."""

import threading
import time
from itertools import pairwise
from typing import Any

import asked
from howfar.hosts.devtools import DevTools, Lost
from howfar.observed import Experience, Stretch
from howfar.probes.inputs import LONGEST, SHORTEST, InputWatch

FELT = Experience(Stretch(2.0, 0, (16.0,), ()), Stretch(3.0, 9, (16.0,), ()))


class Played(DevTools):
    """A page that never answers: nobody may wait for it."""

    def __init__(self, *, open_page: bool = True, lasts: int = 1000) -> None:
        self.pressed: list[tuple[float, str]] = []
        self._page, self._lasts = open_page, lasts

    def tell(self, method: str, session: str = "", **params: Any) -> int:
        assert (method, session, params["button"]) == ("Input.dispatchMouseEvent", "session", "left")
        if len(self.pressed) >= self._lasts:
            raise Lost("the browser's pipe is closed")
        self.pressed.append((time.monotonic(), params["type"]))
        return len(self.pressed)

    def page(self) -> str:
        if not self._page:
            raise Lost("the browser has no page open")
        return "session"


def found(watch: InputWatch) -> Experience:
    felt: Experience = watch.found(asked.report(asked.task(), experience=FELT))["experience"]
    return felt


def test_it_presses_and_lets_go_from_rest_to_dispose_and_not_before_or_after() -> None:
    page = Played()
    watch = InputWatch(page)
    watch.at_phase("first")
    time.sleep(2 * SHORTEST)
    assert not page.pressed
    for phase in ("rest", "warmup", "latency"):
        watch.at_phase(phase)
        time.sleep(0.25)
    watch.at_phase("dispose")
    done = len(page.pressed)
    time.sleep(2 * LONGEST)
    assert len(page.pressed) == done
    assert [kind for _, kind in page.pressed[:4]] == ["mousePressed", "mouseReleased"] * 2
    at = [moment for moment, kind in page.pressed if kind == "mousePressed"]
    assert 0.75 / LONGEST - 2 <= len(at) <= 0.75 / SHORTEST + 1
    assert min(later - earlier for earlier, later in pairwise(at)) >= 0.9 * SHORTEST
    assert found(watch) == FELT


def test_a_visit_that_ends_ends_it() -> None:
    watch = InputWatch(Played())
    before = threading.active_count()
    watch.at_phase("rest")
    assert threading.active_count() == before + 1
    watch.end()
    assert threading.active_count() == before


def test_a_browser_that_takes_no_input_says_so_and_the_rest_is_known() -> None:
    watch = InputWatch(None)
    watch.at_phase("rest")
    watch.end()
    felt = found(watch)
    assert felt.inputs_unavailable == "howfar presses only in a Chromium that it opens for the visit"
    assert felt.busy == FELT.busy


def test_a_browser_without_a_page_or_without_an_end_says_so() -> None:
    watch = InputWatch(Played(open_page=False))
    watch.at_phase("rest")
    watch.end()
    assert found(watch).inputs_unavailable == "the browser has no page open"
    gone = InputWatch(Played(lasts=0))
    gone.at_phase("rest")
    time.sleep(2 * LONGEST)
    gone.end()
    assert found(gone).inputs_unavailable == "the browser's pipe is closed"


def test_a_page_that_felt_nothing_stays_without() -> None:
    assert InputWatch(None).found(asked.report(asked.task())) == {}
