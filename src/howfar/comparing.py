"""Two results held against one another, cell by cell: faster, slower, the same, or not to be told.

Either two stores, whose rounds have nothing to do with one another, or two targets within one, which met in the same
rounds. A slowdown is said only where the interval shows it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct, structs

from howfar.errors import UserError
from howfar.measured import Measured, primary
from howfar.outcomes import Results, over_budget
from howfar.priors import prior
from howfar.records import Fact, Target, Workload
from howfar.stats import Prior, Ratio, block_ratios, pooled, ratio, ratio_apart

Verdict = Literal["faster", "slower", "same", "cannot_tell"]
WORKLOADS: Sequence[Workload] = ("training", "inference", "batch_inference", "loading")
# Where the whole interval lies within so much of 1, two times are the same.
SAME = 0.05
# What a target can be named by, in the order in which it is written: `tfjs@4.22.0/wasm/chromium`.
PARTS = ("framework", "version", "backend", "browser")
# What of how a cell was asked for must be alike beside what it ran on. More samples are no other question.
SETTINGS = ("batch_size", "seed", "data", "protocol")

Key = tuple[Any, ...]


class Pair(Struct, frozen=True):
    """One cell in both. `ratio`: the new time over the base's; None where one of them has no right number, or where
    they met in no round."""

    base: Measured
    new: Measured
    ratio: Ratio | None

    @property
    def verdict(self) -> Verdict:
        return verdict(self.ratio)

    @property
    def reason(self) -> str:
        """Why there is no ratio."""
        bad = next((one for one in (self.base, self.new) if not one.right), None)
        if self.ratio is not None:
            return ""
        return f"{bad.cell.target}: {bad.message or bad.status}" if bad else "they met in no round"


class Comparison(Struct, frozen=True):
    """All pairs, what one side alone has, and all of them together (None where there is no ratio)."""

    base: str
    new: str
    pairs: tuple[Pair, ...]
    only_base: tuple[str, ...]
    only_new: tuple[str, ...]
    overall: Ratio | None

    @property
    def by_workload(self) -> dict[Workload, Ratio]:
        """Each workload's pairs together, where several have a ratio: one may be won with what another loses."""
        gathered: dict[Workload, list[Ratio]] = defaultdict(list)
        for pair in self.pairs:
            if pair.ratio:
                gathered[pair.new.cell.workload].append(pair.ratio)
        found = {workload: pooled(ratios) for workload, ratios in gathered.items()}
        return {workload: over for workload, over in found.items() if over and len(found) > 1}

    def slowed(self, share: float) -> list[Pair]:
        """The pairs whose interval shows a slowdown of more than that share."""
        return [pair for pair in self.pairs if pair.ratio and (pair.ratio.low or 0.0) > 1 + share]


def verdict(found: Ratio | None) -> Verdict:
    """What an interval allows to say."""
    if found is None or found.low is None or found.high is None:
        return "cannot_tell"
    if found.low >= 1 - SAME and found.high <= 1 + SAME:
        return "same"
    return "slower" if found.slower else "faster" if found.faster else "cannot_tell"


def stores(base: Results, new: Results, names: tuple[str, str], *, across: bool = False) -> Comparison:
    """Two results folders: the same cells. A framework of which they share no version is held against its other one.

    Raises: UserError where what they ran on or how they were asked differs, unless told to go `across`; or where they
    share no cell.
    """
    before, after = _primary(base), _primary(new)
    known = prior(list(entry.rounds.values()) for entry in [*before, *after] if entry.right)
    moved = _versions_moved(before, after)

    def key(entry: Measured) -> Key:
        return _key(entry, ("version",) if entry.cell.target.framework in moved else ())

    found = _compared(before, after, names, key, lambda one, other: ratio_apart(one.rounds, other.rounds, known))
    if not across:
        _demand_alike(_checked(base) | _settings(pair.base for pair in found.pairs),
                      _checked(new) | _settings(pair.new for pair in found.pairs))  # fmt: skip
    return found


def targets(results: Results, base: str, new: str) -> Comparison:
    """Two targets of one folder, each `framework[@version][/backend[/browser]]`; what a name leaves open is paired, but
    for what either side has only one of.

    Raises: UserError where one of them names nothing that was measured, or where they share no cell.
    """
    every = _primary(results)
    before, after = _named(every, base), _named(every, new)
    told = tuple({**_parts(base), **_parts(new), **dict.fromkeys(_single(before) & _single(after))})
    known = _prior_of(before, after, told)
    return _compared(
        before,
        after,
        (base, new),
        lambda entry: _key(entry, told),
        lambda one, other: ratio(one.rounds, other.rounds, known),
        mend="name two that met at the same model and task, on as many threads (`howfar export RESULTS` has the cells)",
    )


