"""The answer, in words that the numbers allow: what is fastest, how far native is, and what did not work.

Nothing is called faster unless the 95 % interval of the ratio excludes 1; where that can't be said, the words say so.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial

from msgspec import Struct

from howfar import wording
from howfar.kept import kept
from howfar.measured import NATIVE, contestant, groups, quiet, reckon
from howfar.outcomes import Results
from howfar.quiet import paced
from howfar.records import Workload
from howfar.report.failures import Failure, failures
from howfar.report.limits import allowed, factors
from howfar.report.machine import noise, progress
from howfar.report.standing import Claim, Standing, known, size, standings
from howfar.stats import Ratio
from howfar.wholes import each, outcomes, pooled

WATCHED = "Nothing was timed here: every execution was watched, and says what it asks of the machine or of a person."
UNTIMED = "No network was timed, so there is nothing to hold against native."
NAMES = {"webgl": "WebGL", "webgpu": "WebGPU", "webnn": "WebNN"}
# What allows to say who is fast, and what says only that too little was measured.
LED: tuple[Claim, ...] = ("fastest", "tied")
OPEN: tuple[Claim, ...] = ("reached", "unranked", "unreached")


class Answer(Struct, frozen=True):
    """Three sentences; where there is more to say, a few, each on its own line. Plain text, without markup."""

    fastest: str
    native: str
    failed: str


def answer(results: Results) -> Answer:
    """What these results say about the question of the project's name."""
    return kept(results, "answer", partial(_answer, results))


def _answer(results: Results) -> Answer:
    stand = standings(results) or standings(pooled(results))
    if {bool(outcome.task.cell.observe) for outcome in outcomes(results) if not outcome.task.control} == {True}:
        return Answer(WATCHED, "Nothing to hold against native, either.", _failed(results))
    if not stand and (told := allowed(results)):
        return Answer("\n".join(told), UNTIMED, _failed(results))
    return Answer(_fastest(stand), _native(stand, results), _failed(results))


def reservations(results: Results) -> list[str]:
    """What of the run is not there, and what was disturbed: to be said beside any answer."""
    return [words for words in (_disturbed(results), _slowed(results), _missing(results)) if words]


def _fastest(stand: Sequence[Standing]) -> str:
    if not any(standing.leaders for standing in stand):
        return "No browser target gave a right result, so there is none to call fastest."
    return "\n".join(_per_workload(stand, _leading))


def _per_workload(stand: Sequence[Standing], say: Callable[[list[Standing]], str]) -> list[str]:
    gathered: dict[Workload, list[Standing]] = defaultdict(list)
    for standing in stand:
        gathered[standing.workload].append(standing)
    said = {workload: say(own) for workload, own in gathered.items()}
    return [f"In {workload}, {words}." for workload, words in said.items() if words]


def _leading(own: list[Standing]) -> str:
    """Sizes with the same leaders are said together; who can't be told from the first only where that is the claim.
    Where somebody leads at some sizes, those that were measured too little to say who are said last, in one."""
    gathered: dict[tuple[str, tuple[str, ...]], list[Standing]] = defaultdict(list)
    led = any(standing.claim in LED for standing in own)
    for standing in own:
        named = tuple(wording.named(one.cell.target, one.software) for one in standing.leaders)
        key = (standing.claim, named if standing.claim == "tied" else named[:1])
        gathered[("open", ()) if led and standing.claim in OPEN else key].append(standing)
    ordered = sorted(gathered.items(), key=lambda pair: pair[0][0] == "open")
    return "; ".join(_claimed(claim, names, _sizes(at, own)) for (claim, names), at in ordered)


def _claimed(claim: str, names: Sequence[str], at: str) -> str:
    if claim == "open":
        return f"too little was measured to rank anybody {at}"
    if claim == "none":
        return f"no browser target gave a right result {at}"
    if claim == "unreached":
        return f"the time allowed no browser target {at}"
    if claim == "tied":
        return f"{wording.listed(names)} can't be told apart {at}"
    words = {
        "fastest": f"{names[0]} is the fastest browser target {at}",
        "alone": f"{names[0]} is the only browser target with a right result {at}",
        "reached": f"{names[0]} is the only browser target that the time allowed {at}",
        "unranked": f"{names[0]} had the lowest time {at}, but too few rounds were shared to rank it",
    }
    return words[claim]


def _sizes(at: Sequence[Standing], own: Sequence[Standing]) -> str:
    if len(at) == len(own) > 1:
        return f"at every size ({size(own[0].model)} to {size(own[-1].model)})"
    return f"at {wording.listed([size(standing.model) for standing in at], most=6)}"


def _native(stand: Sequence[Standing], results: Results) -> str:
    said = _per_workload([standing for standing in stand if standing.to_single or standing.to_best], _distance)
    if said:
        return "\n".join([*said, *factors(results), _which_native(stand)])
    tried = [outcome for outcome in results.outcomes if outcome.task.cell.target.browser == NATIVE]
    if not tried:
        return "Native was not measured, so the distance to it can't be said."
    if all(outcome.status != "ok" for outcome in tried):
        reasons = list(dict.fromkeys(outcome.message or outcome.status for outcome in tried))
        return f"Native gave no right result ({wording.listed(reasons)}), so the distance to it can't be said."
    return "No browser target was right in a round in which native was, so the distance to it can't be said."


