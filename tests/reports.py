"""Results as people bring them to a report, whole and broken."""

from collections.abc import Callable, Mapping

import limits
import made
from howfar import experiments
from howfar.outcomes import Results
from howfar.records import Cell, Model, Target
from howfar.study import Study

FIREFOX = Target("tfjs", "4.22.0", "cpu", "firefox")


def nothing_tried() -> Results:
    return made.results([], host={})


def one_cell() -> Results:
    cell = Cell(made.TFJS, Model("mlp", 1, 64), "inference")
    study = made.study([made.TFJS], experiments=("inference_time",), models=(), rounds=1)
    return made.results([made.outcome(cell)], study)


def all_failed() -> Results:
    study = made.study([made.TFJS, made.NATIVE], experiments=("inference_time", "warmup_time"))
    return made.results([made.failed(cell, "crashed", "not to be") for cell in study.cells("inference")], study)


def two_browsers() -> Results:
    targets = (made.TFJS, made.WASM, made.CONVNET, FIREFOX, made.NATIVE)
    study = made.study(targets, experiments=("training_time", "inference_time", "warmup_time"), rounds=2)
    cells = [*study.cells("training"), *study.cells("inference")]
    return made.results([made.outcome(cell, number) for cell in cells for number in range(2)], study)


def of_the_paper() -> Results:
    """Model sizes, what frameworks offer, and a figure that the paper shows as a picture only."""
    study = made.study((made.TFJS, made.CONVNET), experiments=("inference_time", "model_size", "training_time"))
    sizes = {(1, 64): 205_031.0, (4, 128): 600_000.0, (8, 256): 9_000_000.0}
    outcomes = [
        made.outcome(cell, facts={"model_bytes": sizes[cell.model.depth, cell.model.width]})
        for cell in study.cells("loading")
    ]
    outcomes += [made.outcome(cell) for cell in study.cells("inference")]
    return made.results(outcomes, study)


def every_kind() -> Results:
    """What is drawn in other ways: the gap with its tree, the limit, findings, loss parity, and what it cost."""
    names = ("training_time", "inference_time", "gap", "gap_tree", "gap_parts", "loss_parity", "limit", "findings")
    targets = (made.TFJS, made.OLD, made.WASM, made.CONVNET, made.NATIVE, made.NATIVE_ALL)
    study = made.study(targets, experiments=names, rounds=2)
    cells = dict.fromkeys(experiments.cells(study, names))
    return made.results([made.outcome(cell, number) for cell in cells for number in range(2)], study)


# These are of one's own models.
OWN = ("bench", "pretrained")


def asked_by(name: str) -> Study:
    """A study that has something for the experiment."""
    return made.study(models=(made.OWN,)) if name in OWN else made.study()


def of_one(name: str) -> Results:
    """Results in which everything that the experiment asks for went well, or a bit of everything."""
    cells = list(experiments.load(name).cells(asked_by(name) if name in OWN else made.able_study()))
    return made.told(cells) if cells else made.rich()


def of_the_limit() -> Results:
    """Ceilings, and a training step whose work is known in one framework, the yardstick and native TensorFlow."""
    model, work = Model("mlp", 4, 128), (3e7, 1e6)
    times = {made.WASM: 2.0, limits.LIMIT: 1.2, made.NATIVE: 0.5}
    cells = (limits.timed(Cell(target, model, "training"), ms, *work) for target, ms in times.items())
    return limits.results(limits.ceilings(), *cells)


BROKEN: Mapping[str, Callable[[], Results]] = {
    "nothing tried": nothing_tried,
    "one cell": one_cell,
    "all failed": all_failed,
}
