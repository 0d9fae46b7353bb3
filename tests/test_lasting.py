"""One browser for several visits in a row: who gets it, and when it ends."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import asked
from howfar.hosts.base import StillRunning, Turn
from howfar.hosts.lasting import Lasting
from howfar.visits import Visit

CPU, GPU = ("--cpu",), ("--gpu",)


class Browser:
    """A browser in name only, at the address that it was opened at."""

    measuring_role = "renderer"

    def __init__(self, flags: Sequence[str], url: str, log_file: Path) -> None:
        self.flags, self.url, self.log_file = flags, url, log_file
        self.runs = True
        self.stuck = False

    def alive(self) -> bool:
        return self.runs


class Browsers:
    """Those that were opened."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.opened: list[Browser] = []
        self.lasting = Lasting(self._start)  # type: ignore[arg-type]  # browsers in name only

    @contextlib.contextmanager
    def _start(self, flags: Sequence[str], url: str) -> Iterator[Browser]:
        log_file = self._folder / f"{len(self.opened)}.txt"
        log_file.write_text("it starts\n")
        browser = Browser(flags, url, log_file)
        self.opened.append(browser)
        yield browser
        browser.runs = False
        if browser.stuck:
            raise StillRunning("its processes [1] were killed, and do not end")

    @property
    def running(self) -> list[Browser]:
        return [browser for browser in self.opened if browser.alive()]


@pytest.fixture
def browsers(tmp_path: Path) -> Browsers:
    return Browsers(tmp_path)


def visit(number: int) -> Visit:
    return Visit(asked.assignment(asked.task()), f"http://p{number}.localhost/", "token")


def went(browsers: Browsers, visited: Visit, flags: Sequence[str] = CPU, *, well: bool = True) -> Visit:
    """The visit, as it is when it is over."""
    with browsers.lasting.launch(visited, flags):
        visited.went_well = well
    return visited


def onward(visited: Visit) -> str:
    """Where its page was told to go."""
    assert visited.onward is not None
    return visited.onward.result(timeout=0)


def test_the_page_that_reported_goes_on_to_the_next_visit(browsers: Browsers) -> None:
    first, second = went(browsers, visit(1)), went(browsers, visit(2))
    assert [browser.url for browser in browsers.running] == [first.url]
    assert onward(first) == second.url
    browsers.lasting.close()
    assert onward(second) == ""
    assert not browsers.running


def test_a_visit_with_other_flags_gets_another_browser(browsers: Browsers) -> None:
    first, second = went(browsers, visit(1)), went(browsers, visit(2), GPU)
    assert onward(first) == ""
    assert [(browser.flags, browser.url) for browser in browsers.running] == [(GPU, second.url)]


def test_who_did_not_report_what_was_asked_leaves_no_browser_to_the_next(browsers: Browsers) -> None:
    went(browsers, visit(1), well=False)
    assert not browsers.running
    second = went(browsers, visit(2))
    assert [browser.url for browser in browsers.running] == [second.url]


def test_what_stops_a_visit_ends_the_browser(browsers: Browsers) -> None:
    with pytest.raises(KeyboardInterrupt), browsers.lasting.launch(visit(1), CPU):
        raise KeyboardInterrupt
    assert not browsers.running


def test_a_browser_that_is_gone_meanwhile_is_no_visit_s(browsers: Browsers) -> None:
    went(browsers, visit(1))
    browsers.opened[0].runs = False
    second = went(browsers, visit(2))
    assert [browser.url for browser in browsers.running] == [second.url]


def test_a_page_that_is_gone_while_it_waits_is_no_visit_s(browsers: Browsers) -> None:
    first = went(browsers, visit(1))
    assert first.onward is not None
    first.onward.cancel()
    second = went(browsers, visit(2))
    assert [browser.url for browser in browsers.running] == [second.url]


def test_what_waited_and_does_not_end_is_not_the_fault_of_who_comes_next(browsers: Browsers) -> None:
    went(browsers, visit(1))
    browsers.opened[0].stuck = True
    went(browsers, visit(2), GPU)
    browsers.opened[1].stuck = True
    browsers.lasting.close()
    with pytest.raises(StillRunning), browsers.lasting.launch(visit(3), CPU):
        browsers.opened[2].stuck = True  # it is this visit's that did not report


def test_a_visit_s_log_begins_with_the_visit(browsers: Browsers) -> None:
    went(browsers, visit(1))
    second = visit(2)
    with browsers.lasting.launch(second, CPU) as running:
        assert isinstance(running, Turn)
        assert running.log() == ""
        with browsers.opened[0].log_file.open("a") as log:
            log.write("its last words")
        assert running.log() == "its last words"


def test_closing_what_was_never_opened_does_no_harm(browsers: Browsers) -> None:
    browsers.lasting.close()
    browsers.lasting.close()
    went(browsers, visit(1))
    assert len(browsers.running) == 1
