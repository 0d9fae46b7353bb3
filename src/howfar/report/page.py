"""The page: a template filled with words and numbers. No number is worked out here."""

import re
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import vl_convert
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from howfar import palette, plotted, wording
from howfar.measured import NATIVE, SAYS
from howfar.outcomes import Results
from howfar.records import Target
from howfar.report import bench
from howfar.report.answer import answer
from howfar.report.failures import failures
from howfar.report.figures import COST, Figure
from howfar.report.machine import browsers, control_drift, environments, machine, noise, page_facts, progress
from howfar.report.standing import size, standings

HERE = Path(__file__).parent
PARTS = ("launch", "load", "first", "warmup", "timed", "dispose", "end", "idle", "total")


def render(results: Results, figures: Sequence[Figure]) -> str:
    """The whole page as one string. Whatever a page or a framework said is escaped."""
    scripts, benched = script(), bench.tell(results)
    return (
        _templates()
        .get_template("index.html.j2")
        .render(
            run=results.run,
            scripts=Markup(scripts),
            script_hash=_hash(scripts),
            style=Markup((HERE / "style.css").read_text(encoding="utf-8")),
            answer=answer(results),
            standings=[] if benched else standings(results),
            benched=benched,
            figures=[figure for figure in figures if figure.id != COST],
            cost=next(figure for figure in figures if figure.id == COST),
            costs=_costs(figures),
            numbers=_numbers(figures),
            failures=failures(results),
            **_machine(results),
        )
    )


@cache
def script() -> str:
    """Vega, Vega-Lite and vega-embed with page.js, as one script for an inline element."""
    bundle: str = vl_convert.javascript_bundle(snippet=(HERE / "page.js").read_text(encoding="utf-8"))
    # The one thing that would end the element that it stands in; inside a string or a pattern `<\/` means the same.
    return re.sub("</(?=script)", r"<\\/", bundle, flags=re.IGNORECASE)


def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    templates.globals.update(wording=wording, size=size, notes=plotted.notes, says=SAYS, name=bench.name)
    templates.filters.update(json=_json, data_uri=_data_uri, colour=_colour, number=wording.number)
    return templates


def _json(value: Any) -> Markup:
    """For a `<script type="application/json">`: no `<` in it, so nothing can end the element."""
    return Markup(msgspec.json.encode(value).decode().replace("<", "\\u003c"))


def _data_uri(svg: str) -> str:
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _colour(target: Target) -> str:
    if target.browser == NATIVE:
        return palette.native_colour(target.threads)
    return palette.colour(target.framework, target.backend)


def _machine(results: Results) -> dict[str, Any]:
    done, planned = progress(results)
    return {
        "machine": machine(results),
        "browsers": browsers(results),
        "environments": environments(results),
        "page_facts": page_facts(results.outcomes),
        "drift": control_drift(results),
        "noise": noise(results.outcomes),
        "done": done,
        "planned": planned,
    }


def _numbers(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """The rows of all timed experiments, each once though two experiments may show it."""
    tables = (figure.table.filter(unit="ms") for figure in figures if figure.id != COST)
    timed = [table for table in tables if table.height]
    key = [*plotted.IDENTITY, "model", "depth", "width", "workload", "metric", "environment", "current"]
    return pl.concat(timed).unique(key, maintain_order=True).to_dicts() if timed else []


def _costs(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """The table of the cost: per target the milliseconds of each part and the share outside, as the bars show them."""
    table = next(figure.table for figure in figures if figure.id == COST)
    rows = []
    for bars in table.partition_by(*plotted.IDENTITY, maintain_order=True):
        total = dict(bars.select("metric", "total").iter_rows())
        share = bars.filter(metric="overhead_share")["median"].item()
        first = bars.row(0, named=True)
        spent = {part: total[f"{part}_ms"] for part in PARTS}
        rows.append({"name": plotted.bar_name(first), "tasks": first["samples"], "spent": spent, "share": share})
    return [rows[0], *sorted(rows[1:], key=lambda row: -row["spent"]["total"])] if rows else []
