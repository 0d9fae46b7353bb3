"""Table 4 and Figure 5: the pre-trained models of autumn 2018, or any others, in every runtime and natively."""

from collections.abc import Iterable, Mapping, Sequence

import polars as pl
from msgspec import Struct

from howfar import benches, summaries, tables, wording
from howfar.experiments import bench
from howfar.measured import NATIVE, Group, fared, groups
from howfar.outcomes import Results
from howfar.plotted import Spec
from howfar.summaries import Column, Entry, Line, Summary

TITLE = "Pre-trained models"
PAPER = "Table 4 and Figure 5"
QUESTION = "Do the models that people really use run in a browser, and how many times a second?"
METRIC = "latency_ms"


class Printed(Struct, frozen=True):
    """What the paper's Table 4 printed of a model in November 2018. Its FLOPs are twice the parameters: the profiler
    had seen no input shape, and counted the weights' own operations."""

    megabytes: float
    parameters_m: float
    flops_m: float


PRINTED: Mapping[str, Printed] = {
    "MobileNetV2": Printed(14, 3.5, 7.2),
    "DenseNet121": Printed(33, 8.0, 16.3),
    "Xception": Printed(88, 22.9, 46.0),
    "InceptionV3": Printed(92, 23.8, 47.8),
    "ResNet50": Printed(99, 25.6, 51.4),
}
# What the paper says of those that TensorFlow.js of 2018 could not run; its "ResNet V3" can only be InceptionResNetV2:
# no other of Keras's models of that autumn had a Lambda layer.
FAILED_2018: Mapping[str, str] = {
    "NASNetLarge": '"truncatedNormal is not a valid Distribution"',
    "InceptionResNetV2": '"Unknown layer: Lambda"',
    "VGG16": "GL OUT OF MEMORY, over 1 GB",
    "VGG19": "GL OUT OF MEMORY, over 1 GB",
}
# A fact of the model -> what it counts.
COUNTS = {"parameters": "parameters", "trainable_parameters": "parameters", "multiply_adds": "multiply-adds"}
# The speeds that the paper discusses: what one can watch, what follows a hand, what a video shows.
FPS = (1, 10, 30)

cells = bench.cells


def table(results: Results) -> pl.DataFrame:
    """The rows of `bench`, and per model its exact parameters and true multiply-adds, with the paper's beside them."""
    counted = [row for group in groups(results, benches.wanted) for row in _counts(group)]
    return pl.concat([bench.table(results), tables.frame(counted)])


def chart(table: pl.DataFrame) -> Spec:
    """A row of points per model, and lines where a number of frames per second is reached."""
    from howfar import drawing

    return drawing.models(table, METRIC, FPS)


def _counts(group: Group) -> Iterable[tables.Row]:
    printed = PRINTED.get(group.cell.model.name)
    beside = {"trainable_parameters": printed.parameters_m, "multiply_adds": printed.flops_m} if printed else {}
    for fact, unit in COUNTS.items():
        found = next((o.facts[fact] for o in reversed(group.outcomes) if isinstance(o.facts.get(fact), int)), None)
        if found is not None:
            millions = beside.get(fact)
            yield tables.stated(group, fact, unit, float(found)) | {"printed": millions and millions * 1e6}


def summary(table: pl.DataFrame) -> Summary:
    """A line per model: what it is, the best of each framework, native, and what failed in 2018."""
    rows = summaries.current(table)
    models = list(dict.fromkeys(row["model"] for row in rows))
    frameworks = list(dict.fromkeys(key for key in summaries.keys(rows, ("framework", "browser"))))
    heads = [Column(framework, "native" if browser == NATIVE else "", _colour(rows, framework, browser))
             for framework, browser in frameworks]  # fmt: skip
    facts = [Column(title, "", "#1c1c1c") for title in ("trainable parameters", "multiply-adds", "size")]
    lines = [
        Line(model, (*_facts(rows, model), *(_best(rows, model, key) for key in frameworks), _then(model)))
        for model in models
    ]
    return Summary(
        corner="model",
        columns=(*facts, *heads, Column("in 2018", "", "#9a9a9a")),
        lines=tuple(lines),
        legend="Milliseconds per inference of each framework's fastest right target. In small, what the paper printed;"
        " its FLOPs are about twice the parameters, because its profiler saw no input shape.",
    )


def _facts(rows: Sequence[summaries.Row], model: str) -> Iterable[Entry]:
    """Parameters and multiply-adds in millions, and the size of the largest form."""
    for metric in ("trainable_parameters", "multiply_adds"):
        row = next((row for row in rows if row["model"] == model and row["metric"] == metric), None)
        yield summaries.entry(row, lambda count: f"{wording.number(count / 1e6)} M")
    sizes = [row["median"] for row in rows if row["model"] == model and row["metric"] == "model_bytes"]
    paper = PRINTED.get(model)
    size = wording.megabytes(max(sizes)) if sizes else wording.NONE
    yield Entry(size, wording.megabytes(paper.megabytes * 1e6) if paper else "")


def _best(rows: Sequence[summaries.Row], model: str, key: tuple[str, str]) -> Entry:
    """The fastest right target of a framework, with its back end; without one the reason of the first."""
    own = [row for row in rows if row["model"] == model and row["metric"] == METRIC]
    own = [row for row in own if (row["framework"], row["browser"]) == key]
    right = [row for row in own if row["median"] is not None and row["status"] != "wrong_result"]
    if right:
        best = min(right, key=lambda row: row["median"])
        soft = ", software" if best["software_gpu"] else ""
        return Entry(wording.number(best["median"]), note=f"{_how(best)}{soft}")
    return Entry(note=fared(own[0]["status"], own[0]["message"])) if own else Entry()


def _how(row: summaries.Row) -> str:
    threads = {None: "", 0: ", all threads", 1: ", 1 thread"}.get(row["threads"], f", {row['threads']} threads")
    return f"{row['backend']}{threads}"


def _then(model: str) -> Entry:
    return Entry(FAILED_2018.get(model, wording.NONE))


def _colour(rows: Sequence[summaries.Row], framework: str, browser: str) -> str:
    if browser == NATIVE:
        return "#1c1c1c"
    return summaries.column(next(row for row in rows if row["framework"] == framework)).colour


def sentences(table: pl.DataFrame) -> list[str]:
    """Which run today that did not in 2018, and how many reach each speed."""
    own = tables.current(table).filter((pl.col("metric") == METRIC) & (pl.col("browser") != NATIVE))
    right = own.filter(pl.col("median").is_not_null() & (pl.col("status") != "wrong_result"))
    best: dict[str, float] = dict(right.group_by("model").agg(pl.col("median").min()).iter_rows())
    tried = list(dict.fromkeys(own["model"]))
    return [*_since_2018(tried, best), *_reached(tried, best)]


def _since_2018(tried: list[str], best: Mapping[str, float]) -> list[str]:
    then = [name for name in tried if name in FAILED_2018]
    now, still = [name for name in then if name in best], [name for name in then if name not in best]
    said = [f"{wording.listed(now)} failed in 2018 and run today."] if now else []
    return [*said, f"{wording.listed(still)} failed in 2018, and no target here ran them right."] if still else said


def _reached(tried: list[str], best: Mapping[str, float]) -> list[str]:
    """Of the models that were tried, how many each number of frames a second is reached with."""
    counts = [(fps, sum(ms <= 1000 / fps for ms in best.values())) for fps in FPS]
    told = ", ".join(f"{count} at {fps} a second" for fps, count in counts)
    return [f"Of {wording.counted(len(tried), 'model')}, by the fastest browser target: {told}."] if tried else []
