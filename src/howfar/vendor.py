"""Framework files: fetched once through the npm client, verified, kept in the user's cache, offline afterwards.

A package is held as `packages/<name>/<version>/`, with the files that the registry names and a `howfar.json` that holds
the integrity of the tarball they came from and a SHA-256 of each. `frameworks.lock` pins the integrity of the
editions that howfar's own studies use; for any other version npm's own record of it is what is checked and kept.
"""

import base64
import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import filelock
import msgspec
import platformdirs
import semver
from msgspec import Struct

from howfar.errors import UserError
from howfar.frameworks import Backend
from howfar.records import Fact

MANIFEST = "howfar.json"
DESCRIPTION = "package.json"


class Package(Struct, frozen=True):
    """What is cached of one npm package: its tarball's integrity, and the SHA-256 of each file kept."""

    integrity: str
    sha256: Mapping[str, str]
    # When this version and the newest were released, as npm's registry says (ISO 8601); None where it does not say.
    released: str | None = None
    last_released: str | None = None


def cache_dir() -> Path:
    """Where packages are kept: `$HOWFAR_CACHE`, or the user's cache folder."""
    return Path(os.environ.get("HOWFAR_CACHE") or platformdirs.user_cache_dir("howfar"))


def packages_dir() -> Path:
    """The folder that the server serves under /packages."""
    return cache_dir() / "packages"


def split_file(file: str) -> tuple[str, str]:
    """`@scope/package:dist/a.js` -> ("@scope/package", "dist/a.js")."""
    package, _, path = file.partition(":")
    return package, path


def fetch(backend: Backend, version: str) -> dict[str, str]:
    """Makes sure of every file of a back end at a version. Returns file -> SHA-256, in the registry's notation.

    Raises: UserError where npm is missing, does not serve that version, or served something else than before.
    """
    wanted = list(dict.fromkeys([*backend.scripts, *(file for group in backend.assets.values() for file in group)]))
    hashes: dict[str, str] = {}
    for package in dict.fromkeys(split_file(file)[0] for file in wanted):
        paths = [split_file(file)[1] for file in wanted if split_file(file)[0] == package]
        held = _ensure(package, version, paths)
        hashes |= {f"{package}:{path}": held.sha256[path] for path in paths}
    return hashes


def package_facts(backend: Backend, version: str) -> dict[str, Fact]:
    """What the package of a back end's first script says of itself, and the bytes that a page loads: `licence`,
    `node_support`, `released`, `last_released`, `library_bytes`."""
    files = [split_file(file) for file in backend.scripts]
    sizes = {package + path: (packages_dir() / package / version / path).stat().st_size for package, path in files}
    facts: dict[str, Fact] = {"library_bytes": sum(sizes.values())}
    if files:
        package = files[0][0]
        held = _ensure(package, version, [])
        said = msgspec.json.decode((packages_dir() / package / version / DESCRIPTION).read_bytes(), type=Description)
        facts |= {
            "licence": said.licence(),
            "node_support": said.node_support(),
            "released": held.released,
            "last_released": held.last_released,
        }
    return facts


class Description(Struct, frozen=True):
    """What is read of a package.json. The types are npm's, which never checked them: `license` was once a table."""

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


def _ensure(package: str, version: str, paths: list[str]) -> Package:
    paths = [*paths, DESCRIPTION]
    folder = packages_dir() / package / version
    if held := _whole(folder, paths):
        return held
    with _alone(folder):
        return _whole(folder, paths) or _fetch_again(package, version, paths, _read(folder))


def _whole(folder: Path, paths: list[str]) -> Package | None:
    """What is cached, if every file is there and is what was fetched."""
    held = _read(folder)
    return held if held and all(held.sha256.get(path) == _sha256(folder / path) for path in paths) else None


def _fetch_again(package: str, version: str, paths: list[str], held: Package | None) -> Package:
    known = set(held.sha256) if held else set()
    pinned = locked().get(f"{package}@{version}") or (held.integrity if held else None)
    return _download(package, version, sorted(known.union(paths)), pinned)


