"""The command table. Nothing imports it; it alone ends the process: 0 done, 2 the user must mend something, 3 some
tasks failed, 130 and 143 stopped by Ctrl-C and by SIGTERM."""

import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from howfar import __version__, frameworks
from howfar.errors import UserError

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
console = Console()

Out = Annotated[Path | None, typer.Option(help="Where results go; results/<study> where not given.")]
Mnist = Annotated[Path | None, typer.Option(help="A folder with MNIST's IDX files, instead of scikit-learn's digits.")]
Text = Annotated[Path | None, typer.Option(help="A text for the RNNs to read, in UTF-8, instead of howfar's essay.")]
PackageDir = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=DIR", help="A framework's npm package from a folder, such as mind=DIR. Repeatable."),
]
Port = Annotated[int, typer.Option(help="The loopback port; any free one where not given.")]


class Stopped(BaseException):
    """Ctrl-C or SIGTERM came. Not a KeyboardInterrupt: the CLI library would end the process by itself."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@app.command()
def quick(out: Out = None, package_dir: PackageDir = None, mnist: Mnist = None, port: Port = 0) -> None:
    """A true answer in minutes: small models, every framework and back end, against native. Same as `run quick`."""
    run("quick", out=out, package_dir=package_dir, mnist=mnist, port=port)


@app.command()
def run(
    study: Annotated[str, typer.Argument(help="quick, paper, or a TOML file.")],
    out: Out = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Only these cells: framework=tfjs,backend=cpu,wasm,experiment=load_time,..."),
    ] = None,
    framework: Annotated[list[str] | None, typer.Option(help="These frameworks instead, such as tfjs@4.20.0.")] = None,
    rounds: Annotated[int | None, typer.Option(min=1, help="Fresh processes per cell.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of weights, data order and cell order.")] = None,
    budget: Annotated[float | None, typer.Option(min=0.1, help="Minutes, spent where intervals are widest.")] = None,
    package_dir: PackageDir = None,
    mnist: Mnist = None,
    text: Text = None,
    port: Port = 0,
    retry_failed: Annotated[bool, typer.Option(help="Measure again what failed before.")] = False,
) -> None:
    """Run a study and write its report. What was measured before is not measured again."""
    from howfar import folders, runner, studies

    known = folders.with_folders(frameworks.registry(), package_dir or [])
    chosen = studies.load(study, known)
    fields = {"rounds": rounds, "seed": seed, "budget_minutes": budget}
    chosen = studies.change(chosen, known, frameworks_wanted=framework, only=only or (), **fields)
    folders.demand_use(known, package_dir or [], chosen)
    options = runner.Options(port, mnist, text, retry_failed)
    _measure(chosen, known, out or Path("results") / chosen.name, options)


def _measure(chosen: Any, known: Any, folder: Path, options: Any, *, as_json: bool = False) -> None:
    """The run of a study, into a folder, and its report and answer; exit 3 where tasks failed."""
    from msgspec.structs import replace

    from howfar import experiments, progress, runner, sources, store, studies

    cells = [cell for name in chosen.experiments for cell in experiments.load(name).cells(chosen)]
    follower = progress.follow(Console(stderr=True) if as_json else console)
    with store.create(folder) as outcomes:
        try:
            options = replace(options, own=sources.portfolio(studies.requests(chosen)))
            failed = runner.run(chosen, known, cells, outcomes, follower, options)
        finally:
            follower.close()
        _report(outcomes.results(), folder / "report", as_json=as_json)
    if failed:
        raise typer.Exit(3)


@app.command()
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
    budget: Annotated[float | None, typer.Option(min=0.1, help="Minutes, spent where intervals are widest.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The answer for machines, on standard output.")] = False,
    out: Out = None,
    port: Port = 0,
    retry_failed: Annotated[bool, typer.Option(help="Measure again what failed before.")] = False,
) -> None:
    """Which runtime to ship a model of yours with: will it run, is it right, how big, how slow, how far from native."""
    from msgspec.structs import replace

    from howfar import runner, studies
    from howfar.study import ModelChoice

    known = frameworks.registry()
    inputs = str(input) if input else ""
    own = ModelChoice("graph", source=model, shapes=tuple(shape or ()), batch=batch, weights=weights, inputs=inputs)
    chosen = replace(studies.load("bench", known), models=(own,), objective=objective)
    fields = {"rounds": rounds, "seed": seed, "budget_minutes": budget}
    chosen = studies.change(chosen, known, only=only or (), **fields)
    folder = out or Path("results") / f"bench-{_file_name(chosen.sizes()[0].name)}"
    _measure(chosen, known, folder, runner.Options(port, None, None, retry_failed), as_json=as_json)


def _file_name(text: str) -> str:
    return "".join(one if one.isalnum() or one in "-_." else "-" for one in text)


@app.command()
def report(
    results: Annotated[Path, typer.Argument(help="A results folder, such as results/quick.")],
    out: Annotated[Path | None, typer.Option(help="Where to; RESULTS/report where not given.")] = None,
) -> None:
    """Write the report of what is stored."""
    from howfar import store

    with store.read(results) as stored:
        folder = results if results.is_dir() else results.parent
        _report(stored.results(), out or folder / "report")


def _report(results: Any, folder: Path, *, as_json: bool = False) -> None:
    from howfar import report as reports
    from howfar.report import answer, bench, terminal

    try:
        page = reports.write(results, folder)
    except OSError as error:
        mend = "give another folder with --out; what was measured is kept"
        raise UserError(f"the report can't be written ({error.strerror})", where=str(folder), mend=mend) from None
    benched = bench.tell(results)
    if as_json:
        print(json.dumps([bench.as_json(told) for told in benched], indent=2))
        return
    for told in benched:
        terminal.show(console, told)
    if benched and "bench" in results.run.study.experiments:
        console.print(f"report: {page}", markup=False, highlight=False, soft_wrap=True)
        return
    found = answer.answer(results)
    for sentences in (found.fastest, found.native, found.failed):
        console.print(sentences, markup=False, highlight=False, soft_wrap=True)
    console.print(f"report: {page}", markup=False, highlight=False, soft_wrap=True)


@app.command()
def export(
    results: Annotated[Path, typer.Argument(help="A results folder, such as results/quick.")],
    experiment: Annotated[str, typer.Option(help="See `howfar list experiments`.")],
    to: Annotated[Literal["json", "csv", "parquet"], typer.Option(help="The format.")] = "csv",
    output: Annotated[Path | None, typer.Option(help="A file; standard output where not given.")] = None,
) -> None:
    """The rows of one experiment, for other tools."""
    from howfar import store
    from howfar.report import export as exporting

    with store.read(results) as stored:
        content = exporting.encode(exporting.rows(stored.results(), experiment), to)
    if output is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        _write(output, content)


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise UserError(f"can't be written ({error.strerror})", where=str(file), mend="give another --output") from None


@app.command()
def compare(
    base: Annotated[str, typer.Argument(help="A results folder; with --in a target, such as tfjs@0.13.0/webgl.")],
    new: Annotated[str, typer.Argument(help="The one that is held against it.")],
    inside: Annotated[Path | None, typer.Option("--in", help="The results folder that holds both targets.")] = None,
    max_slowdown: Annotated[
        str | None, typer.Option(metavar="5%", help="Exit 1 where an interval shows a greater slowdown.")
    ] = None,
    across: Annotated[bool, typer.Option(help="Compare though machines or browsers differ.")] = False,
    picture: Annotated[Path | None, typer.Option(help="Draw it, into this .svg or .png.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Cell by cell: which of two results is faster, slower, the same, or can't be told."""
    from howfar import comparing
    from howfar.report import comparison

    limit = _share(max_slowdown)
    if inside is not None:
        found = comparing.targets(_stored(inside), base, new)
    else:
        both = _stored(Path(base)), _stored(Path(new))
        found = comparing.stores(*both, (base, new), across=across)
    if as_json:
        print(json.dumps(comparison.as_json(found), indent=2))
    else:
        comparison.show(console, found)
    if picture is not None:
        _draw(found, picture)
    if limit is not None and (slowed := found.slowed(limit)):
        print(f"howfar: {len(slowed)} of {len(found.pairs)} cells are over {limit:.3g} slower", file=sys.stderr)
        raise typer.Exit(1)


