"""The kinds of things that claims say of times, each asked of the evidence and answered as a part of a verdict."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from howfar import wording
from howfar.findings.evidence import CPU, Asked, Evidence, cells_of, size
from howfar.findings.verdicts import FEWEST, LESS, Known, Lack, Part, Range, every, known, one, untold
from howfar.records import Model, Target
from howfar.stats import block_ratios, geometric, ratio

# What changed in which round, of each model.
Rounds = Mapping[Model, Mapping[int, float]]


def too_few(count: int) -> list[Lack]:
    """What it takes to say what is the same at every size, or grows with it."""
    return [Lack(f"right numbers of {FEWEST} sizes or more")] if count < FEWEST else []


def typical(says: str, evidence: Evidence, asked: Asked, pair: tuple[str, str], within: Range) -> Part:
    """Of two frameworks on the CPU: over all sizes, the first takes so many times the other's time."""
    lacks = [lack for framework in pair for lack in evidence.lacks(asked, framework)]
    if lacks:
        return untold(says, *lacks)
    own, other = (evidence.targets(asked, (framework,))[0] for framework in pair)
    told, cells = evidence.typical(asked, own, other)
    if told is None:
        return untold(says, both(own, other))
    return one(says, told, within, cells)


def both(own: Target, other: Target) -> Lack:
    """Two targets that met in fewer rounds than an interval takes."""
    return Lack(f"two rounds or more with both {own} and {other}")


def first(says: str, evidence: Evidence, asked: Asked, leader: str, rivals: Sequence[str]) -> Part:
    """On the CPU a framework is faster than every other one, at every size. `rivals`: who must be among them."""
    lacks = [lack for framework in (leader, *rivals) for lack in evidence.lacks(asked, framework)]
    if evidence.lacks(asked, leader):
        return untold(says, *lacks)
    own = evidence.targets(asked, (leader,))[0]
    others = [target for target in evidence.targets(asked) if target.framework != leader]
    found = [(other, *pair) for other in others for pair in evidence.ratios(asked, own, other)]
    if not found:
        return untold(says, *lacks or [Lack(f"a round with {own} and any other")])
    numbers = [known(f"{own} / {other}, {size(field)}", ratio) for other, field, ratio in found]
    cells = [cell for other, field, _ in found for cell in cells_of(asked, f"{own} / {other}", [field])]
    sizes = too_few(len({field.model for _, field, _ in found}))
    return every(says, numbers, LESS, cells, missing=[*lacks, *sizes])


def rounds_of(evidence: Evidence, asked: Asked, target: Target) -> Rounds:
    """The time of every round in which it was right, by network."""
    found = ((field.model, evidence.at(field, target)) for field in evidence.fields(asked))
    return {model: entry.rounds for model, entry in found if entry}


def over(own: Rounds, other: Rounds) -> Rounds:
    """The one over the other, where they met in a round."""
    return {
        model: {number: value for number in times if (value := _quotient(times, other[model], number))}
        for model, times in own.items()
        if model in other
    }


def _quotient(one: Mapping[int, float], other: Mapping[int, float], number: int) -> float:
    found = block_ratios({number: one[number]}, other)
    return found[0] if found else 0.0


def grown(where: str, rounds: Rounds) -> Known | None:
    """How many times the smallest network's number the largest one's is; None with fewer than two sizes."""
    models = sorted(rounds, key=lambda model: (model.depth * model.width, model.depth))
    found = ratio(rounds[models[-1]], rounds[models[0]]) if len(models) > 1 else None
    if not found:
        return None
    ends = f"{wording.size(models[-1].depth, models[-1].width)} over {wording.size(models[0].depth, models[0].width)}"
    return known(f"{where}, {ends}", found)


def doubled(where: str, rounds: Rounds) -> dict[str, Known]:
    """By how much a number is multiplied when a network's width doubles, when its depth does, and the one over the
    other (`width`, `depth`, `both`): in each round by least squares over the sizes, as logarithms. Nothing where no
    round has several widths and depths."""
    slopes = np.exp2(list(_slopes(rounds))).reshape(-1, 2)
    if not len(slopes):
        return {}
    width, depth = slopes.T
    told = {"width": width, "depth": depth, "both": width / depth}
    return {name: Known(where, *geometric(values)) for name, values in told.items()}


def _slopes(rounds: Rounds) -> Iterator[list[float]]:
    """Of each round that has several widths and several depths: the exponents of width and of depth."""
    by_round: dict[int, list[tuple[float, float, float]]] = defaultdict(list)
    for model, times in rounds.items():
        for number, value in times.items():
            by_round[number].append((np.log2(model.width), np.log2(model.depth), np.log2(value)))
    for met in by_round.values():
        rows = np.array(met)
        factors = np.column_stack([np.ones(len(rows)), rows[:, :2]])
        if len(rows) > 3 and np.linalg.matrix_rank(factors) == 3:
            yield np.linalg.lstsq(factors, rows[:, 2], rcond=None)[0][1:].tolist()


def doubling(
    says: str, evidence: Evidence, asked: Asked, factor: str, within: Range, frameworks: Sequence[str]
) -> Part:
    """Of every one of these frameworks on the CPU: when a factor doubles, the time is multiplied by so much."""
    missing = [lack for framework in frameworks for lack in evidence.lacks(asked, framework)]
    numbers, cells = [], []
    for target in evidence.targets(asked, frameworks):
        rounds = rounds_of(evidence, asked, target)
        found = doubled(str(target), rounds)
        missing += [] if found else [Lack("at several widths of one depth, and several depths", str(target))]
        numbers += [found[factor]] if found else []
        cells.append(f"{asked.words}: {target}, {wording.counted(len(rounds), 'size')}")
    return every(says, numbers, within, cells, missing=missing) if numbers else untold(says, *missing)


def growing(
    says: str,
    evidence: Evidence,
    asked: Asked,
    frameworks: Sequence[str],
    within: Range,
    backends: Sequence[str] = CPU,
) -> Part:
    """Of every one of these frameworks: the largest network takes so many times the smallest one's time."""
    missing = [lack for framework in frameworks for lack in evidence.lacks(asked, framework, backends)]
    numbers, cells = [], []
    for target in evidence.targets(asked, frameworks, backends):
        rounds = rounds_of(evidence, asked, target)
        found = grown(str(target), rounds)
        missing += too_few(len(rounds))
        numbers += [found] if found else []
        cells.append(f"{asked.words}: {target}, {wording.counted(len(rounds), 'size')}")
    return every(says, numbers, within, cells, missing=missing) if numbers else untold(says, *missing)
