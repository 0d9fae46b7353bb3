"""The multiplication C = A B as WebAssembly text: register-blocked, over matrices that are packed once and stay so.

A matrix of (rows, columns) lies in **panels**: of eight columns each, one after the other, row by row,
`[columns / 8][rows][8]`, float32. That is the packed form of B (a panel goes through the level-1 cache from front to
back), it serves as that of A (of six rows that follow each other the numbers of one column are 32 bytes apart: one
pointer and constant offsets), and a tile of C that was computed in registers is one piece of memory in it. So a result
is an operand at once, and nothing is packed between the layers of a network.

A tile is 6 rows x 8 columns with fused multiply-add: 12 accumulators, 2 vectors of B, 1 number of A, and V8 has 15
registers for them. Without it a product needs a register too, and 6 x 8 falls to half; there it is 4 x 8.
"""

from collections.abc import Iterable

PANEL = 8

# What is done with a tile before it is stored.
STORE, RELU, MASK, UPDATE = range(4)


def get(name: str) -> str:
    """A variable's value."""
    return f"(local.get ${name})"


def madd(x: str, y: str, z: str, fma: bool) -> str:
    """x y + z, of four numbers each."""
    return f"(f32x4.relaxed_madd {x} {y} {z})" if fma else f"(f32x4.add {z} (f32x4.mul {x} {y}))"


def gemm(fma: bool) -> str:
    """The functions `multiply`, `forward`, `backward` and `update`, and what they call; `fma`: with relaxed SIMD.

    All take addresses in bytes, and share the meaning of `rows` (how many rows of C are computed), `step` (the bytes
    of a panel of A, and so of C), `depth` (the panels of A, at least one; B has eight rows for each) and `first`,
    `last` (from which panel of B and C on, and before which). The first 32 bytes of memory must be zeros.
    """
    heights = (6, 2, 1) if fma else (4, 2, 1)
    return "\n".join([*(_tile(height, fma) for height in heights), _panels(heights), _EXPORTS])


_TILE_PARAMETERS = """(param $a i32) (param $b i32) (param $c i32) (param $mask i32) (param $start i32)
  (param $step i32) (param $depth i32) (param $finish i32) (param $rate f32)"""


def _tile(height: int, fma: bool) -> str:
    """`height` rows x 8 columns of C. Low tiles are several sums, so that eight are on their way at once."""
    sums = {1: 4, 2: 2}.get(height, 1)
    names = [f"c{row}{half}" for row in range(height) for half in (0, 1)]
    declared = " ".join(f"(local ${name}{part} v128)" for part in range(sums) for name in names)
    return f"""
(func $tile{height} {_TILE_PARAMETERS}
  {declared} (local $b0 v128) (local $b1 v128) (local $x v128)
{_lines(f"(local.set ${name}0 (v128.load offset={16 * int(name[-1])} {get('start')}))" for name in names)}
  (loop $panels
{_lines(line for k in range(PANEL) for line in _rank_one(height, k, k % sums, fma))}
    (local.set $a (i32.add {get("a")} {get("step")}))
    (local.set $b (i32.add {get("b")} (i32.const {PANEL * PANEL * 4})))
    (br_if $panels (local.tee $depth (i32.sub {get("depth")} (i32.const 1)))))
{_lines(_add(name, part) for part in range(1, sums) for name in names)}
{_finish(names, fma)}
{_lines(f"(v128.store offset={16 * i} {get('c')} {get(f'{name}0')})" for i, name in enumerate(names))})"""


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(f"  {line}" for line in lines)


def _rank_one(height: int, k: int, part: int, fma: bool) -> list[str]:
    """A column of A times a row of B, onto the accumulators."""
    lines = [f"(local.set $b{half} (v128.load offset={32 * k + 16 * half} {get('b')}))" for half in (0, 1)]
    for row in range(height):
        lines.append(f"(local.set $x (v128.load32_splat offset={32 * row + 4 * k} {get('a')}))")
        for half in (0, 1):
            name = f"c{row}{half}{part}"
            lines.append(f"(local.set ${name} {madd(get('x'), get(f'b{half}'), get(name), fma)})")
    return lines


def _add(name: str, part: int) -> str:
    return f"(local.set ${name}0 (f32x4.add {get(f'{name}0')} {get(f'{name}{part}')}))"


