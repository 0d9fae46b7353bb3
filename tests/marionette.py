"""A Firefox held by Marionette, its own protocol, over a socket: enough to ask a page what a person would see."""

import base64
import contextlib
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from asking import Asking
from howfar.hosts.base import end_tree

PREFERENCES = {
    "marionette.port": 0,  # any free one, which it writes into its profile
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.normandy.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}
START_SECONDS = 60


def find() -> str | None:
    """The program of a Firefox that is installed."""
    return next(filter(None, map(shutil.which, ("firefox-esr", "firefox"))), None)


class Page(Asking):
    """The one page of a Firefox."""

    def __init__(self, connection: socket.socket) -> None:
        self._stream = connection.makefile("rwb")
        self._number = 0
        self._read()  # its greeting
        self._ask("WebDriver:NewSession", capabilities={})

    def _ask(self, command: str, **parameters: Any) -> Any:
        self._number += 1
        message = json.dumps([0, self._number, command, parameters]).encode()
        self._stream.write(b"%d:%s" % (len(message), message))
        self._stream.flush()
        _, _, error, result = self._read()
        if error:
            raise AssertionError(f"{command}: {error['message']}")
        return result

    def _read(self) -> Any:
        length = b""
        while not length.endswith(b":"):
            length += (one := self._stream.read(1))
            if not one:
                raise AssertionError("Firefox has gone")
        return json.loads(self._stream.read(int(length[:-1])))

    def open(self, url: str) -> None:
        """Returns when it is loaded."""
        self._ask("WebDriver:Navigate", url=url)

    def value(self, expression: str) -> Any:
        """What an expression comes to, its promise awaited."""
        script = f"const say = arguments[0]; Promise.resolve({expression}).then(say, (error) => say(String(error)))"
        return self._ask("WebDriver:ExecuteAsyncScript", script=script, args=[])["value"]

    def sized(self, width: int, height: int) -> None:
        """A window of so many pixels."""
        self._ask("WebDriver:SetWindowRect", width=width, height=height)

    def said(self, url: str) -> list[str]:
        """Errors and warnings that this page has caused, as the browser's console has them."""
        self._ask("Marionette:SetContext", value="chrome")
        script = """
            const api = Cc["@mozilla.org/consoleAPI-storage;1"].getService(Ci.nsIConsoleAPIStorage).getEvents();
            return [...Services.console.getMessageArray().map(String),
                    ...api.map((one) => `${one.filename} ${one.level} ${one.arguments}`)];
        """
        messages = self._ask("WebDriver:ExecuteScript", script=script, args=[])["value"]
        self._ask("Marionette:SetContext", value="content")
        return [message for message in messages if url in message]

    def picture(self) -> bytes:
        """The whole page as PNG."""
        return base64.b64decode(self._ask("WebDriver:TakeScreenshot", full=True)["value"])


@contextlib.contextmanager
def opened(profile: Path) -> Iterator[Page]:
    """A fresh Firefox without a window. Raises: AssertionError where it does not answer."""
    lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in PREFERENCES.items())
    (profile / "user.js").write_text("".join(lines))
    flags = ["--headless", "--no-remote", "--marionette", "--remote-allow-system-access", "--profile", str(profile)]
    quiet = subprocess.DEVNULL
    browser = subprocess.Popen([str(find()), *flags], stdout=quiet, stderr=quiet, start_new_session=True)
    try:
        with socket.create_connection(("127.0.0.1", _port(profile)), timeout=60) as connection:
            yield Page(connection)
    finally:
        end_tree(browser.pid)
        browser.wait()


def _port(profile: Path) -> int:
    file, deadline = profile / "MarionetteActivePort", time.monotonic() + START_SECONDS
    while not (file.is_file() and file.read_text().strip()):
        if time.monotonic() > deadline:
            raise AssertionError("Firefox never said on which port it listens")
        time.sleep(0.1)
    return int(file.read_text())
