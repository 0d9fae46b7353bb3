"""However a visit ends, it ends as an outcome. The host plays what a page would do; server and desk are real."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

import asked
from howfar import frameworks, models
from howfar.assignments import Desk
from howfar.checks import TOLERANCE
from howfar.errors import Unavailable
from howfar.hosts.base import StillRunning
from howfar.models import reference
from howfar.outcomes import Outcome, Report
from howfar.records import Fact, Model, PhaseName, Target
from howfar.server import Server
from howfar.study import Limits
from howfar.visiting import Visitor
from howfar.visits import Visit
from played import Page

DATA = asked.data()
DIGITS = DATA.digits
TASK = asked.task(asked.NUMPY)
LIMITS = Limits(launch_seconds=5, phase_seconds=5)

Step = Callable[[Visit], None]


class Host:
    """Plays its steps as the page of every visit."""

    def __init__(self, *steps: Step, page: Page | None = None, software: bool = False) -> None:
        self.steps, self.page, self.software = steps, page or Page(), software
        self.ended = False

    def checked_facts(self) -> Mapping[str, Fact]:
        return {}

    def software_gpu(self, facts: Mapping[str, Fact]) -> bool:
        return self.software and "webgl_renderer" in facts

    @contextlib.contextmanager
    def launch(self, visit: Visit) -> Iterator[Page]:
        def play() -> None:
            for step in self.steps:
                step(visit)

        player = threading.Thread(target=play)
        time.sleep(0.03)
        player.start()
        try:
            yield self.page
        finally:
            player.join()
            time.sleep(0.03)
            self.ended = True

    def rest(self) -> None:
        pass

    def close(self) -> None:
        pass


def phase(name: PhaseName, seconds: float = 0.0) -> Step:
    """As the server does: the event, then the snapshot, then the page goes on."""

    def step(visit: Visit) -> None:
        visit.put("phase", name)
        visit.on_phase(name)
        time.sleep(seconds)

    return step


def post(report: Report) -> Step:
    return lambda visit: visit.put("report", report)


@pytest.fixture(scope="module")
def desk() -> Iterator[tuple[Server, Desk]]:
    with Server() as server:
        yield server, Desk(server, frameworks.registry(), DATA)


@pytest.fixture
def visitor(desk: tuple[Server, Desk]) -> Visitor:
    return Visitor(*desk, LIMITS)


def right() -> tuple[float, ...]:
    batches = [(DIGITS.inputs[i : i + 64], DIGITS.labels[i : i + 64]) for i in (0, 64, 0)]
    return tuple(reference.train(models.spec(asked.MLP, 2019), batches, 0.01).losses)


def measured(visitor: Visitor, *steps: Step, **rest: Any) -> Outcome:
    host = Host(*steps, **rest)
    outcome = visitor.measure(host, TASK, "here", attempt=2)
    assert host.ended
    return outcome


def test_a_right_result_is_ok_and_comes_whole(visitor: Visitor) -> None:
    report = asked.report(TASK, losses=right(), facts={"backend": "cpu"}, live_tensors=(1, 2), heap_bytes=(3, 4))
    outcome = measured(visitor, phase("library_load"), post(report))
    assert (outcome.status, outcome.message) == ("ok", "")
    assert (outcome.task, outcome.environment, outcome.attempt) == (TASK, "here", 2)
    assert (outcome.series, outcome.losses) == (report.series, report.losses)
    counted = {"operation_multiply_adds": 3_469_312, "operation_bytes": 412_752}
    assert outcome.facts == {**report.facts, "rule": "mini_batch", **counted}
    assert (outcome.live_tensors, outcome.heap_bytes) == ((1, 2), (3, 4))
    assert outcome.check is not None
    assert outcome.check.max_abs_error is not None
    assert outcome.check.max_abs_error < 1e-12


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        ((), "missing"),
        ((None, None, None), "missing or not finite"),
        ((right()[0], right()[1], right()[2] + 0.5), "off by 0.5"),
        ((right()[0], right()[1], right()[2] + 2 * TOLERANCE), "off by 1e-05"),
    ],
)
def test_a_wrong_result_is_never_ok(visitor: Visitor, losses: tuple[float | None, ...], said: str) -> None:
    outcome = measured(visitor, post(asked.report(TASK, losses=losses)))
    assert outcome.status == "wrong_result"
    assert said in outcome.message
    assert outcome.series  # what was measured is kept


def test_a_failure_that_the_page_reports_is_kept_as_it_says(visitor: Visitor) -> None:
    report = Report(TASK.id, "unsupported", "no adapter", "at open", facts={"backend": "webgpu"})
    outcome = measured(visitor, post(report))
    assert (outcome.status, outcome.message, outcome.detail) == ("unsupported", "no adapter", "at open")
    assert outcome.check is None


def test_a_failure_that_is_seen_from_outside_keeps_the_log(visitor: Visitor) -> None:
    outcome = measured(visitor, phase("first"), lambda visit: visit.put("gone"), page=Page("its last words"))
    assert (outcome.status, outcome.detail) == ("crashed", "its last words")
    assert outcome.message == "the process was gone in first"


def test_processes_that_do_not_end_are_this_outcome_s_and_not_the_run_s_end(visitor: Visitor) -> None:
    class Held(Host):
        @contextlib.contextmanager
        def launch(self, visit: Visit) -> Iterator[Page]:
            with super().launch(visit) as page:
                yield page
            raise StillRunning("its processes [7] were killed, and do not end")

    outcome = visitor.measure(Held(post(asked.report(TASK, losses=right()))), TASK, "here")
    assert (outcome.status, outcome.message) == ("hung", "its processes [7] were killed, and do not end")
    assert measured(visitor, post(asked.report(TASK, losses=right()))).status == "ok"


def test_the_timeline_covers_the_whole_time_without_gaps(desk: tuple[Server, Desk]) -> None:
    # Judging comes after the last span: here there is nothing to judge.
    failed = post(Report(TASK.id, "unsupported", "no adapter"))
    steps = (phase("library_load", 0.05), phase("latency", 0.04), phase("dispose"), failed)
    begin = time.monotonic()
    visitor = Visitor(*desk, LIMITS)
    first = measured(visitor, *steps)
    second = measured(visitor, *steps)
    wall = time.monotonic() - begin
    spans = {span.name: span.seconds for span in second.timeline}
    assert list(spans) == ["idle", "launch", "library_load", "latency", "dispose", "end"]
    assert all(seconds >= 0 for seconds in spans.values())
    for name, least in {"launch": 0.03, "library_load": 0.05, "latency": 0.04, "end": 0.03}.items():
        assert spans[name] >= least, name
    total = sum(span.seconds for outcome in (first, second) for span in outcome.timeline)
    assert wall - 0.1 <= total <= wall  # the second outcome was judged after its last span


def test_the_machine_is_looked_at_during_the_timed_samples_only(visitor: Visitor) -> None:
    def busy(_: Visit) -> None:
        end = time.monotonic() + 0.1
        while time.monotonic() < end:
            pass

    steps = (phase("warmup", 0.1), phase("latency"), busy, phase("warmup", 0.3), phase("throughput"), busy)
    outcome = measured(visitor, *steps, phase("dispose", 0.1), post(asked.report(TASK, losses=right())))
    assert outcome.noise is not None
    assert 0.2 <= outcome.noise.wall_s < 0.45
    assert sum(use.cpu_s for use in outcome.noise.use) > 0.02


def test_the_machine_s_pace_is_taken_right_before_the_timed_samples_and_right_after(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[str] = []
    monkeypatch.setattr("howfar.visiting.pace_ms", lambda: float(len(reached)))
    names: tuple[PhaseName, ...] = ("first", "warmup", "latency", "throughput", "warmup", "check", "dispose")
    steps = [phase("rest", 0.1)] + [
        step for name in names for step in (lambda _, name=name: reached.append(name), phase(name))
    ]
    outcome = measured(visitor, *steps, post(asked.report(TASK, losses=right())))
    assert outcome.noise is not None
    assert [reached[int(at) - 1] for at in outcome.noise.pace_ms] == ["latency", "throughput", "warmup"]


def test_what_the_pace_takes_is_nobody_else_s_work(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    def work() -> float:
        end = time.monotonic() + 0.2
        while time.monotonic() < end:
            pass
        return 1.0

    monkeypatch.setattr("howfar.visiting.pace_ms", work)
    steps = (phase("warmup", 0.1), phase("latency", 0.1), phase("throughput", 0.1), phase("dispose"))
    outcome = measured(visitor, *steps, post(asked.report(TASK, losses=right())))
    assert outcome.noise is not None
    assert 0.2 <= outcome.noise.wall_s < 0.35


def test_beside_ceilings_no_pace_is_taken(desk: tuple[Server, Desk], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("howfar.visiting.pace_ms", lambda: pytest.fail("the best of many samples is taken"))
    roof = asked.task(Target("ceiling-numpy", "2.0.0", "cpu", "native", 1), Model("gemm", 1, 512), "ceilings")
    steps = (phase("warmup", 0.1), phase("gemm", 0.1), phase("dispose"), post(asked.report(roof)))
    outcome = Visitor(*desk, LIMITS).measure(Host(*steps), roof, "here")
    assert outcome.noise is not None and outcome.noise.pace_ms == ()


def test_without_timed_samples_there_is_no_noise(visitor: Visitor) -> None:
    outcome = measured(visitor, phase("warmup"), post(asked.report(TASK, losses=right())))
    assert outcome.noise is None
    assert not outcome.disturbed


def test_a_renderer_in_software_is_marked_where_the_target_is_a_gpu(
    desk: tuple[Server, Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("howfar.vendor.fetch", lambda *_: {})
    webgl = asked.task(Target("tfjs", "4.22.0", "webgl", "chromium"))
    for task, software in ((webgl, True), (asked.task(), False)):
        host = Host(post(asked.report(task, facts={"webgl_renderer": "llvmpipe"})), software=True)
        assert Visitor(*desk, LIMITS).measure(host, task, "here").software_gpu is software


def test_a_model_that_can_not_be_made_here_is_unsupported_and_no_page_is_opened(
    desk: tuple[Server, Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    def export(*_: object) -> dict[str, bytes]:
        raise Unavailable("no converter here", mend="pip install one")

    monkeypatch.setattr("howfar.vendor.fetch", lambda *_: {})
    monkeypatch.setattr("howfar.exporters.export", export)
    host = Host(post(asked.report(TASK)))
    outcome = Visitor(*desk, LIMITS).measure(host, asked.task(asked.CONVNETJS, workload="loading"), "here")
    assert (outcome.status, outcome.message) == ("unsupported", "no converter here; pip install one")
    assert not host.ended
