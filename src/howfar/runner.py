"""Runs a plan: block after block, every outcome appended at once. A run that was killed goes on where it stood."""

import contextlib
import math
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

from msgspec import Struct

from howfar import __version__, data, environment, frameworks, plan, portfolio, schedule, vendor
from howfar.assignments import Desk
from howfar.costs import at_least_seconds
from howfar.driving import Driving
from howfar.errors import Unavailable, UserError
from howfar.frameworks import Registry
from howfar.hosts import open_host
from howfar.hosts.base import Host, Reaper
from howfar.outcomes import Outcome, RunFacts, over_budget
from howfar.portfolio import Portfolio
from howfar.records import Cell, DataNames, Fact, Sampling, Target, Task, fingerprint
from howfar.schedule import LeftOut, Schedule
from howfar.server import Server
from howfar.store import Done, Store
from howfar.study import Study
from howfar.visiting import Visitor

# The survey asks whether a back end is there; its times are thrown away.
_SHORT = Sampling(1, 0.001, 0.002, 0.5, 0.001, 0.002)


class Progress(Protocol):
    """Who wants to know how a run goes; called between tasks only."""

    def begin(self, pending: Sequence[Task], done: int, minutes: float | None = None) -> None: ...
    def start(self, task: Task) -> None: ...
    def end(self, outcome: Outcome, seconds: float) -> None: ...


class Options(Struct, frozen=True):
    """What a user can say of a run beside its study."""

    port: int = 0
    mnist: Path | None = None
    text: Path | None = None
    retry_failed: bool = False
    adapters: Path | None = None
    own: Portfolio = portfolio.EMPTY
    # What opens a browser's visits: a process for each, or howfar's extension in tabs of one.
    driver: Literal["process", "extension"] = "process"
    # The extension is loaded by hand: called with the address of the page that says how, whenever nobody is there.
    invite: Callable[[str], None] | None = None


class Environment(Struct, frozen=True):
    """Where outcomes of one host come from: the facts that must be equal, their fingerprint, and the back ends whose
    GPU is one in name only."""

    fingerprint: str
    facts: Mapping[str, Fact]
    software: Collection[str] = ()


class Workshop:
    """All that stays open while tasks run: the server, the reaper, the desk. Use as a context manager."""

    def __init__(self, study: Study, known: Registry, options: Options) -> None:
        self.study, self.known, self._options = study, known, options
        self.data = data.load(study.seed, study.batch_size, options.mnist, options.text)
        self._stack = contextlib.ExitStack()
        self._driving = Driving(options.invite) if options.driver == "extension" else None

    def __enter__(self) -> "Workshop":
        routes = self._driving.routes() if self._driving else ()
        with contextlib.ExitStack() as stack:
            server = Server(port=self._options.port, adapters=self._options.adapters, routes=routes)
            stack.enter_context(server)
            if self._driving:
                self._driving.port = server.port
                stack.callback(self._driving.end)
            self.reaper = Reaper()
            stack.callback(self.reaper.close)
            desk = Desk(server, self.known, self.data, self._options.own)
            self.visitor = Visitor(server, desk, self.study.limits)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @contextlib.contextmanager
    def block(self) -> Iterator["Block"]:
        """The hosts of one block: opened when first needed, closed together."""
        block = Block(self.reaper, self._driving)
        try:
            yield block
        finally:
            block.close()

    def survey(self, browser: str, backends: Iterable[str] = ("cpu", "wasm", "webgl", "webgpu")) -> dict[str, Outcome]:
        """What this browser says of these back ends: the known answers, asked on each of them."""
        with self.block() as block:
            return {
                backend: self.visitor.measure(block.host(browser), self._survey_task(browser, backend), "survey")
                for backend in backends
            }

    def _answered_survey(self, browser: str) -> dict[str, Outcome]:
        """The survey of the GPU back ends; asked again, once, where the browser did not answer.

        Raises: UserError where it does not answer then: the environment must not be guessed.
        """
        survey = self.survey(browser, ("webgl", "webgpu"))
        if any(outcome.status not in ("ok", "unsupported") for outcome in survey.values()):
            survey = self.survey(browser, tuple(survey))
        for backend, outcome in survey.items():
            if outcome.status not in ("ok", "unsupported"):
                what = f"{browser} does not say whether it has {backend} ({outcome.status}: {outcome.message})"
                raise UserError(what, mend="see whether it starts by itself, and what `howfar doctor` says")
        return survey

    def _survey_task(self, browser: str, backend: str) -> Task:
        study = Study("survey", "", (), (), (), sampling=_SHORT)
        cell = Cell(Target("reference", "1", backend, browser), plan.CONTROL_MODEL, "inference")
        return plan.task_of(study, cell, self.data.names, 0)

    def environments(self, browsers: Sequence[str]) -> dict[str, Environment]:
        """The environment of every host that a study needs."""
        with self.block() as block:
            return {name: self._environment(name, block.host(name)) for name in dict.fromkeys(browsers)}

    def _environment(self, name: str, host: Host) -> Environment:
        facts = {**environment.checked_facts(), **host.checked_facts()}
        survey = {} if name == "native" else self._answered_survey(name)
        if survey:
            found = {key: value for outcome in survey.values() for key, value in outcome.facts.items()}
            facts |= {key: found.get(key) for key in ("webgl_renderer", "webgpu_adapter")}
        software = [backend for backend, outcome in survey.items() if outcome.software_gpu]
        return Environment(fingerprint(facts), facts, software)


