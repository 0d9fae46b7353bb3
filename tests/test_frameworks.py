"""The registry, and what is refused of what a user names."""

from importlib.resources import files
from itertools import pairwise, repeat
from typing import get_args

import pytest
import semver
from msgspec import structs

from howfar import exporters, frameworks, vendor
from howfar.errors import Unavailable, UserError
from howfar.frameworks import Backend, Framework, Network
from howfar.models import rules
from howfar.portfolio import FormName
from howfar.records import BUILD, IN_WORKER, NOT_INSTALLED, Form, Target, Workload

KNOWN = frameworks.registry()
MISSING = structs.replace(KNOWN["tensorflow"], distributions=("no-such-distribution-of-howfar",))


def layouts(one: Framework) -> list[Backend]:
    return [layout for several in one.backends.values() for layout in several]


@pytest.mark.parametrize("name", KNOWN)
def test_a_table_of_the_registry_is_whole(name: str) -> None:
    one = KNOWN[name]
    assert one.backends
    assert one.workloads
    if one.runs_in == "browser":
        assert one.versions
        assert files("howfar").joinpath("page", "frameworks", f"{name.removesuffix('.js')}.js").is_file()
    else:
        assert one.distributions
        assert one.extra or one.installed_version() != NOT_INSTALLED


@pytest.mark.parametrize("name", KNOWN)
def test_the_assets_of_a_back_end_lie_in_one_folder(name: str) -> None:
    """The adapter gets the folder's URL."""
    for layout in layouts(KNOWN[name]):
        for group in layout.assets.values():
            assert len({file.rpartition("/")[0] for file in group}) == 1


def test_what_the_registry_names_first_is_locked() -> None:
    """All but what not every npm registry serves: what nobody here could fetch has no integrity to write down."""
    files_of = [
        (one.versions[0], file)
        for one in KNOWN.values()
        if one.runs_in == "browser"
        for backend in map(one.backend, one.backends_at(one.versions[0]), repeat(one.versions[0]))
        if one.versions[0] not in backend.npm_may_lack
        for file in backend.files()
    ]
    assert files_of
    for version, file in files_of:
        package, path = vendor.split_file(file)
        assert path
        assert vendor.locked()[f"{package}@{version}"].startswith("sha512-")


@pytest.mark.parametrize("name", KNOWN)
def test_who_takes_one_s_own_model_says_in_which_forms(name: str) -> None:
    one = KNOWN[name]
    assert bool(one.formats) == ("graph" in one.models)
    assert set(one.formats) <= set(get_args(FormName))
    if one.formats:
        assert one.network("graph").workloads == ("inference",)
        assert not one.abilities().does("training", "graph")


def test_a_library_of_modules_is_fetched_whole_and_has_its_package() -> None:
    layout = Backend(
        modules={"main": "@of/library:dist/index.js"},
        imports={"@of/parts": "@of/parts:dist/index.js"},
        assets={"wasm": ("@of/library:wasm/a.wasm",)},
    )
    assert layout.package() == "@of/library"
    assert layout.loaded() == ("@of/library:dist/index.js", "@of/parts:dist/index.js")
    assert layout.files() == (*layout.loaded(), "@of/library:wasm/a.wasm")
    assert Backend().package() == ""


def test_a_runtime_that_only_takes_one_s_own_model_is_asked_for_nothing_else() -> None:
    for name in ("onnxruntime-web", "litert"):
        able = KNOWN[name].abilities()
        assert able.does("inference", "graph")
        assert not any(able.does(workload, "mlp") for workload in get_args(Workload))
        assert not any(able.does(workload, "graph") for workload in get_args(Workload) if workload != "inference")


def test_the_known_answers_are_not_for_users() -> None:
    assert {"reference", "ceiling"} <= set(KNOWN)
    assert not any("reference" in name or "ceiling" in name for name in frameworks.public_names(KNOWN))
    assert "tfjs" in frameworks.public_names(KNOWN)


