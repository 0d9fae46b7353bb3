"""What a person sees of a run: a bar with the time left on a terminal, plain lines elsewhere. It only draws between
tasks: a bar that redraws itself would run beside the timed samples."""

import math
import time
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from howfar.costs import at_least_seconds
from howfar.outcomes import Outcome
from howfar.records import Cell, Task


class Forecast:
    """How long what is left will take: a cell as long as it took before, an unknown one as long as the mean; never
    longer than what is left of a budget."""

    def __init__(
        self, pending: Sequence[Task], minutes: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._left = [task.cell for task in pending]
        self._seconds: dict[Cell, float] = {}
        self._clock, self._end = clock, math.inf if minutes is None else clock() + 60 * minutes

    def note(self, cell: Cell, seconds: float) -> None:
        """One of the pending tasks is over."""
        self._seconds[cell] = seconds
        if cell in self._left:
            self._left.remove(cell)

    def seconds_left(self) -> float | None:
        """Nothing before the first task is over."""
        if not self._seconds:
            return None
        mean = sum(self._seconds.values()) / len(self._seconds)
        needed = sum(self._seconds.get(cell, mean) for cell in self._left)
        return min(needed, max(self._end - self._clock(), 0.0))


def span(seconds: float | None) -> str:
    """`4 min`, `35 s`, `...` while unknown."""
    if seconds is None:
        return "..."
    return (
        f"{seconds:.0f} s"
        if seconds < 90
        else f"{seconds / 60:.0f} min"
        if seconds < 5400
        else f"{seconds / 3600:.1f} h"
    )


def told(outcome: Outcome) -> str:
    """A failure in one line."""
    message = " ".join(outcome.message.split())
    return f"{outcome.status.replace('_', ' ')}: {outcome.task.describe()}: {message}"


class Lines:
    """One line a task."""

    def __init__(self, console: Console) -> None:
        self._console, self._total, self._done = console, 0, 0
        self._forecast = Forecast(())

    def begin(self, pending: Sequence[Task], done: int, minutes: float | None = None) -> None:
        self._forecast, self._done, self._total = Forecast(pending, minutes), done, done + len(pending)
        again = f" ({done} of {self._total} were measured before)" if done else ""
        least = at_least_seconds([task.cell for task in pending])
        self._say(f"{len(pending)} task{'s' * (len(pending) != 1)} to run{again}, {span(least)} at the least")

    def start(self, task: Task) -> None:
        """Nothing: a line is written when the task is over."""

    def end(self, outcome: Outcome, seconds: float) -> None:
        self._done += not outcome.task.control
        self._forecast.note(outcome.task.cell, seconds)
        what = outcome.task.describe() if outcome.status == "ok" else told(outcome)
        marks = " (disturbed)" if outcome.disturbed else ""
        left = span(self._forecast.seconds_left())
        self._say(f"[{self._done}/{self._total}] {what}{marks}, {seconds:.1f} s, {left} left")

    def close(self) -> None:
        """Nothing to tidy."""

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class Bar:
    """A bar with cells done and left, the time left, and the current cell; failures are named above it."""

    def __init__(self, console: Console) -> None:
        columns = (
            BarColumn(24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]} left"),
            TextColumn("{task.description}"),
        )
        self._progress = Progress(*columns, console=console, auto_refresh=False)
        self._forecast = Forecast(())
        self._bar = TaskID(0)

    def begin(self, pending: Sequence[Task], done: int, minutes: float | None = None) -> None:
        self._forecast = Forecast(pending, minutes)
        for before in self._progress.task_ids:
            self._progress.remove_task(before)
        self._bar = self._progress.add_task("starting", total=done + len(pending), completed=done, left="...")
        self._progress.start()

    def start(self, task: Task) -> None:
        self._show(task.describe())

    def end(self, outcome: Outcome, seconds: float) -> None:
        self._forecast.note(outcome.task.cell, seconds)
        if outcome.status != "ok":
            self._progress.console.print(told(outcome), markup=False, highlight=False, style="yellow")
        self._progress.advance(self._bar, not outcome.task.control)
        self._show(outcome.task.describe())

    def close(self) -> None:
        if self._progress.tasks:  # none where the run was refused before it began
            self._show("")
        self._progress.stop()

    def _show(self, description: str) -> None:
        left = span(self._forecast.seconds_left())
        self._progress.update(self._bar, description=description, left=left, refresh=True)


def follow(console: Console) -> Bar | Lines:
    """The bar on a terminal, lines elsewhere."""
    return Bar(console) if console.is_terminal else Lines(console)
