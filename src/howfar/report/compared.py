"""A comparison as a page: the same design as a report's."""

from collections.abc import Sequence
from typing import Any

import vl_convert

from howfar import drawing, palette, plotted, wording
from howfar.comparing import Comparison, Pair, verdict
from howfar.report import comparison as told
from howfar.report.choices import offered
from howfar.report.headline import Headline
from howfar.report.templates import fill


def render(comparison: Comparison) -> str:
    """The whole page as one string."""
    rows = told.rows(comparison)
    spec = drawing.ratios(rows) if rows else None
    svg = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[]) if spec else ""
    return fill(
        "compared.html.j2",
        specs=[spec] if spec else [],
        comparison=comparison,
        sentence=told.sentence(comparison),
        headlines=_headlines(comparison),
        choices=offered(pair.new.cell.target for pair in comparison.pairs),
        spec=spec,
        svg=svg,
        pairs=[_pair(pair) for pair in comparison.pairs],
    )


def _headlines(comparison: Comparison) -> list[Headline]:
    found = comparison.overall
    over = Headline("In all", wording.NONE, "there is no ratio")
    if found:
        within = wording.interval(found.low, found.high)
        says = f"the time of {comparison.base}: {told.SAYS[verdict(found)]}"
        over = Headline("In all", f"{wording.number(found.value)}×", says, within)
    return [over, *(_count(name, comparison.pairs) for name in ("faster", "slower"))]


def _count(name: str, pairs: Sequence[Pair]) -> Headline:
    count = sum(pair.verdict == name for pair in pairs)
    return Headline(name.capitalize(), str(count), f"of {wording.counted(len(pairs), 'cell')}")


def _pair(pair: Pair) -> dict[str, Any]:
    target = pair.new.cell.target
    medians = [one.summary.median if one.summary else None for one in (pair.base, pair.new)]
    return {
        "name": told.name(pair),
        "colour": palette.of(target),
        "who": plotted.who_of(target),
        "base": medians[0],
        "new": medians[1],
        "ratio": pair.ratio,
        "verdict": pair.verdict,
        "says": told.SAYS[pair.verdict] if pair.ratio else pair.reason,
    }