def test_a_framework_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(UserError, match=r"^here: no framework 'keras'; known: tfjs, "):
        frameworks.find(KNOWN, "keras", where="here")


@pytest.mark.parametrize(
    ("choice", "split"),
    [
        ("tfjs", ("tfjs", "")),
        ("tfjs@4.22.0", ("tfjs", "4.22.0")),
        ("brain.js@2.0.0-beta.1", ("brain.js", "2.0.0-beta.1")),
    ],
)
def test_a_version_is_what_follows_the_at_sign(choice: str, split: tuple[str, str]) -> None:
    assert frameworks.split_version(choice) == split


@pytest.mark.parametrize(("wanted", "found"), [("", "4.22.0"), ("0.13.0", "0.13.0"), ("5.0.0-rc.1", "5.0.0-rc.1")])
def test_a_version_of_a_browser_framework_is_the_one_asked_for_or_the_first(wanted: str, found: str) -> None:
    assert frameworks.resolve_version("tfjs", KNOWN["tfjs"], wanted) == found


@pytest.mark.parametrize("wanted", ["latest", "^4.0.0", "4 .0", "../../x", "4.0.0/../..", "~4"])
def test_a_tag_or_a_range_or_a_path_is_no_version(wanted: str) -> None:
    with pytest.raises(UserError, match="is not a version of tfjs"):
        frameworks.resolve_version("tfjs", KNOWN["tfjs"], wanted)


def test_what_comes_with_howfar_has_the_versions_that_it_has() -> None:
    assert frameworks.resolve_version("limit", KNOWN["limit"], "") == "1"
    assert frameworks.resolve_version("limit", KNOWN["limit"], "1") == "1"
    with pytest.raises(UserError, match="'2' is not a version of limit; name one exactly, such as limit@1"):
        frameworks.resolve_version("limit", KNOWN["limit"], "2")


def test_a_native_framework_is_measured_as_it_is_installed() -> None:
    numpy: Framework = KNOWN["numpy"]
    assert frameworks.resolve_version("numpy", numpy, "") == numpy.installed_version()
    assert frameworks.resolve_version("numpy", numpy, numpy.installed_version()) == numpy.installed_version()
    with pytest.raises(UserError, match="is asked for, but"):
        frameworks.resolve_version("numpy", numpy, "0.1")


def test_a_native_framework_that_is_missing_says_how_to_install_it() -> None:
    assert frameworks.resolve_version("tensorflow", MISSING, "") == NOT_INSTALLED
    reason = frameworks.why_unsupported(MISSING, Target("tensorflow", NOT_INSTALLED, "cpu", "native", 1))
    assert reason is not None
    assert "pip install no-such-distribution-of-howfar" in reason
    with pytest.raises(UserError, match="not installed"):
        frameworks.resolve_version("tensorflow", MISSING, "2.0")


def test_what_is_installed_is_supported() -> None:
    assert frameworks.why_unsupported(KNOWN["tfjs"], Target("tfjs", "4.22.0", "cpu", "chromium")) is None


LAYERED = structs.replace(
    KNOWN["convnetjs"],
    backends={
        "cpu": (Backend(scripts=("a:old.js",)), Backend(since="2.0.0-beta.9", scripts=("a:new.js",))),
        "wasm": (Backend(since="1.5.0", scripts=("a:wasm.js",)),),
    },
)


@pytest.mark.parametrize(
    ("version", "script"),
    [
        ("0.1.0", "a:old.js"),
        ("1.99.0", "a:old.js"),
        ("2.0.0-alpha.50", "a:old.js"),
        ("2.0.0-beta.8", "a:old.js"),
        ("2.0.0-beta.9", "a:new.js"),
        ("2.0.0-beta.24", "a:new.js"),  # as text it comes before beta.9
        ("2.0.0", "a:new.js"),
        ("10.0.0", "a:new.js"),
        ("2.0.0-beta.9+3f2a9c1b", "a:new.js"),
        ("2024.1", "a:new.js"),  # no semantic version
    ],
)
def test_a_version_gets_the_last_layout_that_it_reaches(version: str, script: str) -> None:
    assert LAYERED.backend("cpu", version).scripts == (script,)


