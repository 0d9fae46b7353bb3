"""CommonJS packages written here, bundled, and run by Node.js as a page would run the script: with no `require`."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from howfar.bundle import bundle
from howfar.errors import UserError

DESCRIPTION = json.dumps({"name": "made", "version": "1.0.0"})

# A page's scripts see globals only: so does what runs in this context, which then says what `bundles` leads to.
RUN = """
const page = {};
require('vm').runInNewContext(require('fs').readFileSync(0, 'utf8'), page);
const require_of = page.bundles.made;
console.log(JSON.stringify(%s));
"""


def package(folder: Path, files: Mapping[str, str]) -> Path:
    for path, content in {"package.json": DESCRIPTION, **files}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    return folder


def answer(script: bytes, expression: str = "require_of('made')") -> Any:
    node = shutil.which("node")
    if node is None:
        pytest.skip("NO NODE.JS: a bundle can't be run (Debian: apt-get install nodejs)")
    done = subprocess.run([node, "-e", RUN % expression], input=script, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


RESOLVED = {
    "a file beside it": {"index.js": "module.exports = require('./other.js')", "other.js": "module.exports = 7"},
    "without its extension": {"index.js": "module.exports = require('./other')", "other.js": "module.exports = 7"},
    "JSON": {"index.js": "module.exports = require('./other').n", "other.json": '{"n": 7}'},
    "a folder": {"index.js": "module.exports = require('./lib')", "lib/index.js": "module.exports = 7"},
    "a folder above": {
        "index.js": "module.exports = require('./lib/a')",
        "lib/a.js": "module.exports = require('../b')",
        "b.js": "exports.n = 7; module.exports = exports.n",
    },
    "a dependency": {
        "index.js": "module.exports = require('dep')",
        "node_modules/dep/index.js": "module.exports = 7",
    },
    "a dependency's main": {
        "index.js": "module.exports = require('dep')",
        "node_modules/dep/package.json": '{"name": "dep", "main": "lib/seven"}',
        "node_modules/dep/lib/seven.js": "module.exports = 7",
    },
    "a file of a scoped dependency": {
        "index.js": "module.exports = require('@scope/dep/lib/seven')",
        "node_modules/@scope/dep/lib/seven.js": "module.exports = 7",
    },
    "a dependency's own dependency": {
        "index.js": "module.exports = require('dep') + require('twice')",
        "node_modules/dep/index.js": "module.exports = require('twice')",
        "node_modules/dep/node_modules/twice/index.js": "module.exports = 4",
        "node_modules/twice/index.js": "module.exports = 3",
    },
    "its own main": {
        "package.json": '{"name": "made", "version": "1.0.0", "main": "lib/entry.js"}',
        "lib/entry.js": "module.exports = require('dep')",
        "node_modules/dep/index.js": "module.exports = 7",
    },
    "a circle": {
        "index.js": "exports.early = 7; module.exports = require('./other').seen",
        "other.js": "exports.seen = require('./index').early",
    },
    "one module, run once": {
        "index.js": "require('./count').n++; require('./count').n++; module.exports = require('./count').n",
        "count.js": "exports.n = 5",
    },
    "only what is a call": {
        "index.js": "// require('gone')\n/* require('gone') */ var s = \"require('gone')\";\nmodule.exports = 7",
    },
}


@pytest.mark.parametrize("name", RESOLVED)
def test_what_is_required_is_found_as_node_finds_it(tmp_path: Path, name: str) -> None:
    assert answer(bundle(package(tmp_path, RESOLVED[name]))) == 7


def test_each_module_keeps_its_own_strictness(tmp_path: Path) -> None:
    files = {
        "index.js": "undeclared = require('./strict'); module.exports = undeclared",
        "strict.js": "'use strict';\nmodule.exports = (function () { return this === undefined; })()",
    }
    assert answer(bundle(package(tmp_path, files))) is True


def test_the_require_of_the_entry_reaches_what_the_entry_requires(tmp_path: Path) -> None:
    files = {"index.js": "exports.own = require('dep').n + 1", "node_modules/dep/index.js": "exports.n = 7"}
    script = bundle(package(tmp_path, files))
    assert answer(script, "[require_of('made').own, require_of('dep').n]") == [8, 7]
    said = "(() => { try { return require_of('gone') } catch (error) { return error.message } })()"
    assert answer(script, said) == "the bundle of made has no module 'gone'"


def test_no_character_of_the_code_is_changed(tmp_path: Path) -> None:
    code = "\n/* é */ module.exports   = 'a\\tb' // end"
    assert code in bundle(package(tmp_path, {"index.js": code})).decode()


def test_the_same_package_makes_the_same_script_wherever_it_lies(tmp_path: Path) -> None:
    files = RESOLVED["a dependency's own dependency"]
    first, second = (bundle(package(tmp_path / name, files)) for name in ("a", "deeper/b"))
    assert first == second
    assert str(tmp_path).encode() not in first


def test_a_dependency_that_is_linked_finds_its_own(tmp_path: Path) -> None:
    made = package(tmp_path / "made", {"index.js": "module.exports = require('dep')"})
    package(
        tmp_path / "dep", {"index.js": "module.exports = require('own')", "node_modules/own.js": "module.exports = 7"}
    )
    (made / "node_modules").mkdir()
    (made / "node_modules" / "dep").symlink_to(tmp_path / "dep")
    assert answer(bundle(made)) == 7


@pytest.mark.parametrize(
    ("files", "word"),
    [
        ({"index.js": "require('gone')"}, "'gone', which is not there; run `npm install`"),
        ({"index.js": "require('./gone')"}, "'./gone'"),
        ({"index.js": "require('dep')", "node_modules/dep/index.js": 'require("fs")'}, "'fs'"),
        ({}, "no entry point"),
    ],
)
def test_what_is_missing_is_named_in_one_line(tmp_path: Path, files: Mapping[str, str], word: str) -> None:
    with pytest.raises(UserError) as caught:
        bundle(package(tmp_path, files))
    assert word in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_no_text_is_named(tmp_path: Path) -> None:
    made = package(tmp_path, {"index.js": "require('./addon.node')"})
    (made / "addon.node").write_bytes(b"\x7fELF\xff")
    with pytest.raises(UserError, match=r"addon\.node: it can't be read as JavaScript"):
        bundle(made)
