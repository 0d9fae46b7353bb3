"""The folder of what can be had or made again: packages, converted models, the report's script."""

import contextlib
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import platformdirs


def folder() -> Path:
    """`$HOWFAR_CACHE`, or the user's cache folder."""
    return Path(os.environ.get("HOWFAR_CACHE") or platformdirs.user_cache_dir("howfar"))


def text(kind: str, source: str, make: Callable[[], str]) -> str:
    """What `make` makes of `source` (all that it depends on), from the cache where it was made before. Where nothing
    can be kept, it is made every time."""
    file = folder() / kind / f"{sha256(source.encode()).hexdigest()}.txt"
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return file.read_text(encoding="utf-8")
    made = make()
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(f".{os.getpid()}")
        part.write_text(made, encoding="utf-8")
        part.replace(file)  # whole or not at all: another report may look for it
    return made
