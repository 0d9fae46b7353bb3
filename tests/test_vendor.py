"""Packages, with a program in npm's place that hands over a tarball made here."""

import base64
import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest

from howfar import vendor
from howfar.errors import UserError
from howfar.frameworks import Backend
from howfar.records import Fact

BACKEND = Backend(scripts=("made:dist/made.js",), assets={"wasm": ("made:dist/made.wasm", "made:dist/simd.wasm")})
CONTENT = {
    "dist/made.js": b"made = 1;",
    "dist/made.wasm": b"\0asm",
    "dist/simd.wasm": b"\0asm!",
    "README.md": b"#",
    "package.json": b'{"name": "made", "version": "1.0.0"}',
}

NPM = """#!/bin/sh
echo "$@" >> "$MADE_NPM/calls"
[ -e "$MADE_NPM/answer" ] && { cat "$MADE_NPM/answer" >&2; exit 1; }
[ "$1" = view ] && { cat "$MADE_NPM/times" 2> /dev/null; exit; }
while [ "$1" != --pack-destination ]; do shift; done
cp "$MADE_NPM/made.tgz" "$2/made-1.0.0.tgz"
"""


class Npm:
    """What stands in for npm: the tarball that it hands over, and what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "npm").write_text(NPM)
        (folder / "npm").chmod(0o755)
        self.hands_over(CONTENT)

    @property
    def packed(self) -> list[str]:
        """The packages that it was asked to hand over."""
        file = self.folder / "calls"
        calls = map(str.split, file.read_text().splitlines() if file.exists() else [])
        return [package for command, package, *_ in calls if command == "pack"]

    def knows_times(self, said: str) -> None:
        """What it answers to `npm view PACKAGE time`; nothing until this is called."""
        (self.folder / "times").write_text(said)

    def hands_over(self, content: dict[str, bytes]) -> None:
        with tarfile.open(self.folder / "made.tgz", "w:gz") as archive:
            for path, data in content.items():
                entry = tarfile.TarInfo(f"package/{path}")
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))

    def hands_over_only_half(self) -> None:
        tarball = self.folder / "made.tgz"
        tarball.write_bytes(tarball.read_bytes()[:-60])

    def says(self, words: str) -> None:
        (self.folder / "answer").write_text(words)

    @property
    def integrity(self) -> str:
        digest = hashlib.sha512((self.folder / "made.tgz").read_bytes()).digest()
        return f"sha512-{base64.b64encode(digest).decode()}"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOWFAR_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def lock(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What is pinned: nothing, until a test pins something."""
    pinned: dict[str, str] = {}
    monkeypatch.setattr(vendor, "locked", lambda: pinned)
    return pinned


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path, lock: dict[str, str]) -> Npm:  # noqa: ARG001
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("MADE_NPM", str(folder))
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return Npm(folder)


def refusal() -> str:
    """The one line that fetching is refused with."""
    with pytest.raises(UserError) as caught:
        vendor.fetch(BACKEND, "1.0.0")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def assert_nothing_kept(cache: Path) -> None:
    assert not [path for path in (cache / "packages").rglob("*") if path.is_file()]
    assert not list(cache.rglob(".fetch-*"))


def test_files_are_kept_with_their_hashes(npm: Npm, cache: Path) -> None:
    hashes = vendor.fetch(BACKEND, "1.0.0")
    assert hashes == {
        f"made:{path}": hashlib.sha256(CONTENT[path]).hexdigest()
        for path in ("dist/made.js", "dist/made.wasm", "dist/simd.wasm")
    }
    folder = cache / "packages" / "made" / "1.0.0"
    assert {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.glob("dist/*")} == {
        path: data for path, data in CONTENT.items() if path.startswith("dist/")
    }
    assert npm.packed == ["made@1.0.0"]


def test_they_are_fetched_once_and_never_needed_again(npm: Npm, monkeypatch: pytest.MonkeyPatch) -> None:
    first = vendor.fetch(BACKEND, "1.0.0")
    assert vendor.fetch(BACKEND, "1.0.0") == first
    assert len(npm.packed) == 1
    monkeypatch.setenv("PATH", "")
    assert vendor.fetch(BACKEND, "1.0.0") == first


def test_another_version_is_another_package(npm: Npm, cache: Path) -> None:
    vendor.fetch(BACKEND, "1.0.0")
    vendor.fetch(BACKEND, "2.0.0")
    assert len(npm.packed) == 2
    assert sorted(path.name for path in (cache / "packages" / "made").iterdir()) == ["1.0.0", "2.0.0"]


def test_a_file_that_is_asked_for_later_joins_the_others(npm: Npm, cache: Path) -> None:
    vendor.fetch(BACKEND, "1.0.0")
    vendor.fetch(Backend(scripts=("made:README.md",)), "1.0.0")
    vendor.fetch(BACKEND, "1.0.0")
    assert len(npm.packed) == 2
    assert (cache / "packages/made/1.0.0/README.md").is_file()


@pytest.mark.parametrize("damage", ["changed", "gone", "manifest gone", "manifest broken"])
def test_what_was_damaged_is_fetched_again(npm: Npm, cache: Path, damage: str) -> None:
    first = vendor.fetch(BACKEND, "1.0.0")
    folder = cache / "packages/made/1.0.0"
    file = folder / (vendor.MANIFEST if "manifest" in damage else "dist/made.js")
    file.unlink() if "gone" in damage else file.write_text("made = 2;")
    assert vendor.fetch(BACKEND, "1.0.0") == first
    assert (folder / "dist/made.js").read_bytes() == CONTENT["dist/made.js"]
    assert len(npm.packed) == 2


