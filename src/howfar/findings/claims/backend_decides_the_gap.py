"""Section 5.2, Figure 6: what the distance to native depends on, and how large it is."""

from collections.abc import Iterator, Mapping, Sequence

from howfar import gaps, trees, wording
from howfar.experiments import gap, gap_tree
from howfar.findings import verdicts
from howfar.findings.evidence import INFERENCE, TRAINING, Evidence
from howfar.findings.verdicts import MORE, Known, Lack, Part, Verdict, about, every, known, untold, verdict
from howfar.gaps import NETWORKS, Gap
from howfar.records import Model, Workload
from howfar.stats import pooled
from howfar.trees import FACTORS, Importance, Row

NUMBER = 10
TITLE = "The back end decides the gap to native, then the task"
NEEDS = ("gap",)

# Of a network's tree: how much each factor matters.
Tree = Mapping[str, Importance]
FIRST = (gap_tree.PAPER_FIRST,)
CPU, GPU = "cpu", "gpu"


def judge(evidence: Evidence) -> Verdict:
    """What weighs in the trees, and the mean ratios that the paper prints of dense networks."""
    kinds = {kind: list(_held(evidence, kind)) for kind in NETWORKS}
    dense = kinds["mlp"]
    large = [one for one in dense if _model(one).depth > gap.LARGE_DEPTH and _model(one).width > gap.LARGE_WIDTH]
    lacks = [lack for kind, own in kinds.items() for lack in _lacks(kind, own)]
    trees_of = {kind: _tree(own) for kind, own in kinds.items() if not _lacks(kind, own)}
    return verdict(
        _split("the back end weighs the most in the tree", trees_of, lacks, gap_tree.PAPER_FIRST, ()),
        _split("the task weighs more than depth and width", trees_of, lacks, gap_tree.PAPER_SECOND, FIRST),
        _mean("training", dense, CPU, gap.PRINTED["mlp", "training"]),
        _mean("inference", dense, CPU, gap.PRINTED["mlp", "inference"]),
        _mean("training", large, CPU, gap.PRINTED_LARGE[CPU], "large "),
        _mean("training", large, GPU, gap.PRINTED_LARGE[GPU], "large "),
    )


def _held(evidence: Evidence, kind: str) -> Iterator[Gap]:
    """TensorFlow.js over native TensorFlow as the experiment `gap` holds them: plain JS against the CPU, and a GPU
    against a GPU, as the paper did."""
    for asked in (TRAINING, INFERENCE):
        for field in evidence.fields(asked, kind):
            for one in gaps.matched(field):
                own, native = one.web.cell.target, one.native.cell.target
                if one.ratio and own.framework == "tfjs" and own.backend != "wasm" and _backend(one) == native.backend:
                    yield one


def _model(one: Gap) -> Model:
    return one.web.cell.model


def _backend(one: Gap) -> str:
    """As the paper's tree knows them: the CPU or a GPU, whichever."""
    return GPU if one.web.cell.target.backend in gaps.GPU else CPU


def _row(one: Gap) -> Row:
    """Its factors and its ratio, as trees are grown of."""
    cell = one.web.cell
    ratio = one.ratio.value if one.ratio else 0.0
    factors = {
        "backend": _backend(one),
        "workload": cell.workload,
        "depth": cell.model.depth,
        "width": cell.model.width,
    }
    return {**factors, "median": ratio}


def _tree(held: Sequence[Gap]) -> Tree:
    """How much each factor matters."""
    return {one.factor: one for one in trees.importances([_row(each) for each in held], len(FACTORS))}


def _split(says: str, trees_of: Mapping[str, Tree], lacks: Sequence[Lack], factor: str, ahead: Sequence[str]) -> Part:
    """Whether a factor's importance is surely larger than that of every other but those `ahead`, with every network."""
    if not trees_of:
        return untold(says, *lacks)
    numbers = [_lead(kind, tree, factor, ahead) for kind, tree in trees_of.items()]
    cells = [f"gap: the tree of {NETWORKS[kind]}s" for kind in trees_of]
    return every(says, numbers, MORE, cells, missing=lacks)


def _lead(kind: str, tree: Tree, factor: str, ahead: Sequence[str]) -> Known:
    """Its importance over that of the weightiest other one; the interval from the edges of both."""
    own = tree[factor]
    rival = max((one for name, one in tree.items() if name not in (factor, *ahead)), key=lambda one: one.mean)
    where = f"importance of the {FACTORS[factor]} / of the {FACTORS[rival.factor]}, {NETWORKS[kind]}"
    return Known(where, _over(own.mean, rival.mean), _over(own.low, rival.high), _over(own.high, rival.low))


def _over(one: float, other: float) -> float:
    """Of importances, which can be a little below nothing: less than a hundredth of the variance counts as that."""
    return max(one, 0.0) / max(other, 0.01)


def _lacks(kind: str, held: Sequence[Gap]) -> list[Lack]:
    """What a tree of this network lacks to be grown."""
    if not any(_backend(one) == GPU for one in held):
        return [Lack("on a GPU, natively too (`howfar run gap`)", f"{NETWORKS[kind]}s")]
    rows = [_row(one) for one in held]
    if len(rows) < trees.FEWEST or any(len({row[factor] for row in rows}) < 2 for factor in FACTORS):
        return [Lack("with more back ends, tasks, depths and widths", f"{NETWORKS[kind]}s")]
    return []


def _mean(workload: Workload, held: Sequence[Gap], backend: str, printed: float, which: str = "") -> Part:
    """The mean ratio of a workload on a kind of back end."""
    says = f"{workload} of {which}DNNs on a {backend.upper()} takes about {printed} times native's time"
    own = [one for one in held if one.web.cell.workload == workload and _backend(one) == backend]
    mean = pooled([one.ratio for one in own if one.ratio])
    if mean is None:
        what = "a GPU's times" if backend == GPU else "times of two rounds or more"
        return untold(says, Lack(f"{what} of {which}DNNs in {workload}, with native TensorFlow's"))
    names = f"{own[0].web.cell.target} / {own[0].native.cell.target}"
    where = f"{names}, {wording.counted(len(own), 'size')}"
    return verdicts.one(says, known(where, mean), about(printed), [f"gap: {workload}, {where}"])
