"""Chromium with the extension in it, played by programs that are none: what happens when it does not answer."""

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import asked
from howfar import driving, hosts
from howfar.driving import Asking, Driving, Upload
from howfar.errors import UserError
from howfar.hosts import base, chromium, extension
from howfar.hosts.base import Reaper
from howfar.observed import ExtensionSamples
from howfar.records import Model, Task
from howfar.server import Server
from howfar.visits import Visit
from knocking import ask

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sessions and signals are POSIX")

TASK = asked.task()
# Says its arguments, and then nothing.
SILENT = '#!/bin/sh\n[ "$1" = --version ] && echo Made 99.0.1.2 && exit\necho "$@" >> "$0.started"\nexec sleep 60\n'


@pytest.fixture
def reaper() -> Iterator[Reaper]:
    made = Reaper()
    yield made
    made.close()


@pytest.fixture
def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A browser in name only, in which no extension ever answers."""
    file = tmp_path / "chromium"
    file.write_text(SILENT)
    file.chmod(0o755)
    monkeypatch.setenv("HOWFAR_CHROMIUM", str(file))
    monkeypatch.setattr(chromium, "gpu_flags", lambda _: {"webgl": (), "webgpu": ("--gpu",)})
    monkeypatch.setattr(extension, "START_SECONDS", 0.2)
    monkeypatch.setattr(extension, "CLOSE_SECONDS", 0.2)
    return file


def started(browser: Path, *, lines: int = 0) -> list[str]:
    """What it was started with, each time; `lines`: so often at least, though it may not have come to say so yet."""
    file = browser.with_name("chromium.started")
    deadline = time.monotonic() + 10
    while True:
        found = file.read_text().splitlines() if file.exists() else []
        if len(found) >= lines or time.monotonic() > deadline:
            return found
        time.sleep(0.02)


def visit(task: Task = TASK) -> Visit:
    return Visit(asked.assignment(task), "http://p1.localhost:5/run/?task=a&token=b", "b")


def test_an_extension_that_never_answers_leaves_the_run_as_it_would_be_without(browser: Path, reaper: Reaper) -> None:
    driver = Driving()
    host = hosts.open_host("chromium", reaper, driver)
    assert host.checked_facts() == chromium.HOST(reaper).checked_facts()
    (line,) = started(browser, lines=1)
    assert f"--load-extension={driving.FOLDER}" in line and line.endswith(driver.page_url)
    opened = visit()
    with host.launch(opened) as running:
        assert running.alive()
        assert [line.endswith(opened.url) for line in started(browser, lines=2)] == [False, True]
    assert opened.extension is not None
    assert opened.extension.unavailable.startswith("the extension did not answer within 0.2 s")
    second = hosts.open_host("chromium", reaper, driver)  # the next block does not wait again
    second.checked_facts()
    assert len(started(browser)) == 2
    assert "--load-extension" not in started(browser)[1]


@pytest.mark.parametrize("ends", ["rest", "close"])
def test_what_ceilings_share_ends_where_no_extension_answers_too(browser: Path, reaper: Reaper, ends: str) -> None:
    driver = Driving()
    driver.silence = "it did not answer"
    host = hosts.open_host("chromium", reaper, driver)
    shared = visit(asked.task(asked.CEILING, Model("gemm", 1, 192), "ceilings"))
    with host.launch(shared) as running:
        shared.went_well = True
    assert running.alive() and started(browser, lines=1)
    getattr(host, ends)()
    assert not running.alive()


def test_the_extension_s_browser_is_another_environment(
    browser: Path, reaper: Reaper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Driving, "wait", lambda *_: Asking("one"))
    host = hosts.open_host("chromium", reaper, Driving())
    with contextlib.closing(host):
        own = {"driver": "extension", "browser_gpu_flags": "--gpu"}
        assert host.checked_facts() == {**chromium.HOST(reaper).checked_facts(), **own}
        assert "--gpu" in started(browser, lines=1)[0]


def test_a_browser_that_falls_silent_is_replaced(browser: Path, reaper: Reaper) -> None:
    host = hosts.open_host("chromium", reaper, Driving())
    for number in (1, 2):
        opened = visit()
        with host.launch(opened) as running:
            pids = running.pids()
            assert running.alive()
        assert not running.alive() and pids
        assert len(started(browser)) == number
        assert opened.extension is not None and "did not say within 0.2 s" in opened.extension.unavailable
    host.close()
    assert host.software_gpu({"webgl_renderer": "llvmpipe"})


def test_what_a_browser_said_of_an_earlier_visit_is_not_this_one_s(tmp_path: Path, reaper: Reaper) -> None:
    command = ["sh", "-c", "echo out of memory >&2; sleep 0.5; echo later >&2; sleep 60"]
    with base.launched(command, tmp_path, reaper, measuring_role="renderer") as running:
        wait_for(lambda: running.log() != "")
        tab = extension.Tab(running)
        assert tab.log() == ""
        wait_for(lambda: tab.log() != "")
        assert tab.log() == "later\n"
        assert tab.alive() and tab.pids() == running.pids()


def wait_for(condition: Any) -> None:
    for _ in range(500):
        if condition():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it never came")


def test_no_other_browser_is_driven(reaper: Reaper) -> None:
    with pytest.raises(UserError, match="for Chromium, not for firefox") as caught:
        hosts.open_host("firefox", reaper, Driving())
    assert "--driver" in str(caught.value) and "\n" not in str(caught.value)


def test_the_native_side_is_as_ever(reaper: Reaper) -> None:
    assert "driver" not in hosts.open_host("native", reaper, Driving()).checked_facts()


def test_a_person_s_browser_is_looked_at_and_never_ended(reaper: Reaper) -> None:
    """The extension is played: it comes, is told of the page, and closes it."""
    driver = Driving(lambda _: None)
    host = hosts.open_host("chromium", reaper, driver)
    with Server(routes=driver.routes()) as server:
        driver.port = server.port
        player = threading.Thread(target=play, args=(driver,))
        player.start()
        facts = host.checked_facts()
        assert facts == {"browser": "chromium", "browser_version": "99.1", "headless": False,
                         "driver": "extension, by hand"}  # fmt: skip
        opened = visit()
        with host.launch(opened) as running:
            assert running.alive()
            assert os.getpid() in running.pids()
            assert running.log() == ""
            wait_for(lambda: driver.wait(0) and driver.wait(0).task)  # type: ignore[union-attr]  # it is there
        assert opened.extension == ExtensionSamples(unavailable="it was played")
        host.close()
        driver.end()
        player.join(5)


def test_a_person_who_closes_the_browser_is_waited_for(reaper: Reaper, monkeypatch: pytest.MonkeyPatch) -> None:
    """One visit is lost with it, and no other: the next one is not begun before somebody is there."""
    monkeypatch.setattr(driving, "SILENCE_SECONDS", 0.3)
    monkeypatch.setattr(driving, "ANSWER_SECONDS", 0.1)
    invited: list[str] = []
    driver = Driving(invited.append)
    host = hosts.open_host("chromium", reaper, driver)
    with Server(routes=driver.routes()) as server:
        driver.port = server.port
        come(driver)
        host.checked_facts()
        assert invited in ([], [driver.page_url])  # it may have been there first
        with host.launch(visit()) as running:
            wait_for(lambda: not running.alive())  # it was asked once, and is gone
            assert "has not asked" in running.log()
        invited.clear()
        entered = threading.Event()
        back = threading.Thread(target=lambda: enter(host, entered))
        back.start()
        wait_for(lambda: invited == [driver.page_url])
        assert not entered.wait(0.2)
        come(driver)
        assert entered.wait(5)
        back.join()


def test_a_person_s_browser_that_does_not_close_its_page_is_waited_for(
    reaper: Reaper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is gone, and nobody can tell yet by its silence: no further visit is lost with it."""
    monkeypatch.setattr(extension, "CLOSE_SECONDS", 0.1)
    monkeypatch.setattr(driving, "ANSWER_SECONDS", 0.1)
    driver = Driving(lambda _: None)
    host = hosts.open_host("chromium", reaper, driver)
    with Server(routes=driver.routes()) as server:
        driver.port = server.port
        _post(driver, "next", Asking("one", browser_version="99.1"))
        host.checked_facts()
        with host.launch(visit()):
            _post(driver, "next", Asking("one", TASK.id, 1, browser_version="99.1"))
        assert not driver.answers()


