"""Section 4.3, Table 6: what a page waits for before its first answer, beside the answer itself."""

from howfar import wording
from howfar.experiments.features import PAPERS
from howfar.findings.asking import over, rounds_of
from howfar.findings.evidence import CPU, INFERENCE, LOADING, WARM_UP, Evidence
from howfar.findings.verdicts import MORE, Known, Lack, Part, Verdict, every, known, untold, verdict
from howfar.gaps import GPU
from howfar.records import Model, Target
from howfar.stats import Ratio, geometric, pooled

NUMBER = 7
TITLE = "Loading a model and warming it up cost more than one inference"
NEEDS = ("load_time", "warmup_time", "inference_time")


def judge(evidence: Evidence) -> Verdict:
    """The load of a saved model and the first inference, over a later inference, in the same round."""
    return verdict(preparing(evidence))


def preparing(evidence: Evidence) -> Part:
    """Every target, over all sizes."""
    says = "loading and the first inference take longer than one that follows"
    targets = [
        target
        for target in evidence.targets(INFERENCE, PAPERS, (*CPU, *GPU))
        if target in evidence.targets(LOADING, PAPERS, (*CPU, *GPU))
    ]
    found = [(target, number) for target in targets if (number := _number(evidence, target))]
    if not found:
        return untold(says, Lack("two rounds or more in which a target loaded its saved model, and predicted"))
    cells = [f"loading and inference: {target}" for target, _ in found]
    return every(says, [number for _, number in found], MORE, cells)


def _number(evidence: Evidence, target: Target) -> Known | None:
    ratios = [Ratio(*geometric(list(times.values())), rounds=len(times)) for times in _over(evidence, target) if times]
    mean = pooled(ratios)
    return known(f"{target}, {wording.counted(len(ratios), 'size')}", mean) if mean else None


def _over(evidence: Evidence, target: Target) -> list[dict[int, float]]:
    load, first = (rounds_of(evidence, asked, target) for asked in (LOADING, WARM_UP))
    before: dict[Model, dict[int, float]] = {
        model: {number: ms + first[model][number] for number, ms in times.items() if number in first[model]}
        for model, times in load.items()
        if model in first
    }
    return [dict(times) for times in over(before, rounds_of(evidence, INFERENCE, target)).values()]
