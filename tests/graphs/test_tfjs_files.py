"""TensorFlow.js's files: quantised weights, several shards, and files that are broken or point elsewhere."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from howfar.errors import UserError
from howfar.graphs import tfjs_files
from howfar.graphs.from_tensorflow import read_graph_model
from howfar.graphs.graph import Unreadable

ARRAYS = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)


def written(folder: Path, entries: list[dict[str, Any]], data: bytes, paths: list[str] | None = None) -> Path:
    names = ["w.bin"] if paths is None else paths
    (folder / "w.bin").write_bytes(data)
    manifest = [{"paths": names, "weights": entries}]
    (folder / "model.json").write_text(json.dumps({"modelTopology": {"node": []}, "weightsManifest": manifest}))
    return folder / "model.json"


def held(path: Path) -> dict[str, Any]:
    return tfjs_files.weights(path, tfjs_files.description(path))


def entry(**more: Any) -> dict[str, Any]:
    return {"name": "a", "shape": [3, 4], "dtype": "float32", **more}


def test_weights_of_every_type(tmp_path: Path) -> None:
    entries = [entry(), entry(name="b", shape=[2], dtype="int32"), entry(name="c", shape=[3], dtype="bool")]
    data = ARRAYS.tobytes() + np.array([7, -1], np.int32).tobytes() + bytes([1, 0, 1])
    found = held(written(tmp_path, entries, data))
    assert np.array_equal(found["a"], ARRAYS)
    assert found["b"].tolist() == [7, -1]
    assert found["c"].tolist() == [True, False, True]


@pytest.mark.parametrize(("dtype", "levels"), [("uint8", 255), ("uint16", 65535)])
def test_quantised_weights(tmp_path: Path, dtype: str, levels: int) -> None:
    low, scale = float(ARRAYS.min()), float(np.ptp(ARRAYS)) / levels
    data = np.round((ARRAYS - low) / scale).astype(dtype).tobytes()
    found = held(written(tmp_path, [entry(quantization={"dtype": dtype, "scale": scale, "min": low})], data))["a"]
    assert found.dtype == np.float32
    assert np.max(np.abs(found - ARRAYS)) <= scale * 0.51


def test_weights_of_half_precision(tmp_path: Path) -> None:
    data = ARRAYS.astype(np.float16).tobytes()
    found = held(written(tmp_path, [entry(quantization={"dtype": "float16", "original_dtype": "float32"})], data))["a"]
    assert np.array_equal(found, ARRAYS.astype(np.float16).astype(np.float32))


def test_several_shards(tmp_path: Path) -> None:
    """Cut in the middle of a number, as the converter does."""
    data = ARRAYS.tobytes()
    (tmp_path / "second.bin").write_bytes(data[13:])
    assert np.array_equal(held(written(tmp_path, [entry()], data[:13], ["w.bin", "second.bin"]))["a"], ARRAYS)


@pytest.mark.parametrize("name", ["../w.bin", "/etc/passwd", "a/../../w.bin", "link.bin", ""])
def test_a_shard_outside_of_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "w.bin").write_bytes(ARRAYS.tobytes())
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "link.bin").symlink_to(tmp_path / "w.bin")
    with pytest.raises(UserError, match="outside its folder"):
        held(written(folder, [entry()], b"", [name]))


@pytest.mark.parametrize("size", [0, 47, 49])
def test_a_shard_of_another_length_is_named(tmp_path: Path, size: int) -> None:
    with pytest.raises(UserError, match=r"need 48 bytes .* w\.bin"):
        held(written(tmp_path, [entry()], bytes(size)))


def test_a_shard_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"'gone\.bin' is missing"):
        held(written(tmp_path, [entry()], b"", ["gone.bin"]))


@pytest.mark.parametrize(
    "broken", [{"shape": [-1, 4]}, {"shape": "no"}, {"dtype": None}, {"quantization": 3}, {"shape": [1.5]}]
)
def test_a_broken_manifest(tmp_path: Path, broken: dict[str, Any]) -> None:
    with pytest.raises((UserError, Unreadable), match=r"broken|type None"):
        held(written(tmp_path, [entry(**broken)], bytes(48)))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"modelTopology": 3}', "[" * 100_000])
def test_what_is_not_a_description(tmp_path: Path, text: str) -> None:
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(UserError, match=r"not the model\.json"):
        tfjs_files.description(tmp_path / "model.json")


@pytest.mark.parametrize(
    "node", [{}, {"name": "a"}, {"name": "a", "op": "Relu", "attr": 3}, "a", {"name": "a", "op": "X", "attr": {"b": 1}}]
)
def test_a_broken_topology(tmp_path: Path, node: Any) -> None:
    (tmp_path / "model.json").write_text(json.dumps({"modelTopology": {"node": [node]}}))
    with pytest.raises(UserError, match="modelTopology is broken"):
        read_graph_model(tmp_path / "model.json", {})