def test_a_person_who_comes_back_with_another_browser_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driving(lambda _: None)
    monkeypatch.setattr(Driving, "wait", lambda *_: Asking("one", browser_version="99.1"))
    driver.person()
    monkeypatch.setattr(Driving, "wait", lambda *_: Asking("two", browser_version="99.2"))
    with pytest.raises(UserError, match="answers, and the run began with 99") as caught:
        driver.person()
    assert "\n" not in str(caught.value)


def come(driver: Driving) -> None:
    """Asks once, in a life of its own."""
    asking = Asking(str(time.monotonic()), browser_version="99.1")
    threading.Thread(target=_post, args=(driver, "next", asking), daemon=True).start()


def enter(host: base.Host, entered: threading.Event) -> None:
    with host.launch(visit()):
        entered.set()


def play(driver: Driving) -> None:
    held = ""
    while True:
        asking = Asking("one", held, 1, "", os.getpid(), "99.1")
        answer = _post(driver, "next", asking)
        if b'"ended":true' in answer:
            return
        if held:
            _post(driver, "samples", Upload(held, ExtensionSamples(unavailable="it was played")))
            held = ""
        elif TASK.id.encode() in answer:
            held = TASK.id


def _post(driver: Driving, what: str, message: Any) -> bytes:
    origin = f"chrome-extension://{driving.extension_id()}"
    answer = ask(driver.port, f"/extension/{what}", message, x_howfar_token=driver.token, Origin=origin)
    assert answer.status == 200, answer.body
    return answer.body
