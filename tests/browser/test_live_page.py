"""The page that shows a run as it goes, in a real browser: told of each task as it ends, drawn, usable by everybody."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

import asked
import devtools
from howfar import frameworks, studies
from howfar.live import Live
from howfar.outcomes import Outcome, Series
from howfar.progress import Lines
from howfar.records import Status, Task
from howfar.report import live as live_page
from howfar.server import Server

TASK = asked.task(asked.WASM, workload="inference")
NATIVE = asked.task(asked.NUMPY, workload="inference")


def outcome(task: Task, status: Status = "ok", message: str = "") -> Outcome:
    timed = Series("latency", "timed", 4, (8.0, 40.0, 12.0), "interval")
    return Outcome(task, status, "here", "2026-01-01T00:00:00Z", message=message, series=(timed,))


@pytest.fixture
def live() -> Live:
    study = studies.load("quick", frameworks.registry())
    found = Live(Lines(Console(file=StringIO(), width=200)), live_page.page(study, (TASK.cell, NATIVE.cell)))
    found.begin([TASK, NATIVE, TASK], done=1)
    return found


@pytest.fixture
def page(tmp_path: Path) -> Iterator[devtools.Page]:
    with devtools.opened("about:blank", tmp_path) as opened:
        yield opened


def said(page: devtools.Page, name: str, words: str) -> None:
    """Waits for what a part of the page says."""
    page.waited_for(f"document.getElementById({json.dumps(name)}).textContent.includes({json.dumps(words)})")


def test_it_follows_the_run_to_its_end(live: Live, page: devtools.Page) -> None:
    with Server(routes=live.routes()) as server:
        page.watch(f"http://127.0.0.1:{server.port}/")
        said(page, "done", "1 of 4")
        assert page.value("document.getElementById('live').hidden")
        live.start(TASK)
        live.end(outcome(TASK), 1.0)
        live.end(outcome(NATIVE, "crashed", "it is <b>gone</b>"), 1.0)
        said(page, "done", "3 of 4")
        said(page, "failed", "1")
        said(page, "reasons", "it is <b>gone</b>")
        page.value("document.getElementById('live').scrollIntoView()")
        page.waited_for("document.querySelectorAll('#live svg .mark-symbol path').length === 1")
        live.end(outcome(TASK), 1.0)
        page.waited_for("document.querySelectorAll('#live svg .mark-symbol path').length === 2")
        live.finish("The report is in results/quick.")
        said(page, "now", "The report is in results/quick.")
        asked_of = {event["request"]["url"] for name, event in page.events if name == "Network.requestWillBeSent"}
    own = f"http://127.0.0.1:{server.port}/"
    assert {url for url in asked_of if not url.startswith((own, "data:"))} == set()
    assert [event for event in page.events if event[0] in devtools.COMPLAINTS] == []


def test_it_says_that_the_run_is_gone(live: Live, page: devtools.Page) -> None:
    with Server(routes=live.routes()) as server:
        page.watch(f"http://127.0.0.1:{server.port}/")
        said(page, "done", "1 of 4")
        live.finish("")  # a question that is open is answered, or the server would wait for it
    said(page, "state", "Lost")
    said(page, "now", "What it measured is kept")


@pytest.mark.parametrize("width", [1280, 375])
def test_everybody_can_use_it(live: Live, page: devtools.Page, width: int) -> None:
    with Server(routes=live.routes()) as server:
        page.watch(f"http://127.0.0.1:{server.port}/")
        page.sized(width)
        live.end(outcome(TASK), 1.0)
        said(page, "done", "2 of 4")
        assert page.value("document.documentElement.scrollWidth") <= width
        assert page.complaints() == []
        live.finish("over")
