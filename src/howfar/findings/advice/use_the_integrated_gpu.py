"""Table 6, row 5: pre-trained models on an integrated GPU."""

from howfar.findings.claims import near_native_on_gpus
from howfar.findings.evidence import Evidence
from howfar.findings.verdicts import Verdict, verdict

NUMBER = 5
TITLE = "On an integrated GPU TensorFlow.js beats native TensorFlow on the CPU"
ADVICE = "On devices without a discrete GPU the browser is a way to a faster one"
TO = "application developers"
NEEDS = near_native_on_gpus.NEEDS
OTHERWISE = ("withdrawn", "native on the CPU is faster with some of the models")


def judge(evidence: Evidence) -> Verdict:
    """The integrated half of the claim."""
    return verdict(near_native_on_gpus.integrated(evidence))
