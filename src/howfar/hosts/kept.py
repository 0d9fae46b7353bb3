"""One browser for several visits in a row: the page of one, when it has reported, goes on to the next.

For ceilings alone: the best of many short samples does not depend on the pages before, and a launch takes as long as
all that such a page samples. Each still has a page, and so a renderer process, of its own.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager

from howfar.hosts.base import LaunchedProcess, Turn
from howfar.visits import Visit


class Kept:
    """The browser that waits for its next visit, if there is one."""

    def __init__(self, start: Callable[[Sequence[str], str], AbstractContextManager[LaunchedProcess]]) -> None:
        """`start`: opens a browser with such flags at an address."""
        self._start = start
        self._opened = contextlib.ExitStack()
        self._browser: LaunchedProcess | None = None
        self._flags: Sequence[str] = ()
        # Where the page that waits in it is to go.
        self._onward: Future[str] = Future()

    @contextlib.contextmanager
    def launch(self, visit: Visit, flags: Sequence[str]) -> Iterator[Turn]:
        """Opens the visit in it, where it has these flags; else in a new one. Who does not report what was asked leaves
        none to the next."""
        visit.onward = Future()
        browser = self._turned_to(visit, flags)
        self._onward = visit.onward
        try:
            yield Turn(browser)
        finally:
            if not visit.went_well:
                self.close()

    def _turned_to(self, visit: Visit, flags: Sequence[str]) -> LaunchedProcess:
        if self._browser and self._browser.alive() and self._flags == flags:
            self._onward.set_result(visit.url)
            return self._browser
        self.close()
        self._browser, self._flags = self._opened.enter_context(self._start(flags, visit.url)), flags
        return self._browser

    def close(self) -> None:
        """Ends it, if there is one."""
        self._browser = None
        if not self._onward.done():
            self._onward.set_result("")
        self._opened.close()
