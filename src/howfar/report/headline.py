"""The few numbers that stand first: what a reader takes away who reads nothing else. Each says only what the answer
below it allows."""

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from howfar import wording
from howfar.benches import Bench
from howfar.outcomes import Results, over_budget
from howfar.report import bench as benching
from howfar.report.machine import noise, progress
from howfar.report.standing import Standing, known, size
from howfar.wholes import outcomes


class Headline(Struct, frozen=True):
    """A number, what it is of, what it means, and what must be known beside it."""

    of: str
    number: str
    says: str
    beside: str = ""


def headlines(results: Results, stand: Sequence[Standing]) -> list[Headline]:
    """One per workload that was timed, then how much of the run is there."""
    workloads = list(dict.fromkeys(standing.workload for standing in stand))
    told = [_workload([standing for standing in stand if standing.workload == name]) for name in workloads]
    return [*told, whole(results)]


def shipped(bench: Bench, results: Results) -> list[Headline]:
    """Of one's own model: what the target to ship costs."""
    best = bench.winner
    if best is None or best.latency.summary is None:
        return [Headline("To ship", wording.NONE, "no browser target gave a right result"), whole(results)]
    summary, fetched = best.latency.summary, wording.megabytes(best.download_bytes)
    within = wording.interval(summary.low, summary.high)
    told = [
        Headline(
            "An inference",
            wording.milliseconds(summary.median),
            f"by {benching.name(best)}",
            f"95 %: {within}" if within else "",
        )
    ]
    if best.first_use:
        told.append(Headline("The first one", wording.milliseconds(best.first_use.median), f"after fetching {fetched}"))
    return [*told, whole(results)]


def whole(results: Results) -> Headline:
    """How much of what was planned is there, and how well it went."""
    done, planned = progress(results)
    every = list(outcomes(results))
    late = sum(over_budget(outcome.message) for outcome in every)
    unable = sum(outcome.status == "unsupported" for outcome in every) - late
    failed = sum(outcome.status != "ok" for outcome in every) - unable - late
    disturbed = noise(every).disturbed
    why = "for a reason told below" if failed == 1 else "each for a reason told below"
    says = f"{wording.counted(failed, 'task')} failed, {why}" if failed else "none failed"
    counts = {"not reached in the time": late, "could not run here": unable, "disturbed": disturbed}
    beside = ", ".join(f"{count:,} {words}" for words, count in counts.items() if count)
    return Headline("Measurements", f"{done:,} of {planned:,}", says, beside)


def _workload(own: Sequence[Standing]) -> Headline:
    name = own[0].workload.capitalize()
    found = known((one, one.to_best) for one in own)
    led = [one for one in own if one.leaders]
    if not led:
        return Headline(name, wording.NONE, "no browser target gave a right result")
    if not found:
        best = led[0].leaders[0]
        return Headline(name, f"{wording.number(best.median)} ms", f"at {size(led[0].model)}, in a browser", _led(led))
    ends = list(dict.fromkeys(wording.number(ratio.value) for _, ratio in (found[0], found[-1])))
    sizes = list(dict.fromkeys(size(one.model) for one, _ in (found[0], found[-1])))
    at = f" (at {' to '.join(sizes)})" if len(found) > 1 else f" (at {sizes[0]})"
    return Headline(name, f"{'–'.join(ends)}×", f"native's time, by the best browser target{at}", _led(led))


def _led(led: Sequence[Standing]) -> str:
    """Who has the lowest time most often. Whether that is a difference the answer says."""
    names = Counter(wording.named(one.leaders[0].cell.target, one.leaders[0].software) for one in led)
    name, times = names.most_common(1)[0]
    often = "at every size" if times == len(led) > 1 else f"at {times} of {wording.counted(len(led), 'size')}"
    return f"lowest time: {name}, {often}"
