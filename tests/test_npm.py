"""What is read of a package.json, in all the forms that npm ever took; test_vendor.py asks the client itself."""

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
