"""Section 4.3, Figure 3: the first inference on a GPU."""

from howfar.findings.asking import both
from howfar.findings.evidence import WARM_UP, Evidence, cells_of, size
from howfar.findings.verdicts import LESS, Known, Part, Verdict, below, every, one, untold, verdict

NUMBER = 5
TITLE = "Keras.js warms up a GPU within 3 ms, then TensorFlow.js, then WebDNN"
NEEDS = ("warmup_time",)

GPU = ("webgl",)
MOST_MS = 3.0


def judge(evidence: Evidence) -> Verdict:
    """Keras.js's first inference at every size, and who comes after whom over all sizes."""
    return verdict(
        _within(evidence),
        _before("Keras.js is quicker than TensorFlow.js", evidence, "keras-js", "tfjs"),
        _before("TensorFlow.js is quicker than WebDNN", evidence, "tfjs", "webdnn"),
    )


def _within(evidence: Evidence) -> Part:
    says = "Keras.js's first inference takes at most 3 ms"
    if lacks := evidence.lacks(WARM_UP, "keras-js", GPU):
        return untold(says, *lacks)
    (own,) = evidence.targets(WARM_UP, ("keras-js",), GPU)
    found = [(field, entry) for field in evidence.fields(WARM_UP) if (entry := evidence.at(field, own))]
    times = [
        Known(f"{own}, {size(field)}", entry.median, entry.summary.low, entry.summary.high)
        for field, entry in found
        if entry.summary
    ]
    return every(says, times, below(MOST_MS), cells_of(WARM_UP, str(own), (field for field, _ in found)), "ms")


def _before(says: str, evidence: Evidence, quick: str, slow: str) -> Part:
    lacks = [lack for framework in (quick, slow) for lack in evidence.lacks(WARM_UP, framework, GPU)]
    if lacks:
        return untold(says, *lacks)
    own, other = (evidence.targets(WARM_UP, (framework,), GPU)[0] for framework in (quick, slow))
    told, cells = evidence.typical(WARM_UP, own, other)
    return one(says, told, LESS, cells) if told else untold(says, both(own, other))