def _stored(folder: Path) -> Any:
    from howfar import store

    with store.read(folder) as stored:
        return stored.results()


def _share(text: str | None) -> float | None:
    """`5%` or `0.05` -> 0.05."""
    if text is None:
        return None
    number, percent = text.removesuffix("%"), text.endswith("%")
    try:
        share = float(number) / (100 if percent else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share < 100:
        raise UserError(f"{text!r} is no share", where="--max-slowdown", mend="write it as 5%")
    return share


def _draw(found: Any, picture: Path) -> None:
    from howfar.report import comparison

    if picture.suffix not in (".svg", ".png"):
        raise UserError("a picture ends in .svg or .png", where=str(picture), mend="give another --picture")
    try:
        comparison.draw(found, picture)
    except OSError as error:
        mend = "give another --picture"
        raise UserError(f"can't be written ({error.strerror})", where=str(picture), mend=mend) from None


@app.command("list")
def list_(
    what: Annotated[str, typer.Argument(help="frameworks, browsers, backends, experiments or studies.")],
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """What there is, whether it works here, and the reason where it does not."""
    from howfar import catalogue

    if what not in catalogue.LISTS:
        raise UserError(f"there is no list of {what!r}", mend=f"known: {', '.join(catalogue.LISTS)}")
    head, *rows = catalogue.LISTS[what](frameworks.registry())
    if as_json:
        print(json.dumps([dict(zip(head, row, strict=True)) for row in rows], indent=2))
        return
    table = Table(*head, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*map(escape, row))
    console.print(table)


@app.command()
def doctor() -> None:
    """Is this machine ready, and does the whole path tell the truth here?"""
    from howfar import doctor as doctors

    bad = 0
    for finding in doctors.examine(frameworks.registry()):
        mark = {True: "ok ", False: "BAD", None: " - "}[finding.good]
        console.print(f"{mark} {finding.what}: {finding.found}", markup=False, highlight=False, soft_wrap=True)
        bad += finding.good is False
    if bad:
        raise UserError(f"{bad} of these must be mended first", mend="each line marked BAD says how")


@app.command()
def serve(package_dir: PackageDir = None, port: Port = 0, mnist: Mnist = None, text: Text = None) -> None:
    """Serve the page for a person: choose what to measure by its URL."""
    from howfar import folders, serving

    known = folders.with_folders(frameworks.registry(), package_dir or [])
    with serving.serve(known, port=port, mnist=mnist, text=text) as address:
        query = "framework=tfjs&backend=webgl&model=mlp&depth=4&width=128&workload=training"
        console.print(f"open {address}/run/?{query}", markup=False, highlight=False, soft_wrap=True)
        console.print("Ctrl-C ends it", markup=False, highlight=False)
        signal.pause() if hasattr(signal, "pause") else input()


def _version(wanted: bool) -> None:
    if wanted:
        print(f"howfar {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - its callback has done all that is to be done
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which howfar.")
    ] = False,
) -> None:
    """How far can deep learning go in a web browser? Measured here, held against native and against correctness."""
    if context.invoked_subcommand is None:
        print(context.get_help())


def _stop(number: int, _: object) -> NoReturn:
    raise Stopped(number)


def _run_app(command: Callable[..., Any]) -> int:
    try:
        return int(command(standalone_mode=False) or 0)
    except UserError as error:
        print(f"howfar: {error}", file=sys.stderr)
    except typer.TyperException as error:
        message = " ".join(error.format_message().split())
        print(f"howfar: {message}; see `howfar --help`", file=sys.stderr)
    except Stopped as stopped:
        print("howfar: stopped; what was measured is kept, the same command goes on from there", file=sys.stderr)
        return 128 + stopped.number
    return 2


def main() -> NoReturn:
    """The `howfar` command."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    sys.exit(_run_app(app))
