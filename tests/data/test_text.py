"""The text that the RNN reads: our own essay, or a user's file."""

from pathlib import Path

import numpy as np
import pytest

from howfar.data import SAMPLES, text
from howfar.errors import UserError


def written(folder: Path, content: str | bytes) -> Path:
    file = folder / "text.txt"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def test_our_own_essay_gives_pieces_of_forty_characters_each_one_hot() -> None:
    found = text.load(None, 2019, batch_size=64)
    assert found.inputs.shape == (SAMPLES, 40 * found.classes)
    assert 40 < found.classes <= 90  # as many kinds of characters as prose has
    pieces = found.inputs.reshape(SAMPLES, 40, found.classes)
    assert set(np.unique(pieces)) == {0.0, 1.0}
    assert np.all(pieces.sum(axis=2) == 1)
    assert found.labels.max() < found.classes
    assert len({piece.tobytes() for piece in pieces}) == SAMPLES


def test_the_label_is_the_character_that_follows(tmp_path: Path) -> None:
    """In a text that counts through the alphabet, it is the next letter."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    found = text.load(written(tmp_path, letters * 20), 1)
    pieces = found.inputs.reshape(len(found.labels), 40, 26).argmax(axis=2)
    assert np.array_equal(found.labels, (pieces[:, -1] + 1) % 26)
    assert np.array_equal(pieces[:, 1:], (pieces[:, :-1] + 1) % 26)


def test_seed_and_text_tell_data_sets_apart(tmp_path: Path) -> None:
    essay = text.load(None, 1)
    assert essay.name == text.load(None, 1).name
    other = text.load(written(tmp_path, "so it goes, on and on; " * 40), 1)
    assert len({essay.name, text.load(None, 2).name, other.name}) == 3


def test_a_text_of_many_characters_has_its_rare_ones_read_as_one(tmp_path: Path) -> None:
    common = "".join(chr(0x4E00 + i) for i in range(100)) * 5
    rare = "".join(chr(0x5E00 + i) for i in range(300))
    found = text.load(written(tmp_path, common + rare), 1)
    assert found.classes == text.MOST_CHARACTERS
    pieces = found.inputs.reshape(len(found.labels), 40, found.classes).argmax(axis=2)
    assert np.mean(pieces == found.classes - 1) > 0.2  # most of the rare ones
    exactly = "".join(chr(0x4E00 + i) for i in range(text.MOST_CHARACTERS)) * 5
    assert text.load(written(tmp_path, exactly), 1).classes == text.MOST_CHARACTERS


def test_a_byte_order_mark_is_no_character(tmp_path: Path) -> None:
    plain = text.load(written(tmp_path, "to be or not to be, " * 30), 1)
    marked = text.load(written(tmp_path, b"\xef\xbb\xbf" + b"to be or not to be, " * 30), 1)
    assert plain.name == marked.name


BAD = {
    "empty": (b"", "the text is empty"),
    "blank": (b" \n\t \n", "the text is empty"),
    "latin-1": ("au\xdfen".encode("latin-1") * 100, "not UTF-8 (byte 2)"),
    "short": (b"to be or not to be", "18 characters are no batch of 64: it needs 230"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_text_is_refused_in_one_line(tmp_path: Path, kind: str) -> None:
    content, why = BAD[kind]
    file = written(tmp_path, content)
    with pytest.raises(UserError) as caught:
        text.load(file, 1, batch_size=64)
    assert str(caught.value).startswith(f"{file}: {why}; give a text file")


def test_the_fewest_characters_of_a_batch_are_enough(tmp_path: Path) -> None:
    assert len(text.load(written(tmp_path, "abc" * 76 + "ab"), 1, batch_size=64).labels) == 64


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="can't be read"):
        text.load(tmp_path / "none.txt", 1)
