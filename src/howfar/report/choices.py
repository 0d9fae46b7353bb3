"""What a reader may filter a report by: the frameworks, the back ends and the browsers that were tried."""

from collections.abc import Iterable

from howfar import palette, plotted
from howfar.measured import NATIVE, REFERENCE
from howfar.outcomes import Results
from howfar.records import Target
from howfar.wholes import outcomes

# As the page's address names it, and as a person reads it.
TITLES = {"framework": "edition", "backend": "backend", "browser": "where"}

Choices = dict[str, list[str]]


def choices(results: Results) -> Choices:
    """What these results may be filtered by."""
    return offered(outcome.task.cell.target for outcome in outcomes(results))


def offered(targets: Iterable[Target]) -> Choices:
    """For each filter its options, as legends order them; one of a single option chooses nothing and is left out."""
    known = [target for target in set(targets) if target.framework != REFERENCE]
    known.sort(key=lambda one: (one.browser == NATIVE, *palette.order(one.framework, one.version, one.backend, None)))
    whose = [plotted.who_of(target) for target in known]
    options = {title: list(dict.fromkeys(str(who[field]) for who in whose)) for title, field in TITLES.items()}
    # Native has a back end of its own, which no choice of another one hides.
    options["backend"] = [name for name in options["backend"] if name != NATIVE]
    return {title: names for title, names in options.items() if len(names) > 1}
