"""A task to what its host needs: the URLs of adapter, library, model and data."""

from collections.abc import Collection
from functools import partial
from typing import get_args

from msgspec import structs

from howfar import exporters, kernels, layers, portfolio, vendor, work
from howfar.checks import INFERENCE_CHECKS, OTHER_CHECKS, Examiner, learning_rate
from howfar.data import Data
from howfar.errors import Unavailable
from howfar.frameworks import Registry
from howfar.handed import Assignment, DataShape
from howfar.outcomes import Check, Report
from howfar.portfolio import FormName, Portfolio
from howfar.records import Fact, NetworkKind, Target, Task, Workload, fingerprint
from howfar.server import Server

# The workloads whose operation passes through a network.
PASSES: Collection[Workload] = ("training", "inference", "batch_inference")


class Desk:
    """Makes assignments for one server, one study's data and models and one registry, and judges what comes back."""

    def __init__(self, server: Server, known: Registry, data: Data, own: Portfolio = portfolio.EMPTY) -> None:
        self._server, self._known, self._data, self._own = server, known, data, own
        self._examiner = Examiner(known, data, own)

    def assignment(self, task: Task) -> Assignment:
        """Everything that the task's host will ask for.

        Raises: UserError where a framework's files can't be had; Unavailable where only this target's files can't, or
        where one's own model has no form that the framework takes.
        """
        bare = self._with_framework(task)
        self._server.forget_blobs()
        return self._with_graph(bare) if task.cell.model.kind == "graph" else self._with_network(bare)

    def _with_framework(self, task: Task) -> Assignment:
        """With the framework's files, and without a model."""
        target = task.cell.target
        framework = self._known[target.framework]
        backend = framework.layout(target)
        if framework.runs_in == "browser":
            vendor.fetch(backend, target.version)
        url = partial(vendor.url, backend=backend, version=target.version)
        return Assignment(
            task=task,
            adapter_url=framework.adapter_url or f"/page/frameworks/{target.framework.removesuffix('.js')}.js",
            script_urls=tuple(url(file) for file in backend.scripts),
            module_urls={key: url(file) for key, file in backend.modules.items()},
            imports={package: url(file) for package, file in backend.imports.items()},
            asset_urls={key: _folder(url(group[0])) for key, group in backend.assets.items()}
            | self._kernel_urls(target.framework),
            layers=(),
            weights_url="",
            model_urls={},
            inputs=(),
            output_stride=1,
            data_url="",
            data=DataShape(1, 1, 1),
            check_count=OTHER_CHECKS.get(task.cell.workload, INFERENCE_CHECKS),
            learning_rate=learning_rate(task.cell.model),
        )

    def _kernel_urls(self, framework: str) -> dict[str, str]:
        """Of howfar's own WebAssembly, for the targets that run on it."""
        files = kernels.files(framework)
        return {name: self._server.add_blob(f"kernels/{name}.wasm", partial(files.__getitem__, name)) for name in files}

    def _with_network(self, bare: Assignment) -> Assignment:
        """With one of the study's networks, and its data."""
        task = bare.task
        samples, framework = self._data.of(task.cell.model), self._known[task.cell.target.framework]
        return structs.replace(
            bare,
            layers=self._examiner.spec(task).layers,
            weights_url="" if framework.needs_saved_model else self._weights_url(task),
            model_urls=self._model_urls(task),
            data_url=self._server.add_blob(f"{samples.name}.bin", samples.to_bytes),
            data=DataShape(len(samples.labels), samples.inputs.shape[1], samples.classes),
        )

    def _with_graph(self, bare: Assignment) -> Assignment:
        """With one's own model in the form that the framework takes. A native process reads the files where they lie,
        as any program would."""
        model, form = bare.task.cell.model, self._form(bare.task)
        files, prepared = self._own.files(model, form), self._own[model]
        native = bare.task.cell.target.browser == "native"
        served = {name: f"{model.digest}/{form}/{name}" for name in files}
        stride = portfolio.output_stride(prepared)
        reported = -(-portfolio.elements(prepared.outputs) // stride)
        return structs.replace(
            bare,
            model_urls={
                name: file.as_uri() if native else self._server.add_file(served[name], file)
                for name, file in files.items()
            },
            inputs=prepared.inputs,
            output_stride=stride,
            data_url=self._server.add_file(f"{model.digest}/{portfolio.INPUTS}", self._own.inputs(model)),
            data=DataShape(prepared.samples, portfolio.elements(prepared.inputs), reported),
            check_count=prepared.samples,
        )

    def _form(self, task: Task) -> FormName:
        """The first form that the framework takes and that could be made.

        Raises: Unavailable with the reason where there is none.
        """
        model, wanted = task.cell.model, self._known[task.cell.target.framework].formats
        if reason := self._own.refused.get(model):
            raise Unavailable(reason)
        forms = self._own[model].forms
        for name in wanted:
            if name in forms and not forms[name].refused:
                return name
        reasons = [f"{name}: {forms[name].refused if name in forms else 'howfar writes none'}" for name in wanted]
        raise Unavailable(f"no form of the model for it ({'; '.join(reasons)})")

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

    def known_facts(self, task: Task, fetched: Collection[str] = ()) -> dict[str, Fact]:
        """What is known of a task without asking its page: one hash over all library files of a browser task, the bytes
        of a saved model and of the package files that one's own model's page `fetched`, of a `features` task what the
        package says of itself and where it runs, of a task that trains what is wrong with the framework's own rule, and
        of one that is watched the size of its network."""
        target = task.cell.target
        framework = self._known[target.framework]
        facts = self._library_facts(target) | self._model_facts(task, fetched)
        if task.cell.workload == "features":
            facts |= vendor.package_facts(framework.layout(target), target.version)
            facts["backends"] = ", ".join(framework.backends_at(target.version))
        if task.cell.workload == "training":
            facts["rule"] = framework.network(task.cell.model.kind).rule
        if fault := self._examiner.fault(task):
            facts["training_fault"] = fault
        return facts

    def model_bytes(self, task: Task) -> int:
        """What the form of one's own model weighs that the task's target takes."""
        return self._own[task.cell.model].forms[self._form(task)].size_bytes

    def _library_facts(self, target: Target) -> dict[str, Fact]:
        framework = self._known[target.framework]
        backend = framework.layout(target)
        if own := kernels.files(target.framework):
            return {"library_sha256": fingerprint(sorted(own.items()))}
        if framework.runs_in == "browser" and backend.files():
            return {"library_sha256": fingerprint(vendor.fetch(backend, target.version))}
        return {}

    def _model_facts(self, task: Task, fetched: Collection[str]) -> dict[str, Fact]:
        model = task.cell.model
        if model.kind == "graph":
            computed = work.of_graph(self._own[model])
            return self._own.facts(model, self._form(task)) | computed | vendor.fetched_facts(fetched)
        facts: dict[str, Fact] = self._work(task)
        if urls := self._model_urls(task):
            facts["model_bytes"] = sum(self._server.blob_bytes(url) for url in urls.values())
        if task.cell.observe:
            facts["parameters"] = layers.parameters(self._examiner.spec(task).layers)
        return facts

    def _work(self, task: Task) -> dict[str, Fact]:
        """What its operation computes, where that is what the study's network asks for: a framework with a network of
        its own kind computes something else."""
        workload, model = task.cell.workload, task.cell.model
        own = model.kind in self._known[task.cell.target.framework].networks
        if own or workload not in PASSES or model.kind not in get_args(NetworkKind):
            return {}
        return work.of_network(task, self._examiner.layers(task))

    def check(self, assignment: Assignment, report: Report) -> Check:
        """Whether the report's numbers are right."""
        return self._examiner.check(assignment, report)


def _folder(url: str) -> str:
    return url.rpartition("/")[0] + "/"
