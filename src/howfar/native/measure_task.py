"""The life of a native task: ask what to do, open the framework, measure, post the report. The twin of page/main.js."""

import http.client
import math
import platform
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit
from urllib.request import url2pathname

import msgspec
import numpy as np
from numpy.typing import NDArray

from howfar.handed import Assignment
from howfar.layers import Dense, Layer, parameter_shapes
from howfar.native import workloads
from howfar.native.adapter import Floats, Network, Unsupported
from howfar.native.measure import Loop, calibrate_tick, clock_ms, measure_latency, measure_throughput
from howfar.native.published import measure_published
from howfar.outcomes import Phase, Report, Series
from howfar.records import Fact, PhaseName, Sampling, Status

T = TypeVar("T")


class Server:
    """The talk with the server that opened this process; the token in the URL is this task's alone."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        query = parse_qs(parts.query)
        self._address, self._task = parts.netloc, query["task"][0]
        self._headers = {"x-howfar-token": query["token"][0], "content-type": "application/json"}
        self._talk = http.client.HTTPConnection(self._address)

    def ask(self, method: str, path: str, message: Any = None) -> bytes:
        body = None if message is None else msgspec.json.encode(message)
        self._talk.request(method, path, body, self._headers)
        answer = self._talk.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}: {content.decode('utf-8', 'replace')}")
        return content

    def fetch(self) -> Assignment:
        return msgspec.json.decode(self.ask("GET", f"/tasks/{self._task}"), type=Assignment)

    def stay_alive(self) -> http.client.HTTPConnection:
        """A connection that the server sees close when this process dies."""
        connection = http.client.HTTPConnection(self._address)
        connection.request("GET", f"/tasks/{self._task}/alive", headers=self._headers)
        return connection

    def enter(self, phase: PhaseName) -> None:
        self.ask("POST", f"/tasks/{self._task}/phase", phase)

    def post(self, report: Report) -> None:
        self.ask("POST", f"/tasks/{self._task}/report", report)


class Draft:
    """The report while it grows."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.facts: dict[str, Fact] = {"python": platform.python_version()}
        self.phases: list[Phase] = []
        self.series: list[Series] = []
        self.outputs: list[float | None] = []
        self.losses: list[float | None] = []

    def phase(self, name: PhaseName, work: Callable[[], T]) -> T:
        """Runs and times one phase."""
        self._server.enter(name)
        start = clock_ms()
        result = work()
        self.phases.append(Phase(name, clock_ms() - start))
        return result

    def report(self, task_id: str, status: Status = "ok", message: str = "", detail: str = "") -> Report:
        return Report(
            task_id,
            status,
            message[:2000],
            detail[-8000:],
            facts=self.facts,
            phases=tuple(self.phases),
            series=tuple(self.series),
            outputs=tuple(self.outputs),
            losses=tuple(self.losses),
        )


def run(adapter: Any, import_ms: float, url: str) -> None:
    """Measures the task behind the URL with the adapter module, whose import took `import_ms`, and posts the report."""
    server = Server(url)
    assignment = server.fetch()
    alive = server.stay_alive()
    draft = Draft(server)
    draft.facts["tick_us"] = float(f"{calibrate_tick() * 1000:.3g}")
    task_id = assignment.task.id
    try:
        _measure(server, adapter, assignment, draft, import_ms)
        report = draft.report(task_id)
    except Unsupported as error:
        report = draft.report(task_id, "unsupported", str(error))
    except MemoryError as error:
        report = draft.report(task_id, "out_of_memory", f"MemoryError: {error}", traceback.format_exc())
    except Exception as error:
        report = draft.report(task_id, "page_error", f"{type(error).__name__}: {error}", traceback.format_exc())
    server.post(report)
    alive.close()


def _measure(server: Server, adapter: Any, assignment: Assignment, draft: Draft, import_ms: float) -> None:
    cell = assignment.task.cell
    own = cell.model.kind == "graph"
    inputs, labels = (_tensors if own else _data)(server, assignment)
    server.enter("library_load")
    draft.phases.append(Phase("library_load", import_ms))
    target = cell.target
    draft.facts |= draft.phase("backend_init", lambda: adapter.open(target.backend, target.threads or 0, target.switch))
    if own:
        draft.facts |= draft.phase("model_load", _graph_loader(adapter, assignment))
    else:
        draft.phase("model_load", _maker(server, adapter, assignment))
    kind = workloads.GraphInference if own else workloads.KINDS[cell.workload]
    work = kind(adapter, assignment, inputs, labels, draft)
    measure = _measure_as_published if assignment.task.protocol.startswith("published") else _measure_corrected
    measure(server, adapter, assignment, draft, work)
    draft.phase("dispose", adapter.dispose)


