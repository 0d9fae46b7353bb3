"""Which processes count where the machine was slower for some."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

import made
from howfar.measured import Measured, timed
from howfar.outcomes import Noise, Outcome
from howfar.quiet import FEWEST_PACES, Quiet
from howfar.ranking import fields
from howfar.records import Cell, Model, Target
from howfar.stats import Ratio

SIZE = Model("mlp", 1, 64)
QUIET, LOUD = 0.23, 0.30


def outcome(target: Target, number: int, pace: float | None, model: Model = SIZE) -> Outcome:
    """One round; slowed, before its samples or after them, it takes half as long again."""
    found = made.outcome(Cell(target, model, "inference"), number % 5)
    series = [
        replace(own, sample_ms=tuple(ms * (1.5 if pace == LOUD else 1.0) for ms in own.sample_ms))
        for own in found.series
    ]
    paces_ms = () if pace is None else (QUIET, pace) if number % 2 else (pace, QUIET)
    task = replace(found.task, round=number)
    return replace(found, task=task, series=tuple(series), noise=Noise(2.0, 0.01, 0.1, (), paces_ms))


def rounds(target: Target, paces: Sequence[float | None]) -> list[Outcome]:
    return [outcome(target, number, pace) for number, pace in enumerate(paces)]


def measured(*outcomes: Outcome) -> dict[Target, Measured]:
    entries = timed(made.results(list(outcomes)), "inference")
    shown = (entry for entry in entries if entry.metric == "latency_ms" and entry.cell.model == SIZE)
    return {entry.cell.target: entry for entry in shown}


MIXED = (QUIET, LOUD, QUIET, LOUD, LOUD, QUIET, LOUD, LOUD)


def test_what_was_slowed_does_not_count_where_others_are_enough() -> None:
    found = measured(*rounds(made.TFJS, MIXED), *rounds(made.ORT, MIXED))
    assert {target: list(entry.counted) for target, entry in found.items()} == {
        made.TFJS: [0, 2, 5],
        made.ORT: [0, 2, 5],
    }
    assert not any(entry.reckoned.slowed for entry in found.values())
    summary = found[made.TFJS].summary
    assert summary is not None and summary.processes == 3
    assert len(found[made.TFJS].group.outcomes) == len(MIXED)  # nothing vanishes


def test_a_cell_that_has_too_few_others_keeps_all_and_says_so() -> None:
    found = measured(*rounds(made.TFJS, MIXED), *rounds(made.ORT, (LOUD, LOUD, QUIET, QUIET, LOUD)))
    assert list(found[made.TFJS].counted) == [0, 2, 5] and not found[made.TFJS].reckoned.slowed
    assert list(found[made.ORT].counted) == [0, 1, 2, 3, 4] and found[made.ORT].reckoned.slowed


def against(*outcomes: Outcome) -> Ratio | None:
    found = measured(*outcomes)
    (field,) = fields(found.values())
    return field.against(found[made.TFJS], found[made.ORT])


def test_the_ratio_of_what_counts_is_that_of_a_quiet_machine() -> None:
    unlike = (LOUD, QUIET, QUIET, LOUD, QUIET, QUIET, LOUD, QUIET)
    mixed = (QUIET, LOUD, QUIET, LOUD, QUIET, QUIET, LOUD, LOUD)
    ratio = against(*rounds(made.TFJS, mixed), *rounds(made.ORT, unlike))
    wanted = against(*rounds(made.TFJS, [QUIET] * 8), *rounds(made.ORT, [QUIET] * 8))
    assert ratio is not None and ratio.rounds == 3
    assert wanted is not None and ratio.value == pytest.approx(wanted.value, rel=0.05)


def test_who_shares_too_few_of_the_rounds_that_count_is_compared_in_all_that_they_share() -> None:
    early, late = (QUIET,) * 3 + (LOUD,) * 5, (LOUD,) * 5 + (QUIET,) * 3
    found = measured(*rounds(made.TFJS, early), *rounds(made.ORT, late))
    assert list(found[made.TFJS].counted) == [0, 1, 2] and list(found[made.ORT].counted) == [5, 6, 7]
    ratio = against(*rounds(made.TFJS, early), *rounds(made.ORT, late))
    assert ratio is not None and ratio.rounds == 8


def test_a_failure_before_the_samples_is_neither_quiet_nor_lost() -> None:
    crashed = [
        replace(outcome(made.TFJS, number, None), status="crashed", noise=None, series=()) for number in (8, 9, 10)
    ]
    found = measured(*rounds(made.TFJS, [LOUD] * 8), *crashed, *elsewhere())
    assert len(found[made.TFJS].counted) == 8
    assert found[made.TFJS].status == "crashed"


def test_without_a_pace_all_count() -> None:
    found = measured(*rounds(made.TFJS, [None] * 12))
    assert len(found[made.TFJS].counted) == 12 and not found[made.TFJS].reckoned.slowed


def slowed(*outcomes: Outcome, machines: tuple[str, str] = ("one", "one")) -> list[bool]:
    """Of each, in a browser's environment and native's, on these machines."""
    facts = {"chromium": {"cpu": machines[0]}, "native": {"cpu": machines[1], "browser": "native"}}
    quiet = Quiet(replace(made.results(list(outcomes)), environments=facts))
    return [quiet.slowed(one) for one in outcomes]


def test_too_few_paces_say_nothing_of_what_the_machine_can_be() -> None:
    few = rounds(made.TFJS, [QUIET, LOUD] * 4)
    assert len(few) < FEWEST_PACES and not any(slowed(*few))


def test_the_own_pace_is_one_that_a_tenth_found_and_no_single_lucky_moment() -> None:
    lucky = [replace(one, noise=Noise(2.0, 0.01, 0.1, (), (0.1,))) for one in rounds(made.TFJS, [QUIET])]
    assert not any(slowed(*lucky, *rounds(made.TFJS, [LOUD] * 29)))
    assert sum(slowed(*rounds(made.TFJS, [QUIET] * 4 + [LOUD] * 26))) == 26


def test_a_browser_and_native_are_held_against_the_pace_of_their_machine_and_no_other() -> None:
    browser, native = rounds(made.TFJS, [LOUD] * 12), rounds(made.NATIVE, [QUIET] * 12)
    assert slowed(*browser, *native) == [True] * 12 + [False] * 12
    assert not any(slowed(*browser, *native, machines=("one", "another")))


def elsewhere() -> list[Outcome]:
    """Enough of another network that the machine's own pace is known."""
    return [outcome(made.TFJS, number, QUIET, Model("mlp", 8, 256)) for number in range(8)]
