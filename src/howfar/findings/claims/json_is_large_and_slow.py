"""Section 4.3, Table 3 and Figure 2: saved models, how large they are and how long they load."""

from collections.abc import Iterator

from howfar import wording
from howfar.experiments import model_size
from howfar.findings.asking import first, growing, too_few, typical
from howfar.findings.evidence import LOADING, Evidence
from howfar.findings.verdicts import Known, Lack, Part, Range, Verdict, about, every, exact, untold, verdict

NUMBER = 4
TITLE = "JSON models are about 7 times the binary ones; ConvNetJS loads fastest"
NEEDS = ("model_size", "load_time")

# Those whose files are JSON and not, as synaptic's, full of what is not a weight.
JSON, BINARY = ("brain.js", "convnetjs"), "tfjs"
RIVALS = ("brain.js", "tfjs", "keras-js", "synaptic")


def judge(evidence: Evidence) -> Verdict:
    """Bytes of the same network in both encodings; loading on the CPU by framework and by size."""
    return verdict(
        sizes(evidence),
        first("ConvNetJS loads fastest at every size", evidence, LOADING, "convnetjs", RIVALS),
        typical("synaptic takes 100 to 1000 times as long", evidence, LOADING, ("synaptic", "convnetjs"),
                Range(100, 1000)),
        growing("TensorFlow.js's loading does not depend on the size", evidence, LOADING, ("tfjs",), about(1),
                ("cpu",)),
    )  # fmt: skip


def sizes(evidence: Evidence) -> Part:
    """How many times the binary file's bytes the JSON file of the same network has."""
    says = "a model in JSON has about 7 times the bytes of a binary one"
    rows = [row for row in evidence.rows("model_size") if row["median"] and row["model"] == "mlp"]
    found = {(row["framework"], row["depth"], row["width"]): row["median"] for row in rows}
    numbers = list(_numbers(found))
    there = {framework for framework, _, _ in found}
    missing = [Lack("with its saved model", name) for name in (*JSON, BINARY) if name not in there]
    missing += too_few(len(numbers) // len(JSON))
    if not numbers:
        return untold(says, *missing)
    return every(says, numbers, about(7), [f"{model_size.METRIC}: {number.where}" for number in numbers],
                 missing=missing)  # fmt: skip


def _numbers(found: dict[tuple[str, int, int], float]) -> Iterator[Known]:
    for (framework, depth, width), size in found.items():
        binary = found.get((BINARY, depth, width))
        if framework in JSON and binary:
            yield exact(f"{framework} / {BINARY}, {wording.size(depth, width)}", size / binary)
