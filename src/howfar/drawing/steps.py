"""What one switch does: bars on a logarithmic axis from 1, as it comes, to what the time becomes."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl

from howfar import palette, plotted, wording
from howfar.drawing.style import AXIS, INK, Values, template
from howfar.plotted import Mark, Spec

BROAD, HIGH = 225, 19
SLOWER, FASTER = "#d06a2c", "#2f72b5"


def steps(rows: pl.DataFrame, parts: Sequence[str]) -> Spec:
    """A band per target and task, a panel per size in it; the parts that were switched one below the other."""
    gathered: dict[tuple[str, str], dict[str, list[Mark]]] = defaultdict(lambda: defaultdict(list))
    for row in sorted(rows.to_dicts(), key=_order):
        own = wording.target(row | {"switch": ""})
        size = f"{row['model']} {wording.size(row['depth'], row['width'])}"
        gathered[row["workload"], wording.named(own, row["software_gpu"])][size].append(_mark(row))
    medians = [row["median"] for row in rows.to_dicts() if row["median"]]
    domain = [min([*medians, 0.5]) / 1.8, max([*medians, 2.0]) * 1.8]
    figure, first = template(_panel(domain))
    bands = [_band(key, gathered[key], parts, first) for key in gathered]
    datasets = {_title(key, size): marks for key in gathered for size, marks in gathered[key].items()}
    return figure | {"vconcat": bands, "spacing": 16, "datasets": figure["datasets"] | datasets}


def _title(key: tuple[str, str], size: str) -> str:
    workload, name = key
    return f"{name}, {workload}, {size}"


def _band(key: tuple[str, str], sizes: dict[str, list[Mark]], parts: Sequence[str], first: Spec) -> Spec:
    shown = [part for part in parts if any(mark["part"] == part for marks in sizes.values() for mark in marks)]
    return {"hconcat": [first | _own(_title(key, size), shown, first) for size in sizes], "spacing": 8}


def _own(title: str, parts: Sequence[str], first: Spec) -> Spec:
    """What a panel has that others have not."""
    return {
        "data": {"name": title},
        "title": {"text": title, "fontSize": 11},
        "height": HIGH * len(parts),
        "layer": [_sorted(layer, parts) for layer in first["layer"]],
    }


def _sorted(layer: Spec, parts: Sequence[str]) -> Spec:
    y = layer["encoding"].get("y")
    return layer | {"encoding": layer["encoding"] | {"y": y | {"sort": list(parts)}}} if y else layer


def _panel(domain: Sequence[float]) -> Any:
    scale = alt.Scale(type="log", domain=list(domain), nice=False)
    values = plotted.ticks(domain[0], domain[1])
    x = alt.X("one:Q", scale=scale, title="× as it comes", axis=alt.Axis(values=values, format="~g", ticks=False))
    y = alt.Y("part:N", title=None, axis=alt.Axis(ticks=False, domain=False, labelLimit=190))
    own = alt.Chart()
    known = own.transform_filter("datum.median !== null")
    colour = alt.when("datum.median > 1").then(alt.value(SLOWER)).otherwise(alt.value(FASTER))
    tooltip = [alt.Tooltip(f"{field}:N") for field in ("part", "times", "within", "taken", "outcome", "notes")]
    bar = known.mark_bar(height=11, tooltip=True).encode(x=x, x2="median:Q", y=y, color=colour, tooltip=tooltip)
    interval = known.mark_rule(color=INK, clip=True).encode(x=alt.X("low:Q", scale=scale), x2="high:Q", y=y)
    word = known.mark_text(align="left", dx=5, dy=-1, fontSize=10, color=INK)
    words = word.encode(x=alt.X("end:Q", scale=scale), y=y, text="times:N")
    failed = own.transform_filter("datum.median === null").mark_text(text="×", color=palette.STRUCK, align="left")
    crosses = failed.encode(x=alt.datum(1), y=y, tooltip=tooltip)
    line = alt.Chart(Values(values=[{"one": 1}])).mark_rule(color=AXIS).encode(x=alt.X("one:Q", scale=scale))
    return alt.layer(bar, interval, line, words, crosses, data=alt.NamedData("of the panel")).properties(width=BROAD)


def _mark(row: Mark) -> Mark:
    told = plotted.told(row)
    own = {name: row[name] for name in ("median", "low", "high")}
    shown = {"part": row["value"], "one": 1, "end": max(1.0, row["median"] or 1.0), "times": told["time"]}
    return own | shown | plotted.who(row) | {name: told[name] for name in ("within", "taken", "outcome", "notes")}


def _order(row: Mark) -> tuple[object, ...]:
    place = palette.order(row["framework"], row["version"], row["backend"], row["threads"])
    return (row["workload"] != "training", *place, row["depth"], row["width"])
