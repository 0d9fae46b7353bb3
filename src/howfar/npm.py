"""The npm client: it knows the user's registry and proxy, and checks what it fetches against the registry's record."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import semver
from msgspec import Struct

from howfar.errors import UserError

DESCRIPTION = "package.json"


class Missing(UserError):
    """npm hands a package over neither from its registry nor from its own cache."""


class Description(Struct, frozen=True):
    """What is read of a package.json. The types are npm's, which never checked them: `license` was once a table."""

    name: str = ""
    version: str = ""
    license: str | dict[str, str] | list[dict[str, str]] | None = None
    licenses: str | dict[str, str] | list[dict[str, str]] | None = None
    engines: dict[str, str] | list[str] | None = None
    main: str | None = None
    module: str | None = None
    exports: Any = None

    def licence(self) -> str:
        """Its name, or that none is named."""
        named = self.license or self.licenses or "none named"
        first = named[0] if isinstance(named, list) else named
        return first if isinstance(first, str) else first.get("type", "none named")

    def node_support(self) -> str:
        """What Node.js it asks for; a package with an entry point can be required by Node.js."""
        if isinstance(self.engines, dict) and "node" in self.engines:
            return f"node {self.engines['node']}"
        return "has an entry point" if self.main or self.module or self.exports else "no entry point"


def description(folder: Path) -> Description:
    """The package.json of a package's folder.

    Raises: UserError where there is none, or none that npm would take.
    """
    file = folder / DESCRIPTION
    try:
        return msgspec.json.decode(file.read_bytes(), type=Description)
    except OSError as error:
        mend = "name the folder that holds the package"
        raise UserError(f"no {DESCRIPTION} there ({error.strerror})", where=str(folder), mend=mend) from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UserError(f"it is no {DESCRIPTION}: {error}", where=str(file), mend="correct it") from None


class _Installed(Struct, frozen=True):
    integrity: str


class _Installation(Struct, frozen=True):
    """What npm writes of what it installed."""

    packages: dict[str, _Installed]


def pack(package: str, version: str, into: Path) -> Path:
    """The package's tarball.

    Raises: Missing.
    """
    _npm(["pack", f"{package}@{version}", "--pack-destination", str(into)], f"{package}@{version}", into)
    tarballs = list(into.glob("*.tgz"))
    if len(tarballs) != 1:
        raise _missing(f"{package}@{version}", "it wrote no tarball")
    return tarballs[0]


def install(package: str, version: str, into: Path) -> tuple[Path, str]:
    """The package with its dependencies, none of whose scripts is run: its folder, and its tarball's integrity.

    Raises: Missing, also for a dependency.
    """
    options = ["--no-save", "--no-audit", "--no-fund", "--prefix", str(into)]
    _npm(["install", f"{package}@{version}", *options], f"{package}@{version}", into)
    record = into / "node_modules" / ".package-lock.json"
    installed = msgspec.json.decode(record.read_bytes(), type=_Installation)
    return record.parent / package, installed.packages[f"node_modules/{package}"].integrity


def release_dates(package: str, version: str, packed: str | None) -> tuple[str | None, str | None]:
    """When the version and the package's newest were released. Older tarballs carry the date of their files (`packed`);
    for the others there is what the registry says, which for a mirror may be the day it fetched them."""
    command = [str(shutil.which("npm")), "view", package, "time", "--json", "--prefer-offline", "--loglevel=error"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    try:
        times = msgspec.json.decode(done.stdout, type=dict[str, str])
    except msgspec.MsgspecError:
        return packed, None
    newest = max(filter(semver.Version.is_valid, times), key=semver.Version.parse, default=version)
    released = packed or times.get(version)
    return released, released if newest == version else times.get(newest)


def versions(package: str) -> list[str]:
    """Every version that the registry lists, the oldest first by semantic versioning; what is none is left out.

    Raises: Missing.
    """
    said = _npm(["view", package, "versions", "--json"], package)
    try:
        listed = msgspec.json.decode(said, type=str | list[str])  # npm writes a single one without its brackets
    except msgspec.MsgspecError:
        raise _missing(package, "it lists no versions") from None
    every = [listed] if isinstance(listed, str) else listed
    return sorted(filter(semver.Version.is_valid, every), key=semver.Version.parse)


def _npm(command: list[str], name: str, into: Path | None = None) -> str:
    """What npm writes to its standard output."""
    npm = shutil.which("npm")
    if npm is None:
        mend = "install Node.js with npm (Debian: apt-get install npm), then run the same command again"
        raise Missing(f"{name} is not in the cache and npm is not installed", mend=mend)
    command = [npm, *command, "--ignore-scripts", "--prefer-offline", "--loglevel=error"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=into, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise _missing(name, _reason(done.stdout + done.stderr))
    return done.stdout


def _missing(name: str, reason: str) -> Missing:
    package = name if name.rfind("@") < 1 else name.rpartition("@")[0]
    mend = f"see `npm view {package} versions`, or connect to the network once: afterwards the cache is enough"
    return Missing(f"npm does not hand over {name} ({reason})", mend=mend)


def _reason(output: str) -> str:
    """npm's first line of its own: the address that it adds after a dash tells a user no more."""
    lines = re.findall(r"^npm (?:error|ERR!) (?!code)(.+)", output, re.MULTILINE)  # npm 10 and later, npm 9
    return lines[0].partition(" - ")[0].strip()[:160] if lines else "no reason given"
