"""The talk over a pipe, with a browser that is played: by a thread, and by a process of its own."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from howfar.hosts import devtools
from howfar.hosts.devtools import DevTools, Lost, Pipes, start_with

Answer = Callable[[dict[str, Any]], list[dict[str, Any]]]


class Browser:
    """Answers every message as it is told; ends when the other side hangs up."""

    def __init__(self, answer: Answer) -> None:
        self._read, self.to = os.pipe()
        self.ours, self._write = os.pipe()
        self._answer = answer
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        with os.fdopen(self._read, "rb") as stream:
            buffer = b""
            while chunk := stream.read1(4096):
                *messages, buffer = (buffer + chunk).split(b"\0")
                for message in messages:
                    for said in self._answer(json.loads(message)):
                        os.write(self._write, json.dumps(said).encode() + b"\0")
        os.close(self._write)


Open = Callable[[Answer], DevTools]


@pytest.fixture
def opened() -> Iterator[Open]:
    talks: list[tuple[DevTools, Browser]] = []

    def start(answer: Answer) -> DevTools:
        browser = Browser(answer)
        talks.append((DevTools(browser.to, browser.ours), browser))
        return talks[-1][0]

    yield start
    for talk, browser in talks:
        talk.close()
        browser.thread.join(timeout=5)
        assert not browser.thread.is_alive()


def result(message: dict[str, Any], **found: Any) -> dict[str, Any]:
    return {"id": message["id"], "result": found}


def test_an_answer_is_told_from_events_and_from_answers_nobody_waits_for(opened: Open) -> None:
    def answer(message: dict[str, Any]) -> list[dict[str, Any]]:
        event, other = {"method": "Target.targetCreated", "params": {}}, {"id": 999, "result": {}}
        return [event, other, result(message, echo=message)]

    talk = opened(answer)
    talk.tell("Input.dispatchMouseEvent", "s1", type="mousePressed")
    assert talk.ask("Profiler.stop", "s1", deep=True)["echo"] == {
        "id": 2, "method": "Profiler.stop", "params": {"deep": True}, "sessionId": "s1",
    }  # fmt: skip


def test_an_answer_of_many_pieces_is_read_whole(opened: Open) -> None:
    large = "x" * 300_000
    talk = opened(lambda message: [result(message, profile=large)] * 2)
    assert talk.ask("Profiler.stop")["profile"] == large
    assert talk.ask("Profiler.stop")["profile"] == large


def test_many_can_ask_at_once(opened: Open) -> None:
    talk = opened(lambda message: [result(message, of=message["params"]["of"])])
    found: dict[int, int] = {}
    askers = [threading.Thread(target=lambda i=i: found.update({i: talk.ask("x", of=i)["of"]})) for i in range(8)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(timeout=5)
    assert found == {i: i for i in range(8)}


def test_a_refusal_says_of_what_and_why(opened: Open) -> None:
    talk = opened(lambda message: [{"id": message["id"], "error": {"message": "'Profiler.start' wasn't found"}}])
    with pytest.raises(Lost, match=r"refused Profiler\.start: 'Profiler\.start' wasn't found"):
        talk.ask("Profiler.start")


def test_a_browser_without_a_page_says_so(opened: Open) -> None:
    talk = opened(lambda message: [result(message, targetInfos=[{"type": "browser", "targetId": "b"}])])
    with pytest.raises(Lost, match="no page open"):
        talk.page()


def test_silence_is_no_answer(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devtools, "ANSWER_SECONDS", 0.05)
    with pytest.raises(Lost, match=r"no answer to Target\.getTargets"):
        opened(lambda _: []).page()


CHILD = """
import os
assert os.get_inheritable(3) and os.get_inheritable(4)
asked = b""
while not asked.endswith(b"\\0"):
    asked += os.read(3, 1)
os.write(4, b'{"id": 1, "result": {"fds": %d}}\\0' % len(os.listdir("/proc/self/fd")))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="NOT HERE: it looks at its descriptors in /proc")
def test_a_process_finds_the_pipes_where_chromium_looks_for_them_and_nothing_else() -> None:
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process, talk = start_with(Pipes(), [sys.executable, "-c", CHILD], **quiet)
    assert talk.ask("Browser.getVersion") == {"fds": 6}  # 0 to 4, and the folder that it lists
    assert process.wait(timeout=10) == 0
    with pytest.raises(Lost, match=r"gave no answer|pipe is closed"):
        talk.ask("Browser.getVersion")
    talk.close()


def test_pipes_of_a_program_that_can_not_be_started_are_closed() -> None:
    pipes = Pipes()
    with pytest.raises(FileNotFoundError):
        start_with(pipes, ["x"], cwd="/no/such/folder")
    for one in pipes.theirs:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(one)
