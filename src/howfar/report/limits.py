"""What of the distance to native is the browser's, and what the framework's: for the first screen of a report."""

from howfar import gaps, roofs, wording
from howfar.ceilings import THREADS, Ceilings, Roof, taken
from howfar.measured import NATIVE
from howfar.outcomes import Results
from howfar.ranking import Field
from howfar.records import Model, Target
from howfar.report.standing import size
from howfar.roofs import Parts


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
    return f"What {browser} allows is {' and '.join(told)}." if told else ""


def _beside(roof: Roof, native: Roof | None, threads: str) -> str:
    of_native = f" ({roof.gflops / native.gflops:.0%} of native's)" if native else ""
    return f"{wording.number(roof.gflops)} GFLOP/s{of_native} on {threads}"


def factors(results: Results) -> list[str]:
    """A sentence per task, of its largest network whose ceilings are known, by the fastest browser target; none where
    no ceilings were taken."""
    known = Ceilings(taken(results))
    largest: dict[tuple[str, str], tuple[Model, Parts]] = {}
    for field in sorted(gaps.primary_fields(results), key=lambda field: field.model.depth * field.model.width):
        if found := _of_the_fastest(field, known):
            largest[field.workload, field.model.name or field.model.kind] = (field.model, found)
    return [_sentence(workload, *found) for (workload, _), found in largest.items()]


def _of_the_fastest(field: Field, known: Ceilings) -> Parts | None:
    fastest = next(iter(field.leaders), None)
    gap = next((gap for gap in gaps.matched(field) if gap.web is fastest), None)
    return roofs.parts(gap, known) if gap else None


def _sentence(workload: str, model: Model, found: Parts) -> str:
    gap = found.gap
    whole = wording.number(found.ceiling_ratio * found.share_ratio.value)
    at = f"In {workload} at {size(model)}, of the {whole}× from {gap.web.cell.target} to {gap.native.cell.target},"
    costs, does = f"{wording.number(found.ceiling_ratio)}× is what the browser costs", found.share_ratio.value
    if does >= 1:
        return f"{at} {costs} and {wording.number(does)}× what the framework does."
    gained = f"the framework wins {wording.number(1 / does)}× of it back"
    return f"{at} {costs}; {gained}, by using more of what it is allowed than native does."
