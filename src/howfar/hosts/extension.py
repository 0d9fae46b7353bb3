"""Chromium with howfar's extension in it: one browser for a block, in which the extension opens a tab for every visit.

As in the paper, which measured so. A tab has a renderer process of its own, for its origin is its own; what is fresh no
more is the browser around it, its GPU process included.
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager

import psutil

from howfar import driving
from howfar.driving import Driving
from howfar.errors import UserError
from howfar.hosts.base import Host, LaunchedProcess, Reaper, Running, Turn, fresh_folder, launched
from howfar.hosts.chromium import MEMORY_FLAG, Chromium, is_software
from howfar.observed import ExtensionSamples
from howfar.probes.processes import tree
from howfar.records import Fact
from howfar.visits import Visit

# From the browser's start until the extension asks: 2.1 to 2.5 s measured, nearly all of it the task manager's first
# two updates.
START_SECONDS = 20.0
# From the order to close until the samples are there; measured in hundredths of a second, also of a tab that hangs.
CLOSE_SECONDS = 5.0

# One browser has all back ends: with what gives it WebGPU it has WebGL too (through Vulkan, where that is the GPU).
BACKEND = "webgpu"

# Why a visit to a person's browser ended without its report.
NOT_ASKED = f"the extension has not asked for {driving.SILENCE_SECONDS:g} s: its browser was closed, or is gone"
HINT = "Chrome's own builds load none from the command line, Chromium's do"


def driven(name: str, reaper: Reaper, driver: Driving) -> Host:
    """The host of a browser that the extension drives: opened by howfar, or by a person who loads it by hand.

    Raises: UserError where it is not for that browser, or where there is none.
    """
    if name != "chromium":
        raise UserError(f"the extension is for Chromium, not for {name}", mend="leave --driver out for other browsers")
    return Person(driver) if driver.by_hand else Driven(reaper, driver)


def extensions_among(pids: Iterable[int]) -> set[int]:
    """The processes in which a browser's extensions run: renderers too, but no visit's."""
    return {pid for pid in pids if "--extension-process" in _command(pid)}


def _command(pid: int) -> list[str]:
    try:
        return psutil.Process(pid).cmdline()
    except psutil.Error:
        return []


class Tab(Turn):
    """One visit, in a tab that the extension opened."""

    def __init__(self, browser: LaunchedProcess) -> None:
        super().__init__(browser)
        self._extensions = extensions_among(browser.pids())

    def pids(self) -> list[int]:
        return [pid for pid in super().pids() if pid not in self._extensions]


class Driven:
    """A browser that howfar opens. Where the extension does not answer when the run begins, it is Chromium as ever, and
    every visit says why it has no samples."""

    def __init__(self, reaper: Reaper, driver: Driving) -> None:
        self._chromium = Chromium(reaper)
        self._reaper, self._driver = reaper, driver
        self._browser: LaunchedProcess | None = None
        self._opened = contextlib.ExitStack()

    def software_gpu(self, facts: Mapping[str, Fact]) -> bool:
        return is_software(facts)

    def checked_facts(self) -> Mapping[str, Fact]:
        if not self._driver.silence:
            self._open_browser()
            if self._driver.wait(0) is None:
                self._driver.silence = f"the extension did not answer within {START_SECONDS:g} s: {HINT}"
                self.close()
        facts = self._chromium.checked_facts()
        if self._driver.silence:
            return facts
        return {**facts, "driver": "extension", "browser_gpu_flags": " ".join(self._chromium.gpu_flags[BACKEND])}

    def launch(self, visit: Visit) -> AbstractContextManager[Running]:
        if self._driver.silence:
            visit.extension = ExtensionSamples(unavailable=self._driver.silence)
            return self._chromium.launch(visit)
        return self._tab(visit)

    @contextlib.contextmanager
    def _tab(self, visit: Visit) -> Iterator[Tab]:
        browser = self._open_browser()
        self._driver.open(visit)
        try:
            yield Tab(browser)
        finally:
            gone = ExtensionSamples(unavailable="the browser was gone, and what was sampled with it")
            visit.extension = self._driver.close(CLOSE_SECONDS) if browser.alive() else gone
            if not self._driver.is_free():
                self.close()  # what it left open must not run beside the next visit

    def rest(self) -> None:
        """Its browser, which has no page open, stays: it takes longer to start (2.5 s) than most tasks."""
        self._chromium.rest()

    def close(self) -> None:
        self._chromium.close()
        self._browser = None
        self._opened.close()
        self._driver.forget()

    def _open_browser(self) -> LaunchedProcess:
        """The block's browser, a new one where it is gone, and the extension in it as soon as it answers."""
        if self._browser is None or not self._browser.alive():
            self.close()
            self._browser = self._opened.enter_context(self._launched())
            self._driver.wait(START_SECONDS)
        return self._browser

    @contextlib.contextmanager
    def _launched(self) -> Iterator[LaunchedProcess]:
        with fresh_folder() as folder:
            # All tasks of the block share the browser, so it has the flags of those on the GPU and of those watched.
            own = (MEMORY_FLAG, f"--load-extension={driving.FOLDER}", self._driver.page_url)
            command = self._chromium.command(folder, self._chromium.gpu_flags[BACKEND], *own)
            with launched(command, folder, self._reaper, measuring_role="renderer") as running:
                yield running


class PersonsTab:
    """One visit in a browser that a person opened: it is looked at, and never ended."""

    measuring_role = "renderer"

    def __init__(self, driver: Driving) -> None:
        self._driver = driver
        self._extensions = extensions_among(self._browser_pids())

    def pids(self) -> list[int]:
        return [pid for pid in self._browser_pids() if pid not in self._extensions]

    def _browser_pids(self) -> list[int]:
        """Where the extension could tell which they are."""
        asking = self._driver.wait(0)
        return tree(asking.browser_pid) if asking and asking.browser_pid else []

    def alive(self) -> bool:
        return self._driver.answers()

    def log(self) -> str:
        """What a browser writes that a person opened, is the person's."""
        return "" if self.alive() else NOT_ASKED


class Person:
    """A browser that a person opened, with the extension loaded by hand. Where it is closed while a page is open, that
    visit is lost, and the next one waits until it is there again."""

    def __init__(self, driver: Driving) -> None:
        self._driver = driver

    def software_gpu(self, facts: Mapping[str, Fact]) -> bool:
        return is_software(facts)

    def checked_facts(self) -> Mapping[str, Fact]:
        """Waits for the person."""
        version = self._driver.person().browser_version
        return {"browser": "chromium", "browser_version": version, "headless": False, "driver": "extension, by hand"}

    @contextlib.contextmanager
    def launch(self, visit: Visit) -> Iterator[PersonsTab]:
        self._driver.person()
        self._driver.open(visit)
        try:
            yield PersonsTab(self._driver)
        finally:
            visit.extension = self._driver.close(CLOSE_SECONDS)
            if not self._driver.is_free():
                self._driver.forget()  # it may be gone: the next visit is not opened before it has asked again

    def rest(self) -> None:
        """The browser is the person's."""

    def close(self) -> None:
        """The browser is the person's."""