def _read(folder: Path) -> Package | None:
    try:
        return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Package)
    except (OSError, msgspec.MsgspecError):
        return None


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def _download(package: str, version: str, paths: Iterable[str], pinned: str | None) -> Package:
    """Fetches into a folder beside the final one and renames it: a broken download is never taken for a whole one."""
    folder = packages_dir() / package / version
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetch-") as name:
        part = Path(name)
        tarball = _npm_pack(package, version, part)
        integrity = _verified(tarball, pinned, f"{package}@{version}")
        hashes = _extract(tarball, paths, part / "package", f"{package}@{version}")
        held = Package(integrity, hashes, *_release_dates(package, version, _packed(tarball)))
        (part / "package" / MANIFEST).write_bytes(msgspec.json.encode(held))
        shutil.rmtree(folder, ignore_errors=True)
        (part / "package").replace(folder)
    return held


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two runs that want the same package fetch it one after the other."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(cache_dir() / ".lock")
        lock.acquire()
    except OSError as error:
        mend = "name a folder that can be written in HOWFAR_CACHE"
        raise UserError(f"can't keep packages there ({error.strerror})", where=str(cache_dir()), mend=mend) from None
    try:
        yield
    finally:
        lock.release()


def _npm_pack(package: str, version: str, into: Path) -> Path:
    """The package's tarball, as the npm client hands it over (it checks it against its registry's own record)."""
    name = f"{package}@{version}"
    npm = shutil.which("npm")
    if npm is None:
        mend = "install Node.js with npm (Debian: apt-get install npm), then run the same command again"
        raise UserError(f"{name} is not in the cache and npm is not installed", where=str(cache_dir()), mend=mend)
    command = [
        npm,
        "pack",
        name,
        "--ignore-scripts",
        "--prefer-offline",
        "--loglevel=error",
        "--pack-destination",
        str(into),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=into, stdin=subprocess.DEVNULL)
    tarballs = list(into.glob("*.tgz"))
    if done.returncode != 0 or len(tarballs) != 1:
        raise UserError(
            f"npm does not hand over {name} ({_reason(done.stdout + done.stderr)})", mend=_npm_mend(package)
        )
    return tarballs[0]


def _release_dates(package: str, version: str, packed: str | None) -> tuple[str | None, str | None]:
    """When the version and the package's newest were released. Older tarballs carry the date of their files; for the
    others there is what the registry says, which for a mirror may be the day it fetched them."""
    command = [str(shutil.which("npm")), "view", package, "time", "--json", "--prefer-offline", "--loglevel=error"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    try:
        times = msgspec.json.decode(done.stdout, type=dict[str, str])
    except msgspec.MsgspecError:
        return packed, None
    newest = max(filter(semver.Version.is_valid, times), key=semver.Version.parse, default=version)
    released = packed or times.get(version)
    return released, released if newest == version else times.get(newest)


def _packed(tarball: Path) -> str | None:
    """The day that a tarball's package.json was last changed (ISO 8601); newer npm clients write one same day in 1985
    into all of them, so that equal packages have equal bytes."""
    with tarfile.open(tarball) as archive:
        changed = datetime.fromtimestamp(archive.getmember(f"package/{DESCRIPTION}").mtime, UTC)
    return changed.date().isoformat() if changed.year > 1985 else None


def _npm_mend(package: str) -> str:
    return f"see `npm view {package} versions`, or connect to the network once: afterwards the cache is enough"


def _reason(output: str) -> str:
    lines = re.findall(r"^npm (?:error|ERR!) (?!code)(.+)", output, re.MULTILINE)  # npm 10 and later, npm 9
    return lines[0].strip()[:160] if lines else "no reason given"


@cache
def locked() -> Mapping[str, str]:
    """`package@version` -> integrity, as frameworks.lock pins them."""
    lines = files("howfar").joinpath("frameworks.lock").read_text("utf-8").splitlines()
    return dict(line.split() for line in lines if line.strip() and not line.startswith("#"))


def _verified(tarball: Path, pinned: str | None, name: str) -> str:
    digest = base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    found = f"sha512-{digest}"
    if pinned not in (None, found):
        what = f"{name} is not the package that howfar knows: its integrity differs from the one on record"
        raise UserError(what, mend="do not use it; check your npm registry or mirror")
    return found


def _extract(tarball: Path, paths: Iterable[str], into: Path, name: str) -> dict[str, str]:
    hashes = {}
    try:
        with tarfile.open(tarball) as archive:
            for path in paths:
                data = _content(archive, path, name)
                (into / path).parent.mkdir(parents=True, exist_ok=True)
                (into / path).write_bytes(data)
                hashes[path] = hashlib.sha256(data).hexdigest()
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise UserError(f"npm's package of {name} is broken ({error})", mend="run the same command again") from None
    return hashes


def _content(archive: tarfile.TarFile, path: str, name: str) -> bytes:
    try:
        content = archive.extractfile(f"package/{path}")
    except KeyError:
        content = None
    if content is None:
        raise UserError(f"{name} has no file {path}", mend="this edition is laid out differently; try another version")
    return content.read()
