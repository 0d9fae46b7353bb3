"""In which version a time changed: bisection between two versions that differ, where the intervals decide.

Each step measures the two ends and the version in the middle in the same rounds; no number of an earlier step is held
against one of a later step, since the machine may have changed in between. The middle is held against both ends at
once: is it nearer to the one or to the other? Where it is nearer to neither, the time changed in steps, and the larger
half is searched, if that is a change by itself. What the intervals leave open ends the search, and is said.
"""

from collections.abc import Callable, Mapping, Sequence
from math import log, sqrt

from msgspec import Struct

from howfar.comparing import Verdict
from howfar.measured import Measured, fared, primary
from howfar.outcomes import Results
from howfar.records import Workload
from howfar.stats import Ratio, ratio

# So many rounds are measured of a step until its intervals decide. Three looks at 95 % err in 10 % of the cases where
# nothing is different; but a change is said only past a limit, and what a step took for one its next step tests anew.
ROUNDS = (5, 10, 20)


class Reading(Struct, frozen=True):
    """One version: its median in ms by round, or why it has no right number."""

    rounds: Mapping[int, float]
    reason: str = ""


# Which versions, and up to how many rounds.
Measure = Callable[[Sequence[str], int], Mapping[str, Reading]]


class Step(Struct, frozen=True):
    """The ends, and the version between them where there is one. `whole`: the high end's time over the low end's;
    `lean`: how many times further the middle is from the low end than from the geometric middle of both."""

    low: str
    middle: str
    high: str
    rounds: int
    whole: Ratio | None
    lean: Ratio | None
    before: Ratio | None  # the middle's time over the low end's
    after: Ratio | None  # the high end's time over the middle's

    @property
    def tells(self) -> bool:
        """Whether its intervals say on which side of the middle the change lies."""
        return self.whole is not None and not self.whole.undecided and (not self.middle or self._leans)

    @property
    def _leans(self) -> bool:
        return self.lean is not None and not self.lean.undecided

    @property
    def early(self) -> bool:
        """The change lies before the middle or at it: the middle is like the high end."""
        return bool(self.lean and self.whole and self.lean.slower == self.whole.slower)


class Found(Struct, frozen=True):
    """What came of it. `before` and `since`: the versions between which the time changed, next to each other but for
    those that were skipped; where that can't be told, as near as the search came; nothing where it did not begin.
    `ratio`: of these two, the later over the earlier; `whole`: of the last version over the first. `skipped`: what
    could not be measured, and why. `in_steps`: other versions changed it too."""

    verdict: Verdict
    before: str
    since: str
    ratio: Ratio | None
    whole: Ratio | None
    steps: tuple[Step, ...]
    skipped: Mapping[str, str]
    reason: str = ""
    in_steps: bool = False

    def between(self, versions: Sequence[str]) -> list[str]:
        """Of all that were asked for, those that the change may lie in beside `since`."""
        return list(versions[versions.index(self.before) + 1 : versions.index(self.since)]) if self.since else []


def search(versions: Sequence[str], measure: Measure, limit: float, looks: Sequence[int] = ROUNDS) -> Found:
    """The version in which the time changed by more than that share, of two or more, the oldest first.

    `measure` gives a reading of every version that it is asked for, all of them in the same rounds, from the first to
    the one of that number; what it measured before of the same versions it need not measure again.
    """
    searching = _Searching(list(versions), measure, limit, looks)
    while (found := searching.step()) is None:
        pass
    return found


