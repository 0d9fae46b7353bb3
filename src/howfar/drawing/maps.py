"""Maps of depth and width: one per network, task and back end, coloured by a ratio."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl

from howfar import gaps, palette, plotted, wording
from howfar.drawing.style import GROUND, styled
from howfar.gaps import NETWORKS
from howfar.plotted import Mark, Spec

# A cell of a map, in pixels.
BROAD, HIGH = 46, 26
# From faster than the other through equal to a thousand times slower.
DOMAIN = [0.1, 1, 10, 100, 1000]
COLOURS = list(palette.HEAT)
DARK = 60

TOOLTIP = [
    alt.Tooltip(f"{field}:N", title=title)
    for field, title in {
        "target": "target",
        "what": "what",
        "time": "times native",
        "within": "95 % interval",
        "against": "native",
        "taken": "from",
        "outcome": "result",
        "notes": "note",
    }.items()
]

# Network, task, native framework with its version.
Key = tuple[str, str, str]


def maps(rows: pl.DataFrame) -> Spec:
    """Rows of one metric: a row of maps per network, task and native framework, a map per target in it; numbers are the
    ratios. What is against nothing stands beside what is against the first."""
    gathered: dict[Key, dict[str, list[Mark]]] = defaultdict(lambda: defaultdict(list))
    every = sorted(rows.to_dicts(), key=_order)
    natives = {row["against"] for row in every if row["against"]}
    known = sorted(natives, key=lambda name: gaps.place(gaps.framework(name)))
    for row in every:
        name = wording.named(wording.target(row), row["software_gpu"])
        against = (row["against"] or (known[0] if known else "")).partition(" ")[0]
        gathered[row["model"], row["workload"], against][name].append(_mark(row))
    bands = [_band(key, gathered[key]) for key in sorted(gathered, key=_network)]
    return styled(alt.vconcat(*bands, spacing=18))


def _band(key: Key, targets: dict[str, list[Mark]]) -> Any:
    """The maps of one network and task, side by side."""
    kind, workload, against = key
    over = f"times {against}" if against else "no native framework"
    title = alt.Title(f"{NETWORKS.get(kind, kind)}, {workload}, {over}", fontSize=14, anchor="start")
    return alt.hconcat(*(_map(name, marks) for name, marks in targets.items()), spacing=22, title=title)


def _map(name: str, marks: Sequence[Mark]) -> Any:
    colour = alt.Color(
        "median:Q",
        title="× native",
        scale=alt.Scale(type="log", domain=DOMAIN, range=COLOURS, clamp=True),
        legend=alt.Legend(orient="bottom", gradientLength=220, values=DOMAIN, format="~g"),
    )
    known = alt.Chart(alt.InlineData(values=list(marks))).transform_filter("datum.median !== null")
    missing = alt.Chart(alt.InlineData(values=list(marks))).transform_filter("datum.median === null")
    ink = alt.when(f"datum.median > {DARK}").then(alt.value("white")).otherwise(alt.value(palette.ON_CELL))
    layers = [
        known.mark_rect(stroke=GROUND).encode(color=colour),
        known.mark_text(fontSize=11).encode(text="label:N", color=ink),
        missing.mark_text(fontSize=12, text="×", color=palette.STRUCK).encode(),
    ]
    widths, depths = (sorted({mark[key] for mark in marks}) for key in ("width", "depth"))
    x = alt.X("width:O", title="width", sort=widths, axis=alt.Axis(labelAngle=0, ticks=False, domain=False))
    y = alt.Y("depth:O", title="depth", sort=depths, axis=alt.Axis(ticks=False, domain=False))
    layered = alt.layer(*layers).encode(x=x, y=y, tooltip=TOOLTIP)
    size = {"width": BROAD * len(widths), "height": HIGH * len(depths)}
    return layered.properties(title=alt.Title(name, fontSize=11, fontWeight="normal"), **size)


def _mark(row: Mark) -> Mark:
    told = plotted.told(row) | {"against": row["against"] or wording.NONE}
    label = "" if row["median"] is None else f"{'≈' * bool(row['estimated'])}{_short(row['median'])}"
    own = {name: row[name] for name in ("depth", "width", "median")}
    return (
        own
        | told
        | plotted.who(row)
        | {"target": wording.named(wording.target(row), row["software_gpu"]), "label": label}
    )


def _short(value: float) -> str:
    """Two digits: what fits into a cell."""
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def _network(key: Key) -> tuple[object, ...]:
    known = list(NETWORKS)
    place = known.index(key[0]) if key[0] in known else len(known)
    return (place, key[1] != "training", gaps.place(gaps.framework(key[2])))


def _order(row: Mark) -> tuple[object, ...]:
    return palette.order(row["framework"], row["version"], row["backend"], row["threads"])
