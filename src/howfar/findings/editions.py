"""Which versions stand for the paper's autumn, and which for today."""

from collections.abc import Iterable, Mapping
from typing import Literal

import semver
from msgspec import Struct

EditionName = Literal["2018", "today"]
EDITIONS: tuple[EditionName, ...] = ("2018", "today")

# The first version of each that came after the paper was written. One that is not here has stood still since, or has
# changed its last digit only (WebDNN): whatever is measured of it stands for both.
LATER: Mapping[str, str] = {"tfjs": "0.14.0", "brain.js": "1.5.0"}


class Edition(Struct, frozen=True):
    """A version of each framework that there is one of."""

    name: EditionName
    versions: Mapping[str, str]

    def has(self, framework: str, version: str) -> bool:
        """Whether that version stands for it."""
        return self.versions.get(framework) == version


def edition(name: EditionName, measured: Iterable[tuple[str, str]]) -> Edition:
    """Of what was measured (framework, version) the newest that belongs to it; a version that its authors called final
    before one that they did not."""
    known: dict[str, list[str]] = {}
    for framework, version in measured:
        if _belongs(name, framework, version):
            known.setdefault(framework, []).append(version)
    return Edition(name, {framework: max(versions, key=_rank) for framework, versions in sorted(known.items())})


def _belongs(name: EditionName, framework: str, version: str) -> bool:
    if framework not in LATER:
        return True
    parsed = _parsed(version)
    return parsed is not None and (parsed < semver.Version.parse(LATER[framework])) == (name == "2018")


def _rank(version: str) -> tuple[bool, semver.Version]:
    parsed = _parsed(version) or semver.Version(0)
    return parsed.prerelease is None, parsed


def _parsed(version: str) -> semver.Version | None:
    return semver.Version.parse(version) if semver.Version.is_valid(version) else None
