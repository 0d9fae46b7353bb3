"""What stands beside an instruction as numbers: their bytes. What is none raises ValueError or struct.error."""

import struct
from collections.abc import Callable, Sequence

from howfar.kernels.opcodes import signed_leb


def _i32(words: Sequence[str]) -> bytes:
    (word,) = words
    number = int(word, 0)
    if not -(2**31) <= number < 2**32:
        raise ValueError(word)
    return signed_leb(number - 2**32 if number >= 2**31 else number)


def _f32(words: Sequence[str]) -> bytes:
    (word,) = words
    return struct.pack("<f", float(word))


def _v128(words: Sequence[str]) -> bytes:
    shape, *lanes = words
    if shape == "f32x4":
        return struct.pack("<4f", *map(float, lanes))
    if shape != "i32x4":
        raise ValueError(shape)
    return struct.pack("<4I", *(int(lane, 0) & 0xFFFFFFFF for lane in lanes))


def _below(count: int, word: str) -> int:
    return list(range(count)).index(int(word))


def _lane(words: Sequence[str]) -> bytes:
    (word,) = words
    return bytes([_below(4, word)])


def _lanes(words: Sequence[str]) -> bytes:
    if len(words) != 16:
        raise ValueError(len(words))
    return bytes(_below(32, word) for word in words)


CONSTANTS: dict[str, Callable[[Sequence[str]], bytes]] = {
    "i32": _i32, "f32": _f32, "v128": _v128, "lane": _lane, "lanes": _lanes,
}  # fmt: skip
