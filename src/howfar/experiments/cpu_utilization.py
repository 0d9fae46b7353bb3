"""Table 2: how much of a core a page uses while it trains, and the GPU's process beside it.

As the paper's extension did, every second of the steady phase is one number: its largest, its smallest and its mean are
what a row says, over all rounds.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from howfar import plotted, summaries, tables, wording
from howfar import watched as seen
from howfar.experiments import spread, watched
from howfar.measured import NATIVE, Group
from howfar.observed import ProcessSamples
from howfar.outcomes import Outcome, Results
from howfar.records import Cell
from howfar.study import Study
from howfar.summaries import Entry, Line, Row, Summary
from howfar.watched import Window

TITLE = "CPU utilization"
PAPER = "Table 2"
QUESTION = "How much of a core does a page use while it trains, and can it use more than one?"
METRIC = "cpu_mean"

# The smallest and the middle one: the largest only takes longer.
SIZES, OF = 2, 3
# The paper's "upper bound" of a single-threaded page: one core, and what the browser's own threads do beside it.
BOUND = 1.10
# Ours and the paper's agree within this; a software GPU has none to agree with.
TOLERANCE = 0.10

STATISTICS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "max": max,
    "min": min,
    "mean": lambda v: float(np.mean(v)),
}
TITLES = {"max": "max", "min": "min", "mean": "average"}
# As printed, in the order of STATISTICS; of WebGL on the integrated GPU (on the discrete one 75.9, 48.0, 60.0).
PRINTED: Mapping[tuple[str, str], tuple[float, float, float]] = {
    ("brain.js", "cpu"): (1.040, 0.999, 1.012),
    ("convnetjs", "cpu"): (1.080, 1.019, 1.041),
    ("synaptic", "cpu"): (1.139, 0.887, 1.028),
    ("tfjs", "cpu"): (1.080, 0.610, 0.821),
    ("tfjs", "webgl"): (0.820, 0.549, 0.659),
}

# Second by second, of the process that measures (`cpu`) and of the GPU's (`gpu_cpu`).
Seconds = Mapping[str, Sequence[Window]]


def from_processes(outcome: Outcome) -> Seconds:
    """By the system's own count of each process's CPU time."""
    samples, within = outcome.processes, seen.steady(outcome)
    if samples is None or within is None:
        return {}
    parts = {"cpu": seen.role(samples, "page", "main"), "gpu_cpu": seen.role(samples, "gpu")}
    return {part: seen.windows(samples, one, within) for part, one in parts.items() if one}


def from_extension(outcome: Outcome) -> Seconds:
    """By Chromium's task manager, which the paper's extension read too."""
    samples, within = outcome.extension, seen.steady(outcome)
    if samples is None or within is None:
        return {}
    told = {"cpu": seen.updates(samples, "page", within), "gpu_cpu": seen.updates(samples, "gpu", within)}
    return {part: windows for part, windows in told.items() if windows}


# Who sampled, and the prefix of its metrics; the first is ours, and what another one says is held against it.
SAMPLERS: Mapping[str, tuple[str, Callable[[Outcome], Seconds]]] = {
    "psutil": ("", from_processes),
    "chrome.processes": ("extension_", from_extension),
}


def cells(study: Study) -> Iterable[Cell]:
    """Training of a small and a middle network by every target, watched; WebAssembly on one thread and on all, too."""
    return watched(study, "training", spread(study, "mlp", OF)[:SIZES])


def table(results: Results) -> pl.DataFrame:
    """`cpu_max`, `cpu_min` and `cpu_mean` of the page's process (natively: of the task's) in shares of one core, and
    `gpu_cpu_...` of the GPU's; by another sampler the same with its name before, and `sampler_difference`; `wait_mean`,
    how much of the time the page's main thread waited for a core."""
    groups = seen.watched(results, ("training",))
    return tables.frame(row for group in groups for row in _rows(group))


