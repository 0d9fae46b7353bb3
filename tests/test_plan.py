"""Tasks with stable ids, in blocks whose order the seed alone decides."""

from itertools import pairwise
from typing import Any

import msgspec
import pytest
from msgspec import structs

import asked
from howfar import plan
from howfar.outcomes import RunFacts
from howfar.plan import CONTROL_MODEL, blocks, task_of
from howfar.records import NOT_INSTALLED, Cell, DataNames, Model, Sampling, SteadyMetric, Target, Task, Workload
from howfar.study import Study

CELLS = [Cell(asked.WASM, Model("mlp", depth, width), "training") for depth in range(1, 6) for width in (8, 16, 32)]

WORKLOADS: tuple[Workload, ...] = ("training", "inference")


def planned(**changes: Any) -> list[list[Task]]:
    return blocks(asked.study(**({"control_every": 4} | changes)), CELLS, asked.NAMES)


def cells_of(block: list[Task]) -> list[Cell]:
    return [task.cell for task in block if not task.control]


def test_an_id_stays_what_it_is() -> None:
    """Ids are in people's stores: another id for the same task would measure everything again on resume."""
    assert asked.task().id == "38a0d25d88fc129e"


def test_the_order_of_a_block_stays_what_it_is() -> None:
    models = [str(cell.model) for cell in cells_of(planned()[0])]
    assert models[:3] == ["mlp(5,16)", "mlp(2,8)", "mlp(2,32)"]


@pytest.mark.parametrize(
    "other",
    [
        asked.task(structs.replace(asked.WASM, framework="convnetjs")),
        asked.task(structs.replace(asked.WASM, version="4.21.0")),
        asked.task(structs.replace(asked.WASM, backend="cpu")),
        asked.task(structs.replace(asked.WASM, browser="firefox")),
        asked.task(structs.replace(asked.WASM, threads=1)),
        asked.task(model=Model("mlp", 3, 32)),
        asked.task(model=Model("mlp", 2, 33)),
        asked.task(model=Model("mlp", 2, 32, name="other")),
        asked.task(model=Model("mlp", 2, 32, digest="3f9a1c")),
        asked.task(workload="inference"),
        asked.task(batch_size=32),
        asked.task(seed=1),
        asked.task(metrics="primary"),
        asked.task(sampling=Sampling(max_seconds=9)),
        asked.task(sampling=Sampling(slow_seconds=9)),
        asked.task(protocol="published"),
        asked.task(workload="loading"),
        asked.task(workload="features"),
        asked.task(structs.replace(asked.WASM, switch="simd=off")),
        task_of(asked.study(), structs.replace(asked.task().cell, observe="stacks"), asked.NAMES, 0),
        task_of(asked.study(), asked.task().cell, DataNames("other digits"), 0),
        task_of(asked.study(), asked.task().cell, asked.NAMES, 1),
        task_of(asked.study(), asked.task().cell, asked.NAMES, 0, control=1),
    ],
)
def test_every_factor_makes_another_id(other: Task) -> None:
    assert other.id != asked.task().id


def test_a_watched_cell_is_another_task_that_does_one_thing_for_a_fixed_time() -> None:
    cell = structs.replace(asked.task().cell, observe="processes")
    study = asked.study(protocols=("corrected", "published"), sampling=Sampling(max_seconds=0.5, min_seconds=0.1))
    (block,) = blocks(structs.replace(study, rounds=1), [cell], asked.NAMES)
    (task,) = (one for one in block if not one.control)
    assert task.id != asked.task().id
    assert task.metrics == ("throughput",)
    assert task.sampling.min_seconds == task.sampling.max_seconds == plan.WATCHED_SECONDS
    assert task.sampling.warmup_max_seconds == study.sampling.warmup_max_seconds


def test_what_can_not_change_a_number_does_not_change_the_id() -> None:
    assert asked.task(name="other", title="x", rounds=9, control_every=3).id == asked.task().id


def test_ids_are_unique() -> None:
    ids = [task.id for block in planned() for task in block]
    assert len(ids) == len(set(ids))


def test_there_are_as_many_blocks_as_rounds_and_each_has_every_cell() -> None:
    found = planned(rounds=5)
    assert [{task.round for task in block} for block in found] == [{number} for number in range(5)]
    assert all(sorted(cells_of(block)) == sorted(CELLS) for block in found)


def test_a_cell_that_two_experiments_need_is_measured_once() -> None:
    assert len(cells_of(blocks(asked.study(), CELLS * 2, asked.NAMES)[0])) == len(CELLS)


