"""The command that searches for the version in which a time changed."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console

from howfar.commands.options import Mnist, Network, Out, Port, Text, console, network, share

if TYPE_CHECKING:
    from howfar.regressing import Reading


def regress(
    framework: Annotated[str, typer.Argument(help="One that comes from npm, such as tfjs.")],
    versions: Annotated[
        str, typer.Option(metavar="A..B", help="4.19.0..4.22.0: all between that npm lists; or 4.19.0,4.20.0,...")
    ],
    backend: Annotated[str, typer.Option(help="The back end of every version.")] = "cpu",
    model: Network = "mlp:4x128",
    workload: Annotated[Literal["training", "inference"], typer.Option(help="Whose time it is.")] = "training",
    max_slowdown: Annotated[str, typer.Option(metavar="5%", help="Less than this is no change.")] = "5%",
    out: Out = None,
    mnist: Mnist = None,
    text: Text = None,
    port: Port = 0,
    as_json: Annotated[bool, typer.Option("--json", help="For machines, on standard output.")] = False,
) -> None:
    """In which version a framework became slower, or faster: bisection, the ends and the middle in the same rounds.
    Exits 1 where one became slower, as --max-slowdown has it."""
    from howfar import editions, frameworks, regressing, runner
    from howfar.report import regression

    known, limit = frameworks.registry(), share(max_slowdown)
    subject = editions.Subject(framework, backend, network(model), workload)
    listed = editions.versions(known, subject, versions)
    told = Console(stderr=True) if as_json else console
    told.print(f"{subject}: {len(listed)} versions from {listed[0]} to {listed[-1]}", highlight=False, soft_wrap=True)
    folder = out or Path("results") / subject.name
    steps = _Steps(subject, known, folder, runner.Options(port, mnist, text), told)
    found = regressing.search(listed, steps, limit)
    if as_json:
        print(json.dumps(regression.as_json(found, listed, limit), indent=2))
    else:
        regression.show(console, found, listed, limit)
        steps.say_how_steady()
    if found.verdict == "slower":
        print(f"howfar: slower since {found.since}", file=sys.stderr)
        raise typer.Exit(1)


class _Steps:
    """Measures versions in the same rounds, each choice of them into a folder of its own: an ordinary results folder,
    from which a search that was stopped goes on."""

    def __init__(self, subject: Any, known: Any, folder: Path, options: Any, told: Console) -> None:
        self._subject, self._known, self._folder, self._options = subject, known, folder, options
        self._told = told
        self._spreads: list[float] = []

    def __call__(self, versions: Sequence[str], rounds: int) -> Mapping[str, "Reading"]:
        from howfar import editions, regressing

        missing = {one: why for one in versions if (why := editions.why_missing(self._known, self._subject, one))}
        if missing:
            return {version: regressing.Reading({}, why) for version, why in missing.items()}
        results = self._measured(editions.study_of(self._known, self._subject, versions, rounds), versions)
        return regressing.readings(results, self._subject.workload, rounds)

    def _measured(self, study: Any, versions: Sequence[str]) -> Any:
        from howfar import experiments, progress, runner, store
        from howfar.report import machine

        cells = list(experiments.cells(study, study.experiments))
        follower = progress.follow(self._told)
        with store.create(self._folder / "_".join(versions)) as outcomes:
            try:
                runner.run(study, self._known, cells, outcomes, follower, self._options)
            finally:
                follower.close()
            results = outcomes.results()
        drift = machine.control_drift(results)
        self._spreads += [drift.spread] if drift.medians else []
        return results

    def say_how_steady(self) -> None:
        """What the control, which does the same work in every version's rounds, says of the machine."""
        if self._spreads:
            self._told.print(
                f"Within a step the control's times differed by at most {max(self._spreads):.2f}×; "
                f"every process is in {self._folder}",
                highlight=False,
                soft_wrap=True,
            )
