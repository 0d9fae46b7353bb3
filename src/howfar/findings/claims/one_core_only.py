"""Section 4.2, Table 2: can a page use more than one core?"""

from collections.abc import Sequence

from howfar import gaps, wording
from howfar.experiments import cpu_utilization
from howfar.findings.evidence import Evidence, Row
from howfar.findings.verdicts import Known, Lack, Part, Verdict, below, every, untold, verdict
from howfar.measured import NATIVE

NUMBER = 11
TITLE = "A page can't use more than one core"
NEEDS = ("cpu_utilization",)

# Of the page's own process, averaged over the steady phase: a single second also has the engine's compiler in it.
METRIC = cpu_utilization.METRIC
MOST = below(cpu_utilization.BOUND)


def judge(evidence: Evidence) -> Verdict:
    """Every back end while it trains, with as many threads as it can have."""
    return verdict(cores(evidence))


def cores(evidence: Evidence) -> Part:
    """Shares of one core. What others held up shows no bound, and what computes on a GPU none of the processor's."""
    says = f"no page uses more than {100 * cpu_utilization.BOUND:.0f} % of a core"
    rows = [row for row in evidence.rows("cpu_utilization") if row["metric"] == METRIC and row["browser"] != NATIVE]
    known = [row for row in rows if row["median"] is not None and row["status"] == "ok"]
    own = [row for row in known if row["backend"] not in gaps.GPU]
    if not own:
        return untold(says, Lack("pages that were watched while they trained (`howfar run machine`)"))
    numbers = [Known(_where(row), row["median"], row["low"], row["high"]) for row in own]
    return every(says, numbers, MOST, [f"training, watched: {_where(row)}" for row in own], "share",
                 _missing(evidence, own))  # fmt: skip


def _where(row: Row) -> str:
    return f"{wording.named(wording.target(dict(row)))}, {wording.network(row)}"


def _missing(evidence: Evidence, rows: Sequence[Row]) -> list[Lack]:
    """A machine with one core, or one that was busy, bounds every page."""
    count = evidence.sources.results.run.host.get("cores")
    if isinstance(count, int) and count < 2:
        return [Lack("a machine with more than one core")]
    held_up = all(row["disturbed"] for row in rows)
    return [Lack("a quiet machine: other programs held up all of these pages")] if held_up else []
