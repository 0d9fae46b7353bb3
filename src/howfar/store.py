"""Where outcomes are kept: append-only, every raw sample. One run at a time: a lock that the system frees when its
holder dies."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import filelock
import msgspec
import sqlalchemy as sql

from howfar import plan
from howfar.costs import operation_seconds
from howfar.database import ENVIRONMENTS, OTHER, OURS, OUTCOMES, RUNS, opened
from howfar.errors import UserError
from howfar.outcomes import Outcome, Results, RunFacts, Series
from howfar.records import Fact
from howfar.sharing import Reader

FILE_NAME = "outcomes.sqlite"
# Of a study, what no longer is one of its keys, and said nothing of any number.
FORMER_KEYS = ("first_backends",)


class Done(msgspec.Struct, frozen=True):
    """What a resumed run must know of a task that was measured before. `seconds`: what an operation took, where its
    numbers were right."""

    status: str
    attempt: int
    disturbed: bool
    message: str = ""
    seconds: float | None = None


class _Before(Done, frozen=True):
    """The same, as it is read from an outcome."""

    series: tuple[Series, ...] = ()

    def done(self) -> Done:
        seconds = operation_seconds(self.series) if self.status == "ok" else None
        return Done(self.status, self.attempt, self.disturbed, self.message, seconds)


class Store:
    """An open store; make one with `create` or `read`."""

    def __init__(self, engine: sql.Engine) -> None:
        self._engine = engine

    def append(self, outcome: Outcome) -> None:
        """Adds an outcome; when this returns it is on the disk."""
        task, target = outcome.task, outcome.task.cell.target
        row = {
            "task_id": task.id,
            "environment": outcome.environment,
            "attempt": outcome.attempt,
            "status": outcome.status,
            "framework": target.framework,
            "version": target.version,
            "backend": target.backend,
            "browser": target.browser,
            "threads": target.threads,
            "model": str(task.cell.model),
            "workload": task.cell.workload,
            "round": task.round,
            "started_at": outcome.started_at,
            "message": outcome.message,
            "outcome": _encode(outcome),
        }
        with self._engine.begin() as connection:
            connection.execute(OUTCOMES.insert().values(row))

    def add_run(self, run: RunFacts) -> None:
        """Notes that a run began."""
        with self._engine.begin() as connection:
            connection.execute(RUNS.insert().values(run=_encode(run)))

    def add_environment(self, fingerprint: str, facts: Mapping[str, Fact]) -> None:
        """Notes an environment; one that was seen before becomes the newest."""
        with self._engine.begin() as connection:
            connection.execute(ENVIRONMENTS.delete().where(ENVIRONMENTS.c.fingerprint == fingerprint))
            connection.execute(ENVIRONMENTS.insert().values(fingerprint=fingerprint, facts=_encode(facts)))

    def done(self, environments: set[str]) -> dict[str, Done]:
        """The last outcome of every task that was measured in one of these environments, by task id."""
        columns = (OUTCOMES.c.task_id, OUTCOMES.c.outcome)
        query = sql.select(*columns).where(OUTCOMES.c.environment.in_(environments)).order_by(OUTCOMES.c.id)
        with self._engine.connect() as connection:
            rows = connection.execute(query)
            return {row.task_id: msgspec.json.decode(row.outcome, type=_Before).done() for row in rows}

    def latest(self) -> RunFacts | None:
        """The run that was begun last; nothing where there was none."""
        with self._engine.connect() as connection:
            run = connection.execute(sql.select(RUNS.c.run).order_by(RUNS.c.id.desc())).scalar()
        return None if run is None else msgspec.convert(_without_former(msgspec.json.decode(run)), RunFacts)

    def measured(self) -> bool:
        """Whether it holds any outcome."""
        with self._engine.connect() as connection:
            return connection.execute(sql.select(OUTCOMES.c.id).limit(1)).scalar() is not None

    def results(self) -> Results:
        """What it holds of the study as it was run last (another seed or sampling makes other tasks, which are kept but
        not mixed in): of every task in every environment the last attempt, or the least disturbed of disturbed ones.

        Raises: UserError where nothing was measured yet.
        """
        latest = self.latest()
        with self._engine.connect() as connection:
            environments = connection.execute(sql.select(ENVIRONMENTS).order_by(sql.text("rowid"))).all()
        if latest is None or not self.measured():
            raise _nothing(str(self._engine.url.database))
        facts = {row.fingerprint: msgspec.json.decode(row.facts, type=dict[str, Fact]) for row in environments}
        last: dict[tuple[str, str], Outcome] = {}
        belongs = plan.belonging(latest)
        for one in self._every():
            if belongs(one.task):
                key = (one.task.id, one.environment)
                last[key] = _kept(last.get(key), one)
        return Results(latest, facts, tuple(last.values()))

    def _every(self) -> Iterator[Outcome]:
        """Each as it is read: all rows' text at once would be as much again as what it says."""
        reader = Reader()
        query = sql.select(OUTCOMES.c.outcome).order_by(OUTCOMES.c.id).execution_options(yield_per=1000)
        with self._engine.connect() as connection:
            for text in connection.execute(query).scalars():
                yield reader.outcome(text)


