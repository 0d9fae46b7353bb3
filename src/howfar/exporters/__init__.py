"""A neutral model as the files that a framework itself would have saved: one file per framework.

An exporter is found by its file being here. What it writes is checked by loading it with the framework in a browser and
holding the outputs against NumPy; where the framework can save by itself, its own file is held beside ours.
"""

from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from importlib.resources import files
from typing import Protocol, cast

from howfar.frameworks import module_name
from howfar.models import ModelSpec


class Exporter(Protocol):
    """What a file in this folder declares."""

    def export(self, spec: ModelSpec, backend: str, version: str) -> Mapping[str, bytes]:
        """The saved model's files, by name. Raises: errors.Unavailable where a tool is missing, with the command that
        installs it."""


def exists(framework: str) -> bool:
    """Whether there is an exporter for it."""
    return files("howfar").joinpath("exporters", f"{module_name(framework)}.py").is_file()


# The largest, synaptic's (8,256), is 45 MB of JSON: one is kept, for the rounds and back ends that follow each other.
@lru_cache(maxsize=2)
def export(framework: str, spec: ModelSpec, backend: str, version: str) -> Mapping[str, bytes]:
    """The model's files for a framework.

    Raises: errors.Unavailable where a tool is missing that the export needs.
    """
    exporter = cast(Exporter, import_module(f"{__name__}.{module_name(framework)}"))
    return exporter.export(spec, backend, version)
