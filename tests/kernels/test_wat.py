"""The assembler, held against another, and what it says of text that it can't take."""

import pytest

from assembled import needs_wasmtime, other_assembler, validate
from howfar import kernels
from howfar.kernels.lists import WatError
from howfar.kernels.opcodes import leb, signed_leb
from howfar.kernels.wat import assemble

VARIANTS = [(fma, shared) for fma in (True, False) for shared in (True, False)]

EVERYTHING = """
(module
  (memory (export "memory") 2 300)
  (func $first (param $a i32) (param $b f32) (result f32) (local $x i32) (local $y i32) (local $z v128)
    ;; a comment
    (block $out
      (loop $again
        (if (i32.eqz (local.get $a)) (then (br $out)) (else (local.set $x (i32.const -70000))))
        (br_if $again (i32.lt_u (local.tee $a (i32.sub (local.get $a) (i32.const 128))) (i32.const 0xffffffff)))))
    (drop (call $second (local.get $x)))
    (local.set $z (v128.const i32x4 1 -2 3 4))
    (local.set $z (v128.const f32x4 0.5 -1e-3 1 inf))
    (v128.store offset=300 (i32.const 0)
      (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 30 31 (local.get $z) (local.get $z)))
    (memory.fill (i32.const 1) (i32.const 0) (i32.const 64))
    (f32.add (local.get $b) (f32x4.extract_lane 3 (local.get $z))))
  (func $second (export "second") (export "again") (param $a i32) (result i32)
    (return (select (local.get $a) (i32.load offset=65536 (local.get $a)) (i32.const 1))))
  (func (param $a i32) (param $b f32) (result f32) (local.get $b)))
"""


@needs_wasmtime
@pytest.mark.parametrize(("fma", "shared"), VARIANTS)
def test_the_kernels_are_the_bytes_that_another_assembler_makes(fma: bool, shared: bool) -> None:
    text = kernels.text(fma=fma, shared=shared)
    assert assemble(text) == other_assembler(text)


@needs_wasmtime
def test_so_is_all_else_that_the_assembler_knows() -> None:
    assert assemble(EVERYTHING) == other_assembler(EVERYTHING)


@needs_wasmtime
@pytest.mark.parametrize("variant", kernels.variants())
def test_the_kernels_are_valid(variant: str) -> None:
    validate(kernels.variants()[variant])


def test_relaxed_simd_is_in_the_variants_that_are_named_so_and_in_no_others() -> None:
    madd = b"\xfd" + leb(0x105)
    held = {name for name, content in kernels.variants().items() if madd in content}
    assert held == {"relaxed", "relaxed-shared"}


@pytest.mark.parametrize(("number", "content"), [(0, "00"), (127, "7f"), (128, "8001"), (624485, "e58e26")])
def test_unsigned_integers_are_leb128(number: int, content: str) -> None:
    assert leb(number).hex() == content


@pytest.mark.parametrize(
    ("number", "content"),
    [(0, "00"), (63, "3f"), (64, "c000"), (-1, "7f"), (-64, "40"), (-65, "bf7f"), (-123456, "c0bb78")],
)
def test_signed_integers_are_leb128(number: int, content: str) -> None:
    assert signed_leb(number).hex() == content


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: one module is expected"),
        ("(module) (module)", "line 1: one module is expected"),
        ("(func)", "a module is expected"),
        ("(module\n(func)", r"line 1: \(module ...\): never closed"),
        ("(module)\n)", "line 2: a closing parenthesis too many"),
        ("(module\n(table 1))", r"line 2: \(table 1 ...\): no such field here"),
        ("(module (memory))", "least pages"),
        ("(module (memory 1 shared))", "least pages"),
        ("(module (import \"a\" \"b\" (func)))", "only a memory"),
        ("(module (func nop))", "'nop'|nop is no"),
        ("(module\n\n(func (i64.add)))", r"line 3: \(i64.add ...\): this assembler does not know 'i64.add'"),
        ("(module (func (param i32)))", "a name of its own"),
        ("(module (func (param $a i32) (local $a i32)))", "a name of its own"),
        ("(module (func (param $a i64)))", "no type 'i64'"),
        ("(module (func (local.get $a)))", r"\(local.get \$a\) is no local"),
        ("(module (func (local.set $a (i32.const 1))))", r"'\$a' is no local"),
        ("(module (func (local.get 0)))", "'0' is no local"),
        ("(module (func (call $f)))", r"'\$f' is no function"),
        ("(module (func (br $l)))", r"'\$l' is no label"),
        ("(module (func (i32.const 4294967296)))", "is no i32"),
        ("(module (func (i32.const)))", "'nothing' is no i32"),
        ("(module (func (i32.add 1)))", "'1' is no operand"),
        ("(module (func (v128.const f64x2 1 2)))", "is no v128"),
        ("(module (func (f32x4.extract_lane 4 (i32.const 0))))", "'4' is no lane"),
        ("(module (func (f32x4.extract_lane -1 (i32.const 0))))", "'-1' is no lane"),
        ("(module (func (i8x16.shuffle 1 2 3)))", "is no lanes"),
        ("(module (func (i32.load align=1 (i32.const 0))))", "'align=1' is no memory"),
        ("(module (func (i32.load offset=-1 (i32.const 0))))", "'offset=-1' is no memory"),
        ("(module (func (if (i32.const 1))))", "`then`"),
        ("(module (func (if (i32.const 1) (else))))", "`then`"),
    ],
)  # fmt: skip
def test_what_it_does_not_know_it_says_with_the_line(text: str, message: str) -> None:
    with pytest.raises(WatError, match=message):
        assemble(text)
