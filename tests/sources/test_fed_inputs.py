import zipfile
from pathlib import Path

import numpy as np
import pytest

from howfar.errors import UserError
from howfar.graphs.graph import Gather, Graph, Node
from howfar.handed import TensorSpec
from howfar.sources.inputs import SAMPLES, as_bytes, embedded, given, samples_of
from howfar.sources.request import Request
from howfar.sources.source import Source

SPECS = (TensorSpec("image", (1, 2, 2)), TensorSpec("count", (3,), "int64"))


def archive(folder: Path, **arrays: object) -> Path:
    file = folder / "given.npz"
    np.savez(file, **arrays)  # type: ignore[arg-type]  # some are wrong on purpose
    return file


def source(*specs: TensorSpec, graph: Graph | None = None) -> Source:
    return Source("", "", specs, list, (), graph=graph, images=frozenset({"photo"}))


def test_seeded_inputs_are_the_same_again_and_differ_by_sample_and_seed() -> None:
    one, again, other = (samples_of(source(*SPECS), Request("m", seed=seed)) for seed in (1, 1, 2))
    assert len(one) == SAMPLES
    assert as_bytes(one) == as_bytes(again) != as_bytes(other)
    assert not np.array_equal(one[0][0], one[1][0])
    assert [array.dtype for array in one[0]] == [np.float32, np.int64]


def test_what_the_model_itself_scales_is_an_image() -> None:
    ((photo,), *_) = samples_of(source(TensorSpec("photo", (1, 40, 40))), Request("m"))
    assert 100 < photo.mean() < 155
    assert photo.max() > 240


def test_words_are_within_the_table() -> None:
    spec = TensorSpec("words", (1, 500), "int32")
    table = np.zeros((7, 2), np.float32)
    looked_up = Node("y", Gather(0), ("table", "words"))
    graph = Graph((spec,), ("y",), (looked_up,), {"table": table}, {"words": (1, 500), "y": (1, 500, 2)})
    assert embedded(graph) == {"words": 7}
    ((words,), *_) = samples_of(source(spec, graph=graph), Request("m"))
    assert (words.min(), words.max()) == (0, 6)


def test_given_inputs_are_one_sample_or_several(tmp_path: Path) -> None:
    image, count = np.arange(8.0).reshape(2, 2, 2), np.arange(6, dtype=np.int32)
    first, second = given(archive(tmp_path, image=image, count=count), SPECS)
    assert first[0].dtype == np.float32
    assert first[1].dtype == np.int64
    np.testing.assert_array_equal(second[0], image[1:])
    np.testing.assert_array_equal(second[1], [3, 4, 5])


WRONG: dict[str, dict[str, object]] = {
    "it holds image, the model takes count, image": {"image": np.zeros((1, 2, 2))},
    "'image' is of shape 1x2x3, the model takes 1x2x2": {"image": np.zeros((1, 2, 3)), "count": np.zeros(3, int)},
    "'count' is of type float64, the model takes int64": {"image": np.zeros((1, 2, 2)), "count": np.zeros(3)},
    "'count' is of type <U1, the model takes int64": {"image": np.zeros((1, 2, 2)), "count": np.array(["a"] * 3)},
    "its arrays hold 1, 2 samples": {"image": np.zeros((2, 2, 2)), "count": np.zeros(3, int)},
    "'image' is of type object, the model takes float32": {
        "image": np.full((1, 2, 2), None),
        "count": np.zeros(3, int),
    },
}


@pytest.mark.parametrize("said", WRONG)
def test_what_does_not_fit_is_said(tmp_path: Path, said: str) -> None:
    with pytest.raises(UserError, match=r"given.npz: .*; write it with numpy.savez") as caught:
        given(archive(tmp_path, **WRONG[said]), SPECS)
    assert said in str(caught.value)


def test_what_is_no_archive_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.npz").write_text("hello")
    with pytest.raises(UserError, match="it is no NumPy archive, or cut off"):
        given(tmp_path / "x.npz", SPECS)


def test_a_header_that_promises_too_much_takes_no_memory(tmp_path: Path) -> None:
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776, 2, 2), }"
    text = b"\x93NUMPY\x01\x00" + (len(header) + 1).to_bytes(2, "little") + header + b"\n"
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as packed:
        packed.writestr("image.npy", text)
    with pytest.raises(UserError, match=r"'image' promises more than the archive holds"):
        given(tmp_path / "x.npz", SPECS[:1])
