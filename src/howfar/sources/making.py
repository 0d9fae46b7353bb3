"""A model's folder: inputs, the outputs that are right, and every form, each checked where something here runs it."""

import gc
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np

from howfar.errors import UserError
from howfar.graphs.counting import multiply_adds, parameters
from howfar.graphs.graph import Graph, Unreadable
from howfar.graphs.to_tfjs_graph import quantized_bytes
from howfar.graphs.writers import WRITERS
from howfar.portfolio import FORMS, INPUTS, OUTPUTS, PREPARED, Form, FormName, Prepared
from howfar.records import Model
from howfar.sources import blaming, checking, loading, memory, natively, sizes
from howfar.sources.foreign import calling, first_line
from howfar.sources.inputs import as_bytes, samples_of
from howfar.sources.makers import makers
from howfar.sources.request import Request
from howfar.sources.shapes import specs_of
from howfar.sources.source import Array, Source, Write

# Formats whose weights can be kept in fewer bytes.
SHRINKING = ("tfjs-graph", "tfjs-layers", "onnx", "tflite")
NOT_WRITTEN = "howfar writes this format for its study's own networks only"

Say = Callable[[str], None]


class Truth(msgspec.Struct, frozen=True):
    """The samples, and the source's outputs for them."""

    samples: list[list[Array]]
    outputs: list[list[Array]]


def make(request: Request, model: Model, folder: Path, say: Say, *, forms: Sequence[FormName] = FORMS) -> Prepared:
    """Writes all of a model's files, in these forms, into an empty folder.

    Raises: UserError where the model can't be read, run or fed.
    """
    say("reading the model")
    source = loading.load(request)
    samples = samples_of(source, request)
    say(f"running it in {source.runtime}")
    truth = _truth(source, request, samples)
    source = _spent(source)
    written = {form: _form(form, source, truth, folder / form, say) for form in forms}
    prepared = _prepared(request, model, source, truth, written)
    (folder / INPUTS).write_bytes(as_bytes(truth.samples))
    np.save(folder / OUTPUTS, _rows(truth), allow_pickle=False)
    (folder / PREPARED).write_bytes(msgspec.json.encode(prepared))
    return prepared


def _truth(source: Source, request: Request, samples: list[list[Array]]) -> Truth:
    with calling(source.runtime, request.model):
        outputs = [source.run(sample) for sample in samples]
    if not checking.are_finite(outputs):
        mend = "give inputs that it is made for, with --input FILE.npz"
        raise UserError("its outputs are not all numbers", where=request.model, mend=mend)
    return Truth(samples, outputs)


def _spent(source: Source) -> Source:
    """Without the model itself: what is written from now on comes from the graph, and memory is short."""

    def gone(_: object) -> list[Array]:
        raise RuntimeError("the source has been run")

    return replace(source, run=gone)


def _rows(truth: Truth) -> np.ndarray:
    """(samples, all outputs' numbers in a row)."""
    return np.stack([np.concatenate([one.ravel().astype(np.float32) for one in row]) for row in truth.outputs])


def _form(form: FormName, source: Source, truth: Truth, folder: Path, say: Say) -> Form:
    write = writer_of(form, source)
    if isinstance(write, str):
        return Form(refused=write)
    folder.mkdir()
    say(f"writing {form}")
    found = _written(form, source, write, truth, folder)
    if found.refused:
        shutil.rmtree(folder)
    # What a framework made for this form is freed before the next.
    gc.collect()
    return found


def _written(form: FormName, source: Source, write: Write, truth: Truth, folder: Path) -> Form:
    started = time.perf_counter()
    try:
        files = write(folder)
        conversion_s = time.perf_counter() - started
        error = _error(form, source, truth, folder)
    except Unreadable as refusal:
        return Form(refused=str(refusal))
    except Exception as refusal:  # a converter's own: any class, and the other forms can go on
        return Form(refused=first_line(refusal))
    if error is not None and error > checking.FAULTY:
        return Form(refused=blaming.why(form, source, truth.samples, error))
    return _weighed(form, source, folder, files, conversion_s, error)


def writer_of(form: FormName, source: Source) -> Write | str:
    """What writes a form, or why nothing does."""
    if own := source.own.get(form):
        return own
    if form not in WRITERS:
        return NOT_WRITTEN
    graph = source.graph
    if graph is None:
        return source.unreadable
    # Memory is looked at now: the graph itself is in it already.
    if form == "tflite" and graph.loops and (short := memory.shortage(_weights_bytes(graph), memory.LOOPS_COPIES - 1)):
        return short
    return lambda folder: WRITERS[form](graph, folder)


def _weights_bytes(graph: Graph) -> int:
    return sum(array.nbytes for array in graph.constants.values())


def _error(form: FormName, source: Source, truth: Truth, folder: Path) -> float | None:
    if form not in natively.RUNTIMES:
        return None
    return checking.relative_error(natively.run(form, folder, source.inputs, truth.samples), truth.outputs)


def _weighed(
    form: FormName, source: Source, folder: Path, files: tuple[str, ...], conversion_s: float, error: float | None
) -> Form:
    size_bytes = sizes.size_bytes(folder, files)
    float16, uint8 = _saved_bytes(form, source)
    return Form(
        files=files,
        size_bytes=size_bytes,
        gzip_bytes=sizes.gzip_bytes(folder, files),
        float16_bytes=None if float16 is None else size_bytes - float16,
        uint8_bytes=None if uint8 is None else size_bytes - uint8,
        conversion_s=conversion_s,
        max_relative_error=error,
        checked_by="" if error is None else natively.runtime_of(form),
    )


def _saved_bytes(form: FormName, source: Source) -> tuple[int | None, int | None]:
    """What weights of 2 and of 1 byte save, against those of 4."""
    if source.graph is None or form not in SHRINKING:
        return None, None
    float16, uint8 = quantized_bytes(source.graph)
    numbers = float16 - uint8
    return 2 * numbers, 3 * numbers


def _prepared(request: Request, model: Model, source: Source, truth: Truth, forms: Mapping[FormName, Form]) -> Prepared:
    errors = {name: form.max_relative_error for name, form in forms.items()}
    native_spread = checking.spread({name: error for name, error in errors.items() if error is not None})
    counted = parameters(source.graph) if source.graph else None
    return Prepared(
        model=model,
        source=source.words,
        inputs=source.inputs,
        outputs=specs_of(source.output_names, truth.outputs[0], request.model),
        samples=len(truth.samples),
        native_spread=native_spread,
        tolerance=checking.tolerance(native_spread),
        forms=forms,
        parameters=counted if source.parameters is None else source.parameters,
        trainable_parameters=source.trainable_parameters,
        multiply_adds=multiply_adds(source.graph) if source.graph else None,
        weights=source.weights,
        made_by=makers(),
    )
