"""WebDNN's converter, in a process of its own. That the library loads what it makes is asked of a browser."""

import collections
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from howfar.errors import Unavailable
from howfar.exporters import webdnn
from howfar.exporters.webdnn_converter import toolchains
from howfar.models import ModelSpec, spec
from howfar.records import Form, Model

VERSION = "1.2.11"
SPEC = spec(Model("mlp", 2, 16), 2019)


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Nothing that was converted before."""
    monkeypatch.setenv("HOWFAR_CACHE", str(tmp_path))
    return tmp_path


def numbers(parameters: ModelSpec) -> list[np.float32]:
    return sorted(np.frombuffer(parameters.to_bytes(), "<f4"))


@pytest.mark.parametrize(("backend", "weights"), [("cpu", "weight_fallback.bin"), ("webgl", "weight_webgl_4096.bin")])
def test_every_weight_and_bias_is_in_the_file_and_nothing_else(backend: str, weights: str) -> None:
    """In an order of WebDNN's own, which the graph file tells its page."""
    files = webdnn.export(SPEC, backend, VERSION)
    assert set(files) == set(webdnn.FILES[backend][1])
    assert sorted(np.frombuffer(files[weights], "<f4")) == numbers(SPEC)


def test_each_layer_is_multiplied_shifted_and_bent() -> None:
    described = json.loads(webdnn.export(SPEC, "cpu", VERSION)["graph_fallback.json"])
    kernels = [kernel["entry_func_name"].partition("_")[0] for kernel in described["exec_infos"]]
    assert kernels == ["linear", "elementwiseadd", "relu"] * 2 + ["linear", "elementwiseadd", "softmax"]


def test_what_the_converter_needs_of_the_past_stays_in_its_process() -> None:
    before = (np.__dict__.get("fromstring"), sys.getrecursionlimit(), set(vars(collections)))
    webdnn.export(SPEC, "cpu", VERSION)
    assert (np.__dict__.get("fromstring"), sys.getrecursionlimit(), set(vars(collections))) == before
    assert "webdnn" not in sys.modules


def test_what_was_converted_is_not_converted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    first = webdnn.export(SPEC, "cpu", VERSION)

    def fail(*_: Any) -> None:
        raise AssertionError("converted again")

    monkeypatch.setattr(webdnn, "_convert", fail)
    assert webdnn.export(SPEC, "cpu", VERSION) == first
    with pytest.raises(AssertionError, match="again"):
        webdnn.export(spec(Model("mlp", 2, 16), 2020), "cpu", VERSION)


def test_two_runs_at_once_keep_one_whole_conversion(cache: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: webdnn.export(SPEC, "cpu", VERSION), range(2))
    assert first == second
    assert [path.name.partition("-")[0] for path in (cache / "models").iterdir()] == ["webdnn"]


def test_webgpu_has_no_files_and_needs_no_converter() -> None:
    assert webdnn.export(SPEC, "webgpu", "0.0.0") == {}


def test_another_version_than_the_converter_s_is_not_to_be_had() -> None:
    with pytest.raises(
        Unavailable, match=r"takes its models from .* 1\.2\.8, .* 1\.2\.11; .*pip install webdnn==1\.2\.8"
    ):
        webdnn.export(SPEC, "cpu", "1.2.8")


def missing(name: str) -> str:
    raise PackageNotFoundError(name)


def test_without_the_converter_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webdnn, "installed_version", missing)
    with pytest.raises(Unavailable, match=r"here is none; install it with: pip install webdnn==1\.2\.11"):
        webdnn.export(SPEC, "cpu", VERSION)


def test_without_a_compiler_the_command_that_installs_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(toolchains, "version", missing)
    with pytest.raises(Unavailable, match="install one with: pip install ziglang"):
        webdnn.export(SPEC, "wasm", VERSION)


def test_a_converter_that_fails_says_why_and_leaves_nothing(cache: Path) -> None:
    with pytest.raises(Unavailable, match="converter failed: KeyError: 'tanh'"):
        webdnn.export(spec(Model("mlp", 1, 8), 2019, Form(hidden="tanh")), "cpu", VERSION)
    assert list((cache / "models").iterdir()) == []


def test_a_compiler_and_eigen_are_told() -> None:
    assert str(toolchains.Toolchain("Zig", "0.17.1")) == "Zig 0.17.1, plain loops"
    with_eigen = toolchains.Toolchain("Emscripten", "3.1.6", "/usr/include/eigen3", "3.4.0")
    assert str(with_eigen) == "Emscripten 3.1.6, Eigen 3.4.0"


def test_kernels_are_compiled_and_say_by_what() -> None:
    try:
        toolchain = toolchains.find()
    except Unavailable as why:
        pytest.skip(f"WEBDNN'S KERNELS ARE NOT COMPILED HERE: {why}")
    files = webdnn.export(SPEC, "wasm", VERSION)
    assert json.loads(files["graph_webassembly.json"])["built_with"] == str(toolchain)
    assert sorted(np.frombuffer(files["weight_webassembly.bin"], "<f4")) == numbers(SPEC)
    assert files["kernels_webassembly.wasm"].startswith(b"\0asm")
    assert b"WEBDNN_URL_KERNELS_WASM" in files["kernels_webassembly.js"]