def _rows(group: Group) -> Iterator[tables.Row]:
    counted = [outcome for outcome, _ in seen.seen(group)]
    own = {name: [tell(outcome) for outcome in counted] for name, (_, tell) in SAMPLERS.items()}
    if not any(own["psutil"]):
        yield tables.stated(group, METRIC, "share", None)
    for name, (prefix, _) in SAMPLERS.items():
        for part in ("cpu", "gpu_cpu") if group.cell.target.browser != NATIVE else ("cpu",):
            yield from _statistics(group, prefix + part, [seconds[part] for seconds in own[name] if part in seconds])
    for name in list(SAMPLERS)[1:]:
        yield from _difference(group, counted, own[name])
    waited, why = seen.each(group, _waited), seen.reasons(group, "wait")
    if waited or why:
        yield seen.row(group, "wait_mean", "share", waited, why)
    yield from _without_extension(group)


def _waited(outcome: Outcome, samples: ProcessSamples) -> float | None:
    """The share of the steady phase in which the main thread waited for a core: what a page lacks to a whole one."""
    one, within = seen.role(samples, "page", "main"), seen.steady(outcome)
    if one is None or within is None or not one.wait_s:
        return None
    before, after = np.interp([within.begin_s, within.end_s], samples.at_s, one.wait_s)
    return float(after - before) / (within.end_s - within.begin_s)


def _without_extension(group: Group) -> Iterator[tables.Row]:
    """Where it was asked for, and could not sample."""
    reasons = dict.fromkeys(one.extension.unavailable for one in group.outcomes if one.extension)
    if why := "; ".join(filter(None, reasons)):
        yield seen.row(group, "extension_cpu_mean", "share", None, why)


def _statistics(group: Group, metric: str, rounds: Sequence[Sequence[Window]]) -> Iterator[tables.Row]:
    if not rounds:
        return
    printed = PRINTED.get((group.cell.target.framework, group.cell.target.backend)) if metric == "cpu" else None
    # A GPU in software, and a page that others held up, are not what the paper saw.
    unlike = any(outcome.software_gpu or outcome.disturbed for outcome in group.outcomes)
    for place, (name, of) in enumerate(STATISTICS.items()):
        shares = [[second.share for second in one] for one in rounds]
        every = [share for one in shares for share in one]
        over = seen.over([of(one) for one in shares]) if name == "mean" else seen.Over(of(every), None, None)
        beside = tables.against_printed(over.value, printed[place] if printed else None, TOLERANCE)
        row = seen.row(group, f"{metric}_{name}", "share", over)
        yield row | beside | ({"differs": None} if unlike else {}) | {"samples": len(every)}


def _difference(group: Group, counted: Sequence[Outcome], others: Sequence[Seconds]) -> Iterator[tables.Row]:
    """What the other one says of the page less what we say of the same seconds, on average."""
    apart = [
        mean for outcome, other in zip(counted, others, strict=True) if (mean := _apart(outcome, other)) is not None
    ]
    if apart:
        yield seen.row(group, "sampler_difference", "share", seen.over(apart))


def _apart(outcome: Outcome, other: Seconds) -> float | None:
    samples = outcome.processes
    page = seen.role(samples, "page", "main") if samples else None
    if samples is None or page is None or not other.get("cpu"):
        return None
    return float(np.mean([one.share - seen.share(samples, page, one.begin_s, one.end_s) for one in other["cpu"]]))


def summary(table: pl.DataFrame) -> Summary:
    """The paper's table turned: a column per target, over its networks; in small, what the paper printed."""
    rows = summaries.current(table)
    keys = summaries.keys(rows, plotted.IDENTITY)
    own = {key: [row for row in rows if tuple(row[name] for name in plotted.IDENTITY) == key] for key in keys}
    lines = [
        Line(title, tuple(_entry(own[key], metric, name) for key in keys))
        for metric, title, name in _lines()
        if any(row["metric"] == metric for row in rows)
    ]
    return Summary(
        corner="% of one core",
        columns=tuple(summaries.target_column(own[key][0]) for key in keys),
        lines=tuple(lines),
        legend="Every second of a steady phase of 3 s is one number; over all networks and rounds. In small, what the"
        " paper printed (of WebGL: on an integrated GPU; on a discrete one 75.9, 48.0 and 60.0); ≠ marks what is"
        " further from it than 10 points. A GPU in software works on the processor: its process measures no GPU.",
    )


