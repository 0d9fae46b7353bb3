"""Results to keep in a repository: a page in Markdown that says where they were taken and what they come to, with the
figures and the tables beside it; small, and without samples."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
import polars.selectors as cs

from howfar import tables, wording
from howfar.measured import contestant
from howfar.outcomes import Results
from howfar.report import bench, figures
from howfar.report.answer import answer
from howfar.report.failures import Failure, failures
from howfar.report.figures import Figure
from howfar.report.headline import whole
from howfar.report.machine import browsers, machine
from howfar.report.own import demand_own
from howfar.summaries import Entry, Summary
from howfar.wholes import each, outcomes, pooled

# A median over processes is not known better.
DIGITS = 4
UNSEEN = re.compile(r' (?:aria-[a-z]+|role)="[^"]*"')
# Where its marks are; words, such as versions, are left as they are.
PLACES = re.compile(r' (?:d|transform|x|y|x1|x2|y1|y2)="[^"]*"')
WRITTEN = "Written by `howfar export RESULTS --output FOLDER` from what one run has stored; no number is set by hand."
LONG = re.compile(r"-?\d+\.\d{2,}(?![\d%])")


def write(results: Results, folder: Path) -> Path:
    """`README.md`, `figures/ID.svg` and `tables/ID.csv` under `folder`; returns the first.

    Raises: UserError where the study names an unknown experiment, or where there is a README.md of somebody else's.
    """
    page = folder / "README.md"
    demand_own(page, "a README.md", WRITTEN, "--output")
    drawn = figures.figures(results)
    for name in ("figures", "tables"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for figure in drawn:
        slim(figure.table).write_csv(folder / "tables" / f"{figure.id}.csv")
        if figure.spec is not None:
            (folder / "figures" / f"{figure.id}.svg").write_text(drawn_small(figure.svg), encoding="utf-8")
    page.write_text("\n".join(_page(results, drawn)), encoding="utf-8")
    return page


def slim(table: pl.DataFrame) -> pl.DataFrame:
    """The rows of the newest environments, without the columns that say nothing of any, its numbers rounded."""
    own = tables.current(table)
    told = [name for name in own.columns if name != "current" and own[name].null_count() < own.height]
    return own.select(told).with_columns(cs.float().round_sig_figs(DIGITS))


def drawn_small(svg: str) -> str:
    """A picture without what it says of every mark, which the table says too, and to a tenth of a pixel."""
    return PLACES.sub(lambda found: LONG.sub(_tenth, found[0]), UNSEEN.sub("", svg))


def _tenth(found: re.Match[str]) -> str:
    return f"{float(found[0]):.1f}".removesuffix(".0")


def _page(results: Results, drawn: Sequence[Figure]) -> Iterator[str]:
    run, measured = results.run, whole(results)
    yield f"# {_words(run.study.title)}"
    yield ""
    yield WRITTEN
    yield ""
    yield from _table(("", ""), [
        ("when", run.started_at[:10]),
        ("by", f"howfar {run.howfar_version}, {_studies(results)}"),
        ("machine", machine(results)),
        ("browsers", browsers(pooled(results))),
        ("frameworks", ", ".join(_versions(results))),
        ("measurements", "; ".join(filter(None, (measured.number, measured.says, measured.beside)))),
    ])  # fmt: skip
    yield "## The answer"
    for sentences in _answers(results):
        yield from _list(sentences)
    for figure in drawn:
        yield from _section(figure)
    if failed := failures(results):
        yield "## What failed"
        yield from _list([_failure(one) for one in failed])


def _answers(results: Results) -> list[list[str]]:
    """Of one's own model what `howfar bench` said, and not what is said of networks; then what failed."""
    found = answer(results)
    told = bench.tell(results) if "bench" in results.run.study.experiments else []
    said = [one.sentences for one in told] or [found.fastest.splitlines(), found.native.splitlines()]
    return [*said, found.failed.splitlines()]


def _failure(one: Failure) -> str:
    under = " under the published protocol" if one.published else ""
    why = f": {one.message}" if one.message else ""
    return f"{one.target} {one.says}{under}{why} ({wording.counted(one.tasks, 'task')})"


def _studies(results: Results) -> str:
    names = [own.run.study.name for own in each(results)]
    return f"study {names[0]}{f' with {wording.listed(names[1:], most=9)}' if names[1:] else ''}"


def _versions(results: Results) -> list[str]:
    cells = dict.fromkeys(outcome.task.cell for outcome in outcomes(results))
    own = {cell.target for cell in cells if contestant(cell) and cell.workload != "ceilings"}
    return sorted({f"{target.framework}@{target.version}" for target in own})


def _section(figure: Figure) -> Iterator[str]:
    yield f"## {figure.title}{f' ({figure.paper} of the paper)' if figure.paper else ''}"
    yield ""
    yield figure.question
    yield ""
    if figure.spec is not None:
        yield f"![{figure.title}](figures/{figure.id}.svg)"
        yield ""
    if figure.empty:
        yield _words(figure.empty)
        yield ""
    yield from _list(figure.sentences)
    if figure.summary:
        yield from _summary(figure.summary)
    yield f"All numbers: [{figure.id}.csv](tables/{figure.id}.csv)"
    yield ""


def _summary(summary: Summary) -> Iterator[str]:
    head = (summary.corner, *(f"{column.name} {column.version}".strip() for column in summary.columns))
    yield from _table(head, [(line.title, *map(_entry, line.entries)) for line in summary.lines])
    yield _words(summary.legend)
    yield ""


def _entry(entry: Entry) -> str:
    """Ours, and in brackets the paper's and what there is to know."""
    beside = [f"paper: {entry.printed}"] if entry.printed else []
    beside += [entry.note] if entry.note else []
    return f"{entry.text} ({'; '.join(beside)})" if beside else entry.text


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(map(_words, row))} |"
    yield ""


def _list(sentences: Sequence[str]) -> Iterator[str]:
    yield from (f"- {_words(sentence)}" for sentence in sentences)
    yield ""


def _words(text: str) -> str:
    """What was said by a page or a framework is words, and no Markdown."""
    plain = " ".join(text.split())
    for mark in ("\\", "|", "<", "*", "_", "`", "["):
        plain = plain.replace(mark, f"\\{mark}")
    return plain
