"""What a dense network needs beside its products, as WebAssembly text: into panels, transposed, softmax, biases.

Matrices lie in panels, as gemm.py says. A network's rows and columns are filled up to whole panels: with zeros, and its
last biases with numbers so low that their softmax is zero. All of that then stays as it is through every step.
"""

from collections.abc import Iterator

from howfar.kernels.gemm import get, madd

# What the biases of columns that are none are in the last layer: exp of it is 0.
LOWEST = -1e30

# exp(r) for |r| <= log(2) / 2, highest power first, below r^2: S. L. Moshier, Cephes, expf.
_POLYNOMIAL = (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
# log(2) in two parts: the first times a small integer is exact.
_LOG2_HIGH, _LOG2_LOW = 0.693359375, -2.12194440e-4


def dense(fma: bool) -> str:
    """The functions `pack`, `transpose`, `softmax` and `update_biases`."""
    return "\n".join([_PACK, _transpose(), _exp(fma), _SOFTMAX, _UPDATE_BIASES])


def _splat(number: float) -> str:
    return f"(v128.const f32x4{f' {number!r}' * 4})"


def _move(name: str, by: str) -> str:
    return f"(local.set ${name} (i32.add {get(name)} {by}))"


# `from`: (rows, columns) row by row. `to`: in panels of `step` bytes. What the last panel has too many is left alone.
_PACK = f"""
(func (export "pack") (param $from i32) (param $to i32) (param $rows i32) (param $columns i32) (param $step i32)
  (local $left i32) (local $at i32)
  (loop $rows
    (local.set $left {get("columns")}) (local.set $at {get("to")})
    (block $done (loop $panels
      (br_if $done (i32.lt_s {get("left")} (i32.const 8)))
      (v128.store {get("at")} (v128.load {get("from")}))
      (v128.store offset=16 {get("at")} (v128.load offset=16 {get("from")}))
      {_move("from", "(i32.const 32)")} {_move("at", get("step"))} {_move("left", "(i32.const -8)")}
      (br $panels)))
    (block $done (loop $numbers
      (br_if $done (i32.eqz {get("left")}))
      (f32.store {get("at")} (f32.load {get("from")}))
      {_move("from", "(i32.const 4)")} {_move("at", "(i32.const 4)")} {_move("left", "(i32.const -1)")}
      (br $numbers)))
    {_move("to", "(i32.const 32)")}
    (br_if $rows (local.tee $rows (i32.sub {get("rows")} (i32.const 1))))))"""


def _shuffle(x: str, y: str, words: tuple[int, ...]) -> str:
    """Four numbers of the eight that two vectors hold."""
    lanes = " ".join(str(4 * word + byte) for word in words for byte in range(4))
    return f"(i8x16.shuffle {lanes} {get(x)} {get(y)})"


def _quarter(rows: int, columns: int) -> Iterator[str]:
    """4 x 4 numbers of a block of 8 x 8, from row `rows` and column `columns` on."""
    for i in range(4):
        yield f"(local.set $a{i} (v128.load offset={32 * (rows + i) + 4 * columns} {get('source')}))"
    for i, words in enumerate([(0, 4, 1, 5), (2, 6, 3, 7)]):
        yield f"(local.set $t{i} {_shuffle('a0', 'a1', words)})"
        yield f"(local.set $u{i} {_shuffle('a2', 'a3', words)})"
    for i in range(4):
        words = ((0, 1, 4, 5), (2, 3, 6, 7))[i % 2]
        value = _shuffle(f"t{i // 2}", f"u{i // 2}", words)
        yield f"(v128.store offset={32 * (columns + i) + 4 * rows} {get('target')} {value})"


def _transpose() -> str:
    """`from` (rows, columns) to `to` (columns, rows), both whole panels. Of the rows those of the groups of eight from
    `first` on and before `last`."""
    names = [*(f"a{i}" for i in range(4)), "t0", "t1", "u0", "u1"]
    block = "\n".join(f"      {line}" for rows in (0, 4) for columns in (0, 4) for line in _quarter(rows, columns))
    return f"""
(func (export "transpose") (param $from i32) (param $to i32) (param $from_step i32) (param $to_step i32)
  (param $panels i32) (param $first i32) (param $last i32)
  (local $left i32) (local $source i32) (local $target i32)
  {" ".join(f"(local ${name} v128)" for name in names)}
  (block $done (loop $groups
    (br_if $done (i32.ge_s {get("first")} {get("last")}))
    (local.set $left {get("panels")})
    (local.set $source (i32.add {get("from")} (i32.shl {get("first")} (i32.const 8))))
    (local.set $target (i32.add {get("to")} (i32.mul {get("first")} {get("to_step")})))
    (loop $blocks
{block}
      {_move("source", get("from_step"))} {_move("target", "(i32.const 256)")}
      (br_if $blocks (local.tee $left (i32.sub {get("left")} (i32.const 1)))))
    {_move("first", "(i32.const 1)")}
    (br $groups))))"""


def _exp(fma: bool) -> str:
    """Of numbers that are not positive, within 2 units in the last place; 0 below -87."""
    polynomial = _splat(_POLYNOMIAL[0])
    for coefficient in _POLYNOMIAL[1:]:
        polynomial = madd(polynomial, get("r"), _splat(coefficient), fma)
    square = f"(f32x4.mul {get('r')} {get('r')})"
    value = madd(polynomial, square, f"(f32x4.add {get('r')} {_splat(1.0)})", fma)
    power = f"(i32x4.shl (i32x4.add (i32x4.trunc_sat_f32x4_s {get('n')}) {_int_splat(127)}) (i32.const 23))"
    return f"""
(func $exp (param $x v128) (result v128) (local $n v128) (local $r v128)
  (local.set $n (f32x4.nearest (f32x4.mul {get("x")} {_splat(1.4426950408889634)})))
  (local.set $r {madd(get("n"), _splat(-_LOG2_HIGH), get("x"), fma)})
  (local.set $r {madd(get("n"), _splat(-_LOG2_LOW), get("r"), fma)})
  (v128.and (f32x4.mul {value} {power}) (f32x4.gt {get("x")} {_splat(-87.0)})))"""


def _int_splat(number: int) -> str:
    return f"(v128.const i32x4{f' {number}' * 4})"


def _across(operation: str, name: str) -> str:
    """The operation over a vector's four numbers; all four are the result."""
    swapped = _shuffle(name, name, (2, 3, 0, 1))
    return f"""(local.set ${name} ({operation} {get(name)} {swapped}))
    (local.set ${name} ({operation} {get(name)} {_shuffle(name, name, (1, 0, 3, 2))}))"""


def _each_half(body: str) -> str:
    """A loop over a row's panels, two vectors each; `AT` stands for the offset of one."""
    both = "\n".join("      " + body.replace("AT", f"offset={at}") for at in (0, 16))
    return f"""(local.set $at {get("z")}) (local.set $left {get("panels")})
    (loop $panels
{both}
      {_move("at", get("step"))}
      (br_if $panels (local.tee $left (i32.sub {get("left")} (i32.const 1)))))"""


_LOADED = f"(v128.load AT {get('at')})"
_EXPONENTIAL = f"""(local.set $e (call $exp (f32x4.sub {_LOADED} {get("top")})))
      (v128.store AT {get("at")} {get("e")}) (local.set $sum (f32x4.add {get("sum")} {get("e")}))"""

# Each row of `z` by itself: exp(z - its largest) / their sum, in place.
_SOFTMAX = f"""
(func (export "softmax") (param $z i32) (param $rows i32) (param $step i32) (param $panels i32)
  (local $at i32) (local $left i32) (local $top v128) (local $sum v128) (local $e v128)
  (loop $rows
    (local.set $top {_splat(LOWEST)})
    {_each_half(f"(local.set $top (f32x4.max {get('top')} {_LOADED}))")}
    {_across("f32x4.max", "top")}
    (local.set $sum {_splat(0.0)})
    {_each_half(_EXPONENTIAL)}
    {_across("f32x4.add", "sum")}
    {_each_half(f"(v128.store AT {get('at')} (f32x4.div {_LOADED} {get('sum')}))")}
    {_move("z", "(i32.const 32)")}
    (br_if $rows (local.tee $rows (i32.sub {get("rows")} (i32.const 1))))))"""

# bias = bias + rate x the sum of dy's rows, of the panels from `first` on and before `last`.
_UPDATE_BIASES = f"""
(func (export "update_biases") (param $dy i32) (param $bias i32) (param $rows i32) (param $step i32)
  (param $first i32) (param $last i32) (param $rate f32)
  (local $at i32) (local $left i32) (local $s0 v128) (local $s1 v128)
  (block $done (loop $panels
    (br_if $done (i32.ge_s {get("first")} {get("last")}))
    (local.set $at (i32.add {get("dy")} (i32.mul {get("first")} {get("step")})))
    (local.set $left {get("rows")})
    (local.set $s0 {_splat(0.0)}) (local.set $s1 {_splat(0.0)})
    (loop $rows
      (local.set $s0 (f32x4.add {get("s0")} (v128.load {get("at")})))
      (local.set $s1 (f32x4.add {get("s1")} (v128.load offset=16 {get("at")})))
      {_move("at", "(i32.const 32)")}
      (br_if $rows (local.tee $left (i32.sub {get("left")} (i32.const 1)))))
    (local.set $at (i32.add {get("bias")} (i32.shl {get("first")} (i32.const 5))))
    (v128.store {get("at")}
      (f32x4.add (v128.load {get("at")}) (f32x4.mul {get("s0")} (f32x4.splat {get("rate")}))))
    (v128.store offset=16 {get("at")}
      (f32x4.add (v128.load offset=16 {get("at")}) (f32x4.mul {get("s1")} (f32x4.splat {get("rate")}))))
    {_move("first", "(i32.const 1)")}
    (br $panels))))"""
