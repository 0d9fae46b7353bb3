"""Table 6, row 2: which dimension of a network costs the most."""

from howfar.findings.asking import doubling
from howfar.findings.evidence import INFERENCE, TRAINING, Evidence
from howfar.findings.verdicts import MORE, Verdict, verdict

NUMBER = 2
TITLE = "Width, more than depth, decides how long a network takes"
ADVICE = "Mind the width of the network, and weigh it against the speed that is needed"
TO = "application developers"
NEEDS = ("training_time", "inference_time")
OTHERWISE = ("revised", "mind depth as well: with some framework a deeper network costs as much as a wider one")

FRAMEWORKS = ("convnetjs", "brain.js", "tfjs")


def judge(evidence: Evidence) -> Verdict:
    """On the CPU: what doubling the width makes of the time, over what doubling the depth does."""
    return verdict(
        doubling("in training twice the width costs more than twice the depth", evidence, TRAINING, "both", MORE,
                 FRAMEWORKS),
        doubling("in inference twice the width costs more than twice the depth", evidence, INFERENCE, "both", MORE,
                 FRAMEWORKS),
    )  # fmt: skip
