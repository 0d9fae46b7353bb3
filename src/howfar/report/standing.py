"""Where the browser stands, model by model: who leads there, and how far it is from native."""

from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct

from howfar import wording
from howfar.kept import kept
from howfar.measured import Measured, primary
from howfar.outcomes import Results, over_budget
from howfar.ranking import Field, fields, first
from howfar.records import Model, Workload
from howfar.stats import Ratio

# What the answer is about. Loading has a figure of its own: its operation is another in every framework.
ANSWERED: tuple[Workload, ...] = ("training", "inference")
# `alone`: the only right one; `reached`: the only one that the time allowed; `unranked`: a single round, which allows
# no claim; `none`: no right one; `unreached`: the time allowed none.
Claim = Literal["fastest", "tied", "alone", "reached", "unranked", "none", "unreached"]


class Standing(Struct, frozen=True):
    """One model in one workload. `leaders`: the fastest browser target and all that can't be told apart from it; of
    these a GPU in name only comes last, since its time says nothing about a GPU."""

    workload: Workload
    model: Model
    claim: Claim
    leaders: tuple[Measured, ...]
    to_single: Ratio | None
    to_best: Ratio | None
    natives: tuple[Measured, ...] = ()


def standings(results: Results) -> list[Standing]:
    """Every model that was trained or asked, or tried, training first, small models first."""
    return list(kept(results, "standings", lambda: [*_every_standing(results)]))


def _every_standing(results: Results) -> Iterator[Standing]:
    return (_standing(field) for workload in ANSWERED for field in fields(primary(results, workload)))


def size(model: Model) -> str:
    """Depth × width, or the name of one's own model, as everywhere in the report."""
    return model.name or wording.size(model.depth, model.width)


def _standing(field: Field) -> Standing:
    leaders = tuple(field.leaders)
    claim = _claim(field, leaders)
    if claim == "tied":
        leaders = tuple(sorted(leaders, key=lambda one: one.software))
    best, native = first(leaders), first(field.natives)
    return Standing(
        workload=field.workload,
        model=field.model,
        claim=claim,
        leaders=leaders,
        to_single=field.against(best, field.native_single),
        to_best=field.against(best, native),
        natives=tuple(field.natives),
    )


def _claim(field: Field, leaders: tuple[Measured, ...]) -> Claim:
    unable = [one for one in field.entries if not (one.native or one.yardstick) and not one.right]
    missed = [one for one in unable if over_budget(one.message)]
    if not leaders:
        return "unreached" if missed else "none"
    if len(field.browsers) == 1:
        return "reached" if missed else "alone"
    if not all(field.ranks(leaders[0], other) for other in field.browsers[1:]):
        return "unranked"
    return "fastest" if len(leaders) == 1 else "tied"


def known(ratios: Iterable[tuple[Standing, Ratio | None]]) -> list[tuple[Standing, Ratio]]:
    """The smallest first; those of a single round, which have no interval, only where there are no others."""
    found = [(standing, ratio) for standing, ratio in ratios if ratio]
    sure = [(standing, ratio) for standing, ratio in found if ratio.low is not None]
    return sorted(sure or found, key=lambda pair: pair[1].value)