class Block:
    """The hosts of one block."""

    def __init__(self, reaper: Reaper, driving: Driving | None = None) -> None:
        self._reaper, self._driving = reaper, driving
        self._hosts: dict[str, Host] = {}

    def host(self, name: str) -> Host:
        """The host of that name, opened now if it was not; the others rest."""
        for other, opened in self._hosts.items():
            if other != name:
                opened.rest()
        if name not in self._hosts:
            self._hosts[name] = open_host(name, self._reaper, self._driving)
        return self._hosts[name]

    def close(self) -> None:
        for host in self._hosts.values():
            host.close()


def run(
    study: Study, known: Registry, cells: Sequence[Cell], store: Store, progress: Progress, options: Options
) -> int:
    """Measures every cell that the store does not hold yet. Returns how many tasks failed, now or before
    (unsupported is no failure).

    Raises: UserError before anything is measured where a browser or a framework's files are missing.
    """
    demand_budget(study, cells)
    missing = _fetch_libraries(known, cells)
    with Workshop(study, known, options) as shop:
        blocks = plan.blocks(study, cells, shop.data.names)
        environments = shop.environments([task.cell.target.browser for block in blocks for task in block])
        store.add_run(_run_facts(study, shop.data.names))
        for found in environments.values():
            store.add_environment(found.fingerprint, found.facts)
        done = store.done({found.fingerprint for found in environments.values()})
        tasks = [task for block in blocks for task in block]
        pending = [task for task in tasks if not _finished(task, done, study, options)]
        ahead = [task for task in pending if not task.control]  # of controls a budget takes as many as it comes to
        progress.begin(ahead, sum(not task.control for task in tasks) - len(ahead), study.budget_minutes)
        failed = sum(_failed(done[task.id].status) for task in {*tasks} - {*pending})
        told = schedule.Told(
            finished=lambda task: _finished(task, done, study, options),
            software=lambda target: target.backend in environments[target.browser].software,
            seconds=lambda task: done[task.id].seconds,
        )
        planned = schedule.make(study, blocks, shop.data.names, shop.data.text.classes, told)
        worker = _Worker(shop, store, environments, progress, done, missing)
        failed += sum(worker.run_block(block, planned) for block in planned.blocks())
        worker.leave_out(planned.left_out())
        return failed


def note(study: Study, store: Store, options: Options) -> None:
    """Notes a run of a study of which only parts are run."""
    loaded = data.load(study.seed, study.batch_size, options.mnist, options.text)
    store.add_run(_run_facts(study, loaded.names))