def _single(entries: Sequence[Measured]) -> set[str]:
    """The parts of a target that all of these have in common."""
    targets = [structs.asdict(entry.cell.target) for entry in entries]
    return {name for name in targets[0] if len({target[name] for target in targets}) == 1}


def _primary(results: Results) -> list[Measured]:
    """Every contestant by the metric that its workload's figure shows, in the newest environment; what a budget did not
    reach is not there."""
    every = (entry for workload in WORKLOADS for entry in primary(results, workload))
    return [entry for entry in every if not over_budget(entry.message)]


def _key(entry: Measured, without: Iterable[str]) -> Key:
    """The cell, but for some parts of its target."""
    blank = structs.replace(entry.cell.target, **dict.fromkeys(without, ""))
    return (blank, entry.cell.model, entry.cell.workload)


def _versions_moved(before: Sequence[Measured], after: Sequence[Measured]) -> set[str]:
    """The frameworks that both have, in no version that both have."""

    def editions(entries: Sequence[Measured]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for entry in entries:
            found.setdefault(entry.cell.target.framework, set()).add(entry.cell.target.version)
        return found

    old, new = editions(before), editions(after)
    return {name for name in old.keys() & new.keys() if not old[name] & new[name]}


def _compared(
    before: Sequence[Measured],
    after: Sequence[Measured],
    names: tuple[str, str],
    key: Callable[[Measured], Key],
    held: Callable[[Measured, Measured], Ratio | None],
    mend: str = "compare runs of the same study",
) -> Comparison:
    bases, news = {key(entry): entry for entry in before}, {key(entry): entry for entry in after}
    shared = [one for one in bases if one in news]
    if not shared:
        raise UserError("they share no cell", where=" and ".join(names), mend=mend)
    pairs = [_pair(bases[one], news[one], held) for one in shared]
    return Comparison(
        *names,
        tuple(pairs),
        tuple(_words(bases[one]) for one in bases if one not in news),
        tuple(_words(news[one]) for one in news if one not in bases),
        pooled([pair.ratio for pair in pairs if pair.ratio]),
    )


def _pair(base: Measured, new: Measured, held: Callable[[Measured, Measured], Ratio | None]) -> Pair:
    return Pair(base, new, held(new, base) if base.right and new.right else None)


def _words(entry: Measured) -> str:
    return f"{entry.cell.target} {entry.cell.model} {entry.cell.workload}"


def _parts(name: str) -> dict[str, str]:
    """`tfjs@4.22.0/wasm` -> framework, version, backend: those that are told."""
    edition, *rest = name.split("/")
    framework, _, version = edition.partition("@")
    told = dict(zip(PARTS, [framework, version, *rest], strict=False))
    if len(rest) > 2 or not framework:
        raise UserError(f"{name!r} names no target", mend="write it as tfjs@4.22.0/wasm/chromium, or a part of that")
    return {part: value for part, value in told.items() if value}


def _named(every: Sequence[Measured], name: str) -> list[Measured]:
    parts = _parts(name)
    found = [one for one in every if all(getattr(one.cell.target, part) == value for part, value in parts.items())]
    if not found:
        known = sorted({f"{target.framework}@{target.version}/{target.backend}" for target in _targets(every)})
        raise UserError(f"nothing of {name!r} was measured there", mend=f"there are {', '.join(known)}")
    return found


def _targets(every: Iterable[Measured]) -> Iterator[Target]:
    return (entry.cell.target for entry in every)


def _prior_of(before: Sequence[Measured], after: Sequence[Measured], told: Sequence[str]) -> Prior | None:
    """How the ratios of all pairs scatter from round to round."""
    news = {_key(entry, told): entry for entry in after if entry.right}
    met = [(entry, news[key]) for entry in before if entry.right and (key := _key(entry, told)) in news]
    return prior(block_ratios(new.rounds, base.rounds) for base, new in met)


def _demand_alike(old: Mapping[str, object], young: Mapping[str, object]) -> None:
    """Raises: UserError naming the checked facts in which the two differ."""
    differ = [name for name in old.keys() & young.keys() if old[name] != young[name]]
    if differ:
        told = "; ".join(f"{name.replace('_', ' ')}: {old[name]} and {young[name]}" for name in sorted(differ))
        raise UserError(
            f"they were measured on what differs ({told})", mend="give --across to compare them all the same"
        )


def _settings(entries: Iterable[Measured]) -> dict[str, Fact]:
    """What else a task says than its cell: another batch is another operation."""
    tasks = [entry.group.outcomes[-1].task for entry in entries]
    return {name: " and ".join(sorted({str(getattr(task, name)) for task in tasks})) for name in SETTINGS}


def _checked(results: Results) -> dict[str, Fact]:
    """The facts of the newest environment of each browser, and of native."""
    found: dict[str, Fact] = {}
    for facts in results.environments.values():
        browser = facts.get("browser")
        found |= {f"{browser} {name}": value for name, value in facts.items() if value is not None}
    return found
