"""What a person sees of a run."""

import re
from io import StringIO

import pytest
from msgspec.structs import replace
from rich.console import Console

import asked
from howfar.outcomes import Outcome
from howfar.progress import Bar, Forecast, Lines, follow, span, told
from howfar.records import Status, Task

SHORT = asked.task(asked.NUMPY, workload="inference")
LONG = asked.task(asked.NUMPY)
AGAIN = asked.task(asked.NUMPY, seed=1)


def outcome(task: Task, status: Status = "ok", message: str = "", disturbed: bool = False) -> Outcome:
    return Outcome(task, status, "here", "2025-06-01T10:00:00+00:00", message=message, disturbed=disturbed)


def test_nothing_is_forecast_before_the_first_task_is_over() -> None:
    assert Forecast([SHORT, LONG]).seconds_left() is None


def test_a_cell_takes_as_long_as_it_took_before_and_an_unknown_one_as_the_mean() -> None:
    forecast = Forecast([SHORT, LONG, SHORT, AGAIN, LONG, asked.task()])
    forecast.note(SHORT.cell, 2.0)
    assert forecast.seconds_left() == 5 * 2.0
    forecast.note(LONG.cell, 10.0)
    # Left: short 2, again 10 (the same cell as long), long 10, and one unknown 6.
    assert forecast.seconds_left() == 2 + 10 + 10 + 6


def test_what_is_left_is_never_more_than_the_budget() -> None:
    now = [100.0]
    forecast = Forecast([SHORT, LONG, LONG], 2.0, lambda: now[0])
    forecast.note(SHORT.cell, 90.0)
    assert forecast.seconds_left() == 120
    now[0] = 200
    assert forecast.seconds_left() == 20
    now[0] = 300
    assert forecast.seconds_left() == 0


def test_at_the_end_nothing_is_left() -> None:
    forecast = Forecast([SHORT])
    forecast.note(SHORT.cell, 3.0)
    assert forecast.seconds_left() == 0


def test_a_task_that_was_not_pending_takes_nothing_away() -> None:
    forecast = Forecast([LONG])
    forecast.note(SHORT.cell, 3.0)
    assert forecast.seconds_left() == 3.0


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, "..."), (0.2, "0 s"), (89.4, "89 s"), (90, "2 min"), (299, "5 min"), (5399, "90 min"), (5400, "1.5 h")],
)
def test_a_time_is_said_in_the_unit_that_fits(seconds: float | None, said: str) -> None:
    assert span(seconds) == said


def test_a_failure_is_told_in_one_line() -> None:
    failed = outcome(LONG, "wrong_result", "it is off by 0.1;\n  5e-06 is\nwhat a right one stays under")
    assert told(failed) == (
        "wrong result: numpy@2.0.0 cpu 1 thread mlp(2,32) training: "
        "it is off by 0.1; 5e-06 is what a right one stays under"
    )


def test_lines_are_plain_and_one_a_task() -> None:
    file = StringIO()
    lines = Lines(Console(file=file, width=40))
    lines.begin([SHORT, LONG], 3)
    lines.start(SHORT)
    lines.end(outcome(SHORT, disturbed=True), 1.26)
    lines.end(outcome(replace(SHORT, control=1)), 1.0)
    lines.start(LONG)
    lines.end(outcome(LONG, "crashed", "the process was gone in [first]"), 100)
    lines.close()
    cell = "numpy@2.0.0 cpu 1 thread mlp(2,32)"
    assert file.getvalue().splitlines() == [
        "2 tasks to run (3 of 5 were measured before), 0 s at the least",
        f"[4/5] {cell} inference (disturbed), 1.3 s, 1 s left",
        f"[4/5] {cell} inference, 1.0 s, 1 s left",
        f"[5/5] crashed: {cell} training: the process was gone in [first], 100.0 s, 0 s left",
    ]


def test_a_bar_shows_how_far_it_is_and_names_failures() -> None:
    file = StringIO()
    bar = Bar(Console(file=file, width=120, force_terminal=True, color_system=None))
    bar.begin([SHORT, LONG], 1)
    bar.start(SHORT)
    bar.end(outcome(SHORT), 2.0)
    bar.start(LONG)
    bar.end(outcome(LONG, "hung", "first was not over after 5 s"), 3.0)
    bar.close()
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", file.getvalue())
    assert "1/3" in shown
    assert "2/3" in shown
    assert "3/3 0 s left" in shown
    assert "2 s left" in shown
    assert "hung: numpy@2.0.0 cpu 1 thread mlp(2,32) training: first was not over after 5 s" in shown


def test_a_bar_that_never_began_can_be_closed() -> None:
    Bar(Console(file=StringIO(), force_terminal=True)).close()


def test_the_bar_is_for_terminals() -> None:
    assert isinstance(follow(Console(file=StringIO(), force_terminal=True)), Bar)
    assert isinstance(follow(Console(file=StringIO())), Lines)
