"""`--package-dir`: packages from folders, bundles through npm, and what is said where neither has one."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec import structs

import asked
from howfar import folders, frameworks, npm, runner, vendor
from howfar.errors import Unavailable, UserError
from howfar.frameworks import Backend
from howfar.records import Cell, Target

KNOWN = frameworks.registry()
MIND = {
    "package.json": json.dumps({"name": "node-mind", "version": "1.0.1", "license": "MIT"}),
    "index.js": "module.exports = require('node-matrix')",
    "node_modules/node-matrix/index.js": "module.exports = 1",
}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, and no npm: what is taken from a folder never asks for it."""
    monkeypatch.setenv("HOWFAR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "cache"


def package(folder: Path, files: Mapping[str, str]) -> Path:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    return folder


def version_in(folder: Path, framework: str = "mind") -> str:
    return folders.with_folders(KNOWN, [f"{framework}={folder}"])[framework].versions[0]


def test_a_folder_s_package_is_held_beside_npm_s(tmp_path: Path, cache: Path) -> None:
    version = version_in(package(tmp_path / "mind", MIND))
    release, _, content = version.partition("+")
    assert (release, len(content)) == ("1.0.1", 8)
    hashes = vendor.fetch(KNOWN["mind"].backend("cpu", version), version)
    assert list(hashes) == ["node-mind:+bundle.js"]
    assert [path.name for path in (cache / "packages" / "node-mind").iterdir()] == [version]
    assert vendor.package_facts(KNOWN["mind"].backend("cpu", version), version)["licence"] == "MIT"


def test_another_content_is_another_version_and_another_place_is_not(tmp_path: Path) -> None:
    first = version_in(package(tmp_path / "a", MIND))
    assert version_in(package(tmp_path / "b", MIND)) == first
    changed = {**MIND, "node_modules/node-matrix/index.js": "module.exports = 2"}
    assert version_in(package(tmp_path / "c", changed)) != first


def test_a_version_that_names_a_build_stays_one(tmp_path: Path) -> None:
    own = {**MIND, "package.json": '{"name": "node-mind", "version": "1.0.1+mine"}'}
    version = version_in(package(tmp_path / "mind", own))
    assert version.startswith("1.0.1+mine.")
    assert frameworks.EXACT_VERSION.fullmatch(version)


def test_what_was_taken_is_not_changed_by_what_is_built_later(tmp_path: Path) -> None:
    folder = package(tmp_path / "mind", MIND)
    version = version_in(folder)
    before = vendor.fetch(KNOWN["mind"].backend("cpu", version), version)
    package(folder, {"index.js": "module.exports = 'rebuilt'"})
    assert vendor.fetch(KNOWN["mind"].backend("cpu", version), version) == before


def test_what_was_taken_and_is_gone_is_never_npm_s(tmp_path: Path, cache: Path) -> None:
    version = version_in(package(tmp_path / "mind", MIND))
    (cache / "packages" / "node-mind" / version / "+bundle.js").unlink()
    with pytest.raises(UserError, match="is no release; name the folder it came from with --package-dir"):
        vendor.fetch(KNOWN["mind"].backend("cpu", version), version)


def test_packages_beside_the_framework_s_own_are_npm_s(tmp_path: Path) -> None:
    """A build of TensorFlow.js, with its release's own WebAssembly back end."""
    files = {"package.json": '{"name": "@tensorflow/tfjs", "version": "4.22.0"}', "dist/tf.min.js": "tf = 1"}
    version = version_in(package(tmp_path / "tfjs", files), "tfjs")
    backend = KNOWN["tfjs"].backend("wasm", version)
    urls = [vendor.url(file, backend, version) for file in backend.scripts]
    assert urls == [
        f"/packages/@tensorflow/tfjs/{version}/dist/tf.min.js",
        "/packages/@tensorflow/tfjs-backend-wasm/4.22.0/dist/tf-backend-wasm.min.js",
    ]
    assert vendor.fetch(KNOWN["tfjs"].backend("cpu", version), version)


# What a user gets wrong: what is named, what lies in {folder}, and a word that the answer must have.
BAD: Mapping[str, tuple[list[str], Mapping[str, str], str]] = {
    "no folder": (["mind"], {}, "names no folder; write it as mind=DIR"),
    "nothing": (["=x"], {}, "names no folder"),
    "an unknown framework": (["keras={folder}"], MIND, "no framework 'keras'; known: tfjs"),
    "a native framework": (["numpy={folder}"], MIND, "numpy comes from no npm package"),
    "the known answers": (["reference={folder}"], MIND, "reference comes from no npm package"),
    "twice": (["mind={folder}", "mind={folder}"], MIND, "mind is given twice"),
    "no such folder": (["mind={folder}/nowhere"], {}, "no such folder"),
    "no description": (["mind={folder}"], {"index.js": ""}, "no package.json there"),
    "a broken description": (["mind={folder}"], {"package.json": "{"}, "it is no package.json"),
    "another package": (["tfjs={folder}"], MIND, "'node-mind', not '@tensorflow/tfjs'"),
    "no version": (["mind={folder}"], {"package.json": '{"name": "node-mind"}'}, "'' is no version"),
    "a path for a version": (
        ["mind={folder}"],
        {"package.json": '{"name": "node-mind", "version": "1/../../.."}'},
        "is no version",
    ),
    "no entry": (["mind={folder}"], {"package.json": MIND["package.json"]}, "no entry point"),
    "a dependency that is missing": (
        ["mind={folder}"],
        {key: MIND[key] for key in ("package.json", "index.js")},
        "requires 'node-matrix', which is not there; run `npm install`",
    ),
    "a file that was not built": (
        ["tfjs={folder}"],
        {"package.json": '{"name": "@tensorflow/tfjs", "version": "4.22.0"}'},
        "no file dist/tf.min.js",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_can_not_be_taken_is_said_in_one_line(tmp_path: Path, name: str) -> None:
    choices, files, word = BAD[name]
    folder = package(tmp_path / "here", files)
    folder.mkdir(exist_ok=True)
    with pytest.raises(UserError) as caught:
        folders.with_folders(KNOWN, [choice.format(folder=folder) for choice in choices])
    assert word in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.where and caught.value.mend


def test_a_folder_that_nothing_is_measured_of_is_refused(tmp_path: Path) -> None:
    choices = [f"mind={package(tmp_path / 'mind', MIND)}"]
    known = folders.with_folders(KNOWN, choices)
    version = known["mind"].versions[0]
    with pytest.raises(UserError, match="add --framework mind"):
        folders.demand_use(known, choices, [asked.study(resolved_targets=(asked.WASM,))])
    with pytest.raises(UserError, match="add --framework mind"):
        release = Target("mind", "1.0.1", "cpu", "chromium")
        folders.demand_use(known, choices, [asked.study(resolved_targets=(release,))])
    own = Target("mind", version, "cpu", "chromium")
    folders.demand_use(known, choices, [asked.study(resolved_targets=(asked.WASM, own))])


# npm, for what is bundled: it installs what is made here, and writes down what it installed.
NPM = """#!/bin/sh
echo "$@" >> "$MADE_NPM/calls"
[ "$1" = install ] || exit 1
mkdir -p node_modules/node-mind node_modules/node-matrix
cp "$MADE_NPM"/node-mind/* node_modules/node-mind
echo 'module.exports = 1' > node_modules/node-matrix/index.js
echo '{"packages": {"node_modules/node-mind": {"integrity": "sha512-made"}}}' > node_modules/.package-lock.json
"""


@pytest.fixture
def made_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    package(tmp_path / "bin", {"npm": NPM, "node-mind/package.json": MIND["package.json"]})
    package(tmp_path / "bin", {"node-mind/index.js": MIND["index.js"]})
    (tmp_path / "bin" / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setenv("MADE_NPM", str(tmp_path / "bin"))
    return tmp_path / "bin"


BUNDLED = KNOWN["mind"].backend("cpu", "1.0.1")


def test_a_bundle_is_made_of_what_npm_installs_once(made_npm: Path, cache: Path) -> None:
    first = vendor.fetch(BUNDLED, "1.0.1")
    assert vendor.fetch(BUNDLED, "1.0.1") == first
    calls = (made_npm / "calls").read_text().splitlines()
    assert [call.split()[0] for call in calls] == ["install", "view"]
    assert "--ignore-scripts" in calls[0] and "--no-save" in calls[0] and "node-mind@1.0.1" in calls[0]
    held = json.loads((cache / "packages/node-mind/1.0.1" / vendor.MANIFEST).read_bytes())
    assert held["integrity"] == "sha512-made"
    assert sorted(held["sha256"]) == ["+bundle.js", "package.json"]
    assert not list(cache.rglob(".fetch-*")) and not list(cache.rglob(".keep-*"))


def test_a_bundle_that_is_not_what_it_was_is_refused(made_npm: Path, cache: Path) -> None:
    vendor.fetch(BUNDLED, "1.0.1")
    (cache / "packages/node-mind/1.0.1/+bundle.js").unlink()
    (made_npm / "npm").write_text(NPM.replace("sha512-made", "sha512-else"))
    with pytest.raises(UserError, match="its integrity differs"):
        vendor.fetch(BUNDLED, "1.0.1")


def test_where_npm_may_lack_a_version_only_its_own_rows_go_without() -> None:
    """No npm is installed here."""
    with pytest.raises(Unavailable, match="--package-dir"):
        vendor.fetch(BUNDLED, "1.0.1")
    with pytest.raises(npm.Missing) as caught:
        vendor.fetch(BUNDLED, "9.9.9")
    assert not isinstance(caught.value, Unavailable)
    with pytest.raises(npm.Missing):
        vendor.fetch(structs.replace(BUNDLED, npm_may_lack=()), "1.0.1")


def test_a_run_goes_on_without_what_npm_may_lack_and_without_nothing_else() -> None:
    mind, wanted = (Target("mind", version, "cpu", "chromium") for version in ("1.0.1", "9.9.9"))
    missing = runner._fetch_libraries(
        KNOWN, [Cell(mind, asked.MLP, "training"), Cell(asked.NUMPY, asked.MLP, "training")]
    )
    assert list(missing) == [mind]
    assert "node-mind@1.0.1" in missing[mind] and "--package-dir" in missing[mind]
    with pytest.raises(npm.Missing, match=r"node-mind@9\.9\.9"):
        runner._fetch_libraries(KNOWN, [Cell(wanted, asked.MLP, "training")])


def test_the_framework_s_package_is_its_first_script_s() -> None:
    assert KNOWN["mind"].package() == "node-mind"
    assert KNOWN["tfjs"].package() == "@tensorflow/tfjs"
    assert Backend().package() == ""
