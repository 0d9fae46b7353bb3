"""In which order tasks are run under a budget and a cap, with a clock of the test's own."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

import asked
from howfar import plan, schedule
from howfar.costs import Costs, at_least_seconds, multiply_adds
from howfar.lines import Line, beside, choice, contenders, gains_of
from howfar.outcomes import OVER_BUDGET, Outcome, Phase, Series
from howfar.records import Cell, Model, Sampling, Target, Task
from howfar.schedule import SOFTWARE_SHARE, Thrifty, Told, Whole
from howfar.study import Study

CPU = Target("tfjs", "4.22.0", "cpu", "chromium")
WEBGPU = replace(CPU, backend="webgpu")
NATIVE = Target("numpy", "2.0.0", "cpu", "native", 1)
SIZES = [(1, 8), (1, 64), (2, 256), (8, 256), (16, 512)]
SAMPLING = Sampling(max_seconds=0.5, warmup_max_seconds=0.5, slow_seconds=0.5)
VOCABULARY = 56


def cells(*targets: Target, kind: str = "mlp") -> list[Cell]:
    return [Cell(target, Model(kind, *size), "training") for target in targets for size in SIZES]  # type: ignore[arg-type]


def study(**changes: Any) -> Study:
    return asked.study(**({"rounds": 3, "sampling": SAMPLING, "control_every": 100} | changes))


class Machine:
    """Runs tasks on a clock of its own: so many multiply-adds a second, and so long to launch."""

    def __init__(self, speed: float = 1e9, launch: float = 1.0) -> None:
        self.now, self.speed, self.launch = 0.0, speed, launch
        self.noise: dict[Model, float] = {}
        self.ran: list[Task] = []

    def clock(self) -> float:
        return self.now

    def operation(self, task: Task) -> float:
        noise = 1 + self.noise.get(task.cell.model, 0.0) * (-1.0) ** task.round
        samples = task.batch_size * 3 if task.cell.workload == "training" else 1
        return multiply_adds(task.cell.model, VOCABULARY) * samples / self.speed * noise

    def run(self, task: Task) -> tuple[Outcome, float]:
        operation, count = self.operation(task), 3
        first = Phase("first", operation * 1000)
        series = Series("throughput", "timed", 1, (operation * 1000,) * count, "cap")
        seconds = self.launch + operation * (count + 1)
        self.now += seconds
        self.ran.append(task)
        return Outcome(task, "ok", "here", "2025-06-01T10:00:00Z", phases=(first,), series=(series,)), seconds


def thrifty(
    of: Study,
    every: list[Cell],
    machine: Machine,
    finished: Callable[[Task], bool] = lambda _: False,
    seconds: Callable[[Task], float | None] = lambda _: None,
) -> Thrifty:
    keys = [(cell, "corrected") for cell in every]
    told = Told(finished, software, seconds)
    return Thrifty(of, keys, asked.NAMES, Costs(VOCABULARY), told, machine.clock)  # type: ignore[arg-type]


def software(target: Target) -> bool:
    return target.backend == "webgl"


def run(planned: Thrifty, machine: Machine) -> list[Task]:
    """What the runner does."""
    for block in planned.blocks():
        for task in filter(planned.admits, block):
            if not task.control:
                planned.note(task, *machine.run(task))
    return machine.ran


def test_without_a_budget_and_a_cap_the_plan_is_run_as_it_is() -> None:
    of = study()
    blocks = plan.blocks(of, cells(CPU), asked.NAMES)
    made = schedule.make(
        of, blocks, asked.NAMES, VOCABULARY, Told(lambda task: task.round == 0, software, lambda _: None)
    )
    assert isinstance(made, Whole)
    assert list(made.blocks()) == [[], *blocks[1:]]
    assert made.left_out() == []


def test_with_time_enough_every_cell_gets_all_its_rounds() -> None:
    machine, every = Machine(), cells(CPU, NATIVE)
    ran = run(thrifty(study(budget_minutes=100), every, machine), machine)
    assert len(ran) == len({task.id for task in ran}) == 3 * len(every)


def test_the_first_round_goes_from_the_cheapest_to_the_dearest() -> None:
    machine = Machine(speed=2e8)
    ran = run(thrifty(study(budget_minutes=100), cells(CPU), machine), machine)
    first = [multiply_adds(task.cell.model, VOCABULARY) for task in ran if task.round == 0]
    assert first[-1] == max(first)
    assert first.index(max(first)) > first.index(min(first))


def test_the_budget_holds_and_what_was_not_reached_is_named() -> None:
    machine = Machine(speed=1e7)  # the largest takes a quarter of an hour for a step
    planned = thrifty(study(budget_minutes=2), cells(CPU), machine)
    ran = run(planned, machine)
    assert machine.now <= 2 * 60
    measured = {task.cell for task in ran}
    left = {one.task.cell: one for one in planned.left_out()}
    assert measured.isdisjoint(left) and measured | set(left) == set(cells(CPU))
    assert Cell(CPU, Model("mlp", 16, 512), "training") in left
    for one in left.values():
        assert one.reason == f"{OVER_BUDGET}: not reached within 2 min"
        assert one.detail.startswith("about ")


def test_further_rounds_go_where_intervals_are_widest() -> None:
    machine = Machine()
    restless = Model("mlp", 1, 64)
    machine.noise[restless] = 0.3
    of = study(budget_minutes=1.1, rounds=20)
    ran = run(thrifty(of, cells(CPU), machine), machine)
    counts = {cell.model: sum(task.cell == cell for task in ran) for cell in cells(CPU)}
    assert counts[restless] == max(counts.values())
    assert counts[restless] > 2 * min(counts.values()) > 0


def test_of_two_that_are_as_restless_the_quick_one_is_measured_more_often() -> None:
    machine, quick, slow = Machine(speed=1e8), Model("mlp", 1, 64), Model("mlp", 8, 512)
    machine.noise = {quick: 0.1, slow: 0.1}
    every = [Cell(CPU, model, "training") for model in (quick, slow)]
    assert machine.operation(asked.task(CPU, slow)) > 10 * machine.operation(asked.task(CPU, quick))
    ran = run(thrifty(study(budget_minutes=3, rounds=20), every, machine), machine)
    counts = [sum(task.cell == cell for task in ran) for cell in every]
    assert counts[0] > 2 * counts[1] > 0


def test_native_at_the_same_size_is_measured_in_the_same_rounds() -> None:
    machine = Machine()
    machine.noise[Model("mlp", 1, 64)] = 0.3
    ran = run(thrifty(study(budget_minutes=1.5, rounds=30), cells(CPU, NATIVE), machine), machine)
    for size in SIZES:
        web, native = (
            {task.round for task in ran if task.cell == Cell(target, Model("mlp", *size), "training")}
            for target in (CPU, NATIVE)
        )
        assert len(web - native) <= 1  # the time may be over between the two


def test_past_the_cap_a_training_is_estimated_from_a_part_of_its_batch() -> None:
    machine, largest = Machine(speed=2e8), Model("mlp", 16, 512)
    assert 3 * machine.operation(asked.task(CPU, largest)) > 10
    planned = thrifty(study(cap_seconds=10.0), cells(CPU), machine)
    ran = run(planned, machine)
    dear = [task for task in ran if task.cell.model == largest]
    assert {task.batch_size * task.scale for task in dear} == {64}
    assert all(task.scale > 1 and 3 * machine.operation(task) <= 10 for task in dear)
    assert len(dear) == 3
    assert {task.scale for task in ran if task.cell.model != largest} == {1}
    assert planned.left_out() == []


@pytest.mark.parametrize(("workload", "over_cap"), [("training", "unsupported"), ("inference", "estimate")])
def test_what_can_not_be_estimated_or_must_not_be_is_left_out(workload: Any, over_cap: Any) -> None:
    machine = Machine(speed=1e5)
    every = [replace(cell, workload=workload) for cell in cells(CPU)]
    planned = thrifty(study(cap_seconds=60.0, over_cap=over_cap), every, machine)
    run(planned, machine)
    left = {one.task.cell.model: one for one in planned.left_out()}
    assert Model("mlp", 16, 512) in left
    one = left[Model("mlp", 16, 512)]
    assert one.reason == f"{OVER_BUDGET}: its operations would take longer than the cap of 60 s"
    assert one.detail.startswith("one operation is expected to take about")


def test_a_run_goes_on_where_it_stood() -> None:
    machine, every = Machine(), cells(CPU)
    ran = run(thrifty(study(budget_minutes=100), every, machine), machine)
    done = {task.id for task in ran if task.round == 0}
    again = Machine()
    rest = run(thrifty(study(budget_minutes=100), every, again, lambda task: task.id in done), again)
    assert {task.id for task in rest} == {task.id for task in ran} - done


def test_an_estimate_that_was_made_before_is_gone_on_with() -> None:
    of, cell = study(cap_seconds=10.0), Cell(CPU, Model("mlp", 16, 512), "training")
    estimated = plan.task_of(of, cell, asked.NAMES, 0, scale=8)
    machine = Machine(speed=2e8)
    rest = run(thrifty(of, [cell], machine, lambda task: task.id == estimated.id), machine)
    assert [(task.round, task.scale) for task in rest] == [(1, 8), (2, 8)]


def test_what_is_unsupported_is_so_once() -> None:
    machine, every = Machine(), cells(CPU)
    planned = thrifty(study(budget_minutes=100), every, machine)
    for block in planned.blocks():
        for task in (one for one in block if not one.control):
            machine.ran.append(task)
            planned.note(task, Outcome(task, "unsupported", "here", "", message="no such kernel"), 0.5)
    assert len(machine.ran) == len(every)


def test_a_control_is_the_first_of_a_block_and_never_one_that_is_done() -> None:
    of = study(budget_minutes=100)
    first = plan.control_of(of, asked.NAMES, 0, 1)
    planned = thrifty(of, cells(CPU), Machine(), lambda task: task.id == first.id)
    block = next(iter(planned.blocks()))
    assert block[0].control == 2
    assert not any(task.control for task in block[1:])


def test_small_blocks_have_no_control_each() -> None:
    """A control takes as long as a quick task: it comes after so many tasks, whichever block they are in."""
    machine = Machine()
    planned = thrifty(study(budget_minutes=100, rounds=6, control_every=20), cells(CPU), machine)
    handed, controls = 0, list[int]()
    for block in planned.blocks():
        for task in block:
            if task.control:
                controls.append(handed)
            else:
                handed += 1
                planned.note(task, *machine.run(task))
    assert len(controls) > 1 and controls == list(range(0, handed, 20))


def test_costs_learn_from_the_largest_network_of_a_kind() -> None:
    costs, machine = Costs(VOCABULARY), Machine(speed=5e8, launch=2.0)
    small, large = (asked.task(CPU, Model("mlp", *size), sampling=SAMPLING) for size in ((1, 64), (8, 256)))
    costs.note(small, *machine.run(small))
    assert costs.operation(large) == pytest.approx(machine.operation(large), rel=1e-6)
    assert costs.operation(asked.task(CPU, Model("cnn", 6, 8))) < 10  # nothing is known of it but the first guess
    assert costs.seconds(large) > 2.0


def test_an_outcome_without_samples_teaches_nothing() -> None:
    costs = Costs(VOCABULARY)
    task = asked.task(CPU)
    before = costs.seconds(task)
    costs.note(task, Outcome(task, "crashed", "here", ""), 30.0)
    assert costs.seconds(task) == before


def test_the_least_that_a_round_can_take_counts_browsers_and_native() -> None:
    assert at_least_seconds(cells(CPU)) > 5 * at_least_seconds(cells(NATIVE)) > 0


def test_a_product_of_matrices_costs_its_multiply_adds() -> None:
    """Otherwise nothing could be learned from it, and a second one would be asked how many times nothing it is."""
    costs, task = Costs(VOCABULARY), asked.task(asked.CEILING, Model("gemm", 1, 192), "ceilings")
    assert multiply_adds(task.cell.model, VOCABULARY) == 192**3
    costs.note(task, *Machine(speed=5e8, launch=2.0).run(task))
    assert costs.operation(task) > 0


def test_ceilings_are_taken_once_before_others_and_again_when_nothing_else_is_left() -> None:
    machine, roof = Machine(), Cell(CPU, Model("gemm", 1, 64), "ceilings")
    machine.noise = {cell.model: 0.1 for cell in cells(CPU)}
    ran = run(thrifty(study(budget_minutes=60), [roof, *cells(CPU)], machine), machine)
    rounds = {task.round for task in ran if task.cell == roof}
    assert rounds == {0, 1, 2}
    others = [place for place, task in enumerate(ran) if task.cell != roof]
    again = [place for place, task in enumerate(ran) if task.cell == roof and task.round]
    assert max(others) < min(again)


def test_ceilings_of_a_browser_are_in_one_block_though_one_is_thought_much_dearer_than_another() -> None:
    machine, asked_for = Machine(), study(budget_minutes=60, ceiling_rounds=1)
    roofs = [Cell(replace(CPU, backend=one), Model("gemm", 1, 2048), "ceilings") for one in ("cpu", "wasm", "webgpu")]
    thought = [Costs(VOCABULARY).seconds(plan.task_of(asked_for, roof, asked.NAMES, 0)) for roof in roofs]
    assert max(thought) > schedule.TIER * min(thought)
    planned = thrifty(asked_for, [*roofs, *cells(CPU)], machine)
    found = []
    for block in planned.blocks():
        found.append({task.cell for task in block if task.cell in roofs})
        for task in block:
            if not task.control:
                planned.note(task, *machine.run(task))
    assert [own for own in found if own] == [set(roofs)]


def test_ceilings_of_fewer_rounds_are_not_taken_again() -> None:
    machine, roof = Machine(), Cell(CPU, Model("gemm", 1, 64), "ceilings")
    asked_for = study(budget_minutes=60, ceiling_rounds=1)
    ran = run(thrifty(asked_for, [roof, *cells(CPU)], machine), machine)
    assert [task.round for task in ran if task.cell == roof] == [0]
    assert len(ran) == 1 + 3 * len(SIZES)


def test_what_a_kind_costs_is_learned_from_a_cell_that_teaches_it() -> None:
    machine = Machine()
    watched = [replace(cell, observe="processes") for cell in cells(CPU)[:2]]
    block = next(thrifty(study(budget_minutes=60), [*watched, *cells(CPU)], machine).blocks())
    assert [(task.cell.model.width, task.cell.observe) for task in block if not task.control] == [(8, "")]


def test_first_sizes_have_two_rounds_before_others_have_one() -> None:
    machine = Machine()
    ran = run(thrifty(study(budget_minutes=60, first_sizes=((1, 64), (8, 256))), cells(CPU), machine), machine)
    sizes = [((task.cell.model.depth, task.cell.model.width), task.round) for task in ran]
    assert set(sizes[:4]) == {((1, 64), 0), ((8, 256), 0), ((1, 64), 1), ((8, 256), 1)}
    assert len(ran) == 3 * len(SIZES)


def test_a_gpu_in_name_only_comes_when_the_others_had_most_of_the_time() -> None:
    machine, every = Machine(), [*cells(replace(CPU, backend="webgl"))[:3], *cells(CPU)[:2], *cells(WEBGPU)[:2]]
    ran = run(thrifty(study(budget_minutes=3, rounds=100, software_last=True), every, machine), machine)
    backends = [task.cell.target.backend for task in ran]
    late = backends.index("webgl")
    assert set(backends[:late]) == {"cpu", "webgpu"} and backends.count("webgl") >= 3
    assert set(backends[late : late + 3]) == {"webgl"}
    spent = sum(machine.launch + 4 * machine.operation(task) for task in ran[:late])
    assert 0.75 * 180 < spent <= 180 * (1 - SOFTWARE_SHARE)


def test_where_no_gpu_is_one_in_name_only_nothing_is_kept_for_it() -> None:
    machine, every = Machine(), [*cells(CPU)[:2], *cells(WEBGPU)[:2]]
    planned = thrifty(study(budget_minutes=3, rounds=100, software_last=True), every, machine)
    assert {end for _, _, end in planned._stages()} == {180.0}


def test_of_gpus_in_name_only_webgpu_is_last() -> None:
    machine, every = Machine(), [*cells(WEBGPU)[:2], *cells(replace(CPU, backend="webgl"))[:2], *cells(CPU)[:2]]
    planned = thrifty(study(budget_minutes=60, software_last=True), every, machine)
    planned._software = lambda target: target.backend != "cpu"
    first = dict.fromkeys(task.cell.target.backend for task in run(planned, machine))
    assert list(first) == ["cpu", "webgl", "webgpu"]


def test_a_gpu_in_name_only_is_last_at_the_first_sizes_too() -> None:
    machine, every = Machine(), [*cells(replace(CPU, backend="webgl"))[:2], *cells(CPU)[:2]]
    of = study(budget_minutes=60, software_last=True, first_sizes=((1, 8), (1, 64)))
    backends = [task.cell.target.backend for task in run(thrifty(of, every, machine), machine)]
    assert backends[:6] == ["cpu"] * 6 and set(backends[6:]) == {"webgl"}


def test_what_gives_a_wrong_result_is_nobodys_measure() -> None:
    machine, (cell, *_) = Machine(), cells(CPU)
    planned = thrifty(study(), [cell], machine)
    task = planned._next(planned._lines[cell, "corrected"])
    outcome, seconds = machine.run(task)
    planned.note(task, replace(outcome, status="wrong_result"), seconds)
    assert planned._lines[cell, "corrected"].medians == []


def test_a_round_of_ones_own_model_is_of_all_that_may_be_chosen() -> None:
    """And of the quickest native on as many threads, which they are held against."""
    best, near, far = line(CPU, 1.0), line(replace(CPU, backend="wasm"), 1.9), line(WEBGPU, 2.1)
    said = (("quick", 1, 0.1), ("slow", 1, 0.2), ("slow", 0, 0.3), ("quick", 0, 0.2))
    natives = [line(Target(name, "1", "cpu", "native", threads), seconds) for name, threads, seconds in said]
    assert choice([best, near, far, *natives]) == [near, best, natives[3], natives[0]]
    ahead = replace(near.key[0].target, version="5.0.0")
    lines = [best, line(ahead, 1.5, 1.5, 1.5), near, far, *natives]
    assert beside(near, lines) == [near, best, natives[3], natives[0]]
    best.hopeless = True
    assert beside(near, lines) == [near, natives[3], natives[0]]


def test_after_one_round_those_go_on_that_a_slow_process_may_have_set_back() -> None:
    best, set_back, far = line(CPU, 1.0), line(replace(CPU, backend="wasm"), 3.9), line(WEBGPU, 4.1)
    native, unknown, dense = line(NATIVE, 0.1), line(replace(NATIVE, framework="torch")), line(CPU, 0.01, model=Model())
    assert contenders([best, set_back, far, native, unknown, dense]) == [set_back, best, native]


def test_who_contends_is_known_of_what_an_earlier_run_measured() -> None:
    """Killed after a round of all but one, which is far behind: those that are ahead go on, and not that one alone."""
    machine = Machine()
    targets = {"cpu": 1.0, "wasm": 1.5, "webgpu": 10.0}
    machine.operation = lambda task: targets[task.cell.target.backend]  # type: ignore[method-assign]
    every = [Cell(replace(CPU, backend=backend), MINE, "inference") for backend in targets]

    def finished(task: Task) -> bool:
        return not task.control and task.round == 0 and task.cell.target.backend != "webgpu"

    of = study(budget_minutes=60, software_last=True)
    ran = run(thrifty(of, every, machine, finished, machine.operation), machine)
    found = [task.cell.target.backend for task in ran]
    assert found[0] == "webgpu" and sorted(found[1:5]) == ["cpu", "cpu", "wasm", "wasm"]
    assert found[5:] == ["webgpu", "webgpu"]


def test_of_ones_own_model_what_is_far_behind_has_its_second_round_after_all_of_the_others() -> None:
    machine = Machine()
    targets = {"cpu": 1.0, "wasm": 1.5, "webgpu": 10.0}
    machine.operation = lambda task: targets[task.cell.target.backend]  # type: ignore[method-assign]
    every = [Cell(replace(CPU, backend=backend), MINE, "inference") for backend in targets]
    ran = run(thrifty(study(budget_minutes=60, software_last=True), every, machine), machine)
    found = [task.cell.target.backend for task in ran]
    assert sorted(found[3:7]) == ["cpu", "cpu", "wasm", "wasm"] and found[7:] == ["webgpu", "webgpu"]


MINE = Model("graph", name="mine", digest="0")


def line(target: Target, *medians: float, model: Model = MINE) -> Line:
    return Line((Cell(target, model, "inference"), "corrected"), len(medians), list(medians), seconds=1.0)


def test_of_ones_own_model_what_is_nearer_to_the_best_promises_more() -> None:
    best, near, far = line(CPU, 0.9, 1.0), line(WEBGPU, 1.8, 2.0), line(NATIVE, 90, 100)
    gains = gains_of([best, near, far])
    assert gains[best.key] == pytest.approx(4 * gains[near.key])
    assert gains[far.key] == pytest.approx(gains[best.key])  # native is held against natives
    study_s = [line(target, *times, model=Model()) for target, times in ((CPU, (0.9, 1.0)), (WEBGPU, (1.8, 2.0)))]
    assert len({round(gain, 9) for gain in gains_of(study_s).values()}) == 1


def test_two_processes_that_agree_by_chance_are_not_taken_for_sure() -> None:
    lucky, restless = line(CPU, 1.0, 1.0001), line(WEBGPU, 1.0, 1.5)
    gains = gains_of([lucky, restless])
    assert gains[restless.key] / 3 < gains[lucky.key] < gains[restless.key]


def test_a_resumed_cell_of_one_round_comes_before_what_is_settled() -> None:
    machine, (cell, *_) = Machine(), cells(CPU)
    planned = thrifty(study(budget_minutes=60), [cell], machine, lambda task: not task.control and task.round == 0)
    assert [task.round for task in run(planned, machine)] == [1, 2]
    assert planned._lines[cell, "corrected"].resumed
