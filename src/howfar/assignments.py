"""A task to what its host needs: the URLs of adapter, library, model and data. And back: is what it reports right?"""

from collections.abc import Sequence

import numpy as np

from howfar import exporters, models, vendor
from howfar.data import Digits
from howfar.frameworks import Registry
from howfar.models import ModelSpec, reference
from howfar.models.reference import Batch, Trained
from howfar.outcomes import Check, Report
from howfar.records import Assignment, DataShape, Fact, Task, fingerprint
from howfar.server import Server

# Held against NumPy float64. Every framework that is right stays under 1e-6 over single samples and under 1e-6 over
# the first losses; a wrong one (a bias forgotten, a layer's activation wrong) is off by 1e-3 and more.
TOLERANCE = 5e-6
# Enough that one sample's luck, or one step's, decides nothing; few enough for a back end that takes a second a step.
INFERENCE_CHECKS = 8
TRAINING_CHECKS = 3
# Small: at 0.05 the losses of a deep net over few samples jump about, and rounding decides where they go.
LEARNING_RATE = 0.01


class Desk:
    """Makes assignments for one server, one data set and one registry, and judges what comes back."""

    def __init__(self, server: Server, known: Registry, digits: Digits) -> None:
        self._server, self._known, self._digits = server, known, digits
        self._data_url = server.add_blob(f"{digits.name}.bin", digits.to_bytes())

    def assignment(self, task: Task) -> Assignment:
        """Everything that the task's host will ask for.

        Raises: UserError where a framework's files can't be had; Unavailable where only this target's files can't.
        """
        target, model = task.cell.target, task.cell.model
        framework = self._known[target.framework]
        backend = framework.backend(target.backend, target.version)
        if framework.runs_in == "browser":
            vendor.fetch(backend, target.version)
        spec = self._spec(task)
        name = f"{model.kind}-{model.depth}-{model.width}-{fingerprint([task.seed, framework.form])}.bin"
        samples, features = self._digits.inputs.shape
        return Assignment(
            task=task,
            adapter_url=framework.adapter_url or f"/page/frameworks/{target.framework.removesuffix('.js')}.js",
            script_urls=tuple(vendor.url(file, backend, target.version) for file in backend.scripts),
            asset_urls={
                key: _folder(vendor.url(group[0], backend, target.version)) for key, group in backend.assets.items()
            },
            layers=spec.layers,
            weights_url=self._server.add_blob(name, spec.to_bytes()),
            model_urls=self._model_urls(task),
            data_url=self._data_url,
            data=DataShape(samples, features, classes=10),
            check_count=TRAINING_CHECKS if task.cell.workload == "training" else INFERENCE_CHECKS,
            learning_rate=LEARNING_RATE,
        )

    def _spec(self, task: Task) -> ModelSpec:
        return models.spec(task.cell.model, task.seed, self._known[task.cell.target.framework].form)

    def _model_urls(self, task: Task) -> dict[str, str]:
        """Where the framework's own saved model lies, for the tasks that load one."""
        target, framework = task.cell.target, self._known[task.cell.target.framework]
        if task.cell.workload != "loading" and not framework.needs_saved_model:
            return {}
        asked = (target.framework, task.cell.model, task.seed, framework.form, target.backend, target.version)
        files = exporters.export(*asked)
        return {name: self._server.add_blob(f"{fingerprint(asked)}/{name}", file) for name, file in files.items()}

    def known_facts(self, task: Task) -> dict[str, Fact]:
        """What is known of a task without opening a page: one hash over all library files of a browser task, the bytes
        of a saved model, of a `features` task what the package says of itself and where it runs, and of a task that
        trains what is wrong with the framework's own rule."""
        target, workload = task.cell.target, task.cell.workload
        framework = self._known[target.framework]
        backend = framework.backend(target.backend, target.version)
        facts: dict[str, Fact] = {}
        if framework.runs_in == "browser" and backend.scripts:
            facts["library_sha256"] = fingerprint(vendor.fetch(backend, target.version))
        if urls := self._model_urls(task):
            facts["model_bytes"] = sum(self._server.blob_bytes(url) for url in urls.values())
        if workload == "features":
            facts |= vendor.package_facts(backend, target.version)
            facts["backends"] = ", ".join(framework.backends_at(target.version))
        if workload in ("training", "features") and task.cell.model.kind == "mlp":
            (batch,) = self._batches(task.batch_size, 1)
            if fault := reference.fault(self._spec(task), batch, LEARNING_RATE, framework.rule):
                facts["training_fault"] = fault
        return facts

    def check(self, assignment: Assignment, report: Report) -> Check:
        """Holds the losses of training steps, and the outputs, each against the reference."""
        losses, outputs = self._wanted(assignment, _checked(assignment, report))
        errors = [_max_abs_error(report.losses, losses), _max_abs_error(report.outputs, outputs)]
        known = [error for error in errors if error is not None]
        return Check(max(known) if len(known) == len(errors) else None, TOLERANCE)

    def _wanted(self, assignment: Assignment, count: int) -> tuple[Sequence[float], Sequence[float]]:
        """The losses and the outputs of a report that is right. `features` trains one batch, where the framework can,
        before the outputs are asked for: they show what the step did to every weight."""
        cell = assignment.task.cell
        if cell.model.kind != "mlp":
            return ([1.0] * count, ()) if cell.workload == "training" else ((), _KNOWN * count)
        if cell.workload == "training":
            return self._trained(assignment, count).losses, ()
        if cell.workload == "features" and "training" in self._known[cell.target.framework].workloads:
            trained = self._trained(assignment, 1)
            return trained.losses, self._outputs(assignment, count, trained)
        return (), self._outputs(assignment, count)

    def _outputs(self, assignment: Assignment, count: int, trained: Trained | None = None) -> Sequence[float]:
        inputs = self._digits.inputs[:count]
        parameters = trained.parameters if trained else None
        outputs: list[float] = reference.outputs(self._spec(assignment.task), inputs, parameters).ravel().tolist()
        return outputs

    def _trained(self, assignment: Assignment, steps: int) -> Trained:
        rule = self._known[assignment.task.cell.target.framework].rule
        batches = self._batches(assignment.task.batch_size, steps)
        return reference.train(self._spec(assignment.task), batches, assignment.learning_rate, rule)

    def _batches(self, size: int, count: int) -> list[Batch]:
        inputs, labels = self._digits.inputs, self._digits.labels
        starts = [i * size for i in range(len(labels) // size)]
        return [(inputs[i : i + size], labels[i : i + size]) for i in (starts * count)[:count]]


def _checked(assignment: Assignment, report: Report) -> int:
    """How many operations' numbers the report must hold. A check that was slow was the last, but never the first: at
    least two are there. `features` has all of its samples in one check."""
    workload, most = assignment.task.cell.workload, assignment.check_count
    if report.facts.get("slow") is not True or workload == "features":
        return most
    found = len(report.losses) if workload == "training" else len(report.outputs) // assignment.data.classes
    return min(max(found, 2), most)


# What the known answers return of every sample.
_KNOWN = [float(i) for i in range(1, 11)]


def _folder(url: str) -> str:
    return url.rpartition("/")[0] + "/"


def _max_abs_error(found: Sequence[float | None], wanted: Sequence[float]) -> float | None:
    """None where numbers are missing or not finite."""
    if len(found) != len(wanted) or any(value is None for value in found):
        return None
    return float(np.abs(np.array(found, float) - np.array(wanted)).max(initial=0))
