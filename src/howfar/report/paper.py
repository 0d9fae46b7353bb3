"""The paper's tables and figures in its order, ours beside what it printed in November 2018."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl
from msgspec import Struct

from howfar import experiments, plotted, tables, wording
from howfar.measured import fared
from howfar.outcomes import Results
from howfar.report.choices import choices
from howfar.report.figures import Figure
from howfar.report.headline import Headline, whole
from howfar.report.page import where
from howfar.report.templates import fill

# As they follow one another in the paper; which experiment is which, each experiment says itself.
ORDER = (
    "Table 1", "Figure 1", "Table 2", "Section 4.4", "Table 3", "Figure 2", "Figure 3", "Figure 4", "Table 4",
    "Figure 5", "Table 5", "Figure 6", "Table 6",
)  # fmt: skip
ITEM = re.compile(r"(?:Table|Figure|Section) [\d.]*\d")
VERDICTS = {None: "not judged", False: "agrees", True: "differs"}


class Beside(Struct, frozen=True):
    """One number of the paper, and ours. `differs`: None where the two can't be held against one another."""

    target: str
    what: str
    ours: str
    printed: str
    differs: bool | None
    note: str
    who: Mapping[str, str]

    @property
    def verdict(self) -> str:
        return VERDICTS[self.differs]


class Part(Struct, frozen=True):
    """One experiment of the paper: what it is there, its figure, and its printed numbers."""

    items: tuple[str, ...]
    figure: Figure
    numbers: tuple[Beside, ...]

    @property
    def name(self) -> str:
        return wording.listed(self.items)


class Missing(Struct, frozen=True):
    """What of the paper these results do not contain."""

    items: tuple[str, ...]
    experiment: str
    title: str


def items(paper: str) -> tuple[str, ...]:
    """`Table 5, Figure 6` -> both of them, in the paper's order."""
    found = dict.fromkeys(ITEM.findall(paper))
    return tuple(sorted(found, key=_place))


def parts(figures: Sequence[Figure]) -> list[Part]:
    """The paper's own among the figures, in its order."""
    own = [(items(figure.paper), figure) for figure in figures]
    known = [Part(names, figure, tuple(_numbers(figure.table))) for names, figure in own if names]
    return sorted(known, key=lambda part: _place(part.items[0]))


def beside(figures: Sequence[Figure]) -> bool:
    """Whether there is anything that the paper printed to hold these results against."""
    return any(part.numbers for part in parts(figures))


def missing(figures: Sequence[Figure]) -> list[Missing]:
    """The paper's experiments that the study does not ask for."""
    there = {figure.id for figure in figures}
    absent = [(name, experiments.load(name)) for name in experiments.names() if name not in there]
    found = [Missing(items(one.PAPER), name, one.TITLE) for name, one in absent if items(one.PAPER)]
    return sorted(found, key=lambda one: _place(one.items[0]))


def render(results: Results, figures: Sequence[Figure]) -> str:
    """The whole page as one string."""
    own = parts(figures)
    return fill(
        "paper.html.j2",
        specs=[part.figure.spec for part in own if part.figure.spec],
        parts=own,
        missing=missing(figures),
        headlines=[*_headlines(own), whole(results)],
        choices=choices(results),
        **where(results),
    )


def _headlines(own: Sequence[Part]) -> list[Headline]:
    numbers = [number for part in own for number in part.numbers]
    judged = [number for number in numbers if number.differs is not None]
    agree = sum(not number.differs for number in judged)
    shown = sorted({name for part in own for name in part.items if not part.figure.empty}, key=_place)
    untold = len(numbers) - len(judged)
    return [
        Headline("The paper's numbers", f"{agree} of {len(judged)}", "that can be judged agree with ours",
                 f"{untold} can't be judged" if untold else ""),
        Headline("Tables and figures", f"{len(shown)} of {len(ORDER)}", "of the paper are here"),
    ]  # fmt: skip


def _place(item: str) -> int:
    return ORDER.index(item) if item in ORDER else len(ORDER)


def _numbers(table: pl.DataFrame) -> Iterator[Beside]:
    for row in tables.current(table).filter(pl.col("printed").is_not_null()).iter_rows(named=True):
        failed = row["status"] != "ok"
        yield Beside(
            target=wording.named(wording.target(row), bool(row["software_gpu"])),
            what=_what(row),
            ours=_said(row["median"], row["unit"]),
            printed=_said(row["printed"], row["unit"]),
            differs=row["differs"],
            note=": ".join(filter(None, (fared(row["status"], row["message"]), row["message"]))) if failed else "",
            who=plotted.who(row),
        )


def _what(row: Mapping[str, Any]) -> str:
    """`model bytes of 4 × 128`."""
    metric = str(row["metric"]).removesuffix("_ms").replace("_", " ")
    of_model = row["workload"] != "features"
    return f"{metric} of {wording.network(row)}" if of_model else metric


def _said(number: float | None, unit: str) -> str:
    if number is None:
        return wording.NONE
    if unit == "bytes":
        return wording.megabytes(number) if number >= 1e5 else wording.kibibytes(number)
    if unit == "share":
        return f"{wording.number(100 * number)} %"
    return f"{wording.number(number)} ms" if unit == "ms" else wording.number(number)
