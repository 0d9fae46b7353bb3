"""The commands that answer from what is stored."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from howfar.commands.options import console, say, stored, writing
from howfar.errors import UserError


def report(
    results: Annotated[Path, typer.Argument(help="A results folder, such as results/quick.")],
    out: Annotated[Path | None, typer.Option(help="Where to; RESULTS/report where not given.")] = None,
) -> None:
    """Write the report of what is stored."""
    from howfar import pictures

    folder = results if results.is_dir() else results.parent
    with pictures.painters():
        write_report(stored(results), out or folder / "report")


def write_report(results: Any, folder: Path, *, as_json: bool = False) -> None:
    from howfar import report as reports
    from howfar.report import answer, bench, sampled, terminal

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
        for sentence in answer.reservations(results):
            say(sentence)
        say(f"report: {page}")
        return
    found = answer.answer(results)
    for sentences in (found.fastest, found.native, found.failed, *sampled.sentences(results)):
        say(sentences)
    say(f"report: {page}")


def export(
    results: Annotated[Path, typer.Argument(help="A results folder, such as results/quick.")],
    experiment: Annotated[
        str | None, typer.Option(help="See `howfar list experiments`; all of the study's where not given.")
    ] = None,
    to: Annotated[Literal["json", "csv", "parquet"], typer.Option(help="The format.")] = "csv",
    output: Annotated[
        Path | None, typer.Option(help="A file, standard output where not given; of all experiments a folder.")
    ] = None,
) -> None:
    """The rows of one experiment, for other tools; or all that a study came to, to keep beside a project."""
    from howfar import pictures
    from howfar.report import excerpt
    from howfar.report import export as exporting

    if experiment is None:
        if output is None or to != "csv":
            mend = "name an --experiment, or a folder with --output, which gets tables in CSV"
            raise UserError("all experiments are written into a folder", where="--output", mend=mend)
        with writing(output, "--output"), pictures.painters():
            say(f"written: {excerpt.write(stored(results), output)}")
        return
    content = exporting.encode(exporting.rows(stored(results), experiment), to)
    if output is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        with writing(output, "--output"):
            output.write_bytes(content)
