"""Section 4.2: how the distance of TensorFlow.js to ConvNetJS changes with the network."""

from howfar.findings.asking import doubled, over, rounds_of
from howfar.findings.evidence import TRAINING, Evidence
from howfar.findings.verdicts import LESS, Lack, Verdict, one, untold, verdict
from howfar.records import Target

NUMBER = 2
TITLE = "TensorFlow.js catches up with ConvNetJS on larger networks"
NEEDS = ("training_time",)

# Of the ratio TensorFlow.js / ConvNetJS: the factor, and what is said of what its doubling makes of the ratio.
SAYS = {
    "width": "the ratio shrinks when the width doubles",
    "depth": "the ratio shrinks when the depth doubles",
    "both": "doubling the width shrinks it more than doubling the depth",
}
PAIR = ("tfjs", "convnetjs")


def judge(evidence: Evidence) -> Verdict:
    """The slopes of the ratio in width and in depth, on the CPU back end that both have."""
    lacks = [lack for framework in PAIR for lack in evidence.lacks(TRAINING, framework, ("cpu",))]
    if lacks:
        return verdict(*(untold(says, *lacks) for says in SAYS.values()))
    own, other = (evidence.targets(TRAINING, (framework,), ("cpu",))[0] for framework in PAIR)
    return _judged(evidence, own, other)


def _judged(evidence: Evidence, own: Target, other: Target) -> Verdict:
    ratios = over(rounds_of(evidence, TRAINING, own), rounds_of(evidence, TRAINING, other))
    slopes = doubled(f"{own} / {other}, {len(ratios)} sizes", ratios)
    if not slopes:
        lack = Lack(f"a round with {own} and {other} at several widths of one depth, and several depths")
        return verdict(*(untold(says, lack) for says in SAYS.values()))
    cells = [f"training: {own} / {other}, {model.depth} × {model.width}" for model in ratios]
    return verdict(*(one(says, slopes[factor], LESS, cells) for factor, says in SAYS.items()))
