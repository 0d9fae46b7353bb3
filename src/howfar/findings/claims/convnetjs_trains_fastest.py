"""Section 4.2, Figure 1: who trains fastest on the CPU, and by how much."""

from howfar.findings.asking import first, typical
from howfar.findings.evidence import TRAINING, Evidence
from howfar.findings.verdicts import Range, Verdict, about, verdict

NUMBER = 1
TITLE = "ConvNetJS trains fastest on the CPU"
NEEDS = ("training_time",)

RIVALS = ("brain.js", "tfjs", "synaptic")


def judge(evidence: Evidence) -> Verdict:
    """Every size against every other framework on the CPU, and the three distances that the paper gives."""
    return verdict(
        first("ConvNetJS is the fastest at every size", evidence, TRAINING, "convnetjs", RIVALS),
        typical("brain.js takes about 2 times as long", evidence, TRAINING, ("brain.js", "convnetjs"), about(2)),
        # As printed, without a digit after the point.
        typical("TensorFlow.js takes 2 to 3 times as long", evidence, TRAINING, ("tfjs", "convnetjs"), Range(1.5, 3.5)),
        typical("synaptic takes tens to hundreds of times as long", evidence, TRAINING, ("synaptic", "convnetjs"),
                Range(10, 1000)),
    )  # fmt: skip
