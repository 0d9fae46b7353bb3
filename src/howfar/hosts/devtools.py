"""Chromium's DevTools protocol over the pipe that it was started with: no port is opened, no driver needed. It starts
the profiler and presses the mouse; no measured time passes through it."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

FLAG = "--remote-debugging-pipe"
# Chromium on Windows has such a pipe by another way.
SUPPORTED = sys.platform != "win32"
ANSWER_SECONDS = 30.0


class Lost(Exception):
    """The browser does not answer, or refuses; in words."""


class DevTools:
    """One browser's end of the talk. Any thread may ask."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        """Takes both descriptors over."""
        self._to, self._from = to_browser, from_browser
        self._sending, self._changed = threading.Lock(), threading.Condition()
        self._number, self._open = 0, True
        self._awaited: set[int] = set()
        self._answers: dict[int, Mapping[str, Any]] = {}
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def tell(self, method: str, session: str = "", **params: Any) -> int:
        """Sends a command without waiting for its answer. Returns its number.

        Raises: Lost where the browser is gone.
        """
        with self._sending:
            self._number += 1
            message = {"id": self._number, "method": method, "params": params}
            self._send(json.dumps(message | ({"sessionId": session} if session else {})).encode() + b"\0")
            return self._number

    def ask(self, method: str, session: str = "", **params: Any) -> Mapping[str, Any]:
        """Sends a command and waits for its result.

        Raises: Lost where there is none.
        """
        with self._changed:
            number = self.tell(method, session, **params)
            self._awaited.add(number)
            self._changed.wait_for(lambda: number in self._answers or not self._open, ANSWER_SECONDS)
            self._awaited.discard(number)
            answer = self._answers.pop(number, None)
        if answer is None:
            raise Lost(f"the browser gave no answer to {method}")
        if "error" in answer:
            raise Lost(f"the browser refused {method}: {answer['error'].get('message', '')}")
        result: Mapping[str, Any] = answer.get("result", {})
        return result

    def page(self) -> str:
        """The session of the one page that is open, attached anew: an isolated page swaps its process as it opens.

        Raises: Lost where there is none.
        """
        pages = [one for one in self.ask("Target.getTargets")["targetInfos"] if one["type"] == "page"]
        if not pages:
            raise Lost("the browser has no page open")
        attached = self.ask("Target.attachToTarget", targetId=pages[0]["targetId"], flatten=True)
        return str(attached["sessionId"])

    def close(self) -> None:
        """Call it when the browser is gone: its end of the pipe is what ends the listening."""
        with self._sending:
            os.close(self._to)
            self._to = -1
        self._listener.join(timeout=5)

    def _send(self, message: bytes) -> None:
        try:
            while message:
                message = message[os.write(self._to, message) :]
        except OSError as error:
            raise Lost(f"the browser's pipe is closed ({error.strerror})") from None

    def _listen(self) -> None:
        with os.fdopen(self._from, "rb") as stream:
            parts: list[bytes] = []
            while chunk := stream.read1(1 << 20):
                *ends, rest = chunk.split(b"\0")
                for end in ends:
                    self._take(b"".join([*parts, end]))
                    parts = []
                parts.append(rest)
        with self._changed:
            self._open = False
            self._changed.notify_all()

    def _take(self, message: bytes) -> None:
        """Keeps an answer that somebody waits for. Events have no number, and nobody waits for them."""
        answer = json.loads(message)
        with self._changed:
            if answer.get("id") in self._awaited:
                self._answers[answer["id"]] = answer
                self._changed.notify_all()


@runtime_checkable
class Inspectable(Protocol):
    """A visit in a browser that was started with a pipe for DevTools."""

    devtools: DevTools | None


class Pipes:
    """Both pipes of a browser that is to be started."""

    def __init__(self) -> None:
        self._theirs_to_read, self._ours_to_write = os.pipe()
        self._ours_to_read, self._theirs_to_write = os.pipe()

    @property
    def theirs(self) -> tuple[int, int]:
        """What the browser inherits."""
        return self._theirs_to_read, self._theirs_to_write

    def around(self, command: Sequence[str]) -> list[str]:
        """The command that starts it with them in their places."""
        piped = str(Path(__file__).with_name("piped.py"))
        return [sys.executable, "-I", "-S", piped, *map(str, self.theirs), *command]

    def talk(self) -> DevTools:
        """Once it is started: its ends are its alone."""
        for one in self.theirs:
            os.close(one)
        return DevTools(self._ours_to_write, self._ours_to_read)

    def abandon(self) -> None:
        """It could not be started."""
        for one in (*self.theirs, self._ours_to_read, self._ours_to_write):
            os.close(one)


def start_with(pipes: Pipes, command: Sequence[str], **options: Any) -> tuple[subprocess.Popen[bytes], DevTools]:
    """Starts a browser with its pipes; `options` as of Popen."""
    try:
        process = subprocess.Popen(pipes.around(command), pass_fds=pipes.theirs, **options)
    except OSError:
        pipes.abandon()
        raise
    return process, pipes.talk()
