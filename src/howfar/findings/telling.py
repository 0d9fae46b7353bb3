"""Verdicts in words: a part with its number, a claim with its parts, what changed, and what becomes of an advice."""

from collections.abc import Iterator, Mapping
from typing import Literal

from howfar import wording
from howfar.findings.verdicts import Finding, Part, Unit, Verdict, needed

Fate = Literal["kept", "revised", "withdrawn", "untested"]

SAYS: Mapping[Finding, str] = {
    "holds": "holds",
    "no_longer_holds": "no longer holds",
    "cannot_tell": "can't be told here",
}
# A part beside its number.
SIGNS: Mapping[Finding, str] = {"holds": "✓", "no_longer_holds": "✗", "cannot_tell": "?"}
UNITS: Mapping[Unit, str] = {"ratio": "×", "ms": " ms", "share": " %", "count": ""}


def amount(part: Part) -> str:
    """`2.31× (2.20–2.43)`, `0.456 ms (0.44–0.47)`, `94 % (91–97)`; nothing where there is no number."""
    if part.value is None:
        return ""
    scale = 100 if part.unit == "share" else 1
    shown = f"{wording.number(part.value * scale)}{UNITS[part.unit]}"
    if part.low is None or part.high is None:
        return f"{shown} (one round, no interval)"
    return shown if part.low == part.high else f"{shown} ({wording.interval(part.low * scale, part.high * scale)})"


def told(part: Part) -> str:
    """What it says, how that turned out, by what, and what is missing."""
    number = " ".join(filter(None, [amount(part), part.where and f"[{part.where}]"]))
    found = ", ".join(filter(None, [SAYS[part.finding], number]))
    missing = f"; it takes {needed(part.missing)}" if part.missing else ""
    return f"{SIGNS[part.finding]} {part.says}: {found}{missing}"


def message(verdict: Verdict) -> str:
    """All parts, one after the other."""
    return ". ".join(told(part) for part in verdict.parts)


def changed(then: Verdict, now: Verdict) -> str:
    """What changed in eight years, in a sentence."""
    pair = then.finding, now.finding
    words = _words(pair)
    numbers = "; ".join(_numbers(then, now))
    missing = _missing(then, now) if "cannot_tell" in pair else ""
    return f"{words}{numbers and f': {numbers}'}.{missing and f' {missing}'}"


def _words(pair: tuple[Finding, Finding]) -> str:
    if pair[0] == pair[1]:
        return {
            "holds": "It held for the versions of 2018 and holds for today's",
            "no_longer_holds": "It holds neither for the versions of 2018, in today's browser, nor for today's",
            "cannot_tell": "It can be told neither of the versions of 2018 nor of today's",
        }[pair[0]]
    of = ("the versions of 2018", "today's")
    known = {"holds": "It holds for {}", "no_longer_holds": "It does not hold for {}"}
    lone = {name: known[found].format(name) for name, found in zip(of, pair, strict=True) if found in known}
    if len(lone) == 1:
        other = next(name for name in of if name not in lone)
        return f"{next(iter(lone.values()))}; of {other} it can't be told"
    if pair[1] == "no_longer_holds":
        return "It held for the versions of 2018 and no longer holds for today's"
    return "It did not hold for the versions of 2018, in today's browser, and holds for today's"


def _numbers(then: Verdict, now: Verdict) -> Iterator[str]:
    """Of the parts that made it so: then, and now. Where nothing was disproved, the first with numbers is enough."""
    pairs = list(zip(then.parts, now.parts, strict=True))
    numbered = [pair for pair in pairs if pair[0].value is not None and pair[1].value is not None]
    decisive = [pair for pair in numbered if (pair[0].finding, pair[1].finding) == (then.finding, now.finding)]
    turned = [pair for pair in numbered if pair[0].finding != pair[1].finding]
    disproved = "no_longer_holds" in (then.finding, now.finding)
    for old, new in (decisive if disproved else []) or turned or numbered[:1]:
        same = (old.value, old.where) == (new.value, new.where)
        numbers = f"{amount(new)} then as now" if same else f"{amount(old)} then, {amount(new)} now"
        yield f"{new.says}: {numbers}"


def _missing(then: Verdict, now: Verdict) -> str:
    """What it takes to tell, said once."""
    every = [lack for one in (now, then) if one.finding == "cannot_tell" for part in one.parts for lack in part.missing]
    return f"It takes {needed(every)}." if every else ""


def fate(finding: Finding, otherwise: tuple[str, str], verdict: Verdict) -> tuple[Fate, str]:
    """What becomes of an advice today, and why."""
    if finding == "holds":
        return "kept", f"the finding holds: {_decisive(verdict)}"
    if finding == "no_longer_holds":
        named: Fate = "withdrawn" if otherwise[0] == "withdrawn" else "revised"
        return named, f"{otherwise[1]} ({_decisive(verdict)})"
    missing = needed(lack for part in verdict.parts for lack in part.missing)
    numbered = any(part.value is not None for part in verdict.parts)
    said = "what was measured does not decide it" if numbered else "nothing here speaks for or against it"
    return "untested", f"{said}: it takes {missing}"


def _decisive(verdict: Verdict) -> str:
    """The parts that made it so, with their numbers."""
    own = [part for part in verdict.parts if part.finding == verdict.finding]
    return "; ".join(f"{part.says}: {' '.join(filter(None, [amount(part), part.where]))}" for part in own)
