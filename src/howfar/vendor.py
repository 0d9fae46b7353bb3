"""Framework files: fetched once through the npm client, verified, kept in the user's cache, offline afterwards.

A package is held as `packages/<name>/<version>/`, with the files that the registry names and a `howfar.json` that holds
the integrity of the tarball they came from and a SHA-256 of each. `frameworks.lock` pins the integrity of the
editions that howfar's own studies use; for any other version npm's own record of it is what is checked and kept.

A user's own build of a package (folders.py) is held beside them, as a version that npm can't have: `1.0.1+3f2a9c1b`.
"""

import base64
import contextlib
import gzip
import hashlib
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path

import filelock
import msgspec
from msgspec import Struct

from howfar import caches, npm
from howfar.bundle import bundle
from howfar.errors import Unavailable, UserError
from howfar.frameworks import Backend
from howfar.records import Fact

MANIFEST = "howfar.json"
# The file that a package does not have, and howfar makes of it (bundle.py).
BUNDLE = "+bundle.js"


class Package(Struct, frozen=True):
    """What is cached of one npm package: its tarball's integrity, and the SHA-256 of each file kept."""

    integrity: str
    sha256: Mapping[str, str]
    # When this version and the newest were released, as npm's registry says (ISO 8601); None where it does not say.
    released: str | None = None
    last_released: str | None = None


def packages_dir() -> Path:
    """The folder that the server serves under /packages."""
    return caches.folder() / "packages"


def split_file(file: str) -> tuple[str, str]:
    """`@scope/package:dist/a.js` -> ("@scope/package", "dist/a.js")."""
    package, _, path = file.partition(":")
    return package, path


def fetch(backend: Backend, version: str) -> dict[str, str]:
    """Makes sure of every file of a back end at a version. Returns file -> SHA-256, in the registry's notation.

    Raises: UserError where npm is missing, does not serve that version, or served something else than before;
    Unavailable where the registry says that npm may lack it.
    """
    hashes: dict[str, str] = {}
    for package in dict.fromkeys(split_file(file)[0] for file in backend.files()):
        paths = [path for name, path in map(split_file, backend.files()) if name == package]
        try:
            held = _ensure(package, version_of(package, backend, version), paths)
        except npm.Missing as error:
            if version not in backend.npm_may_lack:
                raise
            raise Unavailable(f"{error.what}; where it lies in a folder, give --package-dir FRAMEWORK=DIR") from None
        hashes |= {f"{package}:{path}": held.sha256[path] for path in paths}
    return hashes


def version_of(package: str, backend: Backend, version: str) -> str:
    """The version that a package of a back end is held at: a user's own build is of the framework's package alone,
    those beside it are npm's."""
    return version if package == backend.package() else version.partition("+")[0]


def url(file: str, backend: Backend, version: str) -> str:
    """The path under which the server serves a file of a back end."""
    package, path = split_file(file)
    return f"/packages/{package}/{version_of(package, backend, version)}/{path}"


def package_facts(backend: Backend, version: str) -> dict[str, Fact]:
    """What the package of a back end's first script or module says of itself, and the bytes that a page loads:
    `licence`, `node_support`, `released`, `last_released`, `library_bytes`."""
    files = {(name, version_of(name, backend, version), path) for name, path in map(split_file, backend.loaded())}
    facts: dict[str, Fact] = {"library_bytes": sum(packages_dir().joinpath(*one).stat().st_size for one in files)}
    if files:
        held = _ensure(backend.package(), version, [])
        said = npm.description(packages_dir() / backend.package() / version)
        facts |= {
            "licence": said.licence(),
            "node_support": said.node_support(),
            "released": held.released,
            "last_released": held.last_released,
        }
    return facts


def fetched_facts(paths: Collection[str]) -> dict[str, Fact]:
    """What a page loaded of packages, by the paths under `packages_dir()`: `library_bytes`, `library_gzip_bytes`."""
    if not paths:
        return {}
    sizes = [_sizes(packages_dir() / path) for path in paths if (packages_dir() / path).is_file()]
    return {"library_bytes": sum(raw for raw, _ in sizes), "library_gzip_bytes": sum(packed for _, packed in sizes)}


@cache
def _sizes(file: Path) -> tuple[int, int]:
    """The bytes of a file, and of what a server that compresses would send: gzip at its default level."""
    content = file.read_bytes()
    return len(content), len(gzip.compress(content, 6))


