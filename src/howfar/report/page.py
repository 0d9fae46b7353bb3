"""The page: a template filled with words and numbers. No number is worked out here."""

from collections.abc import Sequence
from typing import Any

from howfar import plotted
from howfar.outcomes import Results
from howfar.report import bench
from howfar.report.answer import answer
from howfar.report.choices import choices
from howfar.report.failures import failures
from howfar.report.figures import COST, Figure
from howfar.report.headline import headlines, shipped
from howfar.report.machine import browsers, control_drift, environments, machine, noise, page_facts, progress
from howfar.report.rows import numbers
from howfar.report.standing import standings
from howfar.report.templates import fill
from howfar.wholes import outcomes, pooled

PARTS = ("launch", "load", "first", "warmup", "timed", "dispose", "end", "idle", "total")


def render(results: Results, figures: Sequence[Figure], *, paper: bool = False) -> str:
    """The whole page as one string. `paper`: whether a page beside it holds these results against the paper's."""
    benched, stand = bench.tell(results), standings(results)
    told = shipped(benched[0].bench, results) if len(benched) == 1 else headlines(results, stand)
    return fill(
        "index.html.j2",
        specs=[figure.spec for figure in figures if figure.spec],
        figures=[figure for figure in figures if figure.id != COST],
        paper=paper,
        answer=answer(results),
        headlines=told,
        choices=choices(results),
        standings=[] if benched else stand,
        benched=benched,
        cost=next(figure for figure in figures if figure.id == COST),
        costs=_costs(figures),
        numbers=numbers(figures),
        failures=failures(results),
        **where(results),
    )


def where(results: Results) -> dict[str, Any]:
    """The machine and the run."""
    done, planned = progress(results)
    every, all_of_it = list(outcomes(results)), pooled(results)
    return {
        "run": results.run,
        "machine": machine(results),
        "browsers": browsers(all_of_it),
        "environments": environments(all_of_it),
        "page_facts": page_facts(every),
        "drift": control_drift(results),
        "noise": noise(every),
        "done": done,
        "planned": planned,
    }


def _costs(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """The table of the cost: per target the milliseconds of each part and the share outside, as the bars show them."""
    table = next(figure.table for figure in figures if figure.id == COST)
    rows = []
    for bars in table.partition_by(*plotted.IDENTITY, maintain_order=True):
        total = dict(bars.select("metric", "total").iter_rows())
        share = bars.filter(metric="overhead_share")["median"].item()
        first = bars.row(0, named=True)
        spent = {part: total[f"{part}_ms"] for part in PARTS}
        own = {"name": plotted.bar_name(first), "who": plotted.who(first), "tasks": first["samples"]}
        rows.append(own | {"spent": spent, "share": share})
    return [rows[0], *sorted(rows[1:], key=lambda row: -row["spent"]["total"])] if rows else []
