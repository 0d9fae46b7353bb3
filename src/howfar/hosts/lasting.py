"""One browser for several visits in a row: the page of one, when it has reported, goes on to the next.

For ceilings alone: the best of many short samples does not depend on the pages before, and a launch takes as long as
all that such a page samples. Each still has a page, and so a renderer process, of its own.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import AbstractContextManager

from howfar.hosts.base import LaunchedProcess, Running, StillRunning, Turn
from howfar.visits import Visit


class Lasting:
    """The browser in which a page waits for the next visit, if there is one."""

    def __init__(self, start: Callable[[Sequence[str], str], AbstractContextManager[LaunchedProcess]]) -> None:
        """`start`: opens a browser with such flags at an address."""
        self._start = start
        self._opened = contextlib.ExitStack()
        self._browser: LaunchedProcess | None = None
        self._flags: Sequence[str] = ()
        # Where the page that waits is to go.
        self._onward: Future[str] = Future()

    @contextlib.contextmanager
    def launch(self, visit: Visit, flags: Sequence[str]) -> Iterator[Running]:
        """Opens the visit in it, where it has these flags; else in a new one. Who does not report what was asked leaves
        none to the next."""
        before, self._onward = self._onward, Future()
        visit.onward = self._onward
        running = self._gone_on(before, visit, flags) or self._new(before, visit, flags)
        try:
            yield running
        finally:
            if not visit.went_well:
                self._end(self._onward)

    def _gone_on(self, before: Future[str], visit: Visit, flags: Sequence[str]) -> Running | None:
        """The visit in the browser that waits; nothing where it has other flags, or where its page is gone."""
        browser = self._browser
        if browser is None or self._flags != flags or not browser.alive():
            return None
        turn = Turn(browser)
        return turn if _answered(before, visit.url) else None

    def _new(self, before: Future[str], visit: Visit, flags: Sequence[str]) -> Running:
        self._end_quietly(before)
        self._browser, self._flags = self._opened.enter_context(self._start(flags, visit.url)), flags
        return self._browser

    def close(self) -> None:
        """Ends it, if there is one."""
        self._end_quietly(self._onward)

    def _end_quietly(self, onward: Future[str]) -> None:
        """What was killed and does not end is not the fault of who comes next; whom it disturbs, the noise says."""
        with contextlib.suppress(StillRunning):
            self._end(onward)

    def _end(self, onward: Future[str]) -> None:
        self._browser = None
        _answered(onward, "")
        self._opened.close()


def _answered(onward: Future[str], url: str) -> bool:
    """Whether the page that waits for it was told: not where it is gone, or was told before."""
    try:
        onward.set_result(url)
    except InvalidStateError:
        return False
    return True
