"""How many times native's time a browser target takes, cell by cell: by the same number of threads, and best against
best. What the experiments of the gap are made of."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from msgspec import Struct

from howfar.measured import Measured, primary
from howfar.outcomes import Results
from howfar.ranking import Field, fields, first
from howfar.records import Workload
from howfar.stats import Ratio

WORKLOADS: Sequence[Workload] = ("training", "inference")
GPU = ("webgl", "webgpu", "webnn")
# What the paper and its reader call the networks.
NETWORKS: Mapping[str, str] = {"mlp": "DNN", "cnn": "CNN", "rnn": "RNN"}
# The native framework of the paper comes first where several have as much to say.
NATIVE_FIRST = ("tensorflow", "onnxruntime", "jax", "torch", "numpy")


class Gap(Struct, frozen=True):
    """A browser target held against a native one; without a ratio where one of them has no right number, or where they
    met in no round."""

    web: Measured
    native: Measured
    ratio: Ratio | None


def primary_fields(results: Results, *, yardstick: bool = False) -> list[Field]:
    """What can be compared: by workload and model, by the metric that its figure shows, in the newest environment; with
    the yardstick among it, if asked."""
    return [field for workload in WORKLOADS for field in fields(primary(results, workload, yardstick=yardstick))]


def matched(field: Field) -> Iterator[Gap]:
    """Every browser target with every native framework, on as many threads of it as the target has."""
    natives = _by_framework(field)
    for web in (entry for entry in field.entries if not entry.native):
        for own in natives.values():
            native = like(web, parallel(web), own)
            if native is not None:
                yield Gap(web, native, field.against(web, native))


def best(field: Field) -> Gap | None:
    """The fastest browser target with the fastest native one; None where one of them is missing."""
    web, native = first(field.browsers), first(field.natives)
    return Gap(web, native, field.against(web, native)) if web and native else None


def framework(against: str) -> str:
    """Of a target's name the framework: `tensorflow@2.21.0 cpu 1 thread` -> tensorflow."""
    return against.partition("@")[0]


def first_against(names: Sequence[str]) -> list[str]:
    """Of what ratios are against, the targets of the one native framework that a tree is grown for."""
    chosen = min(map(framework, names), key=place, default="")
    return [name for name in dict.fromkeys(names) if framework(name) == chosen]


def parallel(entry: Measured) -> bool:
    """Whether it works on more than one core: on a GPU of whatever kind, or on several threads."""
    threads = [outcome.facts.get("wasm_threads_used") for outcome in entry.group.outcomes]
    return entry.cell.target.backend in GPU or any(isinstance(n, int) and n > 1 for n in threads)


def _by_framework(field: Field) -> dict[str, list[Measured]]:
    gathered: dict[str, list[Measured]] = {}
    for entry in sorted(field.entries, key=lambda entry: place(entry.cell.target.framework)):
        if entry.native:
            gathered.setdefault(entry.cell.target.framework, []).append(entry)
    return gathered


def place(name: str) -> int:
    """Where a native framework stands among those that there are."""
    return NATIVE_FIRST.index(name) if name in NATIVE_FIRST else len(NATIVE_FIRST)


def like(web: Measured, several: bool, natives: Sequence[Measured]) -> Measured | None:
    """The first of the native ones that a browser target is held against: one thread against one; all threads against
    `several`; a GPU against the native GPU where there is one, and a GPU in name only, which is the processor, against
    all of its threads."""
    gpu = web.cell.target.backend in GPU
    threads = 0 if gpu or several else 1
    on_gpu = (one for one in natives if gpu and not web.software and one.cell.target.backend == "gpu")
    on_cpu = (one for one in natives if one.cell.target.backend == "cpu" and one.cell.target.threads == threads)
    return next(chain(on_gpu, on_cpu), None)
