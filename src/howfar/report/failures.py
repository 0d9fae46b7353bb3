"""What failed or could not run, gathered so that every reason is said once and none is lost."""

from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct

from howfar import wording
from howfar.measured import SAYS, contestant
from howfar.outcomes import Outcome, Results
from howfar.records import Status
from howfar.report.standing import size

# From what a reader may want to mend to what is simply so.
SERIOUS_FIRST: tuple[Status, ...] = (
    "wrong_result", "crashed", "out_of_memory", "gl_context_lost", "gpu_device_lost", "hung", "page_error", "fell_back",
    "unsupported",
)  # fmt: skip


class Failure(Struct, frozen=True):
    """One reason, of one target: the workloads, sizes and rounds that met it, and the details that they told."""

    status: Status
    target: str
    message: str
    where: str
    tasks: int
    details: tuple[str, ...]

    @property
    def says(self) -> str:
        return SAYS[self.status]


def failures(results: Results) -> list[Failure]:
    """Every failed task, controls included, gathered by status, target and message; the serious ones first."""
    gathered: dict[tuple[Status, str, str], list[Outcome]] = defaultdict(list)
    for outcome in results.outcomes:
        if outcome.status != "ok":
            gathered[outcome.status, wording.named(outcome.task.cell.target), outcome.message].append(outcome)
    keys = sorted(gathered, key=lambda key: (SERIOUS_FIRST.index(key[0]), key[1:]))
    return [_failure(*key, gathered[key]) for key in keys]


def _failure(status: Status, target: str, message: str, outcomes: list[Outcome]) -> Failure:
    details = dict.fromkeys(outcome.detail for outcome in outcomes if outcome.detail)
    return Failure(status, target, message, where(outcomes), len(outcomes), tuple(details))


def where(outcomes: Iterable[Outcome]) -> str:
    """`training at 1 × 64, 8 × 256; inference at 8 × 256`."""
    sizes: dict[str, dict[str, None]] = defaultdict(dict)
    for outcome in sorted(outcomes, key=lambda outcome: outcome.task.cell.model):
        cell = outcome.task.cell
        sizes[cell.workload if contestant(cell) else "control"][size(cell.model)] = None
    return "; ".join(f"{workload} at {', '.join(at)}" for workload, at in sorted(sizes.items(), reverse=True))