def _failed(status: str) -> bool:
    return status not in ("ok", "unsupported")


def demand_budget(study: Study, cells: Sequence[Cell]) -> None:
    """Raises: UserError where not even one round could ever be measured in the study's budget."""
    every, minutes = list(dict.fromkeys(cells)), study.budget_minutes
    needed = at_least_seconds(every) / 60
    if minutes is not None and needed > minutes:
        given = f"the budget is {round(minutes, 1):g} min"
        what = f"a round over {len(every)} cells takes {math.ceil(10 * needed) / 10:g} min at the least, and {given}"
        raise UserError(what, where="--budget", mend="give more minutes, or fewer cells with --only")


def _fetch_libraries(known: Registry, cells: Sequence[Cell]) -> dict[Target, str]:
    """Every file is there before the first cell is measured: nothing is downloaded beside a measurement. Returns the
    targets that go without theirs, and why."""
    missing = {}
    for target in sorted({cell.target for cell in cells}):
        framework = known[target.framework]
        try:
            if framework.runs_in == "browser":
                vendor.fetch(framework.layout(target), target.version)
        except Unavailable as error:
            missing[target] = str(error)
    return missing


def _run_facts(study: Study, names: DataNames) -> RunFacts:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return RunFacts(study, __version__, now, environment.host_facts(), names)


def _finished(task: Task, done: Mapping[str, Done], study: Study, options: Options) -> bool:
    """Measured before, and neither to be repeated for noise nor, where the user asks for it, for failure."""
    last = done.get(task.id)
    if last is None or (options.retry_failed and last.status != "ok") or over_budget(last.message):
        return False
    return not (last.disturbed and last.attempt <= study.limits.noise_repeats)


class _Worker:
    """Measures blocks into a store."""

    def __init__(
        self,
        shop: Workshop,
        store: Store,
        environments: Mapping[str, Environment],
        progress: Progress,
        done: Mapping[str, Done],
        missing: Mapping[Target, str],
    ) -> None:
        self._shop, self._store, self._environments = shop, store, environments
        self._progress, self._done, self._missing = progress, done, missing

    def run_block(self, tasks: Sequence[Task], planned: Schedule) -> int:
        """Runs what the schedule still admits. Returns how many of the tasks failed."""
        failed = 0
        with self._shop.block() as block:
            for task in filter(planned.admits, tasks):
                self._progress.start(task)
                start = time.monotonic()
                outcome = self._measure_quietly(block, task)
                planned.note(task, outcome, time.monotonic() - start)
                self._progress.end(outcome, sum(span.seconds for span in outcome.timeline))
                failed += _failed(outcome.status)
        return failed

    def leave_out(self, left: Sequence[LeftOut]) -> None:
        """Notes what the schedule had no time for, as rows of their own."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        for one in left:
            found = self._environments[one.task.cell.target.browser].fingerprint
            self._store.append(Outcome(one.task, "unsupported", found, now, message=one.reason, detail=one.detail))

    def _measure_quietly(self, block: Block, task: Task) -> Outcome:
        """Measures, again where the machine was disturbed, and appends every attempt."""
        before = self._done.get(task.id)
        attempt = before.attempt + 1 if before else 1
        last_attempt = max(attempt, self._shop.study.limits.noise_repeats + 1)
        while True:
            outcome = self._measure(block, task, attempt)
            self._store.append(outcome)
            if not outcome.disturbed or attempt >= last_attempt:
                return outcome
            attempt += 1

    def _measure(self, block: Block, task: Task, attempt: int) -> Outcome:
        target = task.cell.target
        found = self._environments[target.browser].fingerprint
        known = self._shop.known[target.framework]
        if reason := frameworks.why_unsupported(known, target) or self._missing.get(target):
            now = datetime.now(UTC).isoformat(timespec="seconds")
            return Outcome(task, "unsupported", found, now, attempt, reason)
        return self._shop.visitor.measure(block.host(target.browser), task, found, attempt)
