"""Section 4.3: what a wider network costs an inference on the CPU."""

from howfar.findings.asking import doubling
from howfar.findings.evidence import INFERENCE, Evidence
from howfar.findings.verdicts import Verdict, about, verdict

NUMBER = 8
TITLE = "Twice the width takes about twice the inference time on the CPU"
NEEDS = ("inference_time",)

FRAMEWORKS = ("convnetjs", "brain.js", "synaptic", "tfjs", "keras-js", "webdnn")


def judge(evidence: Evidence) -> Verdict:
    """The slope in width of every framework's time."""
    says = "with every framework the time is multiplied by about 2 when the width doubles"
    return verdict(doubling(says, evidence, INFERENCE, "width", about(2), FRAMEWORKS))
