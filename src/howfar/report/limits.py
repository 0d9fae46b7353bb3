"""What of the distance to native is the browser's, and what the framework's: for the first screen of a report."""

from howfar import gaps, roofs, wording
from howfar.ceilings import THREADS, Ceilings, Roof, taken
from howfar.gaps import Gap
from howfar.measured import NATIVE
from howfar.outcomes import Results
from howfar.ranking import Field
from howfar.records import Target
from howfar.report.standing import size


def allowed(results: Results) -> list[str]:
    """A sentence per browser: what it allows at all, and how much of what the machine does outside it that is; none
    where no ceilings were taken."""
    found = taken(results)
    known = Ceilings(found)
    browsers = dict.fromkeys(one.target.browser for one in found if one.target.browser != NATIVE)
    return [said for browser in browsers if (said := _allowed(browser, known))]


def _allowed(browser: str, known: Ceilings) -> str:
    own = {several: known.browser(Target("", "", "cpu", browser), several, software=False) for several in THREADS}
    told = [_beside(roof, known.native(several), THREADS[several]) for several, roof in own.items() if roof]
    told += [f"{wording.number(gpu.gflops)} GFLOP/s on the GPU"] if (gpu := known.gpu(browser)) else []
    return f"What {browser} allows is {wording.listed(told)}." if told else ""


def _beside(roof: Roof, native: Roof | None, threads: str) -> str:
    of_native = f" ({roof.gflops / native.gflops:.0%} of native's)" if native else ""
    return f"{wording.number(roof.gflops)} GFLOP/s{of_native} on {threads}"


def factors(results: Results) -> list[str]:
    """A sentence per task, of its largest network whose ceilings are known, by the fastest browser target; none where
    no ceilings were taken."""
    known = Ceilings(taken(results))
    largest: dict[tuple[str, str], str] = {}
    for field in sorted(gaps.primary_fields(results), key=lambda field: field.model.depth * field.model.width):
        if said := _of_the_fastest(field, known):
            largest[field.workload, field.model.name or field.model.kind] = said
    return list(largest.values())


def _of_the_fastest(field: Field, known: Ceilings) -> str:
    fastest = next(iter(sorted(field.leaders, key=lambda one: one.software)), None)
    gap = next((gap for gap in gaps.matched(field) if gap.web is fastest), None)
    return factors_of(gap, known) if gap else ""


def factors_of(gap: Gap, known: Ceilings) -> str:
    """What of one gap is the browser's, and what the framework's; nothing where that is not known."""
    found = roofs.parts(gap, known)
    if found is None:
        return ""
    whole, cell = wording.number(found.ceiling_ratio * found.share_ratio.value), gap.web.cell
    web = wording.named(cell.target, gap.web.software)
    between = f"of the {whole}× from {web} to {gap.native.cell.target},"
    at = f"In {cell.workload} at {size(cell.model)}, {between}"
    costs, does = f"{wording.number(found.ceiling_ratio)}× is what the browser costs", found.share_ratio.value
    if does >= 1:
        return f"{at} {costs} and {wording.number(does)}× what the framework does."
    gained = f"the framework wins {wording.number(1 / does)}× of it back"
    return f"{at} {costs}; {gained}, by using more of what it is allowed than native does."
