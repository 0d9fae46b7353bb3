"""A browser held by the DevTools protocol over a pipe: enough to ask a page what a person would see on it."""

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any

from asking import Asking
from howfar.hosts import chromium
from howfar.hosts.base import end_tree

# What a page that has something to complain of is seen by.
COMPLAINTS = ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")


class Page(Asking):
    """The one page of a browser."""

    def __init__(self, to_browser: int, from_browser: BufferedReader) -> None:
        self._to, self._from = to_browser, from_browser
        self._number, self._buffer = 0, b""
        self._session = ""
        # What the page said by itself since `watch`: method and parameters.
        self.events: list[tuple[str, dict[str, Any]]] = []

    def _ask(self, method: str, session: str = "", **params: Any) -> Any:
        """The answer's result; nothing where the page that was asked has gone."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        os.write(self._to, json.dumps(message | ({"sessionId": session} if session else {})).encode() + b"\0")
        while True:
            answer = json.loads(self._read())
            if answer.get("id") == self._number:
                return answer.get("result", {})
            if "method" in answer:
                self.events.append((answer["method"], answer.get("params", {})))

    def _read(self) -> bytes:
        while b"\0" not in self._buffer:
            chunk = self._from.read1(65536)
            if not chunk:
                raise EOFError("the browser closed its pipe")
            self._buffer += chunk
        message, _, self._buffer = self._buffer.partition(b"\0")
        return message

    def _attached(self) -> str:
        pages = [one for one in self._ask("Target.getTargets")["targetInfos"] if one["type"] == "page"]
        return str(self._ask("Target.attachToTarget", targetId=pages[0]["targetId"], flatten=True).get("sessionId", ""))

    def text(self) -> str:
        """What a person reads now. Attached anew each time: an isolated page swaps its process as it opens."""
        answer = self._ask("Runtime.evaluate", self._attached(), expression="document.body?.innerText ?? ''")
        return str(answer.get("result", {}).get("value", ""))

    def watch(self, url: str) -> None:
        """Opens the URL with whatever it says to the console and asks of a network kept in `events`, from its start."""
        self._session = self._attached()
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._ask(f"{domain}.enable", self._session)
        self.events.clear()
        self._ask("Page.navigate", self._session, url=url)
        self.waited_for("document.readyState === 'complete'")

    def tell(self, method: str, **params: Any) -> Any:
        """A command to the watched page."""
        return self._ask(method, self._session, **params)

    def value(self, expression: str) -> Any:
        """What an expression comes to in the watched page, its promise awaited."""
        answer = self.tell("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"].get("exception", {}).get("description", "it failed"))
        return answer.get("result", {}).get("value")

    def sized(self, width: int, height: int = 900) -> None:
        """As a screen of so many CSS pixels shows it."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.tell("Emulation.setDeviceMetricsOverride", **size)

    def text_with(self, wanted: str, seconds: float) -> str:
        """The text as soon as it holds `wanted`, or as it is when the time is up."""
        deadline = time.monotonic() + seconds
        while wanted not in (text := self.text()) and time.monotonic() < deadline:
            time.sleep(0.2)
        return text


@contextlib.contextmanager
def opened(url: str, profile: Path, *more: str) -> Iterator[Page]:
    """Opens the URL in a fresh browser, with `more` flags."""
    (read_theirs, write_ours), (read_ours, write_theirs) = os.pipe(), os.pipe()
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    flags = [
        *sandbox,
        "--headless=new",
        "--no-first-run",
        "--remote-debugging-pipe",
        f"--user-data-dir={profile}",
        *more,
        url,
    ]
    shell = ["bash", "-c", f'exec "$0" "$@" 3<&{read_theirs} 4>&{write_theirs}', str(chromium.require()), *flags]
    quiet = subprocess.DEVNULL
    browser = subprocess.Popen(
        shell, pass_fds=(read_theirs, write_theirs), stdout=quiet, stderr=quiet, start_new_session=True
    )
    os.close(read_theirs)
    os.close(write_theirs)
    try:
        with os.fdopen(read_ours, "rb") as stream:
            yield Page(write_ours, stream)
    finally:
        end_tree(browser.pid)
        browser.wait()
        os.close(write_ours)