def test_a_package_that_is_pinned_must_be_that_one(npm: Npm, cache: Path, lock: dict[str, str]) -> None:
    lock["made@1.0.0"] = npm.integrity
    vendor.fetch(BACKEND, "1.0.0")
    lock["made@2.0.0"] = lock["made@1.0.0"]
    npm.hands_over({**CONTENT, "dist/made.js": b"made = 'else';"})
    with pytest.raises(UserError, match=r"made@2\.0\.0 is not the package that howfar knows"):
        vendor.fetch(BACKEND, "2.0.0")
    assert not (cache / "packages/made/2.0.0").exists()


def test_a_package_that_is_not_pinned_must_stay_what_it_was(npm: Npm, cache: Path) -> None:
    vendor.fetch(BACKEND, "1.0.0")
    npm.hands_over({**CONTENT, "dist/made.js": b"made = 'else';"})
    (cache / "packages/made/1.0.0/dist/made.js").unlink()
    assert "integrity differs" in refusal()


def test_a_file_that_the_package_lacks_is_named(npm: Npm, cache: Path) -> None:
    npm.hands_over({"dist/made.js": b"", "package.json": b"{}"})
    assert "made@1.0.0 has no file dist/made.wasm" in refusal()
    assert_nothing_kept(cache)


def test_half_a_download_is_never_taken_for_a_whole_one(npm: Npm, cache: Path) -> None:
    npm.hands_over_only_half()
    assert "made@1.0.0 is broken" in refusal()
    assert_nothing_kept(cache)
    npm.hands_over(CONTENT)
    assert len(vendor.fetch(BACKEND, "1.0.0")) == 3


def test_what_is_no_tarball_is_refused(npm: Npm, cache: Path) -> None:
    (npm.folder / "made.tgz").write_text("<html>please log in</html>")
    assert "made@1.0.0 is broken" in refusal()
    assert_nothing_kept(cache)


@pytest.mark.parametrize("mark", ["npm error", "npm ERR!"])
def test_what_npm_says_is_said_in_one_line(npm: Npm, cache: Path, mark: str) -> None:
    npm.says(
        f"npm warn old\n{mark} code ETARGET\n{mark} notarget No matching version found for made@1.0.0.\n{mark} more\n"
    )
    assert "(notarget No matching version found for made@1.0.0.)" in refusal()
    assert_nothing_kept(cache)


def test_an_npm_that_says_nothing_is_said_too(npm: Npm) -> None:
    npm.says("")
    assert "no reason given" in refusal()


def facts(npm: Npm, description: bytes = b"{}") -> dict[str, Fact]:
    npm.hands_over(CONTENT | {"package.json": description})
    vendor.fetch(BACKEND, "1.0.0")
    return vendor.package_facts(BACKEND, "1.0.0")


def test_a_package_says_its_licence_and_the_node_that_it_asks_for(npm: Npm) -> None:
    found = facts(npm, b'{"license": "MIT", "engines": {"node": ">=8"}}')
    assert (found["licence"], found["node_support"]) == ("MIT", "node >=8")


TIMES = """{
  "created": "2012-01-01T00:00:00.000Z", "modified": "2024-06-01T00:00:00.000Z",
  "0.9.0": "2014-05-06T07:08:09.000Z", "10.0.0": "2019-09-09T00:00:00.000Z",
  "1.0.0": "2015-05-06T07:08:09.000Z", "9.0.0": "2018-08-08T00:00:00.000Z"
}"""


def test_releases_are_dated_as_the_registry_says(npm: Npm) -> None:
    npm.knows_times(TIMES)
    found = facts(npm)
    assert found["released"] == "2015-05-06T07:08:09.000Z"
    assert found["last_released"] == "2019-09-09T00:00:00.000Z"  # of 10.0.0, which a sort as text puts before 9.0.0


@pytest.mark.parametrize("said", ["", "{}", "null", "[]", "<html>", '{"error": {"code": "E404"}}'])
def test_a_registry_that_does_not_say_leaves_the_dates_open(npm: Npm, said: str) -> None:
    npm.knows_times(said)
    found = facts(npm)
    assert (found["released"], found["last_released"]) == (None, None)


def test_a_mirror_that_lacks_the_version_still_knows_the_newest(npm: Npm) -> None:
    npm.knows_times('{"2.0.0": "2020-01-01T00:00:00.000Z"}')
    found = facts(npm)
    assert (found["released"], found["last_released"]) == (None, "2020-01-01T00:00:00.000Z")


def test_what_a_page_loads_is_its_scripts(npm: Npm) -> None:
    assert facts(npm)["library_bytes"] == len(CONTENT["dist/made.js"])


def test_facts_of_a_package_need_no_network_once_it_is_there(npm: Npm, monkeypatch: pytest.MonkeyPatch) -> None:
    npm.knows_times(TIMES)
    first = facts(npm)
    monkeypatch.setenv("PATH", "")
    assert vendor.package_facts(BACKEND, "1.0.0") == first


def test_what_has_no_package_has_no_facts_of_one() -> None:
    assert vendor.package_facts(Backend(), "1") == {"library_bytes": 0}


@pytest.mark.usefixtures("cache", "lock")
def test_where_there_is_no_npm_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said = refusal()
    assert "npm is not installed" in said
    assert "apt-get install npm" in said


def test_a_cache_that_can_not_be_written_is_named(npm: Npm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HOWFAR_CACHE", str(tmp_path / "file"))
    assert "HOWFAR_CACHE" in refusal()
    assert npm.packed == []


def test_the_lock_that_howfar_ships_is_of_sha512() -> None:
    vendor.locked.cache_clear()
    for name, integrity in vendor.locked().items():
        assert name.rpartition("@")[0]
        assert len(base64.b64decode(integrity.removeprefix("sha512-"), validate=True)) == 64
