"""One colour and one shape per target, the same in every figure.

A framework is a hue and a back end a lightness of it, so that neighbours differ for colour-blind eyes too; the shape
says the back end again. Native is neutral: it is the yardstick, not a contestant.
"""

from collections.abc import Mapping
from colorsys import hls_to_rgb, rgb_to_hls

from howfar.records import YARDSTICK, Target

FRAMEWORKS = (
    "tfjs", "onnxruntime-web", "litert", "convnetjs", "brain.js", "synaptic", "mind", "keras-js", "webdnn", "limit",
)  # fmt: skip
BACKENDS = ("cpu", "wasm", "webgl", "webgpu", "webnn", "gpu")

# What is possible, on one thread and on more.
YARDSTICK_SINGLE = "#7a5c2e"
YARDSTICK_MANY = "#c9a86a"

HUES: Mapping[str, tuple[str, ...]] = {
    "tfjs": ("#7db4e6", "#3f8fd2", "#1f63a8", "#123c6e", "#0a2342"),
    "onnxruntime-web": ("#f6b26b", "#e8862e", "#c05f0c", "#8a3f05", "#5c2a03"),
    "litert": ("#7fd1bd", "#2fa58a", "#167a64", "#0b5244", "#06362d"),
    "convnetjs": ("#cc5a9a",),
    "brain.js": ("#8f6bc7",),
    "synaptic": ("#a8a13a",),
    "mind": ("#c9b458",),
    "keras-js": ("#d98b8b", "#c25555", "#9c2f2f", "#6e1a1a"),
    "webdnn": ("#9ac26b", "#74a043", "#4f7a22", "#33560f"),
    "limit": (YARDSTICK_SINGLE,),
}
UNKNOWN = ("#b58a63", "#94683f", "#704a26", "#4c3016")
NATIVE_SINGLE = "#1c1c1c"
NATIVE_MANY = "#8b8b8b"
STRUCK = "#9a9a9a"
DUST = "#a89f8c"

SHAPES = {"cpu": "circle", "wasm": "square", "webgl": "triangle-up", "webgpu": "diamond", "webnn": "triangle-down"}

# Where a run's wall time goes: what is measured in colour, what only surrounds it in grey.
PARTS: Mapping[str, str] = {
    "timed": "#1f63a8",
    "warmup": "#7db4e6",
    "first": "#e8862e",
    "load": "#f2c48d",
    "launch": "#6f6f6f",
    "idle": "#a9a9a9",
    "end": "#c8c8c8",
    "dispose": "#e0e0e0",
}

# The page's own inks, and what each becomes on a dark ground.
INK, AXIS, FAINT, GROUND = "#3a3a3a", "#b5b2aa", "#e9e7e2", "#ffffff"
INKS: Mapping[str, str] = {INK: "#d9d5cb", AXIS: "#6b6860", FAINT: "#35332e", GROUND: "#211f1c"}
# Ratios from faster than the other through equal to a thousand times slower, each a filled cell with a word in
# `ON_CELL` or white: they are read by their own colour, so no ground changes them.
HEAT = ("#2f72b5", "#f4f1ea", "#f0c088", "#d06a2c", "#7c1d12")
ON_CELL = "#33322f"


def night(colour: str) -> str:
    """The same colour on a dark ground: as far from that as it was from the light one, shades in turned order."""
    if colour in INKS:
        return INKS[colour]
    if colour in (*HEAT, ON_CELL):
        return colour
    hue, light, saturation = rgb_to_hls(*(int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)))
    parts = hls_to_rgb(hue, 0.44 + 0.46 * (1 - light), saturation)
    return "#" + "".join(f"{round(255 * part):02x}" for part in parts)


def colour(framework: str, backend: str, age: int = 0) -> str:
    """The colour of a browser target; greyer by each newer version of its framework that stands beside it."""
    shades = HUES.get(framework, UNKNOWN)
    shade = shades[min(_place(backend, BACKENDS), len(shades) - 1)]
    return _mixed(shade, DUST, 1 - 0.5**age)


def _mixed(one: str, other: str, share: float) -> str:
    pairs = ((int(one[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def of(target: Target, age: int = 0) -> str:
    """The colour of a target, whatever it is; `age`: as of `colour`."""
    if target.browser == "native":
        return native_colour(target.threads)
    if target.framework == YARDSTICK:
        return yardstick_colour(target.threads)
    return colour(target.framework, target.backend, age)


def native_colour(threads: int | None) -> str:
    """The neutral of a native target: black on one thread, grey on more."""
    return NATIVE_SINGLE if threads == 1 else NATIVE_MANY


def yardstick_colour(threads: int | None) -> str:
    """The brown of what is possible: dark on one thread, light on more."""
    return YARDSTICK_SINGLE if threads in (None, 1) else YARDSTICK_MANY


def shape(backend: str) -> str:
    """The mark of a back end."""
    return SHAPES.get(backend, "cross")


def order(framework: str, version: str, backend: str, threads: int | None) -> tuple[object, ...]:
    """Where a target stands in legends and in its group: by framework, newest version first, then by back end."""
    lone = -1 if threads is None else threads
    return (_place(framework, FRAMEWORKS), framework, newest_first(version), _place(backend, BACKENDS), lone == 0, lone)


def newest_first(version: str) -> tuple[int, ...]:
    """Sorts versions by falling number: 4.22.0, 4.9.1, 0.13.0."""
    return tuple(-int(part) for part in version.split(".") if part.isdigit())


def _place(name: str, known: tuple[str, ...]) -> int:
    return known.index(name) if name in known else len(known)
