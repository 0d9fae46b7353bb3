"""How a page is filled: one script, one style, words that are escaped, and nothing that a page could fetch."""

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec
import vl_convert
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from howfar import caches, palette, plotted, wording
from howfar.measured import fared
from howfar.report import bench
from howfar.report.standing import size

HERE = Path(__file__).parent
SCRIPTS = ("theme.js", "menu.js", "filter.js", "figures.js", "tables.js")
LIVE = "live.js"
HEX = re.compile(r"#[0-9a-fA-F]{6}")


def fill(template: str, *, specs: Sequence[Mapping[str, Any]] = (), live: bool = False, **parts: Any) -> str:
    """A page of this folder as one string. Whatever a page or a framework said is escaped. `specs`: of every
    figure that it shows; `live`: it may ask the server that it came from."""
    scripts = script(live=live)
    own = {
        "scripts": Markup(scripts),
        "script_hash": _hash(scripts),
        "style": Markup((HERE / "style.css").read_text(encoding="utf-8")),
        "night": night(specs),
        "live": live,
    }
    return _templates().get_template(template).render(**own | parts)


@cache
def script(*, live: bool = False) -> str:
    """Vega, Vega-Lite, vega-embed and what the report does by itself, as one script for an inline element."""
    names = [*SCRIPTS, *([LIVE] if live else [])]
    own = "\n".join((HERE / name).read_text(encoding="utf-8") for name in names)
    # Bundling takes 2 to 3 s, and gives the same for every report.
    key = f"{metadata.version('vl-convert-python')}\n{own}"
    bundle = caches.text("scripts", key, lambda: vl_convert.javascript_bundle(snippet=own))
    # The one thing that would end the element that it stands in; inside a string or a pattern `<\/` means the same.
    return re.sub("</(?=script)", r"<\\/", bundle, flags=re.IGNORECASE)


def night(specs: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What becomes of each colour of these figures on a dark ground."""
    found = {colour for spec in specs for colour in _colours(spec)}
    return {colour: palette.night(colour) for colour in sorted(found) if palette.night(colour) != colour}


def _colours(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if HEX.fullmatch(value):
            yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _colours(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _colours(inner)


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    templates.globals.update(wording=wording, size=size, fared=fared, name=bench.name)
    templates.filters.update(json=_json, data_uri=_data_uri, swatch=_swatch, number=wording.number)
    templates.filters.update(colour=palette.of, of_target=plotted.who_of)
    return templates


def _json(value: Any) -> Markup:
    """For a `<script type="application/json">`: no `<` in it, so nothing can end the element."""
    return Markup(msgspec.json.encode(value).decode().replace("<", "\\u003c"))


def _data_uri(svg: str) -> str:
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _swatch(colour: str) -> Markup:
    """A dot of that colour, on either ground."""
    style = f"--day:{colour};--night:{palette.night(colour)}"
    return Markup('<span class="swatch" style="{}"></span>').format(style)
