"""The time that a run of several studies is given."""

from pathlib import Path

import pytest

from howfar import frameworks, portfolio, studies
from howfar.commands.whole import Step, in_time
from howfar.study import Study


def steps(*chosen: Study) -> list[Step]:
    return [Step(study, Path(), [], portfolio.EMPTY) for study in chosen]


def minutes(of: list[Step]) -> float:
    return sum(step.study.budget_minutes or 0 for step in of)


def test_preparing_models_is_a_part_of_the_hour() -> None:
    paper = steps(*studies.whole("paper", frameworks.registry()))
    for spent in (3.0, 9.0):
        after = in_time(paper, spent)
        assert minutes(after) == pytest.approx(minutes(paper) - spent, abs=0.3)
        assert [step.study.name for step in after] == [step.study.name for step in paper]
    assert in_time(paper, 0.05) == paper  # all was there already
    assert minutes(in_time(paper, 500.0)) == pytest.approx(minutes(paper) / 2, abs=0.3)


def test_one_study_has_its_own_minutes_and_without_any_nothing_is_taken() -> None:
    known = frameworks.registry()
    alone, endless = steps(studies.load("bench", known)), steps(studies.load("machine", known))
    assert endless[0].study.budget_minutes is None
    assert in_time(alone, 2.0) == alone
    assert in_time([*alone, *endless], 2.0) == [*alone, *endless]