def _which_native(stand: Sequence[Standing]) -> str:
    """Native has a name, and a cost of its own that a small inference is mostly made of."""
    names = {f"{native.cell.target.framework}@{native.cell.target.version}" for own in stand for native in own.natives}
    called = f"Native is {wording.listed(sorted(names))}, called from Python as its users call it."
    quicker = any(own.workload == "inference" and own.to_single and own.to_single.faster for own in stand)
    return f"{called} For a small inference that call takes longer than the work." if quicker else called


def _distance(own: list[Standing]) -> str:
    single = _range([(standing, standing.to_single) for standing in own])
    best = _range([(standing, standing.to_best) for standing in own])
    parts = [f"{single} the time of native on one thread"] if single else []
    parts += [f"{best} that of native at its best"] if best else []
    return f"the best browser target takes {', and '.join(parts)}"


def _range(ratios: Sequence[tuple[Standing, Ratio | None]]) -> str:
    """The smallest ratio and the largest, each with its interval and its size."""
    found = known(ratios)
    ends = found if len(found) <= 1 else [found[0], found[-1]]
    return " to ".join(_times(ratio, size(standing.model)) for standing, ratio in ends)


def _times(ratio: Ratio, at: str) -> str:
    within = wording.interval(ratio.low, ratio.high) or "one round, no interval"
    doubt = ", no clear difference" if ratio.high is not None and ratio.undecided else ""
    return f"{wording.number(ratio.value)}× ({within}{doubt}, at {at})"


def _failed(results: Results) -> str:
    found = [failure for failure in failures(results) if not failure.lacking]  # what is lacking is a row of its table
    own = [failure for failure in found if not failure.published]
    said = [*_sentences(own), _published(found), _software(results), *reservations(results)]
    if not found and not _missing(results):
        said.insert(0, "Everything that was planned ran, and gave right results.")
    return "\n".join(words for words in said if words)


def _sentences(found: Sequence[Failure]) -> list[str]:
    gathered: dict[str, list[Failure]] = defaultdict(list)
    for failure in found:
        gathered[failure.says].append(failure)
    return [f"{_who(own)} {says} in {_tasks(own)} ({_why(own)})." for says, own in gathered.items()]


def _published(found: Sequence[Failure]) -> str:
    """Most of them have the reason that they have under the corrected protocol: counted, not told again."""
    own = [failure for failure in found if failure.published]
    return f"Under the published protocol {_tasks(own)} gave no right number; the list below says why." if own else ""


def _tasks(own: Sequence[Failure]) -> str:
    return wording.counted(sum(failure.tasks for failure in own), "task")


def _who(own: Sequence[Failure]) -> str:
    return wording.listed(list(dict.fromkeys(failure.target for failure in own)), most=3)


def _why(own: Sequence[Failure]) -> str:
    reasons = list(dict.fromkeys(failure.message or "no reason was told" for failure in own))
    told = reasons[0] if len(reasons[0]) <= 160 else f"{reasons[0][:159]}…"
    return told if len(reasons) == 1 else f"{told}; and {wording.counted(len(reasons) - 1, 'other reason')} below"


def _software(results: Results) -> str:
    in_software = (outcome.task.cell.target for outcome in outcomes(results) if outcome.software_gpu)
    backends = sorted({target.backend for target in in_software})
    if not backends:
        return ""
    names = wording.listed([NAMES.get(backend, backend) for backend in backends])
    return f"{names} ran in software here: {'their' if len(backends) > 1 else 'its'} times say nothing about a GPU."


def _disturbed(results: Results) -> str:
    found = noise(list(outcomes(results)))
    if not found.disturbed:
        return ""
    return (
        f"Other programs disturbed {found.disturbed} of {found.processes} measurements, also when they were repeated;"
        " they are marked."
    )


def _slowed(results: Results) -> str:
    """Beside how many measurements the machine was slower than it can be, and whether they count."""
    cells = [(own, group) for own in each(results) for group in groups(own, contestant) if group.current]
    found = sum(quiet(own).slowed(outcome) for own, group in cells for outcome in group.outcomes)
    if not found:
        return ""
    of = sum(paced(outcome) for _, group in cells for outcome in group.outcomes)
    left_out = sum(len(reckon(own, group).left_out) for own, group in cells)
    count = f"{left_out:,} of them don't count, since there are enough others" if left_out else "they count"
    return (
        f"The machine itself was slower than it can be beside {found:,} of {of:,} measurements (a neighbour on its"
        f" cores, heat); {count}."
    )


def _missing(results: Results) -> str:
    there = {own.run.study.name for own in each(results)}
    absent = [part.study for part in results.run.study.parts if part.study not in there]
    said = []
    if absent:
        are = "is" if len(absent) == 1 else "are"
        said.append(f"Of its parts {wording.listed(absent, most=9)} {are} not here.")
    done, planned = progress(results)
    if done < planned:
        said.append(_far(results, done, planned))
    return " ".join(said)


def _far(results: Results, done: int, planned: int) -> str:
    minutes = sum(own.run.study.budget_minutes or 0 for own in each(results))
    if not minutes:
        return f"The run is not complete: {done} of {planned} planned measurements are here."
    if any(outcome.started_at < results.run.started_at for outcome in outcomes(results)):
        last = wording.minutes(minutes)
        return f"{done} of {planned} planned measurements are here; the last run of several had {last}."
    return f"Within {wording.minutes(minutes)} the run took {done} of {planned} planned measurements."
