"""Maps of depth and width: one per network, task and back end, coloured by a ratio."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl

from howfar import gaps, palette, plotted, wording
from howfar.drawing.style import GROUND, template
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
    figure, first = template(_map())
    bands = [_band(key, gathered[key], first) for key in sorted(gathered, key=_network)]
    datasets = {f"{_title(key)}: {name}": marks for key in gathered for name, marks in gathered[key].items()}
    return figure | {"vconcat": bands, "spacing": 18, "datasets": datasets}


def _band(key: Key, targets: dict[str, list[Mark]], first: Spec) -> Spec:
    """The maps of one network and task, side by side."""
    title = {"text": _title(key), "fontSize": 14, "anchor": "start"}
    return {
        "hconcat": [first | _own(_title(key), name, targets[name], first) for name in targets],
        "spacing": 22,
        "title": title,
    }


def _title(key: Key) -> str:
    kind, workload, against = key
    over = f"times {against}" if against else "no native framework"
    return f"{NETWORKS.get(kind, kind)}, {workload}, {over}"


def _own(band: str, name: str, marks: Sequence[Mark], first: Spec) -> Spec:
    """What a map has that others have not."""
    lengths = {"x": sorted({mark["width"] for mark in marks}), "y": sorted({mark["depth"] for mark in marks})}
    axes = {axis: first["encoding"][axis] | {"sort": found} for axis, found in lengths.items()}
    return {
        "data": {"name": f"{band}: {name}"},
        "title": {"text": name, "fontSize": 11, "fontWeight": "normal"},
        "encoding": first["encoding"] | axes,
        "width": BROAD * len(lengths["x"]),
        "height": HIGH * len(lengths["y"]),
    }


def _map() -> Any:
    colour = alt.Color(
        "median:Q",
        title="× native",
        scale=alt.Scale(type="log", domain=DOMAIN, range=COLOURS, clamp=True),
        legend=alt.Legend(orient="bottom", gradientLength=220, values=DOMAIN, format="~g"),
    )
    known = alt.Chart().transform_filter("datum.median !== null")
    missing = alt.Chart().transform_filter("datum.median === null")
    ink = alt.when(f"datum.median > {DARK}").then(alt.value("white")).otherwise(alt.value(palette.ON_CELL))
    layers = [
        known.mark_rect(stroke=GROUND).encode(color=colour),
        known.mark_text(fontSize=11).encode(text="label:N", color=ink),
        missing.mark_text(fontSize=12, text="×", color=palette.STRUCK).encode(),
    ]
    x = alt.X("width:O", title="width", axis=alt.Axis(labelAngle=0, ticks=False, domain=False))
    y = alt.Y("depth:O", title="depth", axis=alt.Axis(ticks=False, domain=False))
    return alt.layer(*layers, data=alt.NamedData("of the map")).encode(x=x, y=y, tooltip=TOOLTIP)


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
