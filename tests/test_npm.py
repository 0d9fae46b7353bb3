"""What is read of a package.json, in all the forms that npm ever took; test_vendor.py asks the client itself."""

import os
from pathlib import Path

import pytest

from howfar import npm
from howfar.errors import UserError


def described(folder: Path, content: bytes) -> npm.Description:
    (folder / npm.DESCRIPTION).write_bytes(content)
    return npm.description(folder)


@pytest.mark.parametrize(
    ("description", "licence"),
    [
        (b'{"license": "MIT"}', "MIT"),
        (b'{"license": {"type": "BSD", "url": "x"}}', "BSD"),
        (b'{"licenses": [{"type": "MIT", "url": "x"}, {"type": "GPL"}]}', "MIT"),
        (b'{"licenses": {"type": "MIT"}}', "MIT"),
        (b'{"license": {"url": "x"}}', "none named"),
        (b'{"license": ""}', "none named"),
        (b'{"licenses": []}', "none named"),
        (b'{"license": null}', "none named"),
        (b"{}", "none named"),
    ],
)
def test_a_licence_has_a_name_in_every_form_that_it_ever_had(tmp_path: Path, description: bytes, licence: str) -> None:
    assert described(tmp_path, description).licence() == licence


@pytest.mark.parametrize(
    ("description", "support"),
    [
        (b'{"engines": {"node": ">=8"}, "main": "a.js"}', "node >=8"),
        (b'{"engines": {"npm": "6"}, "main": "a.js"}', "has an entry point"),
        (b'{"engines": ["node >=0.8"], "main": "a.js"}', "has an entry point"),
        (b'{"module": "a.mjs"}', "has an entry point"),
        (b'{"exports": {".": {"import": "./a.mjs"}}}', "has an entry point"),
        (b"{}", "no entry point"),
    ],
)
def test_what_node_a_package_asks_for(tmp_path: Path, description: bytes, support: str) -> None:
    assert described(tmp_path, description).node_support() == support


def test_a_folder_without_a_description_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no package\.json there") as caught:
        npm.description(tmp_path)
    assert str(caught.value).startswith(str(tmp_path))


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"name": 5}', b'{"license": 5}', b'{"name": "\xff"}'])
def test_what_is_no_description_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UserError, match=r"it is no package\.json: ") as caught:
        described(tmp_path, content)
    assert "\n" not in str(caught.value)


NPM = """#!/bin/sh
[ -n "$MADE_SAYS" ] || { echo "npm error 404 Not Found - GET somewhere" >&2; exit 1; }
printf '%s' "$MADE_SAYS"
"""


@pytest.fixture
def made_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    (tmp_path / "npm").write_text(NPM)
    (tmp_path / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    return monkeypatch


@pytest.mark.parametrize(
    ("says", "versions"),
    [
        ('["1.10.0", "1.9.0", "1.9.0-beta.2", "0.1"]', ["1.9.0-beta.2", "1.9.0", "1.10.0"]),
        ('"1.0.0"', ["1.0.0"]),
    ],
)
def test_versions_are_listed_the_oldest_first(made_npm: pytest.MonkeyPatch, says: str, versions: list[str]) -> None:
    made_npm.setenv("MADE_SAYS", says)
    assert npm.versions("made") == versions


@pytest.mark.parametrize(("says", "reason"), [("", "404 Not Found"), ("what?", "it lists no versions")])
def test_a_package_that_npm_does_not_list_is_refused(made_npm: pytest.MonkeyPatch, says: str, reason: str) -> None:
    made_npm.setenv("MADE_SAYS", says)
    with pytest.raises(npm.Missing, match=rf"does not hand over @scope/made \({reason}\); see `npm view @scope/made v"):
        npm.versions("@scope/made")