def test_the_order_depends_on_the_seed_alone() -> None:
    first = planned()
    assert [cells_of(block) for block in blocks(asked.study(), reversed(CELLS), DataNames("x", "y"))] == [
        *map(cells_of, first)
    ]
    assert cells_of(planned(seed=1)[0]) != cells_of(first[0])


def test_the_order_differs_between_rounds() -> None:
    one, two, three = map(cells_of, planned(rounds=3))
    assert one != two != three != one


@pytest.mark.parametrize("control_every", [1, 4, 5, 15, 100])
def test_controls_come_first_in_between_and_last(control_every: int) -> None:
    (block, *_) = planned(control_every=control_every)
    controls = [position for position, task in enumerate(block) if task.control]
    assert (controls[0], controls[-1]) == (0, len(block) - 1)
    between = [later - earlier - 1 for earlier, later in pairwise(controls)]
    assert max(between) <= control_every
    assert {block[position].cell.model for position in controls} == {CONTROL_MODEL}
    assert {block[position].cell.target for position in controls} == {Target("reference", "1", "cpu", "chromium")}


def test_a_task_belongs_to_the_run_whose_study_makes_it() -> None:
    def run(of: Study, data: DataNames = asked.NAMES) -> RunFacts:
        return RunFacts(of, "0.1.0", "", {}, data)

    task = asked.task(seed=5)
    assert plan.belonging(run(asked.study(seed=5, rounds=9)))(task)
    assert not plan.belonging(run(asked.study(seed=6)))(task)
    assert not plan.belonging(run(asked.study(seed=5), DataNames("other digits", "text-made")))(task)
    assert plan.belonging(run(asked.study()))(planned()[1][0])
    reading = asked.task(model=Model("rnn", 1, 4))
    assert plan.belonging(run(asked.study(), DataNames("other digits", "text-made")))(reading)
    assert not plan.belonging(run(asked.study(), DataNames("digits-made", "another text")))(reading)


def test_a_task_whose_id_is_not_what_it_says_belongs_to_no_run() -> None:
    task = asked.task()
    belongs = plan.belonging(RunFacts(asked.study(), "0.1.0", "", {}, asked.NAMES))
    assert belongs(task)
    # As of a howfar whose tasks had other fields: another round's is known by its settings, not by its id.
    assert not belongs(msgspec.structs.replace(task, round=1))


def test_a_framework_that_was_not_installed_is_forgotten_once_it_is() -> None:
    missing, here = (Target("tensorflow", version, "cpu", "native", 1) for version in (NOT_INSTALLED, "2.21.0"))
    task = asked.task(missing)
    for resolved, expected in (((missing,), True), ((here,), False)):
        run = RunFacts(asked.study(resolved_targets=resolved), "0.1.0", "", {}, asked.NAMES)
        assert plan.belonging(run)(task) is expected


def under_both(workload: Workload) -> list[Task]:
    """One cell, planned under both protocols."""
    cell = Cell(asked.WASM, asked.MLP, workload)
    (block,) = blocks(asked.study(rounds=1, protocols=("corrected", "published")), [cell], asked.NAMES)
    return [task for task in block if not task.control]


@pytest.mark.parametrize("workload", ["training", "inference"])
def test_a_cell_is_measured_under_every_protocol_of_the_study(workload: Workload) -> None:
    tasks = under_both(workload)
    assert {task.protocol for task in tasks} == {"corrected-1", "published-1"}
    assert len({task.cell for task in tasks}) == 1
    assert len({task.id for task in tasks}) == 2


@pytest.mark.parametrize("workload", ["loading", "features"])
def test_the_published_protocol_knew_training_and_inference_only(workload: Workload) -> None:
    assert [task.protocol for task in under_both(workload)] == ["corrected-1"]


def test_the_protocol_changes_neither_the_cells_nor_the_controls() -> None:
    both = blocks(asked.study(protocols=("corrected", "published")), CELLS, asked.NAMES)[0]
    assert sorted(cells_of(both)) == sorted(CELLS * 2)
    assert {task.protocol for task in both if task.control} == {"corrected-1"}


@pytest.mark.parametrize(
    ("workload", "metrics", "sampled"),
    [
        ("training", "all", ("latency", "throughput")),
        ("training", "primary", ("throughput",)),
        ("inference", "all", ("latency", "throughput")),
        ("inference", "primary", ("latency",)),
        ("loading", "all", ("load", "load_from_memory")),
        ("loading", "primary", ()),  # its figure shows the phase of a fresh process
        ("features", "all", ()),
    ],
)
def test_what_is_sampled_depends_on_the_workload(
    workload: Workload, metrics: str, sampled: tuple[SteadyMetric, ...]
) -> None:
    assert asked.task(workload=workload, metrics=metrics).metrics == sampled


