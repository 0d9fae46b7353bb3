"""The commands that measure: a study, one's own model, or a person's page."""

import contextlib
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from msgspec.structs import replace
from rich.console import Console

from howfar import frameworks
from howfar.commands.answering import write_report
from howfar.commands.options import (
    Budget,
    Driver,
    Mnist,
    Only,
    Out,
    PackageDir,
    Port,
    RetryFailed,
    Rounds,
    Text,
    console,
    say,
)
from howfar.errors import UserError


def quick(out: Out = None, package_dir: PackageDir = None, mnist: Mnist = None, port: Port = 0) -> None:
    """A true answer in minutes: small models, every framework and back end, against native. Same as `run quick`."""
    run("quick", out=out, package_dir=package_dir, mnist=mnist, port=port)


def run(
    study: Annotated[str, typer.Argument(help="A study of `howfar list studies`, or a TOML file.")],
    out: Out = None,
    only: Only = None,
    framework: Annotated[list[str] | None, typer.Option(help="These frameworks instead, such as tfjs@4.20.0.")] = None,
    rounds: Rounds = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of weights, data order and cell order.")] = None,
    budget: Budget = None,
    package_dir: PackageDir = None,
    mnist: Mnist = None,
    text: Text = None,
    port: Port = 0,
    driver: Driver = "process",
    retry_failed: RetryFailed = False,
    live: Annotated[bool, typer.Option("--live", help="Show the run as it goes on a page of its own.")] = False,
) -> None:
    """Run a study and write its report. What was measured before is not measured again."""
    from howfar import folders, runner, studies

    known = folders.with_folders(frameworks.registry(), package_dir or [])
    every = studies.whole(study, known)
    folder = out or Path("results") / every[0].name
    fields = {"rounds": rounds, "seed": seed, "budget_minutes": budget}
    chosen = studies.change_each(every, known, frameworks_wanted=framework, only=only or (), **fields)
    folders.demand_use(known, package_dir or [], chosen)
    options = runner.Options(port, mnist, text, retry_failed, driver=driver)
    places = [folder if one.name == every[0].name else folder / one.name for one in chosen]
    _measure(list(zip(chosen, places, strict=True)), known, folder, options, live=live)


def _measure(
    steps: Sequence[tuple[Any, Path]],
    known: Any,
    folder: Path,
    options: Any,
    *,
    as_json: bool = False,
    live: bool = False,
) -> None:
    """The run of a study, and of those that are its parts, each into its folder; the report of all of them, and the
    answer. Exit 3 where tasks failed."""
    from howfar import experiments, progress, store

    asked = [list(experiments.cells(study, study.experiments)) for study, _ in steps]
    every = [cell for cells in asked for cell in cells]
    shown = progress.follow(Console(stderr=True) if as_json else console)
    failed = 0
    with _followed(shown, steps[0][0], every, folder, live=live) as follower:
        try:
            for (study, into), cells, own in zip(steps, asked, _prepared([study for study, _ in steps]), strict=True):
                failed += _run(study, known, cells, into, follower, own and replace(options, own=own))
        finally:
            follower.close()
        write_report(store.whole(folder), folder / "report", as_json=as_json)
    if failed:
        raise typer.Exit(3)


def _prepared(chosen: Sequence[Any]) -> list[Any]:
    """The models of one's own that each study is about, all before anything is measured; None for a part whose models
    can't be prepared, which is said. Raises: UserError where it is the only one."""
    from howfar import sources, studies

    found: list[Any] = []
    for study in chosen:
        try:
            found.append(sources.portfolio(studies.requests(study)))
        except UserError as error:
            if len(chosen) == 1:
                raise
            say(f"{study.name} is left out: {error}")
            found.append(None)
    return found


def _run(study: Any, known: Any, cells: Sequence[Any], into: Path, follower: Any, options: Any) -> int:
    """How many tasks of a study failed; of one that is left out, none."""
    from howfar import runner, store

    if options is None:
        return 0
    with store.create(into) as outcomes:
        return runner.run(study, known, cells, outcomes, follower, options)