@pytest.mark.parametrize(
    ("version", "backends"),
    [("1.4.9", ("cpu",)), ("1.5.0-rc.1", ("cpu",)), ("1.5.0", ("cpu", "wasm")), ("2.0.0", ("cpu", "wasm"))],
)
def test_a_version_has_the_back_ends_of_which_it_reaches_a_layout(version: str, backends: tuple[str, ...]) -> None:
    assert LAYERED.backends_at(version) == backends


ES2017 = "@tensorflow/tfjs:dist/tf.es2017.min.js"


def test_a_build_is_the_same_layout_with_other_files() -> None:
    tfjs, plain = KNOWN["tfjs"], Target("tfjs", "4.22.0", "wasm", "chromium")
    other = tfjs.layout(structs.replace(plain, switch="build=es2017"))
    assert tfjs.layout(plain) == tfjs.layout(structs.replace(plain, switch=IN_WORKER)) == tfjs.backend("wasm", "4.22.0")
    assert other.scripts == (ES2017, "@tensorflow/tfjs-backend-wasm:dist/tf-backend-wasm.es2017.min.js")
    assert other.assets == tfjs.layout(plain).assets


def test_a_version_without_that_build_says_so() -> None:
    with pytest.raises(Unavailable, match=r"^tfjs has no build=es2017 before 2\.0\.0$"):
        KNOWN["tfjs"].layout(Target("tfjs", "0.13.0", "cpu", "chromium", switch="build=es2017"))


@pytest.mark.parametrize("name", KNOWN)
def test_a_build_that_can_be_switched_to_replaces_every_script(name: str) -> None:
    one = KNOWN[name]
    switched = {
        switch.removeprefix(BUILD) for several in one.switches.values() for switch in several if BUILD in switch
    }
    assert switched == set(one.builds)
    scripts = {script for layout in layouts(one) for script in layout.scripts}
    assert all(build.files.keys() == scripts for build in one.builds.values())


def test_the_tensorflow_js_of_the_paper_had_no_wasm_and_no_webgpu() -> None:
    assert KNOWN["tfjs"].backends_at("0.13.0") == ("cpu", "webgl")
    assert KNOWN["tfjs"].backends_at("4.22.0") == ("cpu", "wasm", "webgl", "webgpu")


@pytest.mark.parametrize("name", KNOWN)
def test_layouts_are_listed_from_the_oldest_to_the_newest(name: str) -> None:
    """The last one that a version reaches is taken."""
    for several in KNOWN[name].backends.values():
        assert all(later.reaches(earlier.since) is False for earlier, later in pairwise(several))
        assert all(semver.Version.is_valid(layout.since) for layout in several)


@pytest.mark.parametrize("name", KNOWN)
def test_what_the_registry_says_that_a_framework_does_has_its_file(name: str) -> None:
    one = KNOWN[name]
    assert set(one.networks) <= set(one.models)
    for network in map(one.network, one.models):
        assert callable(rules.load(network.rule).step)
        assert set(network.workloads) <= set(one.workloads)
    if "loading" in one.workloads or one.needs_saved_model:
        assert exporters.exists(name)


def test_a_kind_of_network_can_be_another_matter_to_a_framework() -> None:
    brain = KNOWN["brain.js"]
    assert brain.network("mlp") == Network(brain.workloads, brain.form, "brainjs")
    assert brain.network("rnn") == Network(("training", "inference"), Form(), "brainjs_lstm")
    assert brain.abilities().does("loading", "mlp") and brain.abilities().does("training", "rnn")
    assert not brain.abilities().does("loading", "rnn")
    assert not brain.abilities().does("training", "cnn")


@pytest.mark.parametrize(("name", "module"), [("brain.js", "brain"), ("keras-js", "keras_js"), ("tfjs", "tfjs")])
def test_a_framework_s_name_makes_a_module_s(name: str, module: str) -> None:
    assert frameworks.module_name(name) == module
