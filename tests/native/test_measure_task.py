"""When the checks end. page/main.js does the same; tests/browser/test_known_answers.py asks both."""

import pytest

import asked
from howfar.native import measure_task


class Work:
    """Operations that take as long as they are told, by a clock that only they move."""

    def __init__(self, *seconds: float) -> None:
        self.checks, self.now, self.turns = len(seconds) + 1, 0.0, list[int]()
        self._seconds = seconds

    def check(self, turn: int) -> None:
        self.turns.append(turn)
        self.now += self._seconds[turn - 1] * 1000


@pytest.mark.parametrize(
    ("seconds", "turns", "slow"),
    [
        ((0.1, 0.1, 0.1), [1, 2, 3], False),
        ((2.0, 2.0, 2.0), [1, 2, 3], False),
        ((2.1, 0.1, 0.1), [1], True),
        ((0.1, 2.1, 0.1), [1, 2], True),
        ((0.1, 0.1, 2.1), [1, 2, 3], True),
        ((), [], False),
    ],
)
def test_a_check_that_is_slow_is_the_last(
    monkeypatch: pytest.MonkeyPatch, seconds: tuple[float, ...], turns: list[int], slow: bool
) -> None:
    work = Work(*seconds)
    monkeypatch.setattr(measure_task, "clock_ms", lambda: work.now)
    assert measure_task._check_until_slow(work, asked.sampling(slow_seconds=2)) is slow
    assert work.turns == turns
