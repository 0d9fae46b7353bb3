"""The answer to `howfar bench`, in words that the numbers allow: what to ship, its costs, where another one wins."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from howfar import wording
from howfar.benches import Bench, BreakEven, Contender, benches
from howfar.ceilings import Ceilings, taken
from howfar.gaps import Gap
from howfar.measured import fared
from howfar.outcomes import Results
from howfar.records import Fact
from howfar.report.limits import factors_of

BETTER = {"latency": "faster", "first-use": "quicker at first use", "size": "smaller to fetch"}


class Row(Struct, frozen=True):
    """One target in the ranking: words for a reader, numbers for a machine."""

    place: str
    contender: Contender
    latency: str
    within: str
    first_use: str
    download: str
    memory: str
    error: str
    to_native: str
    note: str


class Told(Struct, frozen=True):
    """The answer of one model."""

    bench: Bench
    model: str
    recommendation: str
    factors: str
    break_evens: tuple[str, ...]
    rows: tuple[Row, ...]
    failures: tuple[str, ...]
    conversions: tuple[str, ...]

    @property
    def sentences(self) -> list[str]:
        """The answer but for its ranking, a sentence a line."""
        return [one for one in (self.model, self.recommendation, self.factors, *self.break_evens) if one]


def tell(results: Results) -> list[Told]:
    """One answer per model of the user's own."""
    known = Ceilings(taken(results))
    return [_told(bench, known) for bench in benches(results)]


def _told(bench: Bench, known: Ceilings) -> Told:
    everyone = [*bench.ranked, *bench.natives, *bench.failed]
    return Told(
        bench=bench,
        model=describe(bench),
        recommendation=recommendation(bench),
        factors=_factors(bench, known),
        break_evens=tuple(_break_even(even) for even in bench.break_evens()[:3]),
        rows=tuple(_row(bench, place, one) for place, one in _places(bench)),
        failures=tuple(_failure(one) for one in [*bench.failed, *bench.natives] if not one.right),
        conversions=_conversions(everyone),
    )


def describe(bench: Bench) -> str:
    """`MobileNetV2: 3,504,872 parameters, 301 M multiply-adds, weights: random, from keras:MobileNetV2`."""
    facts = next((one.facts for one in [*bench.ranked, *bench.natives] if "source" in one.facts), {})
    parts = []
    if isinstance(count := facts.get("trainable_parameters") or facts.get("parameters"), int):
        parts.append(f"{count:,} parameters")
    if isinstance(work := facts.get("multiply_adds"), int):
        parts.append(f"{rounded(work)} multiply-adds")
    parts += [f"weights: {facts['weights']}"] if facts.get("weights") else []
    parts += [f"from {facts['source']}"] if facts.get("source") else []
    return f"{bench.model.name}: {', '.join(parts)}" if parts else bench.model.name


def rounded(count: int) -> str:
    """`1,540`, `301 M`, `3.86 G`."""
    if count < 1e6:
        return f"{count:,}"
    return f"{wording.number(count / 1e9)} G" if count >= 1e9 else f"{wording.number(count / 1e6)} M"


def recommendation(bench: Bench) -> str:
    """What to ship and why, in one sentence."""
    best, second = bench.winner, bench.runner_up
    if best is None:
        return "No browser target gave a right result, so there is none to ship."
    parts = [_compared(bench, best, second) if second else _alone(bench, best)]
    parts += [_dearer(best, second)] if second and bench.objective == "latency" else []
    if best.max_relative_error is not None:
        parts.append(f"right to {best.max_relative_error:.1g} of the output's scale")
    return f"Ship {name(best)}: {', '.join(part for part in parts if part)}; {_to_native(bench, best)}."


def name(one: Contender) -> str:
    """A target as its user chooses it, with the threads that it really had where they are known."""
    said = wording.named(one.target, one.latency.software)
    if one.target.threads is not None or one.target.backend != "wasm":
        return said
    return f"{said}, {wording.counted(_whole(one.threads), 'thread')}"


def _whole(value: Fact) -> int:
    return int(value) if isinstance(value, int | float) else 1


def _alone(bench: Bench, best: Contender) -> str:
    """Of whom nobody is held against: all others are on a GPU in name only, if there are any."""
    if len(bench.ranked) == 1:
        return "the only browser target with a right result"
    if best.latency.software:
        return "all that gave a right result are on a GPU in name only"
    return "the only browser target with a right result that is not on a GPU in name only"


def _compared(bench: Bench, best: Contender, second: Contender) -> str:
    if bench.objective == "size":
        smaller = second.download_bytes / max(best.download_bytes, 1)
        return f"{wording.number(smaller)}× smaller to fetch than {name(second)}"
    taken, saved = bench.faster(best, second), bench.faster(second, best)
    if taken is None or saved is None or taken.low is None:
        return f"the lowest time, though too few rounds were shared with {name(second)} to rank them"
    if taken.undecided:
        return f"as fast as {name(second)} as far as can be told ({wording.ratio(taken)} its time)"
    return f"{wording.ratio(saved)} {BETTER[bench.objective]} than {name(second)}"


def _dearer(best: Contender, second: Contender) -> str:
    if not (best.first_use and second.first_use):
        return ""
    more = best.first_use.median - second.first_use.median
    return f"{wording.milliseconds(abs(more))} {'dearer' if more > 0 else 'cheaper'} on first use"


