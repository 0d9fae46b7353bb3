"""The paper's claims, tested again: one file a claim, one a row of its Table 6.

A question is found by its file being in `claims/` or `advice/`; its id is the file's name.
"""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Protocol, cast

from howfar.findings import advice, claims
from howfar.findings.evidence import Evidence
from howfar.findings.verdicts import Verdict


class Claim(Protocol):
    """What a file in `claims/` declares."""

    @property
    def NUMBER(self) -> int:
        """Its place among the claims."""

    @property
    def TITLE(self) -> str:
        """What the paper claims, in a few words of ours."""

    @property
    def NEEDS(self) -> tuple[str, ...]:
        """The experiments whose cells it is judged by."""

    def judge(self, evidence: Evidence) -> Verdict:
        """What one edition's versions say of it."""


class Advice(Claim, Protocol):
    """What a file in `advice/` declares: a finding of Table 6 (TITLE), and what the paper concludes from it."""

    @property
    def ADVICE(self) -> str:
        """What the paper tells them to do."""

    @property
    def TO(self) -> str:
        """Whom."""

    @property
    def OTHERWISE(self) -> tuple[str, str]:
        """Where the finding no longer holds: `revised` or `withdrawn`, and what to do today or why."""


def all_claims() -> dict[str, Claim]:
    """All claims by id, in their order."""
    return {name: cast(Claim, module) for name, module in _found(claims)}


def all_advice() -> dict[str, Advice]:
    """The rows of Table 6 by id, in their order."""
    return {name: cast(Advice, module) for name, module in _found(advice)}


def needs() -> list[str]:
    """All experiments that something here is judged by."""
    own = [*all_claims().values(), *all_advice().values()]
    return sorted({name for question in own for name in question.NEEDS})


def _found(folder: ModuleType) -> Iterator[tuple[str, ModuleType]]:
    names = [module.name for module in iter_modules(folder.__path__)]
    modules = [(name, import_module(f"{folder.__name__}.{name}")) for name in names]
    yield from sorted(modules, key=lambda found: found[1].NUMBER)
