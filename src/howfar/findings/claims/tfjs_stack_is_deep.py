"""Section 4.4: how deep the call stacks are while frameworks train."""

from collections.abc import Mapping

from howfar import stacks
from howfar.experiments import call_stack
from howfar.findings.evidence import Evidence
from howfar.findings.verdicts import Lack, Part, Verdict, above, known, one, untold, verdict
from howfar.measured import COUNTED, groups
from howfar.records import Cell
from howfar.stats import ratio

NUMBER = 12
TITLE = "TensorFlow.js's call stack is an order deeper than ConvNetJS's"
NEEDS = ("call_stack",)

# What the paper printed of each, as far as it can be told: the deepest of the one, what the other's mostly is.
DEEP, SHALLOW = ("tfjs", "cpu"), ("convnetjs", "cpu")


def judge(evidence: Evidence) -> Verdict:
    """Round by round, each in a process of its own."""
    return verdict(deeper(evidence))


def deeper(evidence: Evidence) -> Part:
    """The deepest stack of TensorFlow.js over ConvNetJS's usual one."""
    says = f"where it is deepest it has {call_stack.ORDER} times the functions or more"
    lacks = [Lack("profiled while it trains", key[0]) for key in (DEEP, SHALLOW) if not _depths(evidence, key)]
    if lacks:
        return untold(says, *lacks)
    found = ratio(_depths(evidence, DEEP), _depths(evidence, SHALLOW))
    if found is None:
        return untold(says, Lack("a round in which both were profiled"))
    names = [f"{key[0]}@{evidence.edition.versions[key[0]]} {key[1]}" for key in (DEEP, SHALLOW)]
    number = known(" / ".join(names), found)
    return one(says, number, above(call_stack.ORDER), [f"training, profiled: {name}" for name in names], "ratio")


def _depths(evidence: Evidence, key: tuple[str, str]) -> Mapping[int, float]:
    """By round, as the paper's number of that framework is meant."""

    def wanted(cell: Cell) -> bool:
        target = cell.target
        own = (target.framework, target.backend) == key and evidence.edition.has(target.framework, target.version)
        return own and cell.observe == "stacks" and not target.switch and target.browser == evidence.sources.browser

    metric = call_stack.PRINTED[key].metric
    return {
        outcome.task.round: stacks.depths([outcome.stacks.depth_us])[metric]
        for group in groups(evidence.sources.results, wanted)
        if group.current
        for outcome in group.outcomes
        if outcome.stacks and outcome.status in COUNTED and stacks.seconds(outcome.stacks.depth_us)
    }
