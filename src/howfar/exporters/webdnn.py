"""WebDNN: what its own converter (the Python package `webdnn`) makes of a graph, one set of files per back end.

Conversions are kept in the user's cache: a compiler's first one takes a minute, and each is needed every round.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from hashlib import sha256
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from pathlib import Path

import msgspec

from howfar import caches
from howfar.errors import Unavailable
from howfar.exporters import webdnn_converter
from howfar.exporters.webdnn_converter import Order, toolchains
from howfar.models import ModelSpec
from howfar.records import fingerprint

# What WebDNN calls each back end, and which files its page fetches of it.
FILES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "cpu": ("fallback", ("graph_fallback.json", "kernels_fallback.js", "weight_fallback.bin")),
    "wasm": (
        "webassembly",
        (
            "graph_webassembly.json",
            "kernels_webassembly.js",
            "kernels_webassembly.wasm",
            "weight_webassembly.bin",
        ),
    ),
    # Written for textures of 4096, 8192 and 16384; WebDNN 1.2.11 asks for the first on every GPU.
    "webgl": ("webgl", ("graph_webgl_4096.json", "weight_webgl_4096.bin")),
}


def export(spec: ModelSpec, backend: str, version: str) -> Mapping[str, bytes]:
    """The files that `WebDNN.load` fetches for a back end. `webgpu` has none: its adapter refuses it, and says why.

    Raises: Unavailable where the converter, a compiler or a folder for the results is missing.
    """
    if backend not in FILES:
        return {}
    _demand_converter(version)
    backend_name, names = FILES[backend]
    order = Order(spec.layers, backend_name, toolchains.find() if backend == "wasm" else None)
    weights = spec.to_bytes()
    folder = caches.folder() / "models" / f"webdnn-{_key(order, weights, version)}"
    if not folder.is_dir():
        _keep(folder, names, order, weights)
    return {name: (folder / name).read_bytes() for name in names}


def _demand_converter(version: str) -> None:
    """Page and converter know only each other's files of one version."""
    try:
        found = installed_version("webdnn")
    except PackageNotFoundError:
        found = "none"
    if found != version:
        what = f"WebDNN {version} takes its models from the Python package webdnn {version}, and here is {found}"
        raise Unavailable(what, mend=f"install it with: pip install webdnn=={version}")


def _key(order: Order, weights: bytes, version: str) -> str:
    """All that can change the files: what is converted, by which WebDNN, with what, and howfar's own part in it."""
    sources = sorted(path for path in Path(webdnn_converter.__file__).parent.iterdir() if path.is_file())
    own = b"".join(path.read_bytes() for path in sources)
    return fingerprint([order, version, sha256(weights).hexdigest(), sha256(own).hexdigest()])


def _keep(folder: Path, names: tuple[str, ...], order: Order, weights: bytes) -> None:
    """Converts in a folder of its own, and renames it: who reads it finds all files or none."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".convert-") as temporary:
            made, kept = Path(temporary, "made"), Path(temporary, "kept")
            made.mkdir()
            kept.mkdir()
            _convert(order, weights, made)
            for name in names:
                (made / name).rename(kept / name)
            _rename(kept, folder)
    except PermissionError as error:
        mend = "name a folder that can be written in HOWFAR_CACHE"
        raise Unavailable(f"can't keep models there ({error.strerror})", where=str(folder.parent), mend=mend) from None


def _convert(order: Order, weights: bytes, into: Path) -> None:
    # -P: no module is taken from the working directory, which holds what is being made.
    command = [sys.executable, "-P", "-m", webdnn_converter.__name__]
    asked = msgspec.json.encode(order) + b"\n" + weights
    done = subprocess.run(command, input=asked, capture_output=True, check=False, cwd=into)
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        if lacking := re.search(r"NotImplementedError: \[\w+\] Operator <(\w+)", said[-1]):
            raise Unavailable(f"WebDNN has no {lacking[1]} in its back end {order.backend!r}")
        raise Unavailable(f"WebDNN's converter failed: {said[-1]}")


def _rename(made: Path, folder: Path) -> None:
    try:
        made.rename(folder)
    except OSError:
        if not folder.is_dir():  # another run has put the same there meanwhile
            raise
