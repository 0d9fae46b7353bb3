"""What a model is fed: numbers of the seed that it can take, or the user's own."""

import zipfile
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from howfar.errors import UserError
from howfar.graphs.graph import Cast, Gather, Graph, Reshape
from howfar.handed import TensorSpec
from howfar.sources.request import Request
from howfar.sources.shapes import written
from howfar.sources.source import Array, Source

SAMPLES = 3
# Integers where nothing says how many words an embedding has.
UNKNOWN_BOUND = 2


def samples_of(source: Source, request: Request) -> list[list[Array]]:
    """For every sample, all inputs in the model's order."""
    if request.inputs:
        return given(Path(request.inputs), source.inputs)
    random = np.random.default_rng(request.seed)
    bounds = _bounds(source)
    return [[_seeded(spec, random, bounds, source.images) for spec in source.inputs] for _ in range(SAMPLES)]


def _seeded(spec: TensorSpec, random: np.random.Generator, bounds: Mapping[str, int], images: frozenset[str]) -> Array:
    if spec.name in bounds:
        return random.integers(0, bounds[spec.name], spec.shape).astype(spec.dtype)
    if spec.dtype == "float32":
        numbers = random.uniform(0, 255, spec.shape) if spec.name in images else random.standard_normal(spec.shape)
        return numbers.astype(np.float32)
    return random.integers(0, 256 if spec.dtype == "uint8" else UNKNOWN_BOUND, spec.shape).astype(spec.dtype)


def _bounds(source: Source) -> dict[str, int]:
    """By the source's own names of its inputs."""
    if source.graph is None:
        return {}
    found, names = embedded(source.graph), [spec.name for spec in source.graph.inputs]
    return {own.name: found[name] for own, name in zip(source.inputs, names, strict=True) if name in found}


def embedded(graph: Graph) -> dict[str, int]:
    """How many words each input that is looked up in a table may name."""
    sources = {spec.name: spec.name for spec in graph.inputs}
    bounds: dict[str, int] = {}
    for node in graph.nodes:
        if isinstance(node.operation, Cast | Reshape) and node.inputs[0] in sources:
            sources[node.output] = sources[node.inputs[0]]
        if isinstance(node.operation, Gather) and (name := sources.get(node.inputs[1])):
            table = node.inputs[0]
            shape = graph.constants[table].shape if table in graph.constants else graph.shapes[table]
            bounds[name] = min(bounds.get(name, shape[node.operation.axis]), shape[node.operation.axis])
    return bounds


def given(path: Path, specs: Sequence[TensorSpec]) -> list[list[Array]]:
    """The samples of a NumPy archive: each array is of an input's shape, or of several along its first axis.

    Raises: UserError where names, shapes or types are not the model's.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_names(archive, specs, path)
            arrays = [_read(archive, spec, path) for spec in specs]
    except (zipfile.BadZipFile, OSError, EOFError, ValueError) as error:
        raise _wrong(path, f"it is no NumPy archive, or cut off ({error})") from None
    counts = {len(array) for array in arrays}
    if len(counts) != 1:
        raise _wrong(path, f"its arrays hold {', '.join(map(str, sorted(counts)))} samples")
    return [list(sample) for sample in zip(*arrays, strict=True)]


def _check_names(archive: zipfile.ZipFile, specs: Sequence[TensorSpec], path: Path) -> None:
    found, wanted = {name.removesuffix(".npy") for name in archive.namelist()}, {spec.name for spec in specs}
    if found != wanted:
        held, taken = (", ".join(sorted(names)) or "nothing" for names in (found, wanted))
        raise _wrong(path, f"it holds {held}, the model takes {taken}")


def _read(archive: zipfile.ZipFile, spec: TensorSpec, path: Path) -> Array:
    """(samples, *the input's shape). The header is checked before memory is taken for what it promises."""
    with archive.open(f"{spec.name}.npy") as file:
        version = npy.read_magic(file)
        read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read_header(file)
        _check_array(spec, shape, dtype, path)
        if prod(shape) * dtype.itemsize > archive.getinfo(f"{spec.name}.npy").file_size:
            raise _wrong(path, f"{spec.name!r} promises more than the archive holds")
    with archive.open(f"{spec.name}.npy") as file:
        array: NDArray[np.generic] = npy.read_array(file, allow_pickle=False)
    return array.astype(spec.dtype).reshape(-1, *spec.shape)


def _check_array(spec: TensorSpec, shape: tuple[int, ...], dtype: np.dtype[np.generic], path: Path) -> None:
    wanted = spec.shape
    several = bool(wanted and shape) and shape[1:] == wanted[1:] and shape[0] % wanted[0] == 0 and shape[0] > 0
    if shape != wanted and not several:
        raise _wrong(path, f"{spec.name!r} is of shape {written(shape)}, the model takes {written(wanted)}")
    if not np.can_cast(dtype, np.dtype(spec.dtype), "same_kind"):
        raise _wrong(path, f"{spec.name!r} is of type {dtype}, the model takes {spec.dtype}")


def _wrong(path: Path, what: str) -> UserError:
    return UserError(what, where=str(path), mend="write it with numpy.savez(FILE, INPUT=array, ...)")


def as_bytes(samples: Sequence[Sequence[Array]]) -> bytes:
    """As `handed.DataShape` has it: 4 bytes a number, int32 where it is no float32."""
    return b"".join(_four_bytes(array).tobytes() for one in samples for array in one)


def _four_bytes(array: Array) -> Array:
    return array.astype(np.float32 if array.dtype == np.float32 else np.int32)
