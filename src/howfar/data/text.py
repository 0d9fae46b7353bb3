"""Text for the RNN: pieces of 40 characters, each to be guessed the next one of. Our own essay, which is in the public
domain, or a file of the user's."""

import hashlib
from collections import Counter
from importlib.resources import files
from pathlib import Path

import numpy as np

from howfar.data.samples import SAMPLES, Samples
from howfar.errors import UserError

# The study's pages, as the TensorFlow.js example that they were made of, read 40 characters and moved on by 3.
STEPS = 40
STRIDE = 3
# A character is one of so many inputs that are 0 or 1: with 128 the samples are 10 MB, which every page fetches. The
# essay has 56, an English novel about 80; of a text with more, the rare ones are all read as one and the same.
MOST_CHARACTERS = 128

_MEND = "give a text file of a few thousand characters in UTF-8"


def load(file: Path | None, seed: int, batch_size: int = 1) -> Samples:
    """The text's samples: inputs (samples, 40 x vocabulary), one-hot; labels (samples,): the character that follows.

    Raises: UserError where the file can't be read, is not UTF-8, or is too short for one batch.
    """
    text = _read(file) if file else files("howfar.data").joinpath("essay.txt").read_text("utf-8")
    starts = np.arange(0, len(text) - STEPS, STRIDE)
    if len(starts) < batch_size:
        what = f"{len(text)} characters are no batch of {batch_size}: it needs {STEPS + STRIDE * (batch_size - 1) + 1}"
        raise UserError(what, where=str(file), mend=_MEND)
    numbers, vocabulary = _numbered(text)
    chosen = np.random.default_rng(seed).permutation(starts)[:SAMPLES]
    pieces = numbers[chosen[:, None] + np.arange(STEPS + 1)]
    inputs = np.eye(vocabulary, dtype=np.float32)[pieces[:, :-1]].reshape(len(chosen), -1)
    digest = hashlib.sha256(pieces.tobytes() + bytes([vocabulary])).hexdigest()[:12]
    return Samples(f"text-{digest}", inputs, pieces[:, -1].astype(np.uint8), vocabulary)


def _read(file: Path) -> str:
    try:
        text = file.read_text("utf-8-sig")
    except OSError as error:
        raise UserError(f"can't be read ({error.strerror})", where=str(file), mend=_MEND) from None
    except UnicodeDecodeError as error:
        raise UserError(f"not UTF-8 (byte {error.start})", where=str(file), mend=_MEND) from None
    if not text.strip():
        raise UserError("the text is empty", where=str(file), mend=_MEND)
    return text


def _numbered(text: str) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], int]:
    """Every character's number, in the order of their code points, and how many numbers there are. Beyond the most
    that there may be, the rarest share the last one."""
    common = [character for character, _ in Counter(text).most_common(MOST_CHARACTERS)]
    rare = len(common) == MOST_CHARACTERS and len(set(text)) > MOST_CHARACTERS
    kept = sorted(common[: MOST_CHARACTERS - 1] if rare else common)
    number_of = {character: i for i, character in enumerate(kept)}
    return np.array([number_of.get(character, len(kept)) for character in text]), len(kept) + rare
