"""Whether a file can be a certain protocol buffer: its outermost fields alone are walked, so gigabytes take no time."""

from collections.abc import Container, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from howfar.errors import UserError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class Broken(Exception):
    """It is none; the message says where."""


def check(path: Path, *, known: Container[int], needed: Iterable[int], what: str) -> None:
    """Raises: UserError where an outermost field is not `known`, a `needed` one is missing, or the file ends
    within one."""
    try:
        with path.open("rb") as file:
            found = set(_fields(file, path.stat().st_size, known))
        for field in needed:
            if field not in found:
                raise Broken(f"field {field} is missing")
    except Broken as error:
        mend = "make the file again, or name another"
        raise UserError(f"it is not {what}, or cut off ({error})", where=str(path), mend=mend) from None


def _fields(file: BinaryIO, size_bytes: int, known: Container[int]) -> Iterator[int]:
    while (at := file.tell()) < size_bytes:
        field, wire = divmod(_varint(file), 8)
        if field not in known:
            raise Broken(f"field {field} at byte {at} is unknown")
        _skip(file, wire, size_bytes)
        yield field


def _skip(file: BinaryIO, wire: int, size_bytes: int) -> None:
    if wire == VARINT:
        _varint(file)
        return
    lengths = {FIXED64: 8, FIXED32: 4}
    if wire != BYTES and wire not in lengths:
        raise Broken(f"no such field type at byte {file.tell()}")
    end = (_varint(file) if wire == BYTES else lengths[wire]) + file.tell()
    if end > size_bytes:
        raise Broken(f"{end - size_bytes} bytes are missing at its end")
    file.seek(end)


def _varint(file: BinaryIO) -> int:
    number = 0
    for shift in range(0, 70, 7):
        if not (byte := file.read(1)):
            raise Broken("it ends within a number")
        number |= (byte[0] & 127) << shift
        if byte[0] < 128:
            return number
    raise Broken(f"no number at byte {file.tell()}")