def _finish(names: list[str], fma: bool) -> str:
    """Negative numbers to zero · zero where another matrix is not positive · C + rate x the tile."""
    zero = "(v128.const f32x4 0 0 0 0)"
    made = {
        RELU: [f"(f32x4.pmax {get(f'{name}0')} {zero})" for name in names],
        MASK: [
            f"(v128.and {get(f'{name}0')} (f32x4.gt (v128.load offset={16 * i} {get('mask')}) {zero}))"
            for i, name in enumerate(names)
        ],
        UPDATE: [
            madd(get("x"), get(f"{name}0"), f"(v128.load offset={16 * i} {get('c')})", fma)
            for i, name in enumerate(names)
        ],
    }
    return f"  (local.set $x (f32x4.splat {get('rate')}))\n" + "\n".join(
        f"  (if (i32.eq {get('finish')} (i32.const {finish})) (then\n"
        + _lines(f"(local.set ${name}0 {value})" for name, value in zip(names, values, strict=True))
        + "))"
        for finish, values in made.items()
    )


def _panels(heights: tuple[int, ...]) -> str:
    """Panel by panel of B and C, and down the rows in tiles. `mask` lies as C does; `start`: of each panel eight
    numbers that its rows begin from, or 0 for zeros."""
    return f"""
(func $panels (param $a i32) (param $b i32) (param $c i32) (param $mask i32) (param $start i32)
  (param $rows i32) (param $step i32) (param $depth i32) (param $first i32) (param $last i32)
  (param $finish i32) (param $rate f32)
  (local $at i32) (local $end i32) (local $start_step i32) (local $b_step i32)
  (if (i32.ge_s {get("first")} {get("last")}) (then (return)))
  (local.set $start_step (select (i32.const 32) (i32.const 0) {get("start")}))
  (local.set $b_step (i32.shl {get("depth")} (i32.const 8)))
  (local.set $start (i32.add {get("start")} (i32.mul {get("first")} {get("start_step")})))
  (local.set $b (i32.add {get("b")} (i32.mul {get("first")} {get("b_step")})))
  (local.set $c (i32.add {get("c")} (i32.mul {get("first")} {get("step")})))
  (local.set $mask (i32.add {get("mask")} (i32.mul {get("first")} {get("step")})))
  (local.set $end (i32.shl {get("rows")} (i32.const 5)))
  (loop $columns
    (local.set $at (i32.const 0))
{"".join(map(_rows, heights))}
    (local.set $start (i32.add {get("start")} {get("start_step")}))
    (local.set $b (i32.add {get("b")} {get("b_step")}))
    (local.set $c (i32.add {get("c")} {get("step")}))
    (local.set $mask (i32.add {get("mask")} {get("step")}))
    (local.set $first (i32.add {get("first")} (i32.const 1)))
    (br_if $columns (i32.lt_s {get("first")} {get("last")}))))"""


def _rows(height: int) -> str:
    """As many tiles of that height as there is room for below `at`."""
    return f"""
    (block $done{height} (loop $tiles{height}
      (br_if $done{height} (i32.gt_s (i32.add {get("at")} (i32.const {32 * height})) {get("end")}))
      (call $tile{height}
        (i32.add {get("a")} {get("at")}) {get("b")} (i32.add {get("c")} {get("at")})
        (i32.add {get("mask")} {get("at")}) {get("start")} {get("step")} {get("depth")} {get("finish")} {get("rate")})
      (local.set $at (i32.add {get("at")} (i32.const {32 * height})))
      (br $tiles{height})))"""


_BLOCK = """(param $rows i32) (param $step i32) (param $depth i32) (param $first i32) (param $last i32)"""
_ASKED = " ".join(map(get, ("rows", "step", "depth", "first", "last")))

_EXPORTS = f"""
;; c = a b
(func (export "multiply") (param $a i32) (param $b i32) (param $c i32) {_BLOCK}
  (call $panels {get("a")} {get("b")} {get("c")} (i32.const 0) (i32.const 0) {_ASKED}
    (i32.const {STORE}) (f32.const 0)))

;; y = x w + bias, and with `relu` its negative numbers to zero
(func (export "forward") (param $x i32) (param $w i32) (param $bias i32) (param $y i32) {_BLOCK} (param $relu i32)
  (call $panels {get("x")} {get("w")} {get("y")} (i32.const 0) {get("bias")} {_ASKED}
    (select (i32.const {RELU}) (i32.const {STORE}) {get("relu")}) (f32.const 0)))

;; dx = dy w^T where x is positive, else 0; of x, dx and dy the transposed
(func (export "backward") (param $w i32) (param $dy i32) (param $x i32) (param $dx i32) {_BLOCK}
  (call $panels {get("w")} {get("dy")} {get("dx")} {get("x")} (i32.const 0) {_ASKED}
    (i32.const {MASK}) (f32.const 0)))

;; w = w + rate x^T dy; x is the transposed
(func (export "update") (param $x i32) (param $dy i32) (param $w i32) {_BLOCK} (param $rate f32)
  (call $panels {get("x")} {get("dy")} {get("w")} (i32.const 0) (i32.const 0) {_ASKED}
    (i32.const {UPDATE}) {get("rate")}))"""
