"""One classic script of a CommonJS package and what it requires, for a library that ships nothing a page can load.

No bundler is used: it would be a binary of its own beside the npm client, for one library of 6 KB, and it rewrites what
it bundles. This wraps each module in a function, as Node.js does, and changes no character of it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path

from msgspec import Struct

from howfar import npm
from howfar.errors import UserError

# What looks like a call of `require` in a comment or a string is none. A regular expression that holds a quote can hide
# a call behind it on its line; the module is then not found when the page asks for it, which says so.
_TOKENS = re.compile(
    r"""//[^\n]* | /\*.*?\*/ | \brequire\s*\(\s*(["'])(?P<name>[^"'\n]+)\1\s*\)
      | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' | `(?:\\.|[^`\\])*`""",
    re.VERBOSE | re.DOTALL,
)


class Module(Struct, frozen=True):
    """One file, and the file behind each name that it requires."""

    code: str
    requires: Mapping[str, Path]


def bundle(folder: Path) -> bytes:
    """The package in that folder as one script. It runs the package's entry at once, as a library's own browser file
    does, and leaves the `require` of that entry, which also answers to the package's own name, in `bundles[name]`.

    Raises: UserError for a module that is required and is not there.
    """
    entry = _file(folder.resolve())
    if entry is None:
        raise UserError("the package has no entry point", where=str(folder), mend="build it, or name another folder")
    modules = _modules(entry)
    numbers = {file: number for number, file in enumerate(modules)}
    parts = ",\n".join(_wrapped(module, numbers) for module in modules.values())
    loader = files("howfar").joinpath("page", "bundled.js").read_text("utf-8").rstrip()
    return f"{loader}({json.dumps(npm.description(folder).name)}, [\n{parts}\n]);\n".encode()


def _modules(entry: Path) -> dict[Path, Module]:
    """Every file that is reached from the entry, which is the first."""
    found: dict[Path, Module] = {}
    waiting = [entry]
    while waiting:
        file = waiting.pop(0)
        if file not in found:
            found[file] = _module(file)
            waiting += found[file].requires.values()
    return found


def _module(file: Path) -> Module:
    try:
        code = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"it can't be read as JavaScript ({error})", where=str(file)) from None
    if file.suffix == ".json":
        return Module(f"module.exports = {code}", {})
    names = (token["name"] for token in _TOKENS.finditer(code) if token["name"])
    return Module(code, {name: _resolved(name, file) for name in names})


def _wrapped(module: Module, numbers: Mapping[Path, int]) -> str:
    requires = {name: numbers[file] for name, file in module.requires.items()}
    return f"[{json.dumps(requires)}, function (module, exports, require) {{\n{module.code}\n}}]"


def _resolved(name: str, by: Path) -> Path:
    """The file that Node.js would load."""
    for place in _places(name, by):
        if file := _file(place):
            return file
    what = f"it requires {name!r}, which is not there"
    raise UserError(what, where=str(by), mend="run `npm install` in the package's folder")


def _places(name: str, by: Path) -> Iterator[Path]:
    if name.startswith("."):
        yield by.parent / name
        return
    yield from (folder / "node_modules" / name for folder in by.parents)


def _file(place: Path) -> Path | None:
    """The file of a place, which may be given without its extension or be a folder."""
    candidates = [place, *(place.with_name(place.name + suffix) for suffix in (".js", ".json"))]
    if (place / npm.DESCRIPTION).is_file() and (main := npm.description(place).main):
        candidates += [place / main, (place / main).with_name(f"{Path(main).name}.js"), place / main / "index.js"]
    candidates.append(place / "index.js")
    # Its real path, as Node.js takes it: a package that is linked finds its own dependencies beside itself.
    return next((one.resolve() for one in candidates if one.is_file()), None)
