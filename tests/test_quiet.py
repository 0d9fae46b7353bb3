"""Which processes count where the machine was slower for some: what is compared was measured alike."""

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

import made
from howfar.measured import Measured, timed
from howfar.outcomes import Noise, Outcome
from howfar.quiet import FEWEST_PACES, SLOWED, Counting
from howfar.ranking import fields
from howfar.records import Cell, Model, Target

SIZE = Model("mlp", 1, 64)
QUIET, LOUD = 0.23, 0.30


def outcome(target: Target, number: int, pace: float | None, **changes: Any) -> Outcome:
    """One round; slowed, it takes half as long again."""
    found = made.outcome(Cell(target, SIZE, "inference"), number % 5, **changes)
    series = [
        replace(own, sample_ms=tuple(ms * (1.5 if pace == LOUD else 1.0) for ms in own.sample_ms))
        for own in found.series
    ]
    noise = Noise(2.0, 0.01, 0.1, (), () if pace is None else (QUIET, pace))
    task = replace(found.task, round=number)
    return replace(found, task=task, series=tuple(series), noise=noise, environment="here")


def rounds(target: Target, paces: Sequence[float | None]) -> list[Outcome]:
    return [outcome(target, number, pace) for number, pace in enumerate(paces)]


def measured(*outcomes: Outcome) -> dict[Target, Measured]:
    entries = timed(made.results(list(outcomes)), "inference")
    shown = (entry for entry in entries if entry.metric == "latency_ms" and entry.cell.model == SIZE)
    return {entry.cell.target: entry for entry in shown}


MIXED = (QUIET, LOUD, QUIET, LOUD, LOUD, QUIET, LOUD, LOUD)


def test_what_was_slowed_does_not_count_where_others_are_enough() -> None:
    found = measured(*rounds(made.TFJS, MIXED), *rounds(made.ORT, MIXED))
    assert {target: list(entry.rounds) for target, entry in found.items()} == {
        made.TFJS: [0, 2, 5],
        made.ORT: [0, 2, 5],
    }
    assert not any(entry.slowed for entry in found.values())
    summary = found[made.TFJS].summary
    assert summary is not None and summary.processes == 3
    assert len(found[made.TFJS].group.outcomes) == len(MIXED)  # nothing vanishes


def test_where_one_of_those_compared_has_too_few_others_all_count_of_each() -> None:
    found = measured(*rounds(made.TFJS, MIXED), *rounds(made.ORT, (LOUD, LOUD, QUIET, QUIET, LOUD)))
    assert len(found[made.TFJS].rounds) == len(MIXED) and len(found[made.ORT].rounds) == 5
    assert found[made.TFJS].slowed and found[made.ORT].slowed


def test_whoever_has_few_processes_does_not_decide_for_the_others() -> None:
    found = measured(
        *rounds(made.TFJS, MIXED), *rounds(made.ORT, (LOUD, QUIET)), *rounds(made.BRAIN, (LOUD,)), *filler()
    )
    assert list(found[made.TFJS].rounds) == [0, 2, 5]
    assert list(found[made.ORT].rounds) == [1] and not found[made.ORT].slowed
    assert list(found[made.BRAIN].rounds) == [0] and found[made.BRAIN].slowed


def test_whoever_was_measured_less_than_half_as_often_does_not_decide_either() -> None:
    seldom = rounds(made.ORT, (LOUD, QUIET, LOUD, LOUD))
    assert list(measured(*rounds(made.TFJS, [*MIXED, QUIET]), *seldom)[made.TFJS].rounds) == [0, 2, 5, 8]
    assert len(measured(*rounds(made.TFJS, MIXED), *seldom)[made.TFJS].rounds) == 8


def test_what_counts_of_two_targets_gives_the_ratio_of_a_quiet_machine() -> None:
    unlike = (LOUD, QUIET, QUIET, LOUD, QUIET, QUIET, LOUD, LOUD)
    found = measured(*rounds(made.TFJS, MIXED), *rounds(made.ORT, unlike))
    (field,) = [field for field in fields(found.values()) if field.metric == "latency_ms"]
    ratio = field.against(found[made.TFJS], found[made.ORT])
    quiet = measured(*rounds(made.TFJS, [QUIET] * 8), *rounds(made.ORT, [QUIET] * 8))
    (field,) = [field for field in fields(quiet.values()) if field.metric == "latency_ms"]
    wanted = field.against(quiet[made.TFJS], quiet[made.ORT])
    assert ratio is not None and wanted is not None and ratio.value == pytest.approx(wanted.value, rel=0.05)


def test_a_failure_before_the_samples_is_neither_quiet_nor_lost() -> None:
    crashed = [
        replace(outcome(made.TFJS, number, None), status="crashed", noise=None, series=()) for number in (8, 9, 10)
    ]
    found = measured(*rounds(made.TFJS, [LOUD] * 8), *crashed, *filler())
    assert len(found[made.TFJS].rounds) == 8
    assert found[made.TFJS].status == "crashed"


def test_without_a_pace_all_count() -> None:
    found = measured(*rounds(made.TFJS, [None] * 12))
    assert len(found[made.TFJS].rounds) == 12 and not found[made.TFJS].slowed


def test_too_few_paces_say_nothing_of_what_the_machine_can_be() -> None:
    few = rounds(made.TFJS, [QUIET, LOUD] * 4)
    assert len(few) < FEWEST_PACES and not any(map(Counting(few).is_slowed, few))


def test_the_own_pace_is_one_that_a_tenth_found_and_no_single_lucky_moment() -> None:
    every = rounds(made.TFJS, [LOUD / SLOWED / 1.5, *[LOUD] * 29])
    assert not any(map(Counting(every).is_slowed, every))
    again = rounds(made.TFJS, [QUIET] * 4 + [LOUD] * 26)
    assert sum(map(Counting(again).is_slowed, again)) == 26


def test_each_environment_has_a_pace_of_its_own() -> None:
    here = rounds(made.TFJS, [QUIET] * 12)
    there = [replace(one, environment="there") for one in rounds(made.TFJS, [LOUD] * 12)]
    assert not any(map(Counting([*here, *there]).is_slowed, [*here, *there]))


def filler() -> list[Outcome]:
    """Enough of another network that the machine's own pace is known."""
    cell = Cell(made.TFJS, Model("mlp", 8, 256), "inference")
    return [replace(outcome(made.TFJS, number, QUIET), task=made.task(cell, number)) for number in range(8)]