def _measure_as_published(server: Server, _adapter: Any, assignment: Assignment, draft: Draft, work: Any) -> None:
    """The paper's pass over a fresh model; what is right is asked only then, where the pass did not tell it."""
    sampling = assignment.task.sampling
    draft.series.append(measure_published(sampling, work.published, work.keep, server.enter))
    draft.facts["clock"] = "CPU time of the process"
    if not draft.losses:
        draft.phase("first", work.first)
        if draft.phase("check", lambda: _check_until_slow(work, sampling)):
            draft.facts["slow"] = True
    elif len(draft.losses) < work.checks:
        draft.facts["slow"] = True


def _measure_corrected(server: Server, adapter: Any, assignment: Assignment, draft: Draft, work: Any) -> None:
    """The first operation and the checks, then what is steady."""
    draft.phase("first", work.first)
    sampling = assignment.task.sampling
    slow = draft.phase("check", lambda: _check_until_slow(work, sampling))
    if slow:
        draft.facts["slow"] = True
    loop = Loop(sampling, calibrate_tick(), slow)
    for metric in assignment.task.metrics:
        if metric == "throughput":
            drain = getattr(adapter, "sync", None) if work.enqueue else None
            draft.series += measure_throughput(loop, work.enqueue or work.operation, drain, server.enter)
        else:
            operation = work.operation if metric == "latency" else work.operations[metric]
            draft.series += measure_latency(loop, operation, server.enter, metric)


def _check_until_slow(work: Any, sampling: Sampling) -> bool:
    """Whether a check took longer than `slow_seconds`; there is no further one then."""
    for turn in range(1, work.checks):
        start = clock_ms()
        work.check(turn)
        if clock_ms() - start > sampling.slow_seconds * 1000:
            return True
    return False


def _data(server: Server, assignment: Assignment) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    content, shape = server.ask("GET", assignment.data_url), assignment.data
    inputs = np.frombuffer(content, "<f4", shape.samples * shape.features).reshape(shape.samples, shape.features)
    return inputs, np.frombuffer(content, np.uint8, shape.samples, offset=inputs.nbytes)


def _tensors(server: Server, assignment: Assignment) -> tuple[list[list[NDArray[np.generic]]], None]:
    """Per sample the tensors of one's own model."""
    content, offset = server.ask("GET", assignment.data_url), 0
    samples: list[list[NDArray[np.generic]]] = []
    for _ in range(assignment.data.samples):
        samples.append([])
        for spec in assignment.inputs:
            stored = np.dtype("<f4" if spec.dtype == "float32" else "<i4")
            numbers = np.frombuffer(content, stored, spec.size, offset).reshape(spec.shape)
            samples[-1].append(numbers.astype(spec.dtype))
            offset += numbers.nbytes
    return samples, None


def _graph_loader(adapter: Any, assignment: Assignment) -> Callable[[], Mapping[str, Fact]]:
    files = {name: Path(url2pathname(urlsplit(url).path)) for name, url in assignment.model_urls.items()}
    return lambda: adapter.load_graph(files, assignment.inputs)


def _maker(server: Server, adapter: Any, assignment: Assignment) -> Callable[[], None]:
    """What makes the model out of what has been fetched: its weights, or the framework's own saved files."""
    task, rate = assignment.task, assignment.learning_rate
    bare = Network(task.cell.model, assignment.layers, (), rate, task.batch_size)
    if not hasattr(adapter, "build"):
        files = {name: server.ask("GET", url) for name, url in assignment.model_urls.items()}
        return lambda: adapter.load(bare, files)
    content = server.ask("GET", assignment.weights_url)
    whole = msgspec.structs.replace(bare, parameters=list(_parameters(assignment.layers, content)))
    return lambda: adapter.build(whole)


def _parameters(layers: Iterable[Layer], content: bytes) -> Iterator[tuple[Floats, ...]]:
    offset = 0
    for layer in layers:
        arrays = []
        for shape in parameter_shapes(layer):
            arrays.append(np.frombuffer(content, "<f4", math.prod(shape), offset).reshape(shape))
            offset += arrays[-1].nbytes
        if isinstance(layer, Dense) and not layer.bias:
            arrays.append(np.zeros(layer.units, np.float32))
        yield tuple(arrays)