def _lines() -> Iterator[tuple[str, str, str]]:
    """The metric of each line, its title, and the statistic that it is over several networks."""
    for _, (prefix, _) in SAMPLERS.items():
        by = f", by the {prefix.rstrip('_')}" if prefix else ""
        for part, title in {"cpu": "the page", "gpu_cpu": "the GPU's process"}.items():
            yield from ((f"{prefix}{part}_{name}", f"{title}, {words}{by}", name) for name, words in TITLES.items())
    yield "sampler_difference", "the samplers' difference, average", "mean"
    yield "wait_mean", "the page, waiting for a core", "mean"


def _entry(rows: Sequence[Row], metric: str, statistic: str) -> Entry:
    known = [row for row in rows if row["metric"] == metric and row["median"] is not None]
    if not known:
        failed = [row for row in rows if row["status"] != "ok"]
        return summaries.entry(failed[0] if failed and metric == METRIC else None, _percent)
    value = STATISTICS[statistic]([row["median"] for row in known])
    printed = known[0]["printed"]
    differs = None if known[0]["differs"] is None else abs(value - printed) > TOLERANCE
    wrong = any(row["status"] == "wrong_result" for row in known)
    return Entry(_percent(value), "" if printed is None else _percent(printed), differs, wrong=wrong)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def sentences(table: pl.DataFrame) -> list[str]:
    """The paper's claim that a page can't use more than one core, tested; and what threads change about it."""
    rows = [row for row in summaries.current(table) if row["median"] is not None and row["status"] == "ok"]
    pages = [row for row in rows if row["browser"] != NATIVE]
    return [*_bound(pages), *_threads(pages), *_agreement(pages)]


def _bound(rows: Sequence[Row]) -> Iterator[str]:
    plain = [row for row in rows if row["backend"] == "cpu" and row["metric"] == "cpu_max"]
    if not plain:
        yield "Whether a page of plain JavaScript can use more than one core can't be told: none was watched."
        return
    most = max(plain, key=lambda row: row["median"])
    who = f"{_named(most)} with {_percent(most['median'])} % in its busiest second"
    if most["median"] > BOUND:
        beyond = {_named(row) for row in plain if row["median"] > BOUND}
        yield (
            f"The paper's bound of 110 % of a core does not hold: {wording.listed(sorted(beyond))} went beyond it, most"
            f" was {who}. The engine's own threads compile and collect garbage beside the page's one."
        )
    elif all(row["disturbed"] for row in plain):
        yield (
            f"Whether a page of plain JavaScript can use more than one core can't be told: other programs held all of"
            f" them up; most was {who}."
        )
    else:
        yield f"The claim holds that a page of plain JavaScript uses no more than 110 % of a core: most was {who}."


def _threads(rows: Sequence[Row]) -> Iterator[str]:
    """WebAssembly's pages on so many threads."""
    means = [row for row in rows if row["backend"] == "wasm" and row["metric"] == METRIC]
    used: dict[tuple[str, int | None], list[float]] = defaultdict(list)
    for row in means:
        used[row["switch"] or "", row["threads"]].append(row["median"])
    one = [share for key, shares in used.items() if key in (("threads=1", None), ("", 1)) for share in shares]
    many = [share for key, shares in used.items() if key in (("threads=all", None), ("", 0)) for share in shares]
    if one and many:
        more = "more than one core: threads lift the bound" if max(many) > BOUND else "no more than one core here"
        yield (
            f"Over whole executions, the engine's own threads among them, WebAssembly used"
            f" {_percent(float(np.mean(one)))} % of a core on one thread and {_percent(float(np.mean(many)))} % on all"
            f" of them: {more}."
        )


def _agreement(rows: Sequence[Row]) -> Iterator[str]:
    """Where two samplers looked at a busy page."""
    busy = {_cell(row) for row in rows if row["metric"] == METRIC and row["median"] > 0.5}
    apart = [abs(row["median"]) for row in rows if row["metric"] == "sampler_difference" and _cell(row) in busy]
    if apart:
        yield (
            f"The two samplers differ by at most {100 * max(apart):.1f} points over {len(apart)} busy pages, which is"
            f" {'within' if max(apart) <= 0.02 else 'beyond'} 2."
        )


def _cell(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in (*plotted.IDENTITY, "depth", "width"))


def _named(row: Row) -> str:
    return wording.named(wording.target(dict(row)))
