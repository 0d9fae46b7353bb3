"""The command table. Nothing imports it; it alone ends the process: 0 done, 1 something became slower, 2 the
user must mend something, 3 some tasks failed, 130 and 143 stopped by Ctrl-C and by SIGTERM."""

import signal
import sys
from collections.abc import Callable
from typing import Annotated, Any, NoReturn

import typer

from howfar import __version__
from howfar.commands import advising, answering, asking, comparing, measuring, regressing
from howfar.errors import UserError

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
app.command()(measuring.quick)
app.command()(measuring.run)
app.command()(measuring.bench)
app.command()(answering.report)
app.command()(answering.export)
app.command()(comparing.compare)
app.command()(regressing.regress)
app.command()(advising.advise)
app.command("list")(asking.list_)
app.command()(asking.doctor)
app.command()(measuring.serve)


class Stopped(BaseException):
    """Ctrl-C or SIGTERM came. Not a KeyboardInterrupt: the CLI library would end the process by itself."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


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
        message = " ".join(error.format_message().split()).replace("Value error, ", "").removesuffix(".")
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
