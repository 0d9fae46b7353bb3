"""A task to what its host needs: the URLs of adapter, library, model and data. And back: is what it reports right?"""

from collections.abc import Sequence

import numpy as np

from howfar import models, vendor
from howfar.data import Digits
from howfar.frameworks import Registry
from howfar.models import reference
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

        Raises: UserError where a framework's files can't be had.
        """
        target, model = task.cell.target, task.cell.model
        framework = self._known[target.framework]
        backend = framework.backends[target.backend]
        if framework.runs_in == "browser":
            vendor.fetch(backend, target.version)
        spec = models.spec(model, task.seed)
        name = f"{model.kind}-{model.depth}-{model.width}-{task.seed}.bin"
        samples, features = self._digits.inputs.shape
        return Assignment(
            task=task,
            adapter_url=framework.adapter_url or f"/page/frameworks/{target.framework}.js",
            script_urls=tuple(_url(file, target.version) for file in backend.scripts),
            asset_urls={key: _folder(_url(group[0], target.version)) for key, group in backend.assets.items()},
            layers=spec.layers,
            weights_url=self._server.add_blob(name, spec.to_bytes()),
            data_url=self._data_url,
            data=DataShape(samples, features, classes=10),
            check_count=INFERENCE_CHECKS if task.cell.workload == "inference" else TRAINING_CHECKS,
            learning_rate=LEARNING_RATE,
        )

    def library_facts(self, task: Task) -> dict[str, Fact]:
        """One hash over all library files of a browser task; nothing for a native one."""
        framework = self._known[task.cell.target.framework]
        backend = framework.backends[task.cell.target.backend]
        if framework.runs_in == "native" or not backend.scripts:
            return {}
        return {"library_sha256": fingerprint(vendor.fetch(backend, task.cell.target.version))}

    def check(self, assignment: Assignment, report: Report) -> Check:
        """Holds the outputs (inference) or the losses (training) against the reference."""
        training = assignment.task.cell.workload == "training"
        found = report.losses if training else report.outputs
        wanted = self._losses(assignment) if training else self._outputs(assignment)
        return Check(_max_abs_error(found, wanted), TOLERANCE)

    def _outputs(self, assignment: Assignment) -> Sequence[float]:
        task, count = assignment.task, assignment.check_count
        if task.cell.model.kind != "mlp":
            return [float(i) for i in range(1, 11)] * count
        spec = models.spec(task.cell.model, task.seed)
        outputs: list[float] = reference.outputs(spec, self._digits.inputs[:count]).ravel().tolist()
        return outputs

    def _losses(self, assignment: Assignment) -> Sequence[float]:
        task, count = assignment.task, assignment.check_count
        if task.cell.model.kind != "mlp":
            return [1.0] * count
        inputs, labels, size = self._digits.inputs, self._digits.labels, task.batch_size
        starts = [i * size for i in range(len(labels) // size)]
        batches = [(inputs[i : i + size], labels[i : i + size]) for i in (starts * count)[:count]]
        return reference.losses(models.spec(task.cell.model, task.seed), batches, assignment.learning_rate)


def _url(file: str, version: str) -> str:
    package, path = vendor.split_file(file)
    return f"/packages/{package}/{version}/{path}"


def _folder(url: str) -> str:
    return url.rpartition("/")[0] + "/"


def _max_abs_error(found: Sequence[float | None], wanted: Sequence[float]) -> float | None:
    """None where numbers are missing or not finite."""
    if len(found) != len(wanted) or any(value is None for value in found):
        return None
    return float(np.abs(np.array(found, float) - np.array(wanted)).max())