def _ensure(package: str, version: str, paths: list[str]) -> Package:
    paths = [*paths, npm.DESCRIPTION]
    folder = packages_dir() / package / version
    if held := _whole(folder, paths):
        return held
    if "+" in version:
        raise UserError(f"{package}@{version} is no release", mend="name the folder it came from with --package-dir")
    with _alone(folder):
        return _whole(folder, paths) or _fetch_again(package, version, paths, _read(folder))


def keep(package: str, version: str, contents: Mapping[str, bytes]) -> None:
    """Holds a user's own build, which `version` tells from every other."""
    folder = packages_dir() / package / version
    with _alone(folder):
        if not _whole(folder, list(contents)):
            _write(folder, contents, Package(_integrity(b"".join(contents.values())), _hashes(contents)))


def contents_of(folder: Path, paths: Iterable[str]) -> dict[str, bytes]:
    """Files of a package's folder, by their path in it; its bundle is made here.

    Raises: UserError for what is not there.
    """
    return {path: bundle(folder) if path == BUNDLE else _file(folder, path) for path in paths}


def _file(folder: Path, path: str) -> bytes:
    try:
        return (folder / path).read_bytes()
    except OSError as error:
        what = f"the package has no file {path} ({error.strerror})"
        raise UserError(what, where=str(folder), mend="build it, or name another folder") from None


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
    name, folder = f"{package}@{version}", packages_dir() / package / version
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetch-") as part:
        if BUNDLE in paths:
            installed, integrity = npm.install(package, version, Path(part))
            _check(integrity, pinned, name)
            contents, packed = contents_of(installed, paths), None
        else:
            tarball = npm.pack(package, version, Path(part))
            integrity = _integrity(tarball.read_bytes())
            _check(integrity, pinned, name)
            contents, packed = dict(_extracted(tarball, paths, name)), _packed(tarball)
    held = Package(integrity, _hashes(contents), *npm.release_dates(package, version, packed))
    _write(folder, contents, held)
    return held


def _write(folder: Path, contents: Mapping[str, bytes], held: Package) -> None:
    """Writes a folder beside the final one and renames it: half a package is never taken for a whole one."""
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".keep-") as name:
        part = Path(name, "package")
        for path, content in {**contents, MANIFEST: msgspec.json.encode(held)}.items():
            (part / path).parent.mkdir(parents=True, exist_ok=True)
            (part / path).write_bytes(content)
        shutil.rmtree(folder, ignore_errors=True)
        part.replace(folder)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two runs that want the same package fetch it one after the other."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(caches.folder() / ".lock")
        lock.acquire()
    except OSError as error:
        mend = "name a folder that can be written in HOWFAR_CACHE"
        raise UserError(
            f"can't keep packages there ({error.strerror})", where=str(caches.folder()), mend=mend
        ) from None
    try:
        yield
    finally:
        lock.release()


@cache
def locked() -> Mapping[str, str]:
    """`package@version` -> integrity, as frameworks.lock pins them."""
    lines = files("howfar").joinpath("frameworks.lock").read_text("utf-8").splitlines()
    return dict(line.split() for line in lines if line.strip() and not line.startswith("#"))


def _integrity(content: bytes) -> str:
    return f"sha512-{base64.b64encode(hashlib.sha512(content).digest()).decode()}"


def _hashes(contents: Mapping[str, bytes]) -> dict[str, str]:
    return {path: hashlib.sha256(content).hexdigest() for path, content in contents.items()}


def _check(found: str, pinned: str | None, name: str) -> None:
    if pinned not in (None, found):
        what = f"{name} is not the package that howfar knows: its integrity differs from the one on record"
        raise UserError(what, mend="do not use it; check your npm registry or mirror")


def _extracted(tarball: Path, paths: Iterable[str], name: str) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(tarball) as archive:
            for path in paths:
                yield path, _content(archive, path, name)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise UserError(f"npm's package of {name} is broken ({error})", mend="run the same command again") from None


def _packed(tarball: Path) -> str | None:
    """The day that a tarball's package.json was last changed (ISO 8601); newer npm clients write one same day in 1985
    into all of them, so that equal packages have equal bytes."""
    with tarfile.open(tarball) as archive:
        changed = datetime.fromtimestamp(archive.getmember(f"package/{npm.DESCRIPTION}").mtime, UTC)
    return changed.date().isoformat() if changed.year > 1985 else None


def _content(archive: tarfile.TarFile, path: str, name: str) -> bytes:
    try:
        content = archive.extractfile(f"package/{path}")
    except KeyError:
        content = None
    if content is None:
        raise UserError(f"{name} has no file {path}", mend="this edition is laid out differently; try another version")
    return content.read()
