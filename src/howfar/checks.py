"""Is what a host reports right? Its losses and outputs, held against NumPy float64."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from howfar import models, portfolio
from howfar.data import Data
from howfar.frameworks import Network, Registry
from howfar.handed import Assignment, TensorSpec
from howfar.layers import Layer
from howfar.models import ModelSpec, reference
from howfar.models.reference import Batch, Trained
from howfar.outcomes import Check, Report
from howfar.portfolio import Portfolio
from howfar.records import Model, Task, fingerprint

# Held against NumPy float64. Every framework that is right stays under 1e-6 over single samples and under 1e-6 over
# the first losses; a wrong one (a bias forgotten, a layer's activation wrong) is off by 1e-3 and more.
TOLERANCE = 5e-6
# Enough that one sample's luck, or one step's, decides nothing; few enough for a back end that takes a second a step.
INFERENCE_CHECKS = 8
OTHER_CHECKS = {"training": 3, "batch_inference": 2, "ceilings": 1}
# Small: at 0.05 the losses of a deep net over few samples jump about, and rounding decides where they go. What a step
# does to a network of convolutions grows with its kernels (at 0.01, 400 of them go from a loss of 3 to one of 150).
LEARNING_RATE = 0.01
LEARNING_RATE_OF_KERNELS = 0.02

# What the known answers return of every sample.
_KNOWN = [float(i) for i in range(1, 11)]

Numbers = Sequence[float]


def learning_rate(model: Model) -> float:
    """The rate that a model is trained with; it changes no time."""
    return LEARNING_RATE_OF_KERNELS / model.width if model.kind == "cnn" else LEARNING_RATE


class Examiner:
    """Knows what is right for every task of one study's data and models and one registry."""

    def __init__(self, known: Registry, data: Data, own: Portfolio = portfolio.EMPTY) -> None:
        self._known, self._data, self._own = known, data, own
        # The same few numbers are asked for by every target in every round, and take minutes for the largest network.
        self._answers: dict[str, tuple[Numbers, Numbers]] = {}

    def spec(self, task: Task) -> ModelSpec:
        """The task's network, in the form that its framework can hold."""
        return models.spec(task.cell.model, task.seed, self._network(task).form, self._vocabulary(task))

    def layers(self, task: Task) -> tuple[Layer, ...]:
        """The task's network without its weights, which are dear to make."""
        return models.layers(task.cell.model, self._network(task).form, self._vocabulary(task))

    def _vocabulary(self, task: Task) -> int:
        """How many characters the text has, for a network that reads it."""
        return self._data.text.classes if task.cell.model.reads_text else 0

    def check(self, assignment: Assignment, report: Report) -> Check:
        """Holds the losses of training steps, and the outputs, each against the reference."""
        if assignment.task.cell.model.kind == "graph":
            return self._check_graph(assignment, report)
        losses, outputs = self._answer(assignment.task, _checked(assignment, report))
        errors = [_max_abs_error(report.losses, losses), _max_abs_error(report.outputs, outputs)]
        known = [error for error in errors if error is not None]
        return Check(max(known) if len(known) == len(errors) else None, TOLERANCE)

    def _check_graph(self, assignment: Assignment, report: Report) -> Check:
        """Holds the outputs of one's own model against what the source's own runtime gave."""
        model, checked = assignment.task.cell.model, _checked(assignment, report)
        wanted = self._own.outputs(model)
        every = slice(None, None, assignment.output_stride)
        scales = np.repeat(_scales(wanted, self._own[model].outputs), [one.size for one in self._own[model].outputs])
        found = np.array(report.outputs, float)
        if found.size != checked * assignment.data.classes:
            return Check(None, self._own[model].tolerance, relative=True)
        errors = np.abs(found.reshape(checked, -1) - wanted[:checked, every]) / scales[every]
        worst = float(errors.max())
        return Check(worst if np.isfinite(worst) else None, self._own[model].tolerance, relative=True)

    def fault(self, task: Task) -> str | None:
        """What is wrong with the rule by which the framework trains, if that is known."""
        if task.cell.workload not in ("training", "features"):
            return None
        (batch,) = self._batches(task, 1)
        return reference.fault(self.spec(task), batch, learning_rate(task.cell.model), self._network(task).rule)

    def _network(self, task: Task) -> Network:
        return self._known[task.cell.target.framework].network(task.cell.model.kind)

    def _answer(self, task: Task, count: int) -> tuple[Numbers, Numbers]:
        """The losses and the outputs of a report of `count` operations that is right."""
        network = self._network(task)
        trains = "training" in network.workloads
        known_by = [task.cell.model, task.cell.workload, task.batch_size, task.seed, task.data, count]
        key = fingerprint([*known_by, network.form, network.rule, trains])
        if key not in self._answers:
            self._answers[key] = self._worked_out(task, count, trains)
        return self._answers[key]

    def _worked_out(self, task: Task, count: int, trains: bool) -> tuple[Numbers, Numbers]:
        """`features` trains one batch, where the framework can, before the outputs are asked for: they show what the
        step did to every weight."""
        workload, kind = task.cell.workload, task.cell.model.kind
        if workload == "ceilings":
            return (), [0.0]  # how far a product of whole numbers was off
        if kind in ("spin", "loop"):
            return ([1.0] * count, ()) if workload == "training" else ((), _KNOWN * count)
        if workload == "training":
            return self._trained(task, count).losses, ()
        if workload == "batch_inference":
            inputs = np.concatenate([inputs for inputs, _ in self._batches(task, count)])
            return (), self._outputs(task, inputs)
        inputs = self._data.of(task.cell.model).inputs[:count]
        if workload == "features" and trains:
            trained = self._trained(task, 1)
            return trained.losses, self._outputs(task, inputs, trained)
        return (), self._outputs(task, inputs)

    def _trained(self, task: Task, steps: int) -> Trained:
        rate, rule = learning_rate(task.cell.model), self._network(task).rule
        return reference.train(self.spec(task), self._batches(task, steps), rate, rule)

    def _outputs(self, task: Task, inputs: models.Array, trained: Trained | None = None) -> Numbers:
        parameters, rule = trained.parameters if trained else None, self._network(task).rule
        outputs: list[float] = reference.outputs(self.spec(task), inputs, parameters, rule).ravel().tolist()
        return outputs

    def _batches(self, task: Task, count: int) -> list[Batch]:
        samples, size = self._data.of(task.cell.model), task.batch_size
        starts = [i * size for i in range(len(samples.labels) // size)]
        return [(samples.inputs[i : i + size], samples.labels[i : i + size]) for i in (starts * count)[:count]]


def _scales(values: NDArray[np.float32], outputs: Sequence[TensorSpec]) -> NDArray[np.float64]:
    """The scale of each output over all samples; `values`: (samples, numbers of all outputs in a row)."""
    ends = np.cumsum([output.size for output in outputs])[:-1]
    return np.array([portfolio.scale(part) for part in np.split(values, ends, axis=1)])


def _checked(assignment: Assignment, report: Report) -> int:
    """How many operations' numbers the report must hold. A check that was slow was the last, but never the first: at
    least two are there. `features` has all of its samples in one check."""
    workload, most = assignment.task.cell.workload, assignment.check_count
    if report.facts.get("slow") is not True or workload == "features":
        return most
    found = len(report.losses) if workload == "training" else len(report.outputs) // assignment.data.classes
    return min(max(found, 2), most)


def _max_abs_error(found: Sequence[float | None], wanted: Numbers) -> float | None:
    """None where numbers are missing or not finite."""
    if len(found) != len(wanted) or any(value is None for value in found):
        return None
    return float(np.abs(np.array(found, float) - np.array(wanted)).max(initial=0))