@contextlib.contextmanager
def _followed(shown: Any, study: Any, cells: Any, folder: Path, *, live: bool) -> Iterator[Any]:
    """Who follows the run; with `live` a page too, on a port of its own, whose address is said."""
    if not live:
        yield shown
        return
    from howfar.live import Live
    from howfar.report import live as pages
    from howfar.server import Server

    follower = Live(shown, pages.page(study, cells))
    with Server(routes=follower.routes()) as server:
        say(f"live: http://localhost:{server.port}/")
        try:
            yield follower
        except BaseException:
            follower.finish("The run was stopped. What was measured is kept; the same command goes on from there.")
            raise
        follower.finish(f"The report is {folder / 'report' / 'index.html'}.")


def bench(
    model: Annotated[
        str,
        typer.Argument(help="A file (.onnx, .keras, .h5, .tflite, model.json), a SavedModel's folder, or keras:NAME."),
    ],
    shape: Annotated[
        list[str] | None, typer.Option(help="An input's shape where it is open: [NAME=]1x224x224x3.")
    ] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="The batch where it is open; 1 where not given.")] = None,
    input: Annotated[
        Path | None, typer.Option(help="Real inputs, a NumPy archive (.npz); seeded ones otherwise.")
    ] = None,
    weights: Annotated[str, typer.Option(help="Of keras:NAME: random, imagenet or a file.")] = "",
    objective: Annotated[Literal["latency", "first-use", "size"], typer.Option(help="What to rank by.")] = "latency",
    only: Annotated[
        list[str] | None, typer.Option(help="Only these targets: framework=tfjs,litert,backend=wasm.")
    ] = None,
    rounds: Annotated[int | None, typer.Option(min=1, help="Fresh processes per target.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of random weights, inputs and order.")] = None,
    budget: Budget = None,
    as_json: Annotated[bool, typer.Option("--json", help="The answer for machines, on standard output.")] = False,
    out: Out = None,
    port: Port = 0,
    retry_failed: RetryFailed = False,
) -> None:
    """Which runtime to ship a model of yours with: will it run, is it right, how big, how slow, how far from native."""
    from howfar import runner, studies
    from howfar.study import ModelChoice

    known = frameworks.registry()
    inputs = str(input) if input else ""
    own = ModelChoice("graph", source=model, shapes=tuple(shape or ()), batch=batch, weights=weights, inputs=inputs)
    chosen = replace(studies.load("bench", known), models=(own,), objective=objective)
    chosen = studies.change(chosen, known, only=only or (), rounds=rounds, seed=seed, budget_minutes=budget)
    folder = out or Path("results") / f"bench-{_file_name(chosen.sizes()[0].name)}"
    _measure([(chosen, folder)], known, folder, runner.Options(port, None, None, retry_failed), as_json=as_json)


def _file_name(text: str) -> str:
    return "".join(one if one.isalnum() or one in "-_." else "-" for one in text)


def serve(
    study: Annotated[str | None, typer.Argument(help="A study, for howfar's extension in your own browser.")] = None,
    out: Out = None,
    package_dir: PackageDir = None,
    port: Port = 0,
    mnist: Mnist = None,
    text: Text = None,
    only: Only = None,
    rounds: Rounds = None,
    budget: Budget = None,
    retry_failed: RetryFailed = False,
) -> None:
    """Serve the page for a person: choose what to measure by its URL. With a study: its pages, one after the other, for
    a browser in which you load howfar's extension; then write its report."""
    from howfar import folders, runner, serving, studies

    known = folders.with_folders(frameworks.registry(), package_dir or [])
    if study:
        chosen = studies.load(study, known)
        chosen = studies.change(chosen, known, only=only or (), rounds=rounds, budget_minutes=budget)
        folders.demand_use(known, package_dir or [], [chosen])
        options = runner.Options(port, mnist, text, retry_failed, driver="extension", invite=_invite)
        folder = out or Path("results") / chosen.name
        _measure([(chosen, folder)], known, folder, options)
        return
    with serving.serve(known, port=port, mnist=mnist, text=text) as address:
        query = "framework=tfjs&backend=webgl&model=mlp&depth=4&width=128&workload=training"
        say(f"open {address}/run/?{query}")
        say("Ctrl-C ends it")
        signal.pause() if hasattr(signal, "pause") else input()


def _invite(address: str) -> None:
    say(f"open {address} in Chromium: the page says how")
