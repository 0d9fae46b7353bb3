"""The WebAssembly instructions that the kernels use: each by its name in the text format.

Codes and immediates as in the WebAssembly Core Specification 3.0, section 5.4.
"""

from typing import Literal

# What follows an instruction's code: `memory` an alignment and an offset; `lanes` the 16 of a shuffle.
Immediate = Literal["", "local", "label", "function", "memory", "i32", "f32", "v128", "lane", "lanes"]


def leb(number: int) -> bytes:
    """An unsigned integer as LEB128."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def signed_leb(number: int) -> bytes:
    """A signed integer as LEB128."""
    out = bytearray()
    while not -0x40 <= number < 0x40:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number & 0x7F)
    return bytes(out)


_PLAIN = {
    "return": 0x0F, "drop": 0x1A, "select": 0x1B, "i32.eqz": 0x45, "i32.eq": 0x46, "i32.ne": 0x47, "i32.lt_s": 0x48,
    "i32.lt_u": 0x49, "i32.gt_s": 0x4A, "i32.gt_u": 0x4B, "i32.le_s": 0x4C, "i32.le_u": 0x4D, "i32.ge_s": 0x4E,
    "i32.ge_u": 0x4F, "i32.add": 0x6A, "i32.sub": 0x6B, "i32.mul": 0x6C, "i32.div_u": 0x6E, "i32.rem_u": 0x70,
    "i32.and": 0x71, "i32.or": 0x72, "i32.shl": 0x74, "i32.shr_u": 0x76, "f32.add": 0x92, "f32.sub": 0x93,
    "f32.mul": 0x94, "f32.div": 0x95,
}  # fmt: skip

_VECTOR = {
    "i32x4.splat": 0x11, "f32x4.splat": 0x13, "f32x4.lt": 0x43, "f32x4.gt": 0x44, "v128.and": 0x4E, "v128.or": 0x50,
    "v128.bitselect": 0x52, "f32x4.nearest": 0x6A, "i32x4.shl": 0xAB, "i32x4.add": 0xAE, "f32x4.add": 0xE4,
    "f32x4.sub": 0xE5, "f32x4.mul": 0xE6, "f32x4.div": 0xE7, "f32x4.min": 0xE8, "f32x4.max": 0xE9, "f32x4.pmin": 0xEA,
    "f32x4.pmax": 0xEB, "i32x4.trunc_sat_f32x4_s": 0xF8, "f32x4.relaxed_madd": 0x105,
}  # fmt: skip

# With immediates: the code, what follows, and of a memory access the logarithm of its natural alignment.
_OTHERS: dict[str, tuple[bytes, Immediate, int]] = {
    "br": (b"\x0c", "label", 0),
    "br_if": (b"\x0d", "label", 0),
    "call": (b"\x10", "function", 0),
    "local.get": (b"\x20", "local", 0),
    "local.set": (b"\x21", "local", 0),
    "local.tee": (b"\x22", "local", 0),
    "i32.load": (b"\x28", "memory", 2),
    "f32.load": (b"\x2a", "memory", 2),
    "i32.store": (b"\x36", "memory", 2),
    "f32.store": (b"\x38", "memory", 2),
    "i32.const": (b"\x41", "i32", 0),
    "f32.const": (b"\x43", "f32", 0),
    "memory.copy": (b"\xfc\x0a\x00\x00", "", 0),
    "memory.fill": (b"\xfc\x0b\x00", "", 0),
    "v128.load": (b"\xfd\x00", "memory", 4),
    "v128.load32_splat": (b"\xfd\x09", "memory", 2),
    "v128.store": (b"\xfd\x0b", "memory", 4),
    "v128.const": (b"\xfd\x0c", "v128", 0),
    "i8x16.shuffle": (b"\xfd\x0d", "lanes", 0),
    "f32x4.extract_lane": (b"\xfd\x1f", "lane", 0),
}

INSTRUCTIONS: dict[str, tuple[bytes, Immediate, int]] = {
    **{name: (bytes([code]), "", 0) for name, code in _PLAIN.items()},
    **{name: (b"\xfd" + leb(code), "", 0) for name, code in _VECTOR.items()},
    **_OTHERS,
}

VALUE_TYPES = {"i32": b"\x7f", "f32": b"\x7d", "v128": b"\x7b"}
