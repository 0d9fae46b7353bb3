"""The registry of frameworks (frameworks.toml), read strictly, and the questions that others ask it."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import Literal

import msgspec
from msgspec import Struct

from howfar.errors import UserError
from howfar.records import NOT_INSTALLED, ModelKind, Target, Workload

# One edition, not a range or a tag: a tag means something else tomorrow.
EXACT_VERSION = re.compile(r"\d[\w.+-]*")


class Backend(Struct, frozen=True, forbid_unknown_fields=True):
    """`scripts` and `assets` as "package:path"; an asset's files lie in one folder, whose URL the adapter gets."""

    scripts: tuple[str, ...] = ()
    assets: Mapping[str, tuple[str, ...]] = {}


class Framework(Struct, frozen=True, forbid_unknown_fields=True):
    """One table of the registry."""

    title: str
    runs_in: Literal["browser", "native"]
    licence: str
    backends: Mapping[str, Backend]
    workloads: tuple[Workload, ...]
    models: tuple[ModelKind, ...]
    versions: tuple[str, ...] = ()
    distributions: tuple[str, ...] = ()
    extra: str = ""
    # The URL path of the adapter where it is not page/frameworks/<name>.js.
    adapter_url: str = ""

    def installed_version(self) -> str:
        """The version of a native framework here, or `NOT_INSTALLED`."""
        for distribution in self.distributions:
            try:
                return version(distribution)
            except PackageNotFoundError:
                continue
        return NOT_INSTALLED


Registry = Mapping[str, Framework]


@cache
def registry() -> Registry:
    """The frameworks that come with howfar, by name."""
    text = files("howfar").joinpath("frameworks.toml").read_bytes()
    return msgspec.toml.decode(text, type=dict[str, Framework])


def public_names(known: Registry) -> list[str]:
    """What a user may name: every framework but howfar's own known answers."""
    return [name for name in known if "reference" not in name]


def find(known: Registry, name: str, *, where: str = "") -> Framework:
    """The framework of that name.

    Raises: UserError naming those that there are.
    """
    if name not in known:
        names = ", ".join(public_names(known))
        raise UserError(f"no framework {name!r}", where=where, mend=f"known: {names}")
    return known[name]


def split_version(choice: str) -> tuple[str, str]:
    """`tfjs@4.22.0` -> ("tfjs", "4.22.0"); without a version the second is empty."""
    name, _, wanted = choice.partition("@")
    return name, wanted


def resolve_version(name: str, framework: Framework, wanted: str, *, where: str = "") -> str:
    """The version to measure: the one asked for, else the registry's default, else the one installed.

    Raises: UserError for a native framework at another version than the one installed here.
    """
    if framework.runs_in == "browser":
        if wanted and not EXACT_VERSION.fullmatch(wanted):
            mend = f"name one exactly, such as {name}@{framework.versions[0]}"
            raise UserError(f"{wanted!r} is not a version of {name}", where=where, mend=mend)
        return wanted or framework.versions[0]
    installed = framework.installed_version()
    if wanted and wanted != installed:
        what = (
            f"{name}@{wanted} is asked for, but {installed if installed == NOT_INSTALLED else f'{installed} is here'}"
        )
        raise UserError(what, where=where, mend=f"install that version, or ask for {name!r} alone")
    return installed


def why_unsupported(framework: Framework, target: Target) -> str | None:
    """The reason that a target cannot be measured here, known before any host is opened."""
    if target.version != NOT_INSTALLED:
        return None
    return f"{framework.title} is not installed here; install it with: pip install {framework.distributions[-1]}"
