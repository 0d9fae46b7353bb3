"""Table 6, row 6: how models are encoded."""

from howfar.findings.asking import growing
from howfar.findings.claims import json_is_large_and_slow
from howfar.findings.evidence import LOADING, Evidence
from howfar.findings.verdicts import ABOUT, Verdict, above, verdict

NUMBER = 6
TITLE = "JSON makes model files much larger, and their loading longer"
ADVICE = "Encode models in binary files"
TO = "framework vendors"
NEEDS = json_is_large_and_slow.NEEDS
OTHERWISE = ("revised", "binary files for what must be fetched; loading is not what JSON makes slow everywhere")


def judge(evidence: Evidence) -> Verdict:
    """The sizes of the same network, and whether a larger JSON file takes longer to load."""
    says = f"from the smallest network to the largest, loading JSON takes {ABOUT} times as long or more"
    grows = growing(says, evidence, LOADING, json_is_large_and_slow.JSON, above(ABOUT), ("cpu",))
    return verdict(json_is_large_and_slow.sizes(evidence), grows)
