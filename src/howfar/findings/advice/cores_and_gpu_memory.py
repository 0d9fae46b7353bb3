"""Table 6, row 8: what a browser lets a page have of the machine."""

from collections.abc import Sequence

from howfar import gaps, wording
from howfar.findings.claims import one_core_only
from howfar.findings.evidence import INFERENCE, Evidence
from howfar.findings.verdicts import Lack, Part, Verdict, untold, verdict
from howfar.measured import Measured

NUMBER = 8
TITLE = "A page gets one core, and 1 GB of the GPU's memory"
ADVICE = "Let JavaScript engines use several cores, and let pages have more of the GPU's memory"
TO = "browser vendors"
NEEDS = (*one_core_only.NEEDS, "pretrained")
OTHERWISE = (
    "revised",
    "several cores are there for WebAssembly's threads, on cross-origin isolated pages; JavaScript itself has one",
)

# Those of the paper that asked the GPU for more than a gigabyte.
LARGE = ("VGG16", "VGG19")


def judge(evidence: Evidence) -> Verdict:
    """The cores that pages used, and whether the models run that did not fit."""
    return verdict(one_core_only.cores(evidence), _memory(evidence))


def _memory(evidence: Evidence) -> Part:
    """Right on any GPU back end, or failed on all of them."""
    says = "models of over 1 GB don't run on a GPU"
    tried = [
        entry
        for field in evidence.fields(INFERENCE, "graph")
        if field.model.name in LARGE
        for entry in field.entries
        if not entry.native and entry.cell.target.backend in gaps.GPU
    ]
    if not tried:
        return untold(says, Lack(f"{wording.listed(LARGE)} on a GPU (`howfar run pretrained`)"))
    ran = [entry for entry in tried if entry.right]
    cells = [f"inference: {entry.cell.model} on {entry.cell.target}" for entry in tried]
    if ran:
        return Part(says, "no_longer_holds", where=f"{_names(ran)} ran and was right", unit="count", cells=tuple(cells))
    return _failed(says, tried, cells)


def _failed(says: str, tried: Sequence[Measured], cells: Sequence[str]) -> Part:
    """Only a lack of memory speaks for the claim."""
    if all(entry.status in ("out_of_memory", "gl_context_lost", "gpu_device_lost") for entry in tried):
        return Part(says, "holds", where=f"{_names(tried)} ran out of it", unit="count", cells=tuple(cells))
    return untold(says, Lack(f"a right result, or memory that ran out ({tried[0].message or tried[0].status})"))


def _names(entries: Sequence[Measured]) -> str:
    return wording.listed([f"{entry.cell.model} on {entry.cell.target}" for entry in entries], most=2)
