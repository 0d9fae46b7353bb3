"""Table 6, row 4: pre-trained models on a discrete GPU."""

from howfar.findings.claims import near_native_on_gpus
from howfar.findings.evidence import Evidence
from howfar.findings.verdicts import Verdict, verdict

NUMBER = 4
TITLE = "On a discrete GPU TensorFlow.js comes near native with pre-trained models"
ADVICE = "A web application can take the place of a native one for such tasks"
TO = "application developers"
NEEDS = near_native_on_gpus.NEEDS
OTHERWISE = ("revised", "weigh the distance measured here: it is not the factor of 1 to 2 that the advice rests on")


def judge(evidence: Evidence) -> Verdict:
    """The discrete half of the claim."""
    return verdict(near_native_on_gpus.discrete(evidence))
