"""What can make WebAssembly of WebDNN's C++ kernels: Emscripten, which its converter calls by itself, or Zig's C++
compiler, which is a Python package."""

import re
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from msgspec import Struct

from howfar.errors import Unavailable

# Where Debian, a local build and Homebrew put Eigen's headers.
EIGEN_FOLDERS = ("/usr/include/eigen3", "/usr/local/include/eigen3", "/opt/homebrew/include/eigen3")
WORKER = Path(__file__).with_name("worker.js")


class Toolchain(Struct, frozen=True):
    """A compiler, and where Eigen's headers are: WebDNN multiplies matrices with Eigen, or in plain loops without."""

    compiler: Literal["Emscripten", "Zig"]
    version: str
    eigen_folder: str = ""
    eigen_version: str = ""

    def __str__(self) -> str:
        return (
            f"{self.compiler} {self.version}, {f'Eigen {self.eigen_version}' if self.eigen_folder else 'plain loops'}"
        )


def find() -> Toolchain:
    """The compiler that WebDNN names, else Zig's.

    Raises: Unavailable where neither is here.
    """
    eigen = next(filter(is_eigen, EIGEN_FOLDERS), "")
    eigen_version = _eigen_version(eigen) if eigen else ""
    if emscripten := _emscripten_version():
        return Toolchain("Emscripten", emscripten, eigen, eigen_version)
    if zig := _zig_version():
        return Toolchain("Zig", zig, eigen, eigen_version)
    what = "WebDNN's WebAssembly kernels need a C++ compiler, and neither em++ nor Zig is here"
    raise Unavailable(what, mend="install one with: pip install ziglang")


def is_eigen(folder: str) -> bool:
    """Whether Eigen's headers are in that folder."""
    return Path(folder, "Eigen", "Dense").is_file()


def compile_with_zig(folder: Path, eigen_folder: str) -> None:
    """`kernels_webassembly.cpp` in that folder to the `.wasm` beside it, with the worker that runs it."""
    command = [sys.executable, "-m", "ziglang", "c++", "kernels_webassembly.cpp", "-o", "kernels_webassembly.wasm"]
    # No SIMD: WebDNN's own command has Emscripten make none, and the compiler must not decide how fast WebDNN is.
    command += ["-target", "wasm32-wasi", "-mexec-model=reactor", "-mcpu=generic", "-std=c++14", "-O3", "-s"]
    command += ["-fno-exceptions", "-fno-sanitize=all", "-Wl,--export=run", "-Wl,--export=get_static_buffer"]
    command += [f"-I{eigen_folder}"] if eigen_folder else []
    subprocess.run(command, check=True, cwd=folder)
    shutil.copyfile(WORKER, folder / "kernels_webassembly.js")


def _eigen_version(folder: str) -> str:
    """Up to 3.4 it is in Macros.h, later in a header of its own."""
    headers = (Path(folder, "Eigen", *path) for path in (("Version",), ("src", "Core", "util", "Macros.h")))
    text = "".join(header.read_text("utf-8") for header in headers if header.is_file())
    numbers = [re.search(rf"define EIGEN_{part}_VERSION (\d+)", text) for part in ("WORLD", "MAJOR", "MINOR")]
    return ".".join(found[1] for found in numbers if found) or "of unknown version"


def _emscripten_version() -> str:
    if (compiler := shutil.which("em++")) is None:
        return ""
    said = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\d+\.\d+\.\d+", said)
    return found[0] if found else ""


def _zig_version() -> str:
    try:
        return version("ziglang")
    except PackageNotFoundError:
        return ""