def _kept(before: Outcome | None, after: Outcome) -> Outcome:
    """The later attempt, unless both were disturbed and the earlier one less."""
    if before is None or not (before.disturbed and after.disturbed and before.noise and after.noise):
        return after
    return min(after, before, key=lambda one: one.noise.foreign_cores if one.noise else 0.0)


def _without_former(run: Any) -> Any:
    """A run as it was stored, without the keys that studies once had."""
    if isinstance(run, dict) and isinstance(run.get("study"), dict):
        run["study"] = {name: value for name, value in run["study"].items() if name not in FORMER_KEYS}
    return run


def _encode(value: object) -> str:
    return msgspec.json.encode(value).decode()


@contextlib.contextmanager
def create(folder: Path) -> Iterator[Store]:
    """The store in this folder, made where there is none, held for one run.

    Raises: UserError where another run holds it, or where the file is not one of ours or broken.
    """
    lock = filelock.FileLock(folder / ".lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(blocking=False)
    except filelock.Timeout:
        what = "another run is writing to these results"
        raise UserError(what, where=str(folder), mend=f"wait for it, or {OTHER}") from None
    except OSError as error:
        what = f"results can't be written there ({error.strerror})"
        raise UserError(what, where=str(folder), mend=OTHER) from None
    try:
        with opened(folder / FILE_NAME, new=True) as engine:
            yield Store(engine)
    finally:
        lock.release()


@contextlib.contextmanager
def read(path: Path) -> Iterator[Store]:
    """The store in this results folder (or the file itself), to read.

    Raises: UserError where there is none, or where the file is not one of ours or broken.
    """
    file = path / FILE_NAME if path.is_dir() else path
    if not file.is_file():
        raise UserError(f"no {FILE_NAME} there", where=str(path), mend=OURS)
    with opened(file, new=False) as engine:
        yield Store(engine)


def whole(path: Path) -> Results:
    """What a results folder holds, with the folders of its study's parts beneath it; where nothing was measured of the
    study itself, the first part holds the others.

    Raises: UserError as `read` and `Store.results` do.
    """
    with read(path) as held:
        latest, own = held.latest(), [held.results()] if held.measured() else []
    places = [path / part.study for part in latest.study.parts] if latest and path.is_dir() else []
    found = [part for place in places if (part := _part(place))]
    every = [*own, *(part for part in found if latest and part.run.study.seed == latest.study.seed)]
    if not every:
        raise _nothing(str(path))
    first, *others = every
    return msgspec.structs.replace(first, parts=tuple(others))


def _nothing(where: str) -> UserError:
    return UserError("nothing was measured yet", where=where, mend="use `howfar run` first")


def _part(folder: Path) -> Results | None:
    """A part's results; nothing where a run has not come to it."""
    if not (folder / FILE_NAME).is_file():
        return None
    with read(folder) as held:
        return held.results() if held.measured() else None
