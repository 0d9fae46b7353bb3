"""The command that holds two results against one another."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from howfar.commands.options import console, share, stored, writing
from howfar.errors import UserError


def compare(
    base: Annotated[str, typer.Argument(help="A results folder; with --in a target, such as tfjs@0.13.0/webgl.")],
    new: Annotated[str, typer.Argument(help="The one that is held against it.")],
    inside: Annotated[Path | None, typer.Option("--in", help="The results folder that holds both targets.")] = None,
    max_slowdown: Annotated[
        str | None, typer.Option(metavar="5%", help="Exit 1 where an interval shows a greater slowdown.")
    ] = None,
    across: Annotated[bool, typer.Option(help="Compare though machines or browsers differ.")] = False,
    picture: Annotated[Path | None, typer.Option(help="Draw it, into this .svg or .png.")] = None,
    page: Annotated[Path | None, typer.Option(help="Write it as a page, into this .html.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Cell by cell: which of two results is faster, slower, the same, or can't be told."""
    from howfar import comparing
    from howfar.report import comparison
    from howfar.wholes import pooled

    if picture is not None and picture.suffix not in (".svg", ".png"):
        raise UserError("a picture ends in .svg or .png", where=str(picture), mend="give another --picture")
    limit = None if max_slowdown is None else share(max_slowdown)
    if inside is not None:
        found = comparing.targets(pooled(stored(inside)), base, new)
    else:
        both = pooled(stored(Path(base))), pooled(stored(Path(new)))
        found = comparing.stores(*both, (base, new), across=across)
    if as_json:
        print(json.dumps(comparison.as_json(found), indent=2))
    else:
        comparison.show(console, found)
    if picture is not None:
        _draw(found, picture)
    if page is not None:
        _write(found, page)
    if limit is not None and (slowed := found.slowed(limit)):
        print(
            f"howfar: {len(slowed)} of {len(found.pairs)} cells are more than {100 * limit:.3g}% slower",
            file=sys.stderr,
        )
        raise typer.Exit(1)


def _write(found: Any, page: Path) -> None:
    from howfar.report import compared

    with writing(page, "--page"):
        page.write_text(compared.render(found), encoding="utf-8")


def _draw(found: Any, picture: Path) -> None:
    from howfar.report import comparison

    if not comparison.rows(found):
        print(f"howfar: {picture} is not drawn: no cell has an interval, which takes two rounds", file=sys.stderr)
        return
    with writing(picture, "--picture"):
        comparison.draw(found, picture)
