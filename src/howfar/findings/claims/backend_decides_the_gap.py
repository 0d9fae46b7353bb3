"""Section 5.2, Figure 6: what the distance to native depends on, and how large it is."""

from collections.abc import Mapping, Sequence

from howfar import gaps, trees, wording
from howfar.experiments import gap, gap_tree
from howfar.findings.evidence import Evidence, Row
from howfar.findings.verdicts import Known, Lack, Part, Verdict, about, above, every, known, one, untold, verdict
from howfar.gaps import NETWORKS
from howfar.records import Workload
from howfar.stats import Ratio, pooled
from howfar.trees import FACTORS, Importance

NUMBER = 10
TITLE = "The back end decides the gap to native, then the task"
NEEDS = ("gap",)

# Of a network's tree: how much each factor matters.
Tree = Mapping[str, Importance]
FIRST = (gap_tree.PAPER_FIRST,)


def judge(evidence: Evidence) -> Verdict:
    """What weighs in the trees, and the mean ratios that the paper prints of dense networks."""
    rows = _rows(evidence)
    kinds = {kind: [row for row in rows if row["model"] == kind] for kind in NETWORKS}
    large = [row for row in kinds["mlp"] if row["depth"] > gap.LARGE_DEPTH and row["width"] > gap.LARGE_WIDTH]
    lacks = [lack for kind, own in kinds.items() for lack in _lacks(kind, own)]
    trees_of = {kind: _tree(own) for kind, own in kinds.items() if not _lacks(kind, own)}
    return verdict(
        _split("the back end weighs the most in the tree", trees_of, lacks, gap_tree.PAPER_FIRST, ()),
        _split("the task weighs more than depth and width", trees_of, lacks, gap_tree.PAPER_SECOND, FIRST),
        _mean("training", kinds["mlp"], "cpu", gap.PRINTED["mlp", "training"]),
        _mean("inference", kinds["mlp"], "cpu", gap.PRINTED["mlp", "inference"]),
        _mean("training", large, "cpu", gap.PRINTED_LARGE["cpu"], "large "),
        _mean("training", large, "gpu", gap.PRINTED_LARGE["gpu"], "large "),
    )


def _rows(evidence: Evidence) -> list[Row]:
    """TensorFlow.js's right ratios to native TensorFlow, of its plain CPU back end and of what is a GPU: the two kinds
    that the paper had."""
    return [
        row
        for row in evidence.rows("gap")
        if row["metric"] == gap.METRIC and row["framework"] == "tfjs" and row["median"]
        if row["status"] != "wrong_result" and gaps.framework(row["against"] or "") == "tensorflow"
        if row["backend"] == "cpu" or (row["backend"] in gaps.GPU and not row["software_gpu"])
    ]


def _tree(rows: Sequence[Row]) -> Tree:
    """How much each factor matters, with the back ends as the paper's tree knows them: the CPU or a GPU, whichever."""
    own = [{**row, "backend": "cpu" if row["backend"] == "cpu" else "gpu"} for row in rows]
    return {one.factor: one for one in trees.importances(own, len(FACTORS))}


def _split(says: str, trees_of: Mapping[str, Tree], lacks: Sequence[Lack], factor: str, ahead: Sequence[str]) -> Part:
    """Whether a factor's importance is surely larger than that of every other but those `ahead`, with every network."""
    if not trees_of:
        return untold(says, *lacks)
    numbers = [_lead(kind, tree, factor, ahead) for kind, tree in trees_of.items()]
    cells = [f"gap: the tree of {NETWORKS[kind]}s" for kind in trees_of]
    return every(says, numbers, above(1), cells, missing=lacks)


def _lead(kind: str, tree: Tree, factor: str, ahead: Sequence[str]) -> Known:
    """Its importance over that of the weightiest other one; the interval from the edges of both."""
    own = tree[factor]
    rival = max((one for name, one in tree.items() if name not in (factor, *ahead)), key=lambda one: one.mean)
    where = f"importance of the {FACTORS[factor]} / of the {FACTORS[rival.factor]}, {NETWORKS[kind]}"
    return Known(where, _over(own.mean, rival.mean), _over(own.low, rival.high), _over(own.high, rival.low))


def _over(one: float, other: float) -> float:
    """Of importances, which can be a little below nothing: less than a hundredth of the variance counts as that."""
    return max(one, 0.0) / max(other, 0.01)


def _lacks(kind: str, rows: Sequence[Row]) -> list[Lack]:
    """What a tree of this network lacks to be grown."""
    if not any(row["backend"] in gaps.GPU for row in rows):
        return [Lack("on a GPU (`howfar run gap`)", f"{NETWORKS[kind]}s")]
    if any(len({row[factor] for row in rows}) < 2 for factor in ("backend", *FACTORS)) or len(rows) < trees.FEWEST:
        return [Lack("with more back ends, tasks, depths and widths", f"{NETWORKS[kind]}s")]
    return []


def _mean(workload: Workload, rows: Sequence[Row], backend: str, printed: float, which: str = "") -> Part:
    """The mean ratio of a workload on a kind of back end."""
    says = f"{workload} {which}DNNs on a {backend.upper()} takes about {printed} times native's time"
    own = [row for row in rows if row["workload"] == workload and (row["backend"] == "cpu") == (backend == "cpu")]
    mean = pooled([Ratio(row["median"], row["low"], row["high"], row["processes"]) for row in own])
    if mean is None:
        what = "a GPU's times" if backend == "gpu" else "times of two rounds or more"
        return untold(says, Lack(f"{what} of {which}DNNs in {workload}, with native TensorFlow's"))
    names = f"{wording.target(dict(own[0]))} / {own[0]['against']}"
    where = f"{names}, {wording.counted(len(own), 'size')}"
    return one(says, known(where, mean), about(printed), [f"gap: {workload}, {where}"])
