"""However a visit goes on, its watch says how it ended. The events are put as the server would put them."""

import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest

import asked
from howfar.records import PhaseName
from howfar.study import Limits
from howfar.visiting import End, Watch
from howfar.visits import Visit
from played import Page

TASK = asked.task(asked.NUMPY)
LIMITS = Limits(launch_seconds=5, phase_seconds=5)


def visit() -> Visit:
    return Visit(asked.assignment(TASK), "http://p1.localhost:1/run/", "token")


def watched(events: Sequence[tuple[str, Any]], page: Page | None = None, limits: Limits = LIMITS) -> End:
    opened = visit()
    for kind, value in events:
        opened.put(kind, value)
    return Watch(opened, limits).until_end(page or Page())


STARTED: list[tuple[str, Any]] = [("fetched", None), ("phase", "library_load"), ("phase", "backend_init")]


def test_a_report_is_the_end() -> None:
    report = asked.report(TASK)
    assert watched([*STARTED, ("report", report), ("gone", None)]) == End(report=report)


def test_what_is_no_message_of_the_protocol_is_a_page_error() -> None:
    end = watched([*STARTED, ("refused", "Expected `float` >= 0.0 - at `$.phases[0].ms`")])
    assert end.status == "page_error"
    assert "$.phases[0].ms" in end.message


def test_a_process_that_is_gone_crashed_in_its_phase() -> None:
    assert watched([*STARTED, ("gone", None)]) == End(status="crashed", message="the process was gone in backend init")
    assert watched([], Page(gone=True)).message == "the process was gone in launch"


def test_a_process_that_reports_and_ends_between_two_looks_did_not_crash() -> None:
    opened, report = visit(), asked.report(asked.task())

    class Quick(Page):
        def alive(self) -> bool:
            opened.put("report", report)
            return False

    assert Watch(opened, LIMITS).until_end(Quick()) == End(report=report)


@pytest.mark.parametrize(
    "words",
    [
        "FATAL: Out of memory",
        "<--- JS OOM error --->",
        "V8 javascript OOM: (MarkCompactCollector)",
        "MemoryError: 8 GiB",
    ],
)
def test_a_log_that_speaks_of_memory_says_why(words: str) -> None:
    end = watched([*STARTED, ("gone", None)], Page(f"[12:INFO] hello\n{words}\n"))
    assert (end.status, end.message) == ("out_of_memory", "the process ran out of memory in backend init")


@pytest.mark.parametrize("words", ["", "[ERROR:gpu] lost a zoom level", "memory pressure: moderate"])
def test_any_other_log_does_not(words: str) -> None:
    assert watched([*STARTED, ("gone", None)], Page(words)).status == "crashed"


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([], "launch was not over after 0.06 s"),
        ([("fetched", None)], "launch was not over after 0.06 s"),
        (STARTED[:2], "library load was not over after 0.03 s"),
        ([*STARTED, ("phase", "throughput")], "throughput was not over after 0.03 s"),
    ],
)
def test_a_phase_that_passes_its_limit_hangs(events: list[tuple[str, Any]], message: str) -> None:
    start = time.monotonic()
    assert watched(events, limits=Limits(0.06, 0.03)) == End(status="hung", message=message)
    assert 0.03 <= time.monotonic() - start < 1


def test_every_phase_has_the_whole_limit() -> None:
    opened = visit()
    limits = Limits(launch_seconds=0.5, phase_seconds=0.5)
    phases: tuple[PhaseName, ...] = ("library_load", "backend_init", "first", "check")

    def play() -> None:
        for phase in phases:
            time.sleep(0.2)
            opened.put("phase", phase)
        opened.put("report", asked.report(TASK))

    player = threading.Thread(target=play)
    player.start()
    assert Watch(opened, limits).until_end(Page()).report is not None
    player.join()


def test_spans_are_the_phases_by_the_clock_of_the_events() -> None:
    watch = Watch(visit(), LIMITS)
    begin = time.monotonic()
    for phase, at in (("library_load", 1.0), ("first", 1.5), ("end", 3.5), ("", 4.0)):
        watch.turn_to(phase, begin + at)
    assert [span.name for span in watch.spans] == ["launch", "library_load", "first", "end"]
    assert [span.seconds for span in watch.spans] == pytest.approx([1.0, 0.5, 2.0, 0.5], abs=0.01)
    assert sum(span.seconds for span in watch.spans) == pytest.approx(4.0, abs=0.01)


def test_a_process_that_was_killed_says_so() -> None:
    end = watched([*STARTED, ("gone", None)], Page("2 warnings\nended by SIGKILL"))
    expected = "the process was gone in backend init: killed, as the system does where memory is short"
    assert (end.status, end.message) == ("crashed", expected)
