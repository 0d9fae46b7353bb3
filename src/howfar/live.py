"""What a run tells a page that looks on: what has happened since it last asked. Read-only, and only between tasks."""

import threading
from collections.abc import Sequence
from statistics import median
from typing import Any

import msgspec
from msgspec import Struct
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from howfar import progress
from howfar.outcomes import Outcome
from howfar.records import PRIMARY_METRIC, PROTOCOLS, Task
from howfar.server import json_answer

# A question that nothing happens to is answered so, and asked again: connections that never speak are cut.
PATIENCE_SECONDS = 25.0


class Row(Struct, frozen=True):
    """The median of one process's samples, in ms per operation."""

    target: str
    what: str
    workload: str
    ms: float
    round: int
    edition: str
    backend: str
    where: str


class News(Struct, frozen=True):
    """What has happened since the event with the number that was asked for. `over`: where the report is, once it is."""

    number: int
    done: int
    total: int
    before: int
    failed: int
    left: str
    now: str
    over: str
    rows: tuple[Row, ...]
    reasons: tuple[str, ...]


class Live:
    """Follows a run as `shown` does, which is told everything, and answers the page."""

    def __init__(self, shown: progress.Bar | progress.Lines, page: str) -> None:
        self._shown, self._page = shown, page
        self._changed = threading.Condition()
        # What each event told: a row, a reason, or neither.
        self._events: list[Row | str | None] = []
        self._done = self._before = self._total = self._failed = 0
        self._now = self._over = ""
        self._forecast = progress.Forecast(())

    def begin(self, pending: Sequence[Task], done: int, minutes: float | None = None) -> None:
        self._shown.begin(pending, done, minutes)
        with self._changed:
            self._forecast = progress.Forecast(pending, minutes)
            self._before += done
            self._done += done
            self._total = self._done + len(pending)
            self._tell(None)

    def start(self, task: Task) -> None:
        """Kept, but not told: a page that is told now would draw while the task begins."""
        self._shown.start(task)
        self._now = task.describe()

    def end(self, outcome: Outcome, seconds: float) -> None:
        self._shown.end(outcome, seconds)
        with self._changed:
            self._forecast.note(outcome.task.cell, seconds)
            self._done += not outcome.task.control
            failed = outcome.status not in ("ok", "unsupported")
            self._failed += failed
            self._tell(row(outcome) if outcome.status == "ok" else progress.told(outcome))

    def close(self) -> None:
        self._shown.close()

    def finish(self, words: str) -> None:
        """The run is over; `words`: what is to be read now."""
        with self._changed:
            self._over = words
            self._tell(None)

    def routes(self) -> list[Route]:
        """The page, and what it asks."""
        return [Route("/", self._show), Route("/live/news", self._answer)]

    def news(self, after: int) -> News:
        """What has happened since event `after`, waiting a while for something."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._events) > after or bool(self._over), PATIENCE_SECONDS)
            told = self._events[after:]
            return News(
                number=len(self._events),
                done=self._done,
                total=self._total,
                before=self._before,
                failed=self._failed,
                left=progress.span(self._forecast.seconds_left()),
                now=self._now,
                over=self._over,
                rows=tuple(one for one in told if isinstance(one, Row)),
                reasons=tuple(one for one in told if isinstance(one, str)),
            )

    def _tell(self, event: Row | str | None) -> None:
        self._events.append(event)
        self._changed.notify_all()

    async def _show(self, _request: Request) -> Response:
        return HTMLResponse(self._page)

    async def _answer(self, request: Request) -> Response:
        try:
            after = msgspec.convert(request.query_params.get("after", "0"), int, strict=False)
        except msgspec.ValidationError:
            after = -1
        if after < 0:
            raise HTTPException(400, "after: the number of the last event, such as 0")
        return json_answer(await run_in_threadpool(self.news, after))


def row(outcome: Outcome) -> Row | None:
    """The dot of a task that went well; nothing for controls, and for what is watched or only counted."""
    task, cell, target = outcome.task, outcome.task.cell, outcome.task.cell.target
    if task.control or cell.observe or task.protocol != PROTOCOLS["corrected"]:
        return None
    ms = _median_ms(outcome)
    if ms is None or ms <= 0:
        return None
    native = "native" if target.browser == "native" else target.backend
    found: dict[str, Any] = {"edition": f"{target.framework}@{target.version}", "backend": native}
    name = str(target) if target.browser in ("native", "chromium") else f"{target} in {target.browser}"
    return Row(name, str(cell.model), cell.workload, ms, task.round, where=target.browser, **found)


def _median_ms(outcome: Outcome) -> float | None:
    metric = PRIMARY_METRIC.get(outcome.task.cell.workload)
    samples = [
        ms * outcome.task.scale / series.repeats
        for series in outcome.series
        if series.metric == metric and series.stage == "timed"
        for ms in series.sample_ms
    ]
    samples = samples or [phase.ms for phase in outcome.phases if phase.name == metric]
    return float(median(samples)) if samples else None
