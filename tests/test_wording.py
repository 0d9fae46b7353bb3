"""Numbers as a reader sees them."""

import pytest

from howfar import wording


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "–"), (float("nan"), "–"), (float("inf"), "–"), (0, "0"), (0.012345, "0.0123"), (0.9996, "1.00"),
        (1.0, "1.00"), (9.996, "10.0"), (12.345, "12.3"), (999.6, "1,000"), (1234.5, "1,230"), (3e-6, "3.00e-06"),
        (-0.5, "-0.500"),
    ],
)  # fmt: skip
def test_three_significant_digits(value: float | None, expected: str) -> None:
    assert wording.number(value) == expected


def test_units_follow_the_size() -> None:
    assert wording.milliseconds(0.1234) == "0.123 ms"
    assert wording.milliseconds(12_345) == "12.3 s"
    assert [wording.duration(ms) for ms in (4_200, 48_400, 720_000, 12_000_000)] == [
        "4.20 s",
        "48 s",
        "12 min",
        "3 h 20 min",
    ]


def test_lists_and_counts() -> None:
    assert wording.listed([]) == "nothing"
    assert wording.listed(["a"]) == "a"
    assert wording.listed(["a", "b", "c"]) == "a, b and c"
    assert wording.listed(list("abcdef"), most=2) == "a, b and 4 more"
    assert (wording.counted(1, "round"), wording.counted(3, "round")) == ("1 round", "3 rounds")


def test_a_ratio_without_an_interval_says_so() -> None:
    assert wording.times(2.0, 1.9, 2.1) == "2.00× (1.90–2.10)"
    assert wording.times(2.0, None, None) == "2.00× (one round, no interval)"