class _Searching:
    """The versions that are left, and what was seen so far."""

    def __init__(self, left: list[str], measure: Measure, limit: float, looks: Sequence[int]) -> None:
        self._left, self._measure, self._limit, self._looks = left, measure, limit, looks
        self._skipped: dict[str, str] = {}
        self._steps: list[Step] = []
        self._in_steps = False

    def step(self) -> Found | None:
        """Skips what can't be measured, or halves what is left; at the end what was found."""
        if len(self._left) < 2:
            return self._found("cannot_tell", reason="fewer than two versions could be measured")
        chosen = _ends_and_middle(self._left)
        bad = {version: one.reason for version, one in self._measure(chosen, 1).items() if one.reason}
        if bad:
            self._skip(bad)
            return None
        return self._halve(chosen)

    def _skip(self, bad: Mapping[str, str]) -> None:
        self._skipped |= bad
        self._left = [version for version in self._left if version not in bad]

    def _halve(self, chosen: Sequence[str]) -> Found | None:
        for rounds in self._looks:
            readings = self._measure(chosen, rounds)
            if bad := {version: one.reason for version, one in readings.items() if one.reason}:
                self._skip(bad)
                return None
            step = _step(chosen, readings, rounds)
            if self._decided(step):
                break
        self._steps.append(step)
        return self._judged(step)

    def _decided(self, step: Step) -> bool:
        if self._steps:
            return step.tells
        verdict = change(step.whole, self._limit)
        return verdict == "same" or (verdict != "cannot_tell" and step.tells)

    def _judged(self, step: Step) -> Found | None:
        verdict = change(step.whole, self._limit) if len(self._steps) == 1 else self._way
        if verdict in ("same", "cannot_tell"):
            reason = "" if verdict == "same" else f"the interval lies on both sides of {100 * self._limit:g} %"
            return self._found(verdict, reason=reason)
        if not step.middle:
            return self._named(step.low, step.high, step.whole)
        halves = self._changed_halves(step)
        if not step.tells and not halves:
            return self._found("cannot_tell", step.low, step.high, step.whole, _why(step))
        self._in_steps |= not step.tells or len(halves) == 2
        early = step.early if step.tells else _largest(halves) is step.before
        place = self._left.index(step.middle)
        self._left = self._left[: place + 1] if early else self._left[place:]
        if len(self._left) > 2:
            return None
        return self._named(self._left[0], self._left[1], step.before if early else step.after)

    def _changed_halves(self, step: Step) -> list[Ratio]:
        """From the low end to the middle, and from there to the high end: those that are a change by themselves."""
        if step.whole is None or step.whole.undecided:
            return []
        return [half for half in (step.before, step.after) if half and change(half, self._limit) == self._way]

    @property
    def _way(self) -> Verdict:
        """Which way it changed from the first version to the last."""
        return "slower" if self._steps[0].whole and self._steps[0].whole.slower else "faster"

    def _named(self, before: str, since: str, own: Ratio | None) -> Found:
        """Two neighbours: the change is theirs if their own interval shows it, and in the same direction; of several
        changes, one past the limit."""
        shown = own is not None and (own.slower if self._way == "slower" else own.faster)
        if not shown or (self._in_steps and change(own, self._limit) != self._way):
            return self._found("cannot_tell", before, since, own, "their own interval does not show it")
        return self._found(self._way, before, since, own)

    def _found(
        self, verdict: Verdict, before: str = "", since: str = "", own: Ratio | None = None, reason: str = ""
    ) -> Found:
        whole = self._steps[0].whole if self._steps else None
        return Found(
            verdict, before, since, own or whole, whole, tuple(self._steps), self._skipped, reason, self._in_steps
        )


def readings(results: Results, workload: Workload, rounds: int) -> dict[str, Reading]:
    """What a step's results say of each version, by the metric that the workload's figure shows; of the first so many
    rounds."""
    return {one.cell.target.version: _reading(one, rounds) for one in primary(results, workload)}


def _reading(entry: Measured, rounds: int) -> Reading:
    known = {number: ms for number, ms in entry.rounds.items() if number < rounds}
    if entry.right and known:
        return Reading(known)
    return Reading(
        {}, f"{fared(entry.status, entry.message)}: {entry.message}" if entry.status != "ok" else entry.message
    )


def change(found: Ratio | None, limit: float) -> Verdict:
    """What an interval allows to say of a change by more than that share, either way."""
    if found is None or found.low is None or found.high is None:
        return "cannot_tell"
    if found.low > 1 + limit:
        return "slower"
    if found.high < 1 / (1 + limit):
        return "faster"
    return "same" if found.low >= 1 / (1 + limit) and found.high <= 1 + limit else "cannot_tell"


def _ends_and_middle(left: Sequence[str]) -> list[str]:
    return list(dict.fromkeys((left[0], left[len(left) // 2], left[-1])))


def _step(chosen: Sequence[str], readings: Mapping[str, Reading], rounds: int) -> Step:
    low, high = (readings[version].rounds for version in (chosen[0], chosen[-1]))
    whole = ratio(high, low)
    if len(chosen) == 2:
        return Step(chosen[0], "", chosen[-1], rounds, whole, None, None, None)
    middle = readings[chosen[1]].rounds
    centre = {number: sqrt(low[number] * high[number]) for number in low if number in high}
    lean, before, after = ratio(middle, centre), ratio(middle, low), ratio(high, middle)
    return Step(chosen[0], chosen[1], chosen[2], rounds, whole, lean, before, after)


def _largest(changes: Sequence[Ratio]) -> Ratio:
    return max(changes, key=lambda one: abs(log(one.value)))


def _why(step: Step) -> str:
    if step.whole is None or step.whole.undecided:
        return f"from {step.low} to {step.high} it did not show again"
    return f"{step.middle} lies between {step.low} and {step.high}: it changed in steps, or too little to be seen"
