"""How fast the machine is, asked without leaving a trace in who asks."""

import os
import threading
import time
from pathlib import Path

import pytest

from howfar.probes import pace


def test_the_pace_is_some_milliseconds_or_a_part_of_one() -> None:
    assert 0 < pace.pace_ms() < 100


def test_who_asks_may_run_on_the_same_cores_as_before_and_has_the_same_threads() -> None:
    before = pace._cores(), threading.active_count()
    pace.pace_ms()
    assert (pace._cores(), threading.active_count()) == before


@pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity"), reason="this system does not say which cores a thread may use"
)
def test_every_core_does_the_work_on_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[int]] = []
    monkeypatch.setattr("howfar.probes.pace.np.correlate", lambda *_: seen.append(os.sched_getaffinity(0)))
    pace.pace_ms()
    cores = pace._cores()[: pace._MOST_CORES]
    assert {frozenset(own) for own in seen} == {frozenset({core}) for core in cores}
    assert len(seen) == pace._PULSES * len(cores)


def test_the_slowest_core_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(core: int, _: threading.Barrier, found: dict[int, float]) -> None:
        found[core] = float(core)

    monkeypatch.setattr(pace, "_cores", lambda: [3, 9, 4])
    monkeypatch.setattr(pace, "_run", run)
    assert pace.pace_ms() == 9.0


def test_of_many_cores_some_are_asked_all_over_the_machine() -> None:
    assert pace._spread(list(range(64)), 16) == list(range(0, 64, 4))
    assert pace._spread([5, 7], 16) == [5, 7]


@pytest.mark.parametrize(("said", "cores"), [("max 100000", 16), ("250000 100000", 2), ("50000 100000", 1), ("", 16)])
def test_a_container_s_quota_is_not_used_up(
    said: str, cores: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "cpu.max").write_text(said)
    monkeypatch.setattr(pace, "_CPU_MAX", tmp_path / "cpu.max")
    asked: list[int] = []

    def run(core: int, _: threading.Barrier, found: dict[int, float]) -> None:
        asked.append(core)
        found[core] = 1.0

    monkeypatch.setattr(pace, "_cores", lambda: list(range(40)))
    monkeypatch.setattr(pace, "_run", run)
    pace.pace_ms()
    assert len(asked) == cores


def test_the_cores_work_at_the_same_time_and_the_lowest_quarter_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    at_work: list[int] = []
    most: list[int] = []

    def work(*_: object) -> None:
        at_work.append(1)
        most.append(len(at_work))
        time.sleep(0.02 if len(most) > pace._PULSES else 0.002)
        at_work.pop()

    monkeypatch.setattr("howfar.probes.pace.np.correlate", work)
    monkeypatch.setattr(pace, "_cores", lambda: [0, 1])
    assert 2 <= pace.pace_ms() < 15
    assert max(most) == 2


def test_a_thread_that_may_not_choose_its_core_does_the_work_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setaffinity", refuse, raising=False)
    assert pace.pace_ms() > 0
