"""Who is faster than whom, claimed only where the rounds that both were measured in allow it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from msgspec import Struct

from howfar.measured import Measured
from howfar.priors import prior_of_ratios
from howfar.quiet import FEWEST_QUIET
from howfar.records import Model, Workload
from howfar.stats import Prior, Ratio, ratio


class Field(Struct, frozen=True):
    """All that was measured for one model and workload, by one metric, in its newest environment."""

    workload: Workload
    model: Model
    metric: str
    entries: tuple[Measured, ...]
    # What all comparisons of the table say of how ratios scatter from round to round; over the rounds that count.
    prior: Prior | None = None
    prior_counted: Prior | None = None

    @property
    def browsers(self) -> list[Measured]:
        """The right contestants that run in a browser, fastest first: the yardstick is none."""
        able = (entry for entry in self.entries if entry.right and not entry.native and not entry.yardstick)
        return sorted(able, key=_time)

    @property
    def natives(self) -> list[Measured]:
        """The right native targets, fastest first."""
        return sorted((entry for entry in self.entries if entry.right and entry.native), key=_time)

    @property
    def native_single(self) -> Measured | None:
        """The fastest right native target on one thread."""
        return next((entry for entry in self.natives if entry.cell.target.threads == 1), None)

    @property
    def leaders(self) -> list[Measured]:
        """The fastest browser target and every one that cannot be told apart from it, fastest first."""
        ranked = self.browsers
        return ranked[:1] + [other for other in ranked[1:] if not self._faster(ranked[0], other)]

    def against(self, entry: Measured | None, other: Measured | None) -> Ratio | None:
        """How many times the other's time this one takes: in the rounds that count of both, or in all that they share
        where those are too few. None when either has no right numbers or no shared round."""
        if entry is None or other is None or not (entry.right and other.right):
            return None
        if entry.reckoned.left_out or other.reckoned.left_out:
            found = ratio(entry.counted, other.counted, self.prior_counted)
            if found and found.rounds >= FEWEST_QUIET:
                return found
        return ratio(entry.rounds, other.rounds, self.prior)

    def _faster(self, entry: Measured, other: Measured) -> bool:
        compared = self.against(entry, other)
        return compared is not None and compared.faster

    def ranks(self, entry: Measured, other: Measured) -> bool:
        """Whether two rounds or more allow a word on which of them is faster."""
        compared = self.against(entry, other)
        return compared is not None and compared.rounds > 1


def fields(measured: Iterable[Measured]) -> list[Field]:
    """The comparisons that may be made: same workload, model and metric, newest environment; largest model last."""
    gathered: dict[tuple[Workload, Model, str], list[Measured]] = defaultdict(list)
    for entry in measured:
        if entry.group.current:
            gathered[entry.cell.workload, entry.cell.model, entry.metric].append(entry)
    metrics = {metric for _, _, metric in gathered}
    known = {metric: _priors([own for key, own in gathered.items() if key[2] == metric]) for metric in metrics}
    return [Field(*key, tuple(gathered[key]), *known[key[2]]) for key in sorted(gathered)]


def _priors(fields: Sequence[Sequence[Measured]]) -> tuple[Prior | None, Prior | None]:
    """Of all that may be compared by one metric; and of what of it counts."""
    right = [[entry for entry in entries if entry.right] for entries in fields]
    every = prior_of_ratios([entry.rounds for entry in entries] for entries in right)
    if not any(entry.reckoned.left_out for entries in right for entry in entries):
        return every, every
    return every, prior_of_ratios([entry.counted for entry in entries] for entries in right)


def first(entries: Sequence[Measured]) -> Measured | None:
    """The fastest of entries that are sorted so, if there is one."""
    return entries[0] if entries else None


def _time(entry: Measured) -> float:
    return entry.median
