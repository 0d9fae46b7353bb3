"""How near a cell comes to what its language, its browser and the machine allow, and what makes a gap to native."""

from msgspec import Struct

from howfar import gaps
from howfar.ceilings import Ceilings, Roof
from howfar.gaps import Gap
from howfar.measured import Measured
from howfar.stats import Ratio

# Why a cell has no share.
NO_WORK = "what an operation of it computes is not known"
NO_BROWSER = "this browser's ceilings were not taken"
NO_NATIVE = "no native ceiling was taken"


class Use(Struct, frozen=True):
    """What a cell makes of its time: GFLOP/s, at so many FLOP per byte that it can't help moving."""

    gflops: float
    intensity: float
    operation_bytes: float

    def share(self, roof: Roof) -> float:
        """Of what the roof allows."""
        return self.gflops / roof.at(self.intensity, self.operation_bytes)


class Parts(Struct, frozen=True):
    """A gap to native in two factors, `gap.ratio` = `ceiling_ratio` x `share_ratio`: what the browser costs, and what
    the framework does. `native_share`: of the native ceiling, in the rounds that both were measured in."""

    gap: Gap
    ceiling_ratio: float
    share_ratio: Ratio
    browser_share: float
    native_share: float


def use(entry: Measured) -> Use | None:
    """None where it has no right number, or where it is not known what it computes."""
    outcome = entry.group.outcomes[-1]
    facts = [one.facts for one in entry.group.outcomes if "operation_multiply_adds" in one.facts]
    if not entry.right or not facts:
        return None
    count, moved = (facts[-1].get(f"operation_{name}") for name in ("multiply_adds", "bytes"))
    if not isinstance(count, int | float) or not isinstance(moved, int | float) or not count or not moved:
        return None
    # A cell that was estimated from a part of its batch: its time is the whole batch's, what moves is the part's.
    flop = 2.0 * count * outcome.task.scale
    return Use(flop / entry.median / 1e6, 2.0 * count / moved, float(moved))


def several(entry: Measured) -> bool:
    """Whether it is held against the ceilings of all cores."""
    return entry.cell.target.threads == 0 if entry.native else gaps.parallel(entry)


def browser_roof(entry: Measured, ceilings: Ceilings) -> Roof | None:
    """Of the browser that it ran in."""
    return ceilings.browser(entry.cell.target, several(entry), entry.software)


def language_roof(entry: Measured, ceilings: Ceilings) -> Roof | None:
    """Of its own back end."""
    return ceilings.language(entry.cell.target, several(entry))


def native_roof(entry: Measured, ceilings: Ceilings) -> Roof | None:
    """Of the processor, on as many threads; of a native GPU no ceiling is taken."""
    return None if entry.cell.target.backend == "gpu" else ceilings.native(several(entry))


def parts(gap: Gap, ceilings: Ceilings) -> Parts | None:
    """None where a number or a ceiling is missing: `why_not` says which."""
    own, browser, native = use(gap.web), browser_roof(gap.web, ceilings), native_roof(gap.native, ceilings)
    if gap.ratio is None or own is None or browser is None or native is None:
        return None
    allowed = [roof.at(own.intensity, own.operation_bytes) for roof in (native, browser)]
    ceiling_ratio = allowed[0] / allowed[1]
    ends = [end / ceiling_ratio if end else None for end in (gap.ratio.low, gap.ratio.high)]
    share_ratio = Ratio(gap.ratio.value / ceiling_ratio, ends[0], ends[1], gap.ratio.rounds)
    share = own.share(browser)
    return Parts(gap, ceiling_ratio, share_ratio, share, share * share_ratio.value)


def why_not(entry: Measured, ceilings: Ceilings) -> str:
    """Why an entry has no share of its ceiling; nothing where it has one."""
    if not entry.right:
        return entry.message
    if use(entry) is None:
        return NO_WORK
    roof = native_roof(entry, ceilings) if entry.native else browser_roof(entry, ceilings)
    return "" if roof else NO_NATIVE if entry.native else NO_BROWSER
