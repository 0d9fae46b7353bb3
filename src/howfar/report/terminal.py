"""The answer to `howfar bench` on a terminal: what to ship, then the ranking, then what failed and what was made."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from howfar.report.bench import Row, Told, name

# What a row of the ranking takes.
WIDTH = 150
HEAD = ("", "target", "ms", "95 %", "first use", "fetch", "memory", "error", "× native", "")


def show(console: Console, told: Told) -> None:
    """Prints one answer."""
    for sentence in told.sentences:
        say(console, sentence)
    if told.rows:
        # Wider than a narrow terminal or a pipe: a line that wraps is read more easily than a number that is cut off.
        wide = Console(file=console.file, width=max(console.width, WIDTH), no_color=console.no_color)
        wide.print(_table(told.rows))
    for sentence in (*told.failures, *told.conversions):
        say(console, sentence)


def _table(rows: Sequence[Row]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in HEAD:
        table.add_column(title, justify="left" if title in ("", "target") else "right", no_wrap=True)
    for row in rows:
        table.add_row(*map(escape, _cells(row)))
    return table


def say(console: Console, sentence: str) -> None:
    """A line as it is: nothing in it is markup, and only the terminal wraps it."""
    console.print(sentence, markup=False, highlight=False, soft_wrap=True)


def _cells(row: Row) -> tuple[str, ...]:
    measured = (row.latency, row.within, row.first_use, row.download, row.memory, row.error, row.to_native)
    return (row.place, name(row.contender), *measured, row.note)
