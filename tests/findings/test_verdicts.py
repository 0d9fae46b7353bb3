"""What an interval allows to say, which versions stand for which year, and how it is told."""

import pytest

from howfar import findings
from howfar.findings import telling
from howfar.findings.editions import edition
from howfar.findings.verdicts import (
    LESS,
    MORE,
    Known,
    Lack,
    Part,
    Range,
    Verdict,
    about,
    above,
    below,
    every,
    exact,
    judged,
    needed,
    untold,
)


@pytest.mark.parametrize(
    ("interval", "within", "finding"),
    [
        ((1.6, 2.4), about(2), "holds"),
        ((3.1, 3.4), about(2), "no_longer_holds"),
        ((2.5, 3.4), about(2), "cannot_tell"),
        ((0.5, 0.99), below(1), "holds"),
        ((0.9, 1.1), below(1), "cannot_tell"),
        ((1.0, 1.0), LESS, "no_longer_holds"),
        ((1.0, 1.0), MORE, "no_longer_holds"),
        ((10.0, 10.0), above(10), "holds"),
        ((None, None), below(1), "cannot_tell"),
    ],
)
def test_only_an_interval_on_one_side_says_anything(
    interval: tuple[float | None, float | None], within: Range, finding: str
) -> None:
    assert judged(Known("", 2.0, *interval), within) == finding


def test_of_many_one_that_is_surely_outside_is_enough_and_the_farthest_is_shown() -> None:
    numbers = [Known("a", 0.5, 0.4, 0.6), Known("b", 1.0, 0.9, 1.1), Known("c", 2, 1.9, 2.1), Known("d", 3, 2.9, 3.1)]
    part = every("", numbers, below(1))
    assert (part.finding, part.where, part.missing) == ("no_longer_holds", "d", ())
    part = every("", numbers[:2], below(1))
    assert (part.finding, part.where) == ("cannot_tell", "b")
    assert needed(part.missing) == "more rounds or sizes: the interval reaches across 1.00"


def test_what_is_missing_keeps_it_from_holding_but_not_from_being_refuted() -> None:
    lack = Lack("measured", "brain.js")
    assert every("", [exact("", 0.5)], below(1), missing=[lack]).finding == "cannot_tell"
    assert every("", [exact("", 2.0)], below(1), missing=[lack]).finding == "no_longer_holds"


@pytest.mark.parametrize(
    ("parts", "finding"),
    [
        (("holds", "holds"), "holds"),
        (("holds", "cannot_tell"), "cannot_tell"),
        (("no_longer_holds", "cannot_tell", "holds"), "no_longer_holds"),
    ],
)
def test_a_claim_holds_if_all_of_it_does(parts: tuple[str, ...], finding: str) -> None:
    assert Verdict(tuple(Part("", one) for one in parts)).finding == finding  # type: ignore[arg-type]


def test_those_who_lack_the_same_are_named_together() -> None:
    lacks = [Lack("in training", "brain.js"), Lack("a GPU"), Lack("in training", "mind"), Lack("a GPU")]
    assert needed(lacks) == "brain.js and mind in training; a GPU"


MEASURED = [
    ("tfjs", "4.22.0"), ("tfjs", "0.13.0"), ("tfjs", "4.9.1"), ("brain.js", "1.4.0"), ("brain.js", "1.6.1"),
    ("brain.js", "2.0.0-beta.24"), ("convnetjs", "0.3.0"), ("mind", "1.0.1+3f2a9c1b"),
]  # fmt: skip


def test_each_year_has_its_newest_final_version_and_who_stood_still_is_in_both() -> None:
    still = {"convnetjs": "0.3.0", "mind": "1.0.1+3f2a9c1b"}
    assert edition("2018", MEASURED).versions == {"tfjs": "0.13.0", "brain.js": "1.4.0"} | still
    assert edition("today", MEASURED).versions == {"tfjs": "4.22.0", "brain.js": "1.6.1"} | still
    assert edition("2018", MEASURED[:1]).versions == {}
    assert edition("today", MEASURED[5:6]).versions == {"brain.js": "2.0.0-beta.24"}


def one(finding: str, value: float | None = 2.0) -> Verdict:
    return Verdict((Part("it is so", finding, value, 1.8, 2.2),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("then", "now", "words"),
    [
        (one("holds"), one("holds", 1.9), "It held for the versions of 2018 and holds for today's: it is so: 2.00×"),
        (one("holds"), one("no_longer_holds"), "and no longer holds for today's"),
        (one("no_longer_holds"), one("holds"), "did not hold for the versions of 2018, in today's browser, and holds"),
        (one("no_longer_holds"), one("no_longer_holds"), "It holds neither"),
        (Verdict((untold("", Lack("a GPU")),)), one("holds"), "It holds for today's; of the versions of 2018 it can't"),
        (one("holds"), Verdict((untold("", Lack("a GPU")),)), "of today's it can't be told. It takes a GPU."),
    ],
)
def test_what_changed_is_said_in_a_sentence(then: Verdict, now: Verdict, words: str) -> None:
    assert words in telling.changed(then, now)


def test_what_made_it_so_is_what_is_told() -> None:
    parts = (Part("it is large", "holds", 7.0, 6.0, 8.0), Part("it is slow", "no_longer_holds", 0.5, 0.4, 0.6))
    said = telling.changed(Verdict(parts), Verdict(parts))
    assert "it is slow: 0.500× (0.400–0.600) then as now" in said and "it is large" not in said


@pytest.mark.parametrize(
    ("finding", "otherwise", "fate"),
    [
        ("holds", "revised", "kept"),
        ("no_longer_holds", "revised", "revised"),
        ("no_longer_holds", "withdrawn", "withdrawn"),
        ("cannot_tell", "withdrawn", "untested"),
    ],
)
def test_an_advice_goes_with_its_finding(finding: str, otherwise: str, fate: str) -> None:
    assert telling.fate(finding, (otherwise, "do this"), one(finding))[0] == fate  # type: ignore[arg-type]


def test_every_claim_and_every_row_of_table_6_has_its_file() -> None:
    assert [claim.NUMBER for claim in findings.all_claims().values()] == list(range(1, 13))
    assert [row.NUMBER for row in findings.all_advice().values()] == list(range(1, 9))
    for question in (*findings.all_claims().values(), *findings.all_advice().values()):
        assert question.TITLE and question.NEEDS
    for row in findings.all_advice().values():
        assert row.TO.endswith(("developers", "vendors")) and row.ADVICE
        assert row.OTHERWISE[0] in ("revised", "withdrawn") and row.OTHERWISE[1]
