"""Flame graphs: who calls whom, each as broad as its time. One SVG by itself, without a script; a box's title says its
function, its file and its share."""

from collections.abc import Iterator, Sequence
from html import escape
from zlib import crc32

from howfar.drawing.style import AXIS, FONT, INK
from howfar.observed import StackNode
from howfar.stacks import Flame
from howfar.stacks import flames as boxes_of

BROAD, HIGH, MARGIN, HEAD = 1180, 15, 10, 34
# Narrower boxes can't be seen; a letter of the labels is about so broad.
NARROWEST, LETTER = 0.6, 5.6
# What is the framework's is warm, by its name; what is not (the page's own, the engine's) is grey.
WARM = ("#f2c48d", "#f0b27a", "#e8a15f", "#eec06b", "#e6b34e", "#f4d29a")
OUTSIDE, ENGINE = "#dcd9d2", "#c9d3dc"


def flames(nodes: Sequence[StackNode], title: str) -> str:
    """The SVG of a call tree, the entry at the bottom. `nodes`: callers first, with some time."""
    boxes = [box for box in boxes_of(nodes) if box.share * (BROAD - 2 * MARGIN) >= NARROWEST]
    levels = 1 + max(box.level for box in boxes)
    high = HEAD + HIGH * levels + MARGIN
    size = f'viewBox="0 0 {BROAD} {high}" width="{BROAD}" height="{high}"'
    style = f"font-family:{FONT};font-size:10px;fill:{INK}"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} style="{style}">',
        f'<rect width="{BROAD}" height="{high}" fill="white"/>',
        f'<text x="{MARGIN}" y="20" style="font-size:13px;font-weight:bold">{escape(title)}</text>',
        *(_box(box, high) for box in boxes),
        *_key(),
        "</svg>",
    ]
    return "\n".join(lines)


def _box(box: Flame, high: int) -> str:
    inner = BROAD - 2 * MARGIN
    left, broad = MARGIN + box.left * inner, box.share * inner
    top = high - MARGIN - HIGH * (box.level + 1)
    said = f"{box.node.function} · {box.node.file or 'no file of a package'} · {box.share:.1%}" + _depth(box.node)
    size = f'width="{max(broad - 0.4, 0.3):.1f}" height="{HIGH - 1}"'
    shape = f'<rect x="{left:.1f}" y="{top}" {size} fill="{_colour(box.node)}"/>'
    fits = int((broad - 6) / LETTER)
    label = box.node.function if len(box.node.function) <= fits else f"{box.node.function[: fits - 1]}…"
    text = f'<text x="{left + 3:.1f}" y="{top + 11}">{escape(label)}</text>' if fits >= 3 else ""
    return f"<g><title>{escape(said)}</title>{shape}{text}</g>"


def _depth(node: StackNode) -> str:
    return f" · {node.depth} from the entry" if node.depth else ""


def _colour(node: StackNode) -> str:
    if node.file:
        return WARM[crc32(node.function.encode()) % len(WARM)]
    return ENGINE if node.depth else OUTSIDE


def _key() -> Iterator[str]:
    """What the colours are."""
    known = {WARM[1]: "the framework", ENGINE: "the engine, or code made at run time", OUTSIDE: "the page"}
    left = BROAD - 420.0
    for colour, words in known.items():
        yield f'<rect x="{left:.0f}" y="11" width="10" height="10" fill="{colour}" stroke="{AXIS}" stroke-width="0.5"/>'
        yield f'<text x="{left + 14:.0f}" y="20">{words}</text>'
        left += 30 + LETTER * len(words)
