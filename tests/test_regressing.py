"""The search for the version that changed a time, with made-up measurements."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

import made
from howfar import regressing
from howfar.outcomes import Series
from howfar.records import Cell, Model
from howfar.regressing import Found, Reading, Step
from howfar.report import regression
from howfar.stats import Ratio
from howfar.stats import ratio as ratio_of

VERSIONS = [f"1.{minor}.0" for minor in range(16)]


class Machine:
    """Times of versions: `level` ms by a version's place, a drift that a round's processes share, and own noise."""

    def __init__(self, level: Callable[[int], float], noise: float = 0.01, seed: int = 0) -> None:
        self._level, self._noise, self._seed = level, noise, seed
        self.broken: dict[str, str] = {}
        self.asked: list[tuple[tuple[str, ...], int]] = []

    def __call__(self, versions: Sequence[str], rounds: int) -> Mapping[str, Reading]:
        self.asked.append((tuple(versions), rounds))
        return {version: self._reading(version, tuple(versions), rounds) for version in versions}

    def _reading(self, version: str, beside: tuple[str, ...], rounds: int) -> Reading:
        if version in self.broken:
            return Reading({}, self.broken[version])
        level = self._level(VERSIONS.index(version))
        drift = np.random.default_rng([self._seed, len("".join(beside))]).normal(0, 0.2, rounds)
        own = [self._seed, *map(VERSIONS.index, beside), VERSIONS.index(version)]
        noise = np.random.default_rng(own).normal(0, self._noise, rounds)
        return Reading(dict(enumerate(level * np.exp(drift + noise))))


def step_at(place: int, times: float) -> Callable[[int], float]:
    return lambda version: 10.0 * (times if version >= place else 1.0)


def search(machine: Machine, versions: Sequence[str] = VERSIONS, limit: float = 0.05) -> Found:
    return regressing.search(versions, machine, limit)


@pytest.mark.parametrize("place", range(1, 16))
@pytest.mark.parametrize(("times", "verdict"), [(1.3, "slower"), (0.7, "faster")])
def test_a_step_is_found_wherever_it_is(place: int, times: float, verdict: str) -> None:
    found = search(Machine(step_at(place, times)))
    assert (found.verdict, found.before, found.since) == (verdict, VERSIONS[place - 1], VERSIONS[place])
    assert found.ratio and found.ratio.value == pytest.approx(times, rel=0.03)
    assert len(found.steps) <= 4


def test_where_nothing_changed_nothing_is_named() -> None:
    found = search(Machine(step_at(3, 1.0)))
    assert (found.verdict, found.since, len(found.steps)) == ("same", "", 1)
    assert found.whole and found.whole.high and found.whole.high < 1.05


def test_a_change_below_the_limit_is_none() -> None:
    assert search(Machine(step_at(7, 1.03), noise=0.003)).verdict == "same"
    assert search(Machine(step_at(7, 1.03), noise=0.003), limit=0.01).since == VERSIONS[7]


def test_what_noise_hides_is_not_told_after_all_rounds() -> None:
    machine = Machine(step_at(7, 1.08), noise=0.2)
    found = search(machine)
    assert (found.verdict, found.since) == ("cannot_tell", "")
    assert max(rounds for _, rounds in machine.asked) == regressing.ROUNDS[-1]
    assert "on both sides of 5 %" in found.reason


def test_noise_names_a_wrong_version_in_few_of_100_searches() -> None:
    """Of a change by 10 % in noise of 3 %; and of none at all."""
    named = [search(Machine(step_at(11, 1.1), noise=0.03, seed=seed)).since for seed in range(100)]
    assert sum(one not in ("", VERSIONS[11]) for one in named) <= 3
    assert sum(one == VERSIONS[11] for one in named) >= 90
    assert not any(search(Machine(step_at(11, 1.0), noise=0.03, seed=seed)).since for seed in range(100))


def test_a_version_that_fails_is_skipped_for_its_neighbour() -> None:
    machine = Machine(step_at(12, 1.3))
    machine.broken = {VERSIONS[8]: "page error: no such layer", VERSIONS[9]: "it is not there"}
    found = search(machine)
    assert found.since == VERSIONS[12]
    assert found.skipped == {VERSIONS[8]: "page error: no such layer"}  # the other one was never needed
    assert machine.asked[0] == ((VERSIONS[0], VERSIONS[8], VERSIONS[15]), 1)  # one round is enough to see it fail


def test_a_skipped_version_beside_the_change_may_be_it() -> None:
    machine = Machine(step_at(8, 1.3))
    machine.broken = {VERSIONS[8]: "hung"}
    found = search(machine)
    assert (found.before, found.since) == (VERSIONS[7], VERSIONS[9])
    assert found.between(VERSIONS) == [VERSIONS[8]]
    assert "or in 1.8.0 before it, which could not be measured" in regression.sentence(found, VERSIONS, 0.05)


def test_an_end_that_fails_gives_its_place_to_the_next() -> None:
    machine = Machine(step_at(5, 1.3))
    machine.broken = {VERSIONS[0]: "hung", VERSIONS[15]: "crashed"}
    found = search(machine)
    assert found.since == VERSIONS[5] and set(found.skipped) == {VERSIONS[0], VERSIONS[15]}


def test_where_all_fail_it_says_so() -> None:
    machine = Machine(step_at(5, 1.3))
    machine.broken = dict.fromkeys(VERSIONS, "hung")
    found = search(machine)
    assert found.verdict == "cannot_tell" and not found.steps
    assert "fewer than two versions could be measured" in regression.sentence(found, VERSIONS, 0.05)


def test_neighbours_need_one_step() -> None:
    found = search(Machine(step_at(1, 1.3)), VERSIONS[:2])
    assert (found.since, len(found.steps), found.steps[0].middle) == (VERSIONS[1], 1, "")


def test_of_two_changes_alike_one_is_found_and_said_to_be_one_of_several() -> None:
    """The middle is nearer to neither end: the half with the larger one is searched."""
    found = search(Machine(lambda place: 10.0 * 1.4 ** ((place >= 4) + (place >= 12))))
    assert not found.steps[0].tells
    assert (found.verdict, found.since in (VERSIONS[4], VERSIONS[12]), found.in_steps) == ("slower", True, True)
    assert found.ratio and found.ratio.value == pytest.approx(1.4, rel=0.03)
    assert regression.sentence(found, VERSIONS, 0.05).endswith("It changed in steps, of which this is one.")
    assert not search(Machine(step_at(4, 1.4))).in_steps


def test_a_slow_creep_has_no_version() -> None:
    """The middle lies in the middle: no version is blamed for what all of them did."""
    found = search(Machine(lambda place: 10.0 * 1.02**place, noise=0.003))
    assert found.verdict == "cannot_tell"
    assert "lies between" in found.reason and found.steps


def test_the_larger_of_two_changes_is_found() -> None:
    found = search(Machine(lambda place: 10.0 * (1.1 if place >= 3 else 1.0) * (1.5 if place >= 10 else 1.0)))
    assert found.since == VERSIONS[10] and found.in_steps
    assert found.ratio and found.whole and found.ratio.value == pytest.approx(1.5, rel=0.03)
    assert found.whole.value == pytest.approx(1.65, rel=0.03)


def test_a_change_that_does_not_show_again_is_not_named() -> None:

    def measure(versions: Sequence[str], rounds: int) -> Mapping[str, Reading]:
        times = 1.3 if VERSIONS[0] in versions else 1.0
        return {
            version: Reading({n: level * (1 + 0.001 * place * (-1) ** (n // 2)) for n in range(rounds)})
            for place, (version, level) in enumerate(zip(versions, (1.0, 1.0, times), strict=True))
        }

    found = regressing.search(VERSIONS, measure, 0.05)
    assert (found.verdict, found.before, found.since) == ("cannot_tell", VERSIONS[8], VERSIONS[15])
    assert found.reason == "from 1.8.0 to 1.15.0 it did not show again"


def test_every_step_measures_its_ends_anew_and_in_the_same_rounds() -> None:
    machine = Machine(step_at(6, 1.3))
    search(machine)
    assert all(len(versions) in (2, 3) for versions, _ in machine.asked)
    assert machine.asked[0][0] == (VERSIONS[0], VERSIONS[8], VERSIONS[15])
    assert machine.asked[2][0] == (VERSIONS[0], VERSIONS[4], VERSIONS[8])


def test_readings_are_of_the_figure_s_metric_and_of_as_many_rounds_as_asked() -> None:
    new, old = Cell(made.TFJS, Model("mlp", 1, 64), "training"), Cell(made.OLD, Model("mlp", 1, 64), "training")
    samples = (Series("throughput", "timed", 2, (8.0,) * 20, "interval"),)
    outcomes = [made.outcome(new, number, series=samples) for number in range(4)]
    found = regressing.readings(made.results([*outcomes, made.wrong(old)]), "training", 3)
    assert found["4.22.0"] == Reading({0: 4.0, 1: 4.0, 2: 4.0})
    assert not found["0.13.0"].rounds
    assert found["0.13.0"].reason.startswith("gave a wrong result: output differs")


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [((1.06, 1.2), "slower"), ((0.8, 0.94), "faster"), ((0.96, 1.04), "same"), ((1.04, 1.06), "cannot_tell"),
     ((None, None), "cannot_tell")],
)  # fmt: skip
def test_the_interval_decides(interval: tuple[float | None, float | None], verdict: str) -> None:
    assert regressing.change(Ratio(1.0, *interval, 5), 0.05) == verdict


def test_the_answer_says_who_changed_and_by_how_much() -> None:
    found = search(Machine(step_at(9, 1.3)))
    said = regression.sentence(found, VERSIONS, 0.05)
    assert said.startswith("1.9.0 became slower: it takes 1.") and "the time of 1.8.0; 1.15.0 takes 1." in said
    told = regression.as_json(found, VERSIONS, 0.05)
    assert (told["since"], told["message"], told["steps"][0]["low"]) == ("1.9.0", said, "1.0.0")


def test_a_middle_without_shared_rounds_tells_nothing() -> None:
    assert ratio_of({0: 1.0}, {1: 1.0}) is None
    assert not Step("a", "b", "c", 1, None, None, None, None).tells
