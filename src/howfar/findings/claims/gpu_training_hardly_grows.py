"""Section 4.2: what a larger network costs a GPU in training."""

from howfar import gaps
from howfar.findings.asking import growing
from howfar.findings.evidence import TRAINING, Evidence
from howfar.findings.verdicts import Verdict, below, verdict

NUMBER = 3
TITLE = "On a GPU training time hardly grows with the network"
NEEDS = ("training_time",)

# The largest network of Figure 1 has 13 times the multiply-adds of the smallest.
HARDLY = below(2)


def judge(evidence: Evidence) -> Verdict:
    """TensorFlow.js, the only one that trains on a GPU: largest network over smallest."""
    says = "the largest network takes at most 2 times the smallest one's time"
    return verdict(growing(says, evidence, TRAINING, ("tfjs",), HARDLY, gaps.GPU))
