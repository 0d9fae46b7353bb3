"""Table 6, row 3: what comes before an inference. (That an integrated GPU warms up sooner takes a machine with both; no
advice rests on it.)"""

from howfar.findings.claims import loading_costs_more
from howfar.findings.evidence import Evidence
from howfar.findings.verdicts import Verdict

NUMBER = 3
TITLE = "Loading and warming up take longer than the inference"
ADVICE = "Load the model and warm it up before it is needed"
TO = "application developers"
NEEDS = loading_costs_more.NEEDS
OTHERWISE = ("revised", "load ahead where the target's own numbers say so: not every one needs it")


def judge(evidence: Evidence) -> Verdict:
    """As the claim is judged."""
    return loading_costs_more.judge(evidence)