def _to_native(bench: Bench, best: Contender) -> str:
    native = bench.native_beside(best)
    found = bench.latency.against(best.latency, native.latency if native else None)
    if native is None or found is None:
        return "native was not measured beside it"
    threads = "one thread" if native.target.threads == 1 else "all threads"
    where = "the GPU" if native.target.backend == "gpu" else threads
    return f"{wording.ratio(found)} the time of native {native.target.framework} on {where}"


def _factors(bench: Bench, known: Ceilings) -> str:
    best = bench.winner
    native = bench.native_beside(best) if best else None
    if best is None or native is None:
        return ""
    return factors_of(Gap(best.latency, native.latency, bench.latency.against(best.latency, native.latency)), known)


def _break_even(even: BreakEven) -> str:
    count = "a single inference" if even.inferences == 1 else f"{even.inferences:,} inferences"
    return f"For up to {count} in a visit {name(even.contender)} is done sooner: its first use costs less."


def _places(bench: Bench) -> list[tuple[str, Contender]]:
    ranked = [(str(place), one) for place, one in enumerate(bench.ranked, 1)]
    return [*ranked, *(("native", one) for one in bench.natives if one.right)]


def _row(bench: Bench, place: str, one: Contender) -> Row:
    summary, native = one.latency.summary, bench.native_beside(one)
    found = bench.latency.against(one.latency, native.latency) if native and not one.latency.native else None
    return Row(
        place=place,
        contender=one,
        latency=wording.number(summary.median if summary else None),
        within=wording.interval(summary.low, summary.high) if summary else "",
        first_use=wording.milliseconds(one.first_use.median) if one.first_use else wording.NONE,
        download=wording.megabytes(one.download_bytes) if one.facts.get("library_gzip_bytes") else wording.NONE,
        memory=wording.NONE if one.memory_bytes is None else wording.megabytes(one.memory_bytes),
        error=wording.NONE if one.max_relative_error is None else f"{one.max_relative_error:.1e}",
        to_native=f"{wording.number(found.value)}×" if found else wording.NONE,
        note=_note(one),
    )


def _note(one: Contender) -> str:
    form, fallen = one.facts.get("form"), one.facts.get("nodes_fell_back")
    parts = [str(form)] if form else []
    parts += [f"{fallen} nodes fell back"] if fallen else []
    parts += ["slowed"] if one.latency.reckoned.slowed else []
    return ", ".join(parts)


def _failure(one: Contender) -> str:
    status, message = one.latency.status, one.latency.message
    return f"{wording.named(one.target)} {fared(status, message)}: {message or 'no reason was told'}"


def _conversions(everyone: Sequence[Contender]) -> tuple[str, ...]:
    """Each form once: what it weighs, what it took to make, how far it is from its source."""
    forms = {str(one.facts["form"]): one.facts for one in everyone if one.facts.get("form")}
    return tuple(_conversion(form, facts) for form, facts in sorted(forms.items()))


def _conversion(form: str, facts: Mapping[str, Fact]) -> str:
    size = f"{_megabytes(facts, 'model_bytes')}, {_megabytes(facts, 'model_gzip_bytes')} compressed"
    parts = [f"{form}: {size}"]
    half, byte = (_megabytes(facts, f"model_{kind}_bytes") for kind in ("float16", "uint8"))
    parts += [f"{half} with float16 weights, {byte} with uint8"] if half and byte else []
    parts += [f"made in {wording.number(_number(facts.get('conversion_s')))} s"] if facts.get("conversion_s") else []
    error = facts.get("form_max_relative_error")
    parts += [f"off by {error:.1e} in {facts.get('form_checked_by')}"] if isinstance(error, float) else []
    return ", ".join(parts)


def _megabytes(facts: Mapping[str, Fact], key: str) -> str:
    return wording.megabytes(_number(facts[key])) if facts.get(key) else ""


def _number(value: Fact) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def as_json(told: Told) -> dict[str, Any]:
    """The answer for machines: numbers in the units that their names bear."""
    bench = told.bench
    return {
        "model": bench.model.name,
        "description": told.model,
        "objective": bench.objective,
        "recommended": str(bench.winner.target) if bench.winner else None,
        "recommendation": told.recommendation,
        "factors": told.factors,
        "break_even": [
            {"target": str(even.contender.target), "inferences": even.inferences} for even in bench.break_evens()
        ],
        "targets": [_target(bench, one) for one in [*bench.ranked, *bench.natives, *bench.failed]],
        "forms": list(told.conversions),
    }


def _target(bench: Bench, one: Contender) -> dict[str, Any]:
    target, summary, native = one.target, one.latency.summary, bench.native_beside(one)
    found = bench.latency.against(one.latency, native.latency) if native and not one.latency.native else None
    right = one.right and summary is not None
    return {
        **{name: getattr(target, name) for name in target.__struct_fields__},
        "status": one.latency.status,
        "message": one.latency.message,
        "latency_ms": summary.median if summary and right else None,
        "latency_low_ms": summary.low if summary and right else None,
        "latency_high_ms": summary.high if summary and right else None,
        "first_use_ms": one.first_use.median if one.first_use else None,
        "download_bytes": one.download_bytes or None,
        "memory_bytes": one.memory_bytes,
        "max_relative_error": one.max_relative_error,
        "times_native": found.value if found else None,
        "software_gpu": one.latency.software,
        "slowed": one.latency.reckoned.slowed,
        "facts": dict(one.facts),
    }
