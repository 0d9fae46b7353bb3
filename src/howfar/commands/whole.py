"""The run of a study and of those that are its parts: each into its folder, and one report of all of them."""

import contextlib
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from msgspec import Struct
from msgspec.structs import replace
from rich.console import Console

from howfar.commands.answering import write_report
from howfar.commands.options import console, say
from howfar.errors import UserError

if TYPE_CHECKING:
    from howfar.frameworks import Registry
    from howfar.portfolio import FormName, Portfolio
    from howfar.records import Cell
    from howfar.runner import Options
    from howfar.store import Store
    from howfar.study import Study


# Less than this is finding that all is there already.
PREPARED_MINUTES = 0.2


class Step(Struct, frozen=True):
    """One study that is run. `own`: the models of one's own that it is about."""

    study: "Study"
    folder: Path
    cells: "list[Cell]"
    own: "Portfolio"


def measure(
    chosen: "Sequence[Study]",
    known: "Registry",
    folder: Path,
    options: "Options",
    *,
    as_json: bool = False,
    live: bool = False,
) -> None:
    """Runs the first study into `folder`, its parts into folders beneath, and writes the report. Exit 3 where tasks
    failed. A part that can't be run is left out, and said so.

    Raises: UserError where the first can't be run, or nothing is left.
    """
    from howfar import pictures, progress, store

    if folder.is_file():  # before anything is converted, which takes its time
        raise UserError("results are kept in a folder, and it is a file", where=str(folder), mend="give another --out")
    began = time.monotonic()
    steps = in_time(_steps(chosen, known, folder), (time.monotonic() - began) / 60)
    if not any(step.cells for step in steps):
        mend = "leave something out of --only, or see what its experiments measure: `howfar list experiments`"
        raise UserError("there is nothing to measure in it", where=chosen[0].name, mend=mend)
    shown = progress.follow(Console(stderr=True) if as_json else console)
    # Held to the end: a second run is refused, whatever part the first one is in.
    with store.create(folder) as outcomes, _followed(shown, steps, folder, live=live) as follower:
        try:
            failed = sum(_run(step, known, outcomes, follower, options, len(steps)) for step in steps)
        finally:
            follower.close()
        with pictures.painters():
            write_report(store.whole(folder), folder / "report", as_json=as_json)
    if failed:
        raise typer.Exit(3)


def _steps(chosen: "Sequence[Study]", known: "Registry", folder: Path) -> list[Step]:
    """What can be run, known before anything is measured. The first study is always there, to say what its parts
    are."""
    first, *parts = chosen
    # A form that no target takes is not made: a SavedModel takes as long as all the others.
    forms = {form for study in chosen for target in study.resolved_targets for form in known[target.framework].formats}
    steps = [_step(first, forms, folder)]
    refusals: list[UserError] = []
    for part in parts:
        try:
            steps.append(_step(part, forms, folder / part.name))
        except UserError as error:
            refusals.append(error)
            say(f"{part.name} is left out: {error}")
    if not first.experiments and len(steps) == 1:
        raise refusals[0]
    return steps


def in_time(steps: list[Step], spent_minutes: float) -> list[Step]:
    """With what preparing models took away from the minutes of a study that has parts, each giving its share: the hour
    of `paper` is one on a fresh machine too. Half of them are left at least."""
    budgets = [step.study.budget_minutes for step in steps]
    known = [minutes for minutes in budgets if minutes]
    if len(known) < 2 or len(known) < len(budgets) or spent_minutes < PREPARED_MINUTES:
        return steps
    left = max(1 - spent_minutes / sum(known), 0.5)
    return [
        replace(step, study=replace(step.study, budget_minutes=round(minutes * left, 1)))
        for step, minutes in zip(steps, known, strict=True)
    ]


def _step(study: "Study", forms: "Collection[FormName]", folder: Path) -> Step:
    from howfar import experiments, runner, sources, studies

    cells = list(experiments.cells(study, study.experiments))
    runner.demand_budget(study, cells)
    return Step(study, folder, cells, sources.portfolio(studies.requests(study), forms))


def _run(step: Step, known: "Registry", first: "Store", follower: Any, options: "Options", count: int) -> int:
    """How many of its tasks failed."""
    from howfar import runner, store

    options = replace(options, own=step.own)
    if not step.study.experiments:
        runner.note(step.study, first, options)
        return 0
    if count > 1:
        say(f"{step.study.name}: {step.study.title}")
    if step.study.parts or count == 1:
        return runner.run(step.study, known, step.cells, first, follower, options)
    try:
        with store.create(step.folder) as outcomes:
            return runner.run(step.study, known, step.cells, outcomes, follower, options)
    except UserError as error:
        say(f"{step.study.name} is left out: {error}")
        return 0


@contextlib.contextmanager
def _followed(shown: Any, steps: Sequence[Step], folder: Path, *, live: bool) -> Iterator[Any]:
    """Who follows the run; with `live` a page too, on a port of its own, whose address is said."""
    if not live:
        yield shown
        return
    from howfar.live import Live
    from howfar.report import live as pages
    from howfar.server import Server

    follower = Live(shown, pages.page(steps[0].study, [cell for step in steps for cell in step.cells]))
    with Server(routes=follower.routes()) as server:
        say(f"live: http://localhost:{server.port}/")
        try:
            yield follower
        except BaseException:
            follower.finish("The run was stopped. What was measured is kept; the same command goes on from there.")
            raise
        follower.finish(f"The report is {folder / 'report' / 'index.html'}.")
