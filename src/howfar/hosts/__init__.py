"""Where tasks run: a browser page or a native process. Each host fetches its task, measures, and posts the report.

A browser is one file here, named as the studies name it, with a class `HOST` that hosts.base.Host describes.
"""

import importlib
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from howfar.driving import Driving
    from howfar.hosts.base import Host, Reaper

_NOT_BROWSERS = {"__init__", "base", "devtools", "extension", "lasting", "native", "piped", "reaper"}


def browsers() -> list[str]:
    """The browsers that howfar can open."""
    names = (path.name.removesuffix(".py") for path in files("howfar.hosts").iterdir() if path.name.endswith(".py"))
    return sorted(set(names) - _NOT_BROWSERS)


def open_host(name: str, reaper: "Reaper", driving: "Driving | None" = None) -> "Host":
    """The host of that name (a browser, or `native`); with `driving` the extension opens a browser's visits.

    Raises: UserError where this machine lacks it, or where the extension is not for that browser.
    """
    if driving is not None and name != "native":
        return importlib.import_module("howfar.hosts.extension").driven(name, reaper, driving)  # type: ignore[no-any-return]
    host: Host = importlib.import_module(f"howfar.hosts.{name}").HOST(reaper)
    return host
