"""Table 6, row 7: call stacks, and whether their depth costs time."""

from collections.abc import Mapping

from howfar import wording
from howfar.experiments import call_stack
from howfar.findings.claims import tfjs_stack_is_deep
from howfar.findings.evidence import Evidence, Row
from howfar.findings.verdicts import Known, Lack, Part, Verdict, below, every, untold, verdict

NUMBER = 7
TITLE = "TensorFlow.js's deep call stack slows it down"
ADVICE = "Let a compiler take calls out of what goes into production"
TO = "framework vendors"
NEEDS = tfjs_stack_is_deep.NEEDS
OTHERWISE = ("withdrawn", "the stack is not what the time goes into: fewer calls did not save any to speak of")

# Less than this is not worth a build of its own.
WORTH = below(0.95)


def judge(evidence: Evidence) -> Verdict:
    """The depth; and, of two builds of one version, whether the one with fewer calls takes less time."""
    return verdict(tfjs_stack_is_deep.deeper(evidence), _pays(evidence))


def _pays(evidence: Evidence) -> Part:
    says = "of two builds of one version, the one with the shallower stack takes at least 5 % less time"
    rows = evidence.rows("call_stack")
    depth = {_name(row): row["median"] for row in rows if row["metric"] == call_stack.METRIC and row["median"]}
    times = [row for row in rows if row["metric"] == call_stack.TIME and row["median"] and row["switch"]]
    own = [row for row in times if row["framework"] == "tfjs" and {_name(row), row["against"]} <= depth.keys()]
    numbers = [_shallower(row, depth) for row in own if _name(row).split()[0] == row["against"].split()[0]]
    if not numbers:
        return untold(says, Lack("two builds of TensorFlow.js, profiled and timed"))
    return every(says, numbers, WORTH, [f"training: {number.where}" for number in numbers])


def _name(row: Row) -> str:
    return str(wording.target(dict(row)))


def _shallower(row: Row, depth: Mapping[str, float]) -> Known:
    """The time of the shallower of the two over that of the other."""
    one, other = _name(row), row["against"]
    if depth[one] <= depth[other]:
        return Known(f"{one} / {other}", row["median"], row["low"], row["high"])
    ends = (row["high"] and 1 / row["high"], row["low"] and 1 / row["low"])
    return Known(f"{other} / {one}", 1 / row["median"], *ends)
