"""Memory read, copied and combined, and arithmetic that leaves the registers alone, as WebAssembly text."""

from howfar.kernels.gemm import get, madd

# Chains of dependent operations that are on their way at once: fewer than 12 leave units waiting for each other.
CHAINS = 12
# Operations of each chain in a turn of the loop.
UNROLLED = 8
# `read` and `triad` take so many bytes in a turn: arrays must be multiples of them.
TURN_BYTES = 128
# Floating-point operations that `peak` does in a turn: four numbers at once, multiply and add.
PEAK_FLOPS = CHAINS * UNROLLED * 4 * 2


def streams(fma: bool) -> str:
    """The functions `read` (the sum of all numbers), `copy`, `triad` (a = b + scale c) and `peak`. Arrays are of
    float32, at addresses that are multiples of 16; their size is in bytes, a multiple of 128."""
    return "\n".join([_read(), _COPY, _triad(fma), _peak(fma)])


def _loop(body: str, advanced: str, by: int) -> str:
    """Turns until `left` is used up, of which each takes `by`."""
    steps = "".join(f"(local.set ${name} (i32.add {get(name)} (i32.const {by})))" for name in advanced.split())
    return f"""(loop $more
{body}
    {steps}
    (br_if $more (local.tee $left (i32.sub {get("left")} (i32.const {by})))))"""


def _sum(names: list[str]) -> str:
    """All lanes of all these variables."""
    first, *others = [f"(f32x4.extract_lane {lane} {get(name)})" for name in names for lane in range(4)]
    for other in others:
        first = f"(f32.add {first} {other})"
    return first


def _read() -> str:
    parts = [f"s{i}" for i in range(TURN_BYTES // 16)]
    added = "\n".join(
        f"    (local.set ${part} (f32x4.add {get(part)} (v128.load offset={16 * i} {get('from')})))"
        for i, part in enumerate(parts)
    )
    return f"""
(func (export "read") (param $from i32) (param $left i32) (result f32)
  {" ".join(f"(local ${part} v128)" for part in parts)}
  {_loop(added, "from", TURN_BYTES)}
  {_sum(parts)})"""


_COPY = f"""
(func (export "copy") (param $to i32) (param $from i32) (param $bytes i32)
  (memory.copy {get("to")} {get("from")} {get("bytes")}))"""


def _triad(fma: bool) -> str:
    lines = [
        f"    (v128.store offset={at} {get('a')} "
        + madd(get("s"), f"(v128.load offset={at} {get('c')})", f"(v128.load offset={at} {get('b')})", fma)
        + ")"
        for at in range(0, TURN_BYTES, 16)
    ]
    body = "\n".join(lines)
    return f"""
(func (export "triad") (param $a i32) (param $b i32) (param $c i32) (param $left i32) (param $scale f32)
  (local $s v128)
  (local.set $s (f32x4.splat {get("scale")}))
  {_loop(body, "a b c", TURN_BYTES)})"""


def _peak(fma: bool) -> str:
    """x = x slope + shift, over and over, in all chains; each tends to shift / (1 - slope). Returns their sum."""
    parts = [f"x{i}" for i in range(CHAINS)]
    lines = [
        f"    (local.set ${part} {madd(get(part), get('m'), get('n'), fma)})" for _ in range(UNROLLED) for part in parts
    ]
    body = "\n".join(lines)
    begun = " ".join(f"(local.set ${part} (f32x4.splat (f32.const {i}.0)))" for i, part in enumerate(parts))
    return f"""
(func (export "peak") (param $left i32) (param $slope f32) (param $shift f32) (result f32)
  {" ".join(f"(local ${part} v128)" for part in parts)} (local $m v128) (local $n v128)
  (local.set $m (f32x4.splat {get("slope")})) (local.set $n (f32x4.splat {get("shift")}))
  {begun}
  {_loop(body, "", 1)}
  {_sum(parts)})"""
