"""How near each framework comes to what its language, its browser and the machine allow; and the gap to native in two
factors: what the browser costs, and what the framework does."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import geometric_mean

import numpy as np
import polars as pl

from howfar import gaps, roofs, tables, wording
from howfar.ceilings import LANGUAGES, THREADS, Ceilings, Roof, Taken, taken
from howfar.measured import NATIVE, Measured, fared
from howfar.outcomes import Results
from howfar.plotted import Spec
from howfar.ranking import Field
from howfar.records import Ceiling, Cell
from howfar.study import Study
from howfar.summaries import Column, Entry, Line, Row, Summary
from howfar.wholes import pooled

TITLE = "The limit"
PAPER = ""
QUESTION = "How much of what this browser allows does each framework use, and what of the gap to native is whose?"
METRIC = "browser_share"
# The ceilings that one study took are those of every study that was run beside it.
OVERALL = True

# What a ceiling is of, in words, and its unit.
METRICS: Mapping[Ceiling, tuple[str, str]] = {
    "peak": ("in registers", "GFLOP/s"), "gemm": ("product of matrices", "GFLOP/s"),
    "read_cached": ("cache read", "GB/s"), "read": ("memory read", "GB/s"), "copy": ("memory copied", "GB/s"),
    "triad": ("a = b + s c", "GB/s"),
}  # fmt: skip

# The clock of a page that is not isolated steps by as much (100 µs in Chromium), else by a twentieth of it.
COARSE_US = 50

BEYOND = (
    "A share above 100 % says that its ceiling was taken at a worse moment than the cell: more rounds of the ceilings"
    " (`--only experiment=limit,workload=ceilings --rounds 8`) raise it."
)
LEGEND = (
    "The best of many short samples, over all fresh processes; beneath, the least and the best of them. A GPU done in"
    " software (hollow in the figure) is the processor, and no GPU."
)


def cells(study: Study) -> Iterable[Cell]:
    """The ceilings of each browser and of the machine outside it, and training and inference by every target."""
    yield from study.ceiling_cells()
    for workload in gaps.WORKLOADS:
        yield from study.cells(workload, yardstick=True)


def table(results: Results) -> pl.DataFrame:
    """`ceiling_gemm`, ...: as they were taken; `roof`: the best of them. Of each cell `gflops`, `intensity` (FLOP per
    byte) and its share of the roofs: `backend_share`, `browser_share`, natively `native_share`. Of each browser target
    against each native one: `ratio` = `ceiling_ratio` x `share_ratio`, and the `native_share` behind the latter."""
    every = pooled(results)
    found = taken(every)
    known = Ceilings(found)
    fields = gaps.primary_fields(every, yardstick=True)
    rows = [row for one in found for row in _ceiling_rows(one)]
    rows += [row for name, roof in known.roofs().items() for row in _roof_rows(name, roof)]
    rows += [row for field in fields for entry in field.entries for row in _cell_rows(entry, known)]
    rows += [row for field in fields for row in _part_rows(field, known)]
    return tables.frame(rows)


def _ceiling_rows(one: Taken) -> Iterator[tables.Row]:
    """One per metric; where nothing was taken, one that says why."""
    if not one.rates:
        yield tables.stated(one.group, "ceiling_gemm", METRICS["gemm"][1], None)
    for metric, rates in one.rates.items():
        ends = {f"p{share}": float(np.quantile(rates, share / 100, method="inverted_cdf")) for share in (10, 90)}
        yield tables.stated(one.group, f"ceiling_{metric}", METRICS[metric][1], max(rates), _how(one)) | ends


def _how(one: Taken) -> str:
    """What computed, and by which clock where that made the samples longer."""
    clock = [f"clock of {one.tick_us:g} µs"] if one.tick_us >= COARSE_US else []
    return ", ".join(filter(None, [one.kernel, *clock]))


def _roof_rows(name: str, roof: Roof) -> Iterator[tables.Row]:
    yield tables.stated(roof.of.group, "roof", "GFLOP/s", roof.gflops, name)
    for metric, bandwidth in {"roof_cached": roof.cached_gbs, "roof_memory": roof.memory_gbs}.items():
        if bandwidth:
            yield tables.stated(roof.of.group, metric, "GB/s", bandwidth, name)


def _cell_rows(entry: Measured, known: Ceilings) -> Iterator[tables.Row]:
    """Its share of its ceiling, or why there is none; and what that is made of."""
    used = roofs.use(entry)
    name, roof = ("native_share", roofs.native_roof) if entry.native else (METRIC, roofs.browser_roof)
    allowed = {name: roof(entry, known)}
    if not entry.native:
        allowed["backend_share"] = roofs.language_roof(entry, known)
    shares = {metric: used.share(one) for metric, one in allowed.items() if used and one}
    yield tables.worked_out(entry, name, "share", shares.pop(name, None), roofs.why_not(entry, known))
    yield from (tables.worked_out(entry, metric, "share", share) for metric, share in shares.items())
    if used:
        yield tables.worked_out(entry, "gflops", "GFLOP/s", used.gflops)
        yield tables.worked_out(entry, "intensity", "FLOP/byte", used.intensity)


def _part_rows(field: Field, known: Ceilings) -> Iterator[tables.Row]:
    """The gap and its factors; where only a ceiling is missing, a row that says so."""
    for gap in gaps.matched(field):
        found = roofs.parts(gap, known)
        if gap.ratio is None:
            continue
        yield tables.compared(gap.web, "ratio", gap.ratio, gap.native)
        if found is None:
            reason = roofs.why_not(gap.web, known) or roofs.why_not(gap.native, known)
            yield tables.compared(gap.web, "ceiling_ratio", None, gap.native) | {"message": reason}
            continue
        yield tables.compared(gap.web, "ceiling_ratio", gap.ratio, gap.native) | _exact(found.ceiling_ratio)
        yield tables.compared(gap.web, "share_ratio", found.share_ratio, gap.native)
        own = tables.compared(gap.web, "native_share", gap.ratio, gap.native)
        yield own | _exact(found.native_share) | {"unit": "share"}


def _exact(number: float) -> tables.Row:
    """Of ceilings, or of medians, no interval is known."""
    return {"median": number, "low": None, "high": None}


def chart(table: pl.DataFrame) -> Spec:
    """The roofline: what each cell reaches at its arithmetic intensity, under the roofs; and the steps to native."""
    from howfar import drawing

    return drawing.limits(tables.current(table))


def summary(table: pl.DataFrame) -> Summary:
    """The ceilings, a line per language, or native library, and number of threads."""
    gathered: dict[str, dict[str, Row]] = defaultdict(dict)
    known = [f"ceiling_{metric}" for metric in METRICS]
    for row in tables.current(table).filter(pl.col("metric").is_in(known)).to_dicts():
        gathered[_title(row)][row["metric"]] = row
    columns = tuple(Column(name, unit, "#8b8b8b") for name, unit in METRICS.values())
    lines = tuple(Line(title, tuple(map(_entry, map(own.get, known)))) for title, own in gathered.items())
    return Summary("ceiling", columns, lines, LEGEND)


def _title(row: Row) -> str:
    """`chromium: WebAssembly, 1 thread (relaxed SIMD, ...)`, `native: ceiling-numpy@2.3.1, all threads (openblas)`."""
    browser, native = row["browser"], row["browser"] == NATIVE
    what = f"{row['framework'].removeprefix('ceiling-')}@{row['version']}" if native else LANGUAGES[row["backend"]]
    software = " in software, no GPU" if row["software_gpu"] else ""
    threads = f", {THREADS[row['threads'] == 0]}" if row["threads"] is not None else ""
    kernel = f" ({row['value']})" if row["value"] else ""
    switched = f" {row['switch']}" if row["switch"] else ""
    return f"{browser}: {what}{software}{threads}{switched}{kernel}"


def _entry(row: Row | None) -> Entry:
    """The best, and beneath it how far apart the processes are."""
    if row is None:
        return Entry()
    if row["median"] is None:
        return Entry(note=f"{fared(row['status'], row['message'])}: {row['message']}")
    spread = f"{wording.interval(row['p10'], row['p90'])} over {row['processes']}" if row["processes"] > 1 else ""
    return Entry(wording.number(row["median"]), note=spread)


def sentences(table: pl.DataFrame) -> list[str]:
    """What each target uses of what it is allowed, and of what the gaps of the best are made."""
    rows = tables.current(table).filter(pl.col("median").is_not_null()).to_dicts()
    gathered: dict[tuple[str, str, str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row["unit"] == "share" and row["browser"] != NATIVE and row["status"] != "wrong_result":
            target = wording.named(wording.target(row), row["software_gpu"])
            gathered[row["workload"], target, row["backend"], row["browser"]][row["metric"]].append(row["median"])
    told = [_sentence(*of, shares) for of, shares in gathered.items() if shares[METRIC]]
    beyond = any(share > 1 for shares in gathered.values() for own in shares.values() for share in own)
    return [*told, BEYOND] if beyond else told


def _sentence(workload: str, target: str, backend: str, browser: str, shares: Mapping[str, Sequence[float]]) -> str:
    own = f"In {workload}, {target} uses"
    whole = f"{_typical(shares[METRIC])} of what {browser} allows"
    language = shares["backend_share"]
    if not language or geometric_mean(language) < geometric_mean(shares[METRIC]) * 1.05:
        return f"{own} {whole}."
    return f"{own} {_typical(language)} of what {LANGUAGES[backend]} allows, and {whole}."


def _typical(shares: Sequence[float]) -> str:
    over = f" ({_percent(min(shares))} to {_percent(max(shares))} over {len(shares)} sizes)" if len(shares) > 1 else ""
    return f"{_percent(geometric_mean(shares))}{over}"


def _percent(share: float) -> str:
    """Two digits: ceilings are not known better."""
    return f"{float(f'{100 * share:.2g}'):g} %"
