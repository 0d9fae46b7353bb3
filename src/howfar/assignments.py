"""A task to what its host needs: the URLs of adapter, library, model and data."""

from functools import partial

from howfar import exporters, vendor
from howfar.checks import INFERENCE_CHECKS, OTHER_CHECKS, Examiner, learning_rate
from howfar.data import Data
from howfar.frameworks import Registry
from howfar.outcomes import Check, Report
from howfar.records import Assignment, DataShape, Fact, Task, fingerprint
from howfar.server import Server


class Desk:
    """Makes assignments for one server, one study's data and one registry, and judges what comes back."""

    def __init__(self, server: Server, known: Registry, data: Data) -> None:
        self._server, self._known, self._data = server, known, data
        self._examiner = Examiner(known, data)

    def assignment(self, task: Task) -> Assignment:
        """Everything that the task's host will ask for.

        Raises: UserError where a framework's files can't be had; Unavailable where only this target's files can't.
        """
        target = task.cell.target
        framework = self._known[target.framework]
        backend = framework.backend(target.backend, target.version)
        if framework.runs_in == "browser":
            vendor.fetch(backend, target.version)
        self._server.forget_blobs()
        samples = self._data.of(task.cell.model)
        return Assignment(
            task=task,
            adapter_url=framework.adapter_url or f"/page/frameworks/{target.framework.removesuffix('.js')}.js",
            script_urls=tuple(vendor.url(file, backend, target.version) for file in backend.scripts),
            asset_urls={
                key: _folder(vendor.url(group[0], backend, target.version)) for key, group in backend.assets.items()
            },
            layers=self._examiner.spec(task).layers,
            weights_url="" if framework.needs_saved_model else self._weights_url(task),
            model_urls=self._model_urls(task),
            data_url=self._server.add_blob(f"{samples.name}.bin", samples.to_bytes),
            data=DataShape(len(samples.labels), samples.inputs.shape[1], samples.classes),
            check_count=OTHER_CHECKS.get(task.cell.workload, INFERENCE_CHECKS),
            learning_rate=learning_rate(task.cell.model),
        )

    def _weights_url(self, task: Task) -> str:
        model = task.cell.model
        form = self._known[task.cell.target.framework].network(model.kind).form
        name = f"{model.kind}-{model.depth}-{model.width}-{fingerprint([task.seed, task.data, form])}.bin"
        return self._server.add_blob(name, self._examiner.spec(task).to_bytes)

    def _model_urls(self, task: Task) -> dict[str, str]:
        """Where the framework's own saved model lies, for the tasks that load one."""
        target, framework = task.cell.target, self._known[task.cell.target.framework]
        if task.cell.workload != "loading" and not framework.needs_saved_model:
            return {}
        files = exporters.export(target.framework, self._examiner.spec(task), target.backend, target.version)
        asked = (target.framework, target.version, target.backend, task.cell.model, task.seed, task.data)
        folder = fingerprint(asked)
        return {name: self._server.add_blob(f"{folder}/{name}", partial(files.__getitem__, name)) for name in files}

    def known_facts(self, task: Task) -> dict[str, Fact]:
        """What is known of a task without opening a page: one hash over all library files of a browser task, the bytes
        of a saved model, of a `features` task what the package says of itself and where it runs, and of a task that
        trains what is wrong with the framework's own rule."""
        target = task.cell.target
        framework = self._known[target.framework]
        backend = framework.backend(target.backend, target.version)
        facts: dict[str, Fact] = {}
        if framework.runs_in == "browser" and backend.scripts:
            facts["library_sha256"] = fingerprint(vendor.fetch(backend, target.version))
        if urls := self._model_urls(task):
            facts["model_bytes"] = sum(self._server.blob_bytes(url) for url in urls.values())
        if task.cell.workload == "features":
            facts |= vendor.package_facts(backend, target.version)
            facts["backends"] = ", ".join(framework.backends_at(target.version))
        if task.cell.workload == "training":
            facts["rule"] = framework.network(task.cell.model.kind).rule
        if fault := self._examiner.fault(task):
            facts["training_fault"] = fault
        return facts

    def check(self, assignment: Assignment, report: Report) -> Check:
        """Whether the report's numbers are right."""
        return self._examiner.check(assignment, report)


def _folder(url: str) -> str:
    return url.rpartition("/")[0] + "/"
