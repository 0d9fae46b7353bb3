"""What a prepared model was made by: a folder of an older howfar, or of other converters, is made anew."""

from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

# Whose versions decide what is written, and what it is checked against.
LIBRARIES = ("keras", "onnx", "onnxruntime", "tensorflow", "tensorflow-cpu")
PACKAGES = ("graphs", "sources")


@cache
def makers() -> str:
    """Howfar's own code that reads and writes models, and the libraries', in one word."""
    root = Path(__file__).parents[1]
    found = sha256("".join(f"{name} {_version(name)}\n" for name in LIBRARIES).encode())
    for file in sorted(file for package in PACKAGES for file in (root / package).glob("*.py")):
        found.update(file.read_bytes())
    return found.hexdigest()[:16]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
