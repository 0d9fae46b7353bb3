"""Decision trees, drawn to be read: the root on the left, a question at each fork, each leaf a line of its own."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair as alt

from howfar import palette, wording
from howfar.drawing.maps import COLOURS, DARK, DOMAIN
from howfar.drawing.style import AXIS, GROUND, INK, Values, styled
from howfar.plotted import Spec
from howfar.trees import Node

# A leaf's line and a level's column, in pixels; a box within them.
LINE, COLUMN = 30, 188
BOX_BROAD, BOX_HIGH = 150, 24

Mark = dict[str, Any]


def trees(grown: Mapping[str, Node]) -> Spec:
    """A tree per title, one below the other."""
    return styled(alt.vconcat(*(_tree(title, node) for title, node in grown.items()), spacing=26))


def _tree(title: str, root: Node) -> Any:
    boxes, lines = list(_placed(root)), []
    for box in boxes:
        lines += [_line(box, child, word) for child, word in box["children"]]
    shown = [{key: value for key, value in box.items() if key != "children"} for box in boxes]
    across = alt.Scale(domain=[-0.5, max(box["x"] for box in boxes) + 0.5], nice=False, zero=False)
    down = alt.Scale(domain=[max(box["y"] for box in boxes) + 0.7, -0.7], nice=False, zero=False)
    layers = [*_joints(lines, across, down), *_boxes(shown, across, down)]
    size = {"width": COLUMN * (across.domain[1] + 0.5), "height": LINE * (down.domain[0] + 0.7)}
    return alt.layer(*layers).properties(title=title, **size)


def _joints(lines: Sequence[Mark], across: alt.Scale, down: alt.Scale) -> list[Any]:
    own = alt.Chart(Values(values=list(lines)))
    rule = own.mark_rule(color=AXIS, strokeWidth=1.2).encode(
        x=alt.X("x:Q", axis=None, scale=across), y=alt.Y("y:Q", axis=None, scale=down), x2="x2:Q", y2="y2:Q"
    )
    word = own.mark_text(fontSize=10, color=INK, dy=-6).encode(
        x=alt.X("between:Q", scale=across, axis=None), y=alt.Y("at:Q", scale=down, axis=None), text="word:N"
    )
    return [rule, word]


def _boxes(shown: Sequence[Mark], across: alt.Scale, down: alt.Scale) -> list[Any]:
    """Forks are framed questions; leaves have the colour of their ratio."""
    own = alt.Chart(Values(values=list(shown)))
    scale = alt.Scale(type="log", domain=DOMAIN, range=COLOURS, clamp=True)
    colour = alt.Color("median:Q", scale=scale, legend=None)
    filled = alt.when(f"datum.leaf && datum.median > {DARK}").then(alt.value("white")).when("datum.leaf")
    ink = filled.then(alt.value(palette.ON_CELL)).otherwise(alt.value(INK))
    box = own.encode(
        x=alt.X("left:Q", axis=None, scale=across),
        x2="right:Q",
        y=alt.Y("top:Q", axis=None, scale=down),
        y2="bottom:Q",
        tooltip=_tooltip(),
    )
    leaf = box.transform_filter("datum.leaf").mark_rect(cornerRadius=3).encode(color=colour)
    fork = box.transform_filter("!datum.leaf").mark_rect(cornerRadius=3, fill=GROUND, stroke=AXIS)
    words = own.mark_text(fontSize=11).encode(
        x=alt.X("x:Q", axis=None, scale=across), y=alt.Y("y:Q", axis=None, scale=down), text="label:N", color=ink
    )
    return [fork, leaf, words]


def _tooltip() -> list[alt.Tooltip]:
    named = {"label": "node", "count": "configurations", "told": "median × native", "range": "range"}
    return [alt.Tooltip(f"{field}:N", title=title) for field, title in named.items()]


def _placed(root: Node) -> Iterator[Mark]:
    """Every node with its place: `x` its level, `y` its line among the leaves, in the middle of its own."""
    lines = iter(range(10_000))

    def place(node: Node, level: int) -> tuple[Mark, list[Mark]]:
        children = [(place(child, level + 1), word) for child, word in ((node.yes, "yes"), (node.no, "no")) if child]
        own = [box for (box, _), _ in children]
        y = (own[0]["y"] + own[-1]["y"]) / 2 if own else float(next(lines))
        box = _box(node) | _edges(level, y) | {"children": [(box, word) for (box, _), word in children]}
        return box, [box, *(inner for (_, below), _ in children for inner in below)]

    yield from place(root, 0)[1]


def _box(node: Node) -> Mark:
    told, over = f"{wording.number(node.median)}×", wording.interval(node.low, node.high)
    leaf = node.yes is None
    label = f"{told} ({over}), n {node.count}" if leaf and node.count > 1 else f"{told}, n {node.count}"
    return {
        "leaf": leaf,
        "label": label if leaf else node.question,
        "count": node.count,
        "median": node.median,
        "told": told,
        "range": over,
    }


def _edges(x: float, y: float) -> Mark:
    broad, high = BOX_BROAD / 2 / COLUMN, BOX_HIGH / 2 / LINE
    return {"x": x, "y": y, "left": x - broad, "right": x + broad, "top": y - high, "bottom": y + high}


def _line(box: Mark, child: Mark, word: str) -> Mark:
    """From a box's right edge to its child's left one; the word stands near the child."""
    x, x2 = box["right"], child["left"]
    return {
        "x": x, "y": box["y"], "x2": x2, "y2": child["y"], "word": word,
        "between": x + (x2 - x) * 0.6, "at": box["y"] + (child["y"] - box["y"]) * 0.6,
    }  # fmt: skip
