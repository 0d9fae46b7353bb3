"""What the user names, and the record that stands for it: its name and a hash of all that its outputs come from."""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from importlib import metadata
from pathlib import Path

import msgspec
from msgspec import Struct

from howfar.errors import UserError
from howfar.layers import Shape
from howfar.records import Model
from howfar.sources import kinds

# What a folder holds and how it is made; another number makes all of them anew.
RECIPE = 1
# Their versions change what is made of a model.
MAKERS = ("keras", "tensorflow-cpu", "tensorflow", "onnx", "onnxruntime")
# The seed's own weights, instead of trained ones.
RANDOM = "random"
# The key of a shape that was given without a name.
ONLY = ""


class Request(Struct, frozen=True, forbid_unknown_fields=True):
    """`model`: a file, a folder, or `keras:NAME`. `shapes`: of inputs, by name, or by `ONLY` where there is one input.

    `batch`: the first length of every input that leaves it open; 1 where not given. `weights`: `random`, `imagenet` or
    a file, of a model by name. `inputs`: a NumPy archive (.npz) with real ones. `seed`: of random weights and inputs.
    """

    model: str
    shapes: Mapping[str, Shape] = {}
    batch: int | None = None
    weights: str = ""
    inputs: str = ""
    seed: int = 0


def shapes_of(texts: Iterable[str]) -> dict[str, Shape]:
    """`image=1x224x224x3` -> {"image": (1, 224, 224, 3)}; without a name it is of the only input.

    Raises: UserError for what is no shape.
    """
    return {name.rpartition("=")[0]: _shape(name.rpartition("=")[2], name) for name in texts}


def _shape(text: str, whole: str) -> Shape:
    lengths = text.lower().split("x")
    if not all(length.isascii() and length.isdecimal() and int(length) > 0 for length in lengths):
        raise UserError(f"{whole!r} is no shape", where="--shape", mend="write it as 1x224x224x3 or image=1x224x224x3")
    return tuple(map(int, lengths))


def model_of(request: Request) -> Model:
    """The record of what is asked for. Reads each file once, in pieces, and executes nothing.

    Raises: UserError where it is not there, or no model.
    """
    kind = kinds.kind_of(request.model)
    if kind != "keras-application" and request.weights:
        raise UserError("the file has its own weights", where="--weights", mend="use it with keras:NAME only")
    facts = (RECIPE, kind, request.shapes, request.batch, request.seed, _versions(), sorted(_contents(request, kind)))
    digest = sha256(msgspec.json.encode(facts, order="deterministic")).hexdigest()[:32]
    return Model(kind="graph", name=_name(request, kind)[-200:], digest=digest)


def _name(request: Request, kind: kinds.Kind) -> str:
    if kind == "keras-application":
        return kinds.application(request.model)
    path = Path(request.model).resolve()
    return f"{path.parent.name}/{path.name}" if path.stem in ("model", "saved_model") else path.name


def _versions() -> dict[str, str]:
    return {name: version for name in MAKERS if (version := _version(name))}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _contents(request: Request, kind: kinds.Kind) -> Iterator[tuple[str, str]]:
    """Each file that says something of the model, by its role, and its hash."""
    if kind == "keras-application":
        yield "name", kinds.application(request.model)
        yield "weights", _weights_hash(request.weights)
    else:
        root = kinds.root(request.model)
        yield from ((path.relative_to(root).as_posix(), file_hash(path)) for path in kinds.files(request.model, kind))
    if request.inputs:
        yield "inputs", file_hash(existing(request.inputs, "--input"))


def _weights_hash(weights: str) -> str:
    return weights or RANDOM if weights in ("", RANDOM, "imagenet") else file_hash(existing(weights, "--weights"))


def existing(name: str, option: str) -> Path:
    """The file of an option. Raises: UserError where there is none."""
    if not (path := Path(name)).is_file():
        raise UserError(f"there is no file {name}", where=option, mend="name one that is there")
    return path


def file_hash(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    found = sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            found.update(piece)
    return found.hexdigest()
