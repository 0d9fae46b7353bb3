"""Table 6, row 1: what frameworks support."""

from collections.abc import Mapping

from howfar.findings.evidence import Evidence
from howfar.findings.verdicts import Known, Lack, Part, Range, Verdict, exact, one, untold, verdict

NUMBER = 1
TITLE = "Most frameworks do a part of deep learning only"
ADVICE = "Build on a general-purpose framework such as TensorFlow.js"
TO = "application developers"
NEEDS = ("features",)
OTHERWISE = ("revised", "choose by what the application needs: it is no longer one framework that does all")

# What there is to deep learning, as Table 1 asks it of each.
ALL = ("trains", "dnn", "cnn", "rnn")
# Fewer than this tell nothing of most.
FEWEST = 4


def judge(evidence: Evidence) -> Verdict:
    """Who trains, and knows all three kinds of networks."""
    can = _abilities(evidence)
    return verdict(_most(can), _general(can))


def _abilities(evidence: Evidence) -> Mapping[str, set[str]]:
    """By framework what it was seen to do; of those only that told all."""
    rows = [row for row in evidence.rows("features") if row["metric"] in ALL and row["median"] is not None]
    told: dict[str, dict[str, bool]] = {}
    for row in rows:
        told.setdefault(row["framework"], {})[row["metric"]] = row["median"] == 1
    return {name: {one for one, does in own.items() if does} for name, own in told.items() if len(own) == len(ALL)}


def _most(can: Mapping[str, set[str]]) -> Part:
    says = "most frameworks lack training, or a kind of network"
    if len(can) < FEWEST:
        return untold(says, Lack(f"the features of {FEWEST} frameworks or more"))
    partly = [name for name, own in can.items() if len(own) < len(ALL)]
    share = exact(f"{len(partly)} of {len(can)} frameworks", len(partly) / len(can))
    return one(says, share, Range(0.5, 1.0), [f"features: {name}" for name in can], "share")


def _general(can: Mapping[str, set[str]]) -> Part:
    says = "TensorFlow.js has all of them"
    if "tfjs" not in can:
        return untold(says, Lack("the features of TensorFlow.js"))
    number = Known(f"of {len(ALL)}", len(can["tfjs"]), len(can["tfjs"]), len(can["tfjs"]))
    return one(says, number, Range(len(ALL), len(ALL)), ["features: tfjs"], "count")