@pytest.mark.parametrize("metrics", ["all", "primary"])
def test_the_published_protocol_knew_one_figure_per_operation(metrics: str) -> None:
    for workload in WORKLOADS:
        assert asked.task(workload=workload, metrics=metrics, protocol="published").metrics == ("latency",)


def test_a_task_of_any_protocol_belongs_to_its_run() -> None:
    run = RunFacts(asked.study(protocols=("published",)), "0.1.0", "", {}, asked.NAMES)
    assert plan.belonging(run)(asked.task(protocol="published"))


def test_who_looks_on_sees_each_operation_to_its_end_and_the_corrected_protocol_only() -> None:
    study = asked.study(protocols=("corrected", "published"), metrics="primary")
    for observe in ("stacks", "experience"):
        cell = structs.replace(asked.task().cell, observe=observe)
        assert task_of(study, cell, asked.NAMES, 0).metrics == ("latency",)
        assert study.protocols_for(cell) == ("corrected",)
    assert study.protocols_for(asked.task().cell) == ("corrected", "published")


@pytest.mark.parametrize(
    ("backend", "switch", "metrics"),
    [
        ("cpu", "", ("peak", "gemm", "read_cached", "read", "copy", "triad")),
        ("wasm", "", ("peak", "gemm", "read_cached", "read", "copy", "triad")),
        ("wasm", "fma=off", ("peak", "gemm")),
        ("webgl", "", ("peak", "gemm")),
        ("webgpu", "", ("peak", "gemm", "copy")),
    ],
)
def test_ceilings_are_sampled_in_short_of_what_a_back_end_has(
    backend: str, switch: str, metrics: tuple[SteadyMetric, ...]
) -> None:
    target = structs.replace(asked.CEILING, backend=backend, switch=switch)
    task = asked.task(target, Model("gemm", 1, 192), "ceilings", metrics="primary")
    assert task.metrics == metrics
    assert task.sampling == plan.TEAM_SAMPLING
    assert len(metrics) * (task.sampling.max_seconds + task.sampling.warmup_max_seconds) < 2


def test_the_ceilings_of_a_browser_take_five_seconds_of_sampling_at_the_most() -> None:
    """Of each back end, for one thread and for all where there are such, and of WebAssembly without relaxed SIMD."""
    pages = [("cpu", "", 1), ("cpu", "", 0), ("wasm", "", 1), ("wasm", "", 0), ("wasm", "fma=off", 1),
             ("webgl", "", None), ("webgpu", "", None)]  # fmt: skip
    targets = [structs.replace(asked.CEILING, backend=one, switch=switch, threads=n) for one, switch, n in pages]
    tasks = [asked.task(target, Model("gemm", 1, 192), "ceilings") for target in targets]
    lasting = [(len(task.metrics), task.sampling) for task in tasks]
    assert sum(count * (one.max_seconds + one.warmup_max_seconds) for count, one in lasting) <= 5


def test_threads_are_given_the_time_to_be_parted() -> None:
    alone, team = (
        asked.task(structs.replace(asked.CEILING, threads=count), Model("gemm", 1, 192), "ceilings") for count in (1, 0)
    )
    assert alone.sampling == plan.CEILING_SAMPLING
    assert team.sampling.min_seconds > 2 * alone.sampling.max_seconds


def test_the_ceilings_of_a_browser_come_one_after_the_other_before_all_else() -> None:
    browsers = [structs.replace(asked.CEILING, threads=n, browser=name) for n in (1, 0) for name in ("one", "two")]
    roofs = [Cell(target, Model("gemm", 1, 192), "ceilings") for target in browsers]
    (block,) = blocks(asked.study(rounds=1, control_every=50), [*CELLS, *roofs], asked.NAMES)
    order = [task.cell for task in block if not task.control]
    assert [cell.target.browser for cell in order[:4]] == ["one", "one", "two", "two"]
    assert set(order[4:]) == set(CELLS)


def test_ceilings_can_be_of_fewer_rounds_than_the_others() -> None:
    roof = Cell(asked.CEILING, Model("gemm", 1, 192), "ceilings")
    rounds = blocks(asked.study(rounds=3, ceiling_rounds=1), [roof, *CELLS], asked.NAMES)
    assert [roof in cells_of(block) for block in rounds] == [True, False, False]
    assert [len(cells_of(block)) for block in rounds] == [len(CELLS) + 1, len(CELLS), len(CELLS)]
