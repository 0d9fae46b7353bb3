"""What failed or could not run, gathered so that every reason is said once and none is lost."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec import Struct

from howfar import plotted, wording
from howfar.measured import REFERENCE, fared
from howfar.outcomes import Outcome, Results
from howfar.records import PROTOCOLS, Cell, Status
from howfar.report.standing import size
from howfar.wholes import outcomes

# From what a reader may want to mend to what is simply so.
SERIOUS_FIRST: tuple[Status, ...] = (
    "wrong_result", "crashed", "out_of_memory", "gl_context_lost", "gpu_device_lost", "hung", "page_error", "fell_back",
    "unsupported",
)  # fmt: skip


class Failure(Struct, frozen=True):
    """One reason, of one target: the workloads, sizes and rounds that met it, and the details that they told.
    `published`: under the published protocol. `lacking`: a ceiling that this machine does not have."""

    status: Status
    target: str
    message: str
    where: str
    tasks: int
    details: tuple[str, ...]
    published: bool = False
    who: Mapping[str, str] = {}
    lacking: bool = False

    @property
    def says(self) -> str:
        return fared(self.status, self.message)


def failures(results: Results) -> list[Failure]:
    """Every failed task, controls included, gathered by protocol, status, target and message: the corrected protocol's
    first, the serious ones first."""
    gathered: dict[tuple[bool, Status, str, str], list[Outcome]] = defaultdict(list)
    for outcome in outcomes(results):
        if outcome.status != "ok":
            published = outcome.task.protocol == PROTOCOLS["published"]
            key = (published, outcome.status, wording.named(outcome.task.cell.target), outcome.message)
            gathered[key].append(outcome)
    keys = sorted(gathered, key=lambda key: (key[0], SERIOUS_FIRST.index(key[1]), key[2:]))
    return [_failure(key, gathered[key]) for key in keys]


def _failure(key: tuple[bool, Status, str, str], outcomes: list[Outcome]) -> Failure:
    published, status, target, message = key
    details = dict.fromkeys(outcome.detail for outcome in outcomes if outcome.detail)
    who = plotted.who_of(outcomes[0].task.cell.target)
    lacking = status == "unsupported" and outcomes[0].task.cell.workload == "ceilings"
    return Failure(status, target, message, where(outcomes), len(outcomes), tuple(details), published, who, lacking)


def where(outcomes: Iterable[Outcome]) -> str:
    """`training at 1 × 64, 8 × 256; inference at 8 × 256`."""
    sizes: dict[str, dict[str, None]] = defaultdict(dict)
    for outcome in sorted(outcomes, key=lambda outcome: outcome.task.cell.model):
        cell = outcome.task.cell
        sizes[_what(cell)][size(cell.model)] = None
    return "; ".join(f"{workload} at {', '.join(at)}" for workload, at in sorted(sizes.items(), reverse=True))


def _what(cell: Cell) -> str:
    """Who looked on may be why it failed."""
    if cell.target.framework == REFERENCE:
        return "control"
    return f"{cell.workload}, watched for {cell.observe}" if cell.observe else cell.workload
