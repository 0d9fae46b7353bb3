"""The commands that measure: a study, one's own model, or a person's page."""

import signal
from pathlib import Path
from typing import Annotated, Literal

import typer
from msgspec.structs import replace

from howfar import frameworks
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
    say,
)
from howfar.commands.whole import measure


def quick(out: Out = None, package_dir: PackageDir = None, mnist: Mnist = None, port: Port = 0) -> None:
    """A true answer in minutes: small models, TensorFlow.js and ConvNetJS on every back end, against native."""
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
    fields = {"rounds": rounds, "seed": seed, "budget_minutes": budget}
    chosen = studies.change_whole(
        studies.whole(study, known), known, frameworks_wanted=framework, only=only or (), **fields
    )
    folders.demand_use(known, package_dir or [], chosen)
    options = runner.Options(port, mnist, text, retry_failed, driver=driver)
    measure(chosen, known, out or Path("results") / chosen[0].name, options, live=live)


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
    measure([chosen], known, folder, runner.Options(port, None, None, retry_failed), as_json=as_json)


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
        every = studies.whole(study, known)
        chosen = studies.change_whole(every, known, only=only or (), rounds=rounds, budget_minutes=budget)
        folders.demand_use(known, package_dir or [], chosen)
        options = runner.Options(port, mnist, text, retry_failed, driver="extension", invite=_invite)
        measure(chosen, known, out or Path("results") / chosen[0].name, options)
        return
    with serving.serve(known, port=port, mnist=mnist, text=text) as address:
        query = "framework=tfjs&backend=webgl&model=mlp&depth=4&width=128&workload=training"
        say(f"open {address}/run/?{query}")
        say("Ctrl-C ends it")
        signal.pause() if hasattr(signal, "pause") else input()


def _invite(address: str) -> None:
    say(f"open {address} in Chromium: the page says how")
