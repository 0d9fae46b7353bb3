"""Section 5.1, Figure 5: pre-trained models in TensorFlow.js on GPUs, and in native TensorFlow."""

from collections.abc import Iterator, Sequence

from howfar import gaps
from howfar.experiments.pretrained import PRINTED
from howfar.findings.evidence import INFERENCE, Evidence, cells_of, gpu_kind, size
from howfar.findings.verdicts import LESS, Known, Lack, Part, Range, Verdict, every, known, untold, verdict
from howfar.measured import Measured
from howfar.ranking import Field
from howfar.stats import Ratio

NUMBER = 9
TITLE = "On a GPU TensorFlow.js comes near native TensorFlow, or beats its CPU"
NEEDS = ("pretrained",)

# One to two times as long, as printed, without a digit after the point.
NEAR = Range(0.5, 2.5)


def judge(evidence: Evidence) -> Verdict:
    """Each of the paper's five models."""
    return verdict(discrete(evidence), integrated(evidence))


def discrete(evidence: Evidence) -> Part:
    """On the same card as native."""
    says = "on a discrete GPU it takes 1 to 2 times native's time on that GPU"
    return _part(says, evidence, "discrete", "gpu", NEAR)


def integrated(evidence: Evidence) -> Part:
    """On the graphics that share the processor's memory, against all of the processor's cores."""
    says = "on an integrated GPU it takes less time than native on the CPU"
    return _part(says, evidence, "integrated", "cpu", LESS)


def _part(says: str, evidence: Evidence, kind: str, backend: str, within: Range) -> Part:
    own = [field for field in evidence.fields(INFERENCE, "graph") if field.model.name in PRINTED]
    if not own:
        return untold(says, Lack("the paper's pre-trained models (`howfar run pretrained`)"))
    found = list(_pairs(own, kind, backend))
    if not found:
        return untold(says, *_lacks(evidence, own, kind, backend))
    numbers: list[Known] = [known(f"{web.cell.target} / {native.cell.target}, {size(field)}", ratio)
                            for field, web, native, ratio in found]  # fmt: skip
    cells = [cell for (field, *_), number in zip(found, numbers, strict=True)
             for cell in cells_of(INFERENCE, number.where.partition(",")[0], [field])]  # fmt: skip
    return every(says, numbers, within, cells)


def _pairs(own: Sequence[Field], kind: str, backend: str) -> Iterator[tuple[Field, Measured, Measured, Ratio]]:
    """At each model the fastest GPU back end of that kind, and native's fastest."""
    for field in own:
        webs = [one for one in field.browsers if _on(one, kind)]
        natives = [one for one in field.natives if one.cell.target.backend == backend]
        found = field.against(webs[0], natives[0]) if webs and natives else None
        if found:
            yield field, webs[0], natives[0], found


def _on(entry: Measured, kind: str) -> bool:
    target = entry.cell.target
    return target.framework == "tfjs" and target.backend in gaps.GPU and gpu_kind(entry) == kind


def _lacks(evidence: Evidence, own: Sequence[Field], kind: str, backend: str) -> list[Lack]:
    """A GPU, one of that kind, or native beside it."""
    card = f"{'an' if kind == 'integrated' else 'a'} {kind} GPU"
    lacks = evidence.lacks(INFERENCE, "tfjs", gaps.GPU, "graph")
    if lacks:
        return [*lacks, Lack(f"{card} (`howfar run pretrained` on a machine that has one)")]
    if not any(_on(entry, kind) for field in own for entry in field.browsers):
        return [Lack(f"{card}: the one here is another, or its driver does not say what it is")]
    return [Lack(f"native TensorFlow on its {backend} in the same round")]
