"""Which target to ship: by latency, by first use, by size; and where another one wins."""

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec import structs

import made
from howfar import benches
from howfar.benches import Bench
from howfar.outcomes import Check, Outcome, Phase, Results, Series
from howfar.records import Cell, Fact, Model, Target

OWN = Model("graph", name="own.onnx", digest="0123456789abcdef")
ROUNDS = 4


def outcome(target: Target, number: int, ms: float, first_ms: float = 100.0, **facts: Fact) -> Outcome:
    """A right process: `ms` per inference, `first_ms` of all that comes before the second."""
    cell = Cell(target, OWN, "inference")
    drift = 1 + 0.01 * number
    samples = Series("latency", "timed", 1, tuple(ms * drift * (1 + 0.002 * (i % 5)) for i in range(30)), "interval")
    phases = (
        Phase("library_load", first_ms / 2),
        Phase("bare_load", 1.0),
        Phase("model_load", first_ms / 4),
        Phase("first", first_ms / 4),
    )
    told: Mapping[str, Fact] = {"threads": 1, "library_gzip_bytes": 1_000_000, "model_gzip_bytes": 10_000_000, **facts}
    check = Check(1e-5, 2e-4, relative=True)
    return made.outcome(cell, number, series=(samples,), phases=phases, facts=told, check=check)


def results(*every: list[Outcome], **changes: Any) -> Results:
    return made.results([one for group in every for one in group], made.study(**changes))


def rounds(target: Target, ms: float, first_ms: float = 100.0, **facts: Fact) -> list[Outcome]:
    return [outcome(target, number, ms, first_ms, **facts) for number in range(ROUNDS)]


def unsteady(target: Target, ms: float, first_ms: float = 100.0) -> list[Outcome]:
    """Up in one round and down in the next."""
    return [outcome(target, number, ms * (1 + 0.05 * (-1) ** number), first_ms) for number in range(ROUNDS)]


def bench(*every: list[Outcome], **changes: Any) -> Bench:
    (found,) = benches.benches(results(*every, **changes))
    return found


def test_the_fastest_right_target_is_the_one_to_ship() -> None:
    found = bench(rounds(made.WASM, 20.0), rounds(made.ORT, 10.0), rounds(made.TFJS, 900.0))
    assert found.winner and found.winner.target == made.ORT
    assert [one.target for one in found.ranked] == [made.ORT, made.WASM, made.TFJS]
    assert found.runner_up and found.runner_up.target == made.WASM


def test_of_targets_that_cannot_be_told_apart_the_one_with_the_cheaper_first_use() -> None:
    found = bench(rounds(made.ORT, 10.0, first_ms=600.0), unsteady(made.LITERT, 10.01, first_ms=200.0))
    assert found.winner and found.winner.target == made.LITERT


def test_a_wrong_result_ranks_nowhere() -> None:
    wrong = [made.wrong(Cell(made.LITERT, OWN, "inference"), number) for number in range(ROUNDS)]
    found = bench(rounds(made.ORT, 10.0), wrong)
    assert [one.target for one in found.ranked] == [made.ORT]
    assert [one.target for one in found.failed] == [made.LITERT]


def test_a_gpu_in_name_only_is_not_advised_though_it_be_fastest() -> None:
    found = bench(rounds(made.WEBGL, 1.0), rounds(made.ORT, 10.0))
    assert found.ranked[0].target == made.WEBGL
    assert found.winner and found.winner.target == made.ORT


def test_where_there_is_only_a_gpu_in_name_it_is_the_one() -> None:
    found = bench(rounds(made.WEBGL, 1.0))
    assert found.winner and found.winner.target == made.WEBGL


@pytest.mark.parametrize(("objective", "best"), [("latency", made.ORT), ("first-use", made.WASM), ("size", made.TFJS)])
def test_each_objective_has_its_own_winner(objective: str, best: Target) -> None:
    fast = rounds(made.ORT, 10.0, first_ms=600.0, library_gzip_bytes=4_000_000)
    soon = rounds(made.WASM, 20.0, first_ms=200.0, library_gzip_bytes=600_000)
    small = rounds(made.TFJS, 900.0, first_ms=1200.0, library_gzip_bytes=400_000)
    found = bench(fast, soon, small, objective=objective)
    assert found.winner and found.winner.target == best


def test_another_target_is_ahead_until_its_inferences_have_cost_what_its_first_use_saved() -> None:
    """200 ms and some 20 ms each, against 600 ms and some 10 ms each."""
    found = bench(rounds(made.ORT, 10.0, first_ms=600.0), rounds(made.WASM, 20.0, first_ms=200.0))
    (even,) = found.break_evens()
    assert even.contender.target == made.WASM
    lost = found.ranked[1].latency.median - found.ranked[0].latency.median
    assert even.inferences == 40
    assert 39 * lost < 400 < 40 * lost


def test_what_costs_less_at_first_and_after_leaves_nothing_to_break_even() -> None:
    found = bench(rounds(made.ORT, 10.0, first_ms=100.0), rounds(made.WASM, 20.0, first_ms=200.0))
    assert not found.break_evens()


def test_native_is_held_beside_on_as_many_threads() -> None:
    native = [rounds(one, ms) for one, ms in ((made.NATIVE, 4.0), (made.NATIVE_ALL, 2.0))]
    found = bench(rounds(made.ORT, 10.0, threads=2), rounds(made.WASM, 20.0, threads=1), *native)
    many, one = found.ranked
    assert (beside := found.native_beside(many)) and beside.target == made.NATIVE_ALL
    assert (beside := found.native_beside(one)) and beside.target == made.NATIVE


def test_a_gpu_is_held_beside_the_native_gpu_and_one_in_name_only_beside_all_threads() -> None:
    cuda = structs.replace(made.NATIVE_ALL, backend="gpu")
    native = [rounds(made.NATIVE, 4.0), rounds(made.NATIVE_ALL, 2.0)]
    task = native[1][0].task
    on_cuda = structs.replace(task, cell=structs.replace(task.cell, target=cuda))
    native.append([structs.replace(one, task=structs.replace(on_cuda, round=one.task.round)) for one in native[0]])
    for software, target in ((False, cuda), (True, made.NATIVE_ALL)):
        drawn = [structs.replace(one, software_gpu=software) for one in rounds(made.WEBGL, 20.0)]
        found = bench(drawn, *native)
        assert (beside := found.native_beside(found.ranked[0])) and beside.target == target


def test_the_first_use_is_every_phase_until_the_first_numbers_and_no_part_twice() -> None:
    found = bench(rounds(made.ORT, 10.0, first_ms=600.0))
    assert found.ranked[0].first_use and found.ranked[0].first_use.median == pytest.approx(600.0)
