"""What a run tells a page that looks on."""

import json
import threading
from collections.abc import Iterator
from io import StringIO

import pytest
from rich.console import Console

import asked
import knocking
from howfar.live import Live, row
from howfar.outcomes import Outcome, Series
from howfar.progress import Lines
from howfar.records import Status, Task
from howfar.server import Server

TASK = asked.task(asked.NUMPY, workload="inference")


def outcome(task: Task = TASK, status: Status = "ok", message: str = "") -> Outcome:
    series = (
        Series("latency", "warmup", 1, (90.0, 80.0), "steady"),
        Series("latency", "timed", 4, (8.0, 40.0, 12.0), "interval"),
    )
    return Outcome(task, status, "here", "2026-01-01T00:00:00Z", message=message, series=series)


@pytest.fixture
def live() -> Live:
    found = Live(Lines(Console(file=StringIO(), width=200)), "<h1>a page</h1>")
    found.begin([TASK, TASK, TASK], done=2)
    return found


@pytest.fixture
def port(live: Live) -> Iterator[int]:
    with Server(routes=live.routes()) as server:
        yield server.port
        live.finish("over")


def test_a_process_is_the_median_of_its_timed_samples_per_operation() -> None:
    found = row(outcome())
    assert found and found.ms == 3.0
    assert (found.target, found.workload, found.where) == (str(TASK.cell.target), "inference", "native")


def test_controls_and_the_papers_clock_are_no_dots() -> None:
    assert row(outcome(asked.task(asked.NUMPY, workload="inference", protocol="published"))) is None
    assert row(Outcome(TASK, "ok", "here", "2026-01-01T00:00:00Z")) is None


def test_it_tells_what_has_happened_since(live: Live) -> None:
    first = live.news(0)
    assert (first.number, first.done, first.total, first.before, first.rows) == (1, 2, 5, 2, ())
    live.start(TASK)
    live.end(outcome(), 1.0)
    live.end(outcome(status="crashed", message="it is gone"), 1.0)
    live.end(outcome(status="unsupported", message="no adapter"), 1.0)
    news = live.news(first.number)
    assert (news.done, news.failed, len(news.rows)) == (5, 1, 1)
    assert [reason.partition(":")[0] for reason in news.reasons] == ["crashed", "unsupported"]
    assert news.now == TASK.describe() and not news.over


def test_who_asks_waits_until_a_task_is_over(live: Live) -> None:
    heard = []
    listener = threading.Thread(target=lambda: heard.append(live.news(1)))
    listener.start()
    live.start(TASK)
    assert listener.is_alive() and not heard
    live.end(outcome(), 1.0)
    listener.join(timeout=10)
    assert [news.done for news in heard] == [3]


def test_the_end_is_told_at_once(live: Live) -> None:
    live.finish("The report is there.")
    assert live.news(99).over == "The report is there."


def test_the_page_and_its_news_are_served_and_nothing_can_be_sent(port: int) -> None:
    assert b"a page" in knocking.ask(port, "/").body
    assert json.loads(knocking.ask(port, "/live/news?after=0").body)["total"] == 5
    for path in ("/", "/live/news"):
        assert knocking.ask(port, path, {"done": 9}).status == 405
    assert knocking.ask(port, "/", host="howfar.example").status == 400


@pytest.mark.parametrize("after", ["-1", "soon", ""])
def test_a_question_that_is_none_is_answered_in_a_line(port: int, after: str) -> None:
    answer = knocking.ask(port, f"/live/news?after={after}")
    assert answer.status == 400 and b"\n" not in answer.body
