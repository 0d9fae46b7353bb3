"""Section 4.3, Figure 4: how long one sample takes, and on what it is quickest."""

from collections import Counter
from collections.abc import Sequence

from howfar import gaps
from howfar.experiments.features import PAPERS
from howfar.experiments.model_size import DEPTHS, WIDTHS
from howfar.findings.asking import both, first
from howfar.findings.evidence import INFERENCE, Evidence, size
from howfar.findings.verdicts import (
    LESS,
    MORE,
    Known,
    Lack,
    Part,
    Range,
    Verdict,
    above,
    below,
    every,
    judged,
    known,
    one,
    untold,
    verdict,
)
from howfar.measured import Measured
from howfar.records import Target

NUMBER = 6
TITLE = "Almost every inference takes at most 1.5 ms, ConvNetJS's the least"
NEEDS = ("inference_time",)

MOST_MS = 1.5
# "Almost all", of networks and targets.
ALMOST = 0.9
FEWEST_CELLS = 10
# The paper leaves synaptic out of all but its own sentence.
SLOW = "synaptic"
SLOWS_BEST_MS = 6.68
OTHERS = tuple(name for name in PAPERS if name != SLOW)
RIVALS = ("brain.js", "tfjs", "keras-js", "webdnn", "synaptic")


def judge(evidence: Evidence) -> Verdict:
    """Shares of the cells, the order on the CPU, and TensorFlow.js's own choice of back end."""
    return verdict(
        _almost_all(evidence),
        _synaptic(evidence),
        first("ConvNetJS is the fastest on the CPU at every size", evidence, INFERENCE, "convnetjs", RIVALS),
        _second(evidence),
        on_cpu("TensorFlow.js is faster on the CPU with the smallest network", evidence, 0, LESS),
        on_cpu("TensorFlow.js is faster on a GPU with the largest network", evidence, -1, MORE),
    )


def _times(evidence: Evidence, frameworks: Sequence[str]) -> list[Known]:
    """Of every target at every size that the figure has. A GPU back end counts where it is one."""
    return [
        _time(f"{entry.cell.target}, {size(field)}", entry)
        for field in evidence.fields(INFERENCE)
        if field.model.depth in DEPTHS and field.model.width in WIDTHS
        for entry in field.browsers
        if entry.cell.target.framework in frameworks
    ]


def _time(where: str, entry: Measured) -> Known:
    ends = (entry.summary.low, entry.summary.high) if entry.summary else (None, None)
    return Known(where, entry.median, *ends)


def _almost_all(evidence: Evidence) -> Part:
    """What is surely below, and what is not surely above: between these lies the share."""
    says = f"nine in ten take at most {MOST_MS} ms, synaptic's left out"
    times = _times(evidence, OTHERS)
    if len(times) < FEWEST_CELLS:
        return untold(says, Lack(f"right numbers of {FEWEST_CELLS} targets and sizes or more"))
    counted = Counter(judged(time, below(MOST_MS)) for time in times)
    middle = sum(time.value <= MOST_MS for time in times) / len(times)
    low, high = counted["holds"] / len(times), 1 - counted["no_longer_holds"] / len(times)
    share = Known(f"{len(times)} cells", middle, low, high)
    return one(says, share, Range(ALMOST, 1.0), [f"inference: {time.where}" for time in times], "share")


def _synaptic(evidence: Evidence) -> Part:
    says = f"synaptic takes {SLOWS_BEST_MS} ms at best"
    times = _times(evidence, (SLOW,))
    if not times:
        return untold(says, *evidence.lacks(INFERENCE, SLOW))
    return every(says, times, above(SLOWS_BEST_MS), [f"inference: {time.where}" for time in times], "ms")


def _second(evidence: Evidence) -> Part:
    """Over all sizes, WebDNN's quicker CPU back end against every framework but ConvNetJS."""
    says = "WebDNN on the CPU comes second"
    lacks = [lack for framework in RIVALS for lack in evidence.lacks(INFERENCE, framework)]
    if evidence.lacks(INFERENCE, "webdnn"):
        return untold(says, *lacks)
    others = [one for one in evidence.targets(INFERENCE) if one.framework not in ("convnetjs", "webdnn")]
    tries = [_against(evidence, own, others) for own in evidence.targets(INFERENCE, ("webdnn",))]
    numbers, cells = min(tries, key=_worst)
    if not numbers:
        return untold(says, *lacks or [Lack("two rounds or more with WebDNN and another")])
    return every(says, numbers, LESS, cells, missing=lacks)


def _against(evidence: Evidence, own: Target, others: Sequence[Target]) -> tuple[list[Known], list[str]]:
    found = [evidence.typical(INFERENCE, own, other) for other in others]
    return [told for told, _ in found if told], [cell for _, cells in found for cell in cells]


def _worst(tried: tuple[list[Known], list[str]]) -> float:
    return max((number.value for number in tried[0]), default=float("inf"))


def on_cpu(says: str, evidence: Evidence, place: int, within: Range) -> Part:
    """Of TensorFlow.js: its CPU over its GPU at the smallest network (0) or at the largest (-1)."""
    lacks = [lack for backends in (("cpu",), gaps.GPU) for lack in evidence.lacks(INFERENCE, "tfjs", backends)]
    if lacks:
        return untold(says, *lacks)
    own, gpu = (evidence.targets(INFERENCE, ("tfjs",), backends)[0] for backends in (("cpu",), gaps.GPU))
    found = list(evidence.ratios(INFERENCE, own, gpu))
    if not found:
        return untold(says, both(own, gpu))
    field, ratio = found[place]
    number = known(f"{own} / {gpu}, {size(field)}", ratio)
    return one(says, number, within, [f"inference: {number.where}"])
