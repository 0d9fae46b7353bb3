"""A comparison in words, as a table, as JSON and as a picture."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import vl_convert
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from howfar import drawing, plotted, wording
from howfar.comparing import SAME, Comparison, Pair, Verdict, verdict
from howfar.report.terminal import say

SAYS: dict[Verdict, str] = {
    "faster": "faster",
    "slower": "slower",
    "same": f"the same, to {SAME:.0%}",
    "cannot_tell": "can't be told",
}


def sentence(comparison: Comparison) -> str:
    """All pairs in one sentence."""
    counts = [(says, sum(pair.verdict == name for pair in comparison.pairs)) for name, says in SAYS.items()]
    told = ", ".join(f"{count} {says}" for says, count in counts if count)
    cells = wording.counted(len(comparison.pairs), "cell")
    return " ".join([f"{comparison.new} takes {_overall(comparison)}; of {cells}: {told}.", *_per_workload(comparison)])


def _overall(comparison: Comparison) -> str:
    over = comparison.overall
    if over is None:
        return "no ratio"
    known = "all" if over.rounds == len(comparison.pairs) else f"the {over.rounds} with an interval"
    return f"{wording.ratio(over)} the time of {comparison.base} over {known}, {SAYS[verdict(over)]}"


def _per_workload(comparison: Comparison) -> Iterator[str]:
    each = [
        f"in {workload.replace('_', ' ')} {wording.ratio(over)}: {SAYS[verdict(over)]}"
        for workload, over in comparison.by_workload.items()
    ]
    if each:
        yield f"That is {'; '.join(each)}."


def show(console: Console, comparison: Comparison) -> None:
    """The sentence, a row per pair, and what one side alone has."""
    say(console, sentence(comparison))
    table = Table("cell", "base, ms", "new, ms", "new / base", "", box=None, header_style="bold", pad_edge=False)
    for pair in comparison.pairs:
        table.add_row(*map(escape, (name(pair), *_times(pair), SAYS[pair.verdict] if pair.ratio else pair.reason)))
    console.print(table)
    for whose, cells in ((comparison.base, comparison.only_base), (comparison.new, comparison.only_new)):
        if cells:
            say(console, f"In {whose} alone: {wording.listed(cells, most=6)}.")


def name(pair: Pair) -> str:
    """The new one's cell."""
    cell = pair.new.cell
    return f"{wording.named(cell.target, pair.new.software)} {cell.model} {cell.workload}"


def _times(pair: Pair) -> tuple[str, str, str]:
    medians = [wording.number(one.summary.median if one.summary else None) for one in (pair.base, pair.new)]
    return medians[0], medians[1], wording.ratio(pair.ratio) if pair.ratio else wording.NONE


def as_json(comparison: Comparison) -> dict[str, Any]:
    """For machines."""
    return {
        "base": comparison.base,
        "new": comparison.new,
        "overall": msgspec.to_builtins(comparison.overall),
        "overall_verdict": verdict(comparison.overall),
        "by_workload": msgspec.to_builtins(comparison.by_workload),
        "pairs": [_pair(pair) for pair in comparison.pairs],
        "only_base": list(comparison.only_base),
        "only_new": list(comparison.only_new),
    }


def _pair(pair: Pair) -> dict[str, Any]:
    cell = pair.new.cell
    return {
        "base_target": str(pair.base.cell.target),
        "new_target": str(cell.target),
        "model": str(cell.model),
        "workload": cell.workload,
        "metric": pair.new.metric,
        "base_median": pair.base.summary.median if pair.base.summary else None,
        "new_median": pair.new.summary.median if pair.new.summary else None,
        "ratio": msgspec.to_builtins(pair.ratio),
        "verdict": pair.verdict,
        "message": pair.reason,
    }


def draw(comparison: Comparison, file: Path) -> None:
    """A point per pair with its interval, as SVG or PNG by the file's suffix."""
    spec = drawing.ratios(rows(comparison))
    spec["config"]["background"] = "white"
    if file.suffix == ".png":
        file.write_bytes(vl_convert.vegalite_to_png(spec, scale=2, allowed_base_urls=[]))
    else:
        file.write_text(vl_convert.vegalite_to_svg(spec, allowed_base_urls=[]), encoding="utf-8")


def rows(comparison: Comparison) -> list[dict[str, Any]]:
    """What the picture shows: the pairs that have an interval, slowest first."""
    known = [(pair, pair.ratio) for pair in comparison.pairs if pair.ratio and pair.ratio.low]
    known.sort(key=lambda one: -one[1].value)
    return [
        {"cell": name(pair), "verdict": SAYS[pair.verdict], "ratio": found.value, "low": found.low, "high": found.high}
        | plotted.who_of(pair.new.cell.target)
        for pair, found in known
    ]
