"""What a person in front of the page feels while it predicts: frames, long tasks and the delay of a press, with the
framework on the page's own thread and in a worker, beside the same page at rest."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from math import inf
from statistics import fmean, median
from typing import NamedTuple

import polars as pl
from msgspec.structs import replace

from howfar import tables, wording
from howfar.experiments import spread
from howfar.measured import COUNTED, NATIVE, REFERENCE, Group, groups
from howfar.observed import Experience, Stretch
from howfar.outcomes import Results
from howfar.plotted import Spec
from howfar.records import IN_WORKER, Cell, Target, Workload
from howfar.stats import quantile
from howfar.study import Study
from howfar.summaries import Row

TITLE = "What a person feels"
PAPER = ""
QUESTION = "Does the page stay smooth while it predicts one sample after the other, in its own thread and in a worker?"
METRIC = "frames_per_second"

WORKLOAD: Workload = "inference"
# The smallest and the largest network of each kind.
MOST = 2
# A rate is kept by whoever draws so much of it: a page at rest may miss a frame too.
KEPT = 0.95
RATES = (60, 30)


def cells(study: Study) -> Iterable[Cell]:
    """Inference by every browser target, on the page's thread and in a worker where it can be asked for."""
    kinds = dict.fromkeys(model.kind for model in study.sizes())
    models = [model for kind in kinds for model in spread(study, kind, MOST)]
    for target in study.targets_for(WORKLOAD):
        if target.browser == NATIVE:
            continue
        able = study.abilities.get(target.framework)
        wanted = [model for model in models if not able or able.does(WORKLOAD, model.kind)]
        threads = [target]
        if able and IN_WORKER in able.switches.get(target.backend, ()):
            threads.append(replace(target, switch=IN_WORKER))
        yield from (Cell(one, model, WORKLOAD, "experience") for model in wanted for one in threads)


Values = Sequence[float] | None


class Feeling(NamedTuple):
    """One metric: its unit, what a stretch tells of it in each process, why there may be nothing, and whether somebody
    must have pressed."""

    unit: str
    tell: Callable[[Stretch], Values]
    missing: str = ""
    pressed: bool = False


def _frames(one: Stretch) -> Values:
    return (len(one.frame_ms) / one.seconds,)


def _operations(one: Stretch) -> Values:
    return (one.operations / one.seconds,)


def _blocked(one: Stretch) -> Values:
    return None if one.long_task_ms is None else (min(1.0, sum(one.long_task_ms) / 1000 / one.seconds),)


def _longest_gap(one: Stretch) -> Values:
    """From one frame to the next, the ends of the stretch counted: where none was drawn, all of it."""
    ends = [0.0, *one.frame_ms, 1000 * one.seconds]
    return (max(later - earlier for earlier, later in pairwise(ends)),)


def _delays(one: Stretch) -> Values:
    return one.input_delay_ms or None


def _paints(one: Stretch) -> Values:
    return one.paint_delay_ms or None


# What the page tells at work; by the same name and `_at_rest`, what it tells at rest.
FEELINGS: Mapping[str, Feeling] = {
    METRIC: Feeling("1/s", _frames),
    "longest_frame_ms": Feeling("ms", _longest_gap),
    "long_task_share": Feeling("share", _blocked, "this browser tells of no long tasks"),
    "input_delay_ms": Feeling("ms", _delays, "nobody pressed anything", pressed=True),
    "paint_delay_ms": Feeling("ms", _paints, "no press took 16 ms, or this browser tells of none", pressed=True),
    "operations_per_second": Feeling("1/s", _operations),
}
AT_REST = "_at_rest"


def table(results: Results) -> pl.DataFrame:
    """A row per metric, at work and at rest (`_at_rest`), of each target: the median over processes; delays: over all
    presses, with p10 and p90. `value` says which rate is kept (`60`, `30`) in every process, or that neither is."""
    return tables.frame(row for group in groups(results, _felt) for row in _rows(group))


def _felt(cell: Cell) -> bool:
    return cell.observe == "experience" and cell.target.framework != REFERENCE


def _rows(group: Group) -> Iterator[tables.Row]:
    known = [_visible(one.experience) for one in group.outcomes if one.experience and one.status in COUNTED]
    if not known:
        yield tables.stated(group, METRIC, FEELINGS[METRIC].unit, None)
        return
    for metric, feeling in FEELINGS.items():
        row = partial(_row, group, known, feeling)
        yield row(metric, [one.busy for one in known])
        if metric != "operations_per_second":
            yield row(f"{metric}{AT_REST}", [one.rest for one in known])


def _visible(felt: Experience) -> Experience:
    """Without the frames that nobody sees. After a long task two or three that were due are drawn within a millisecond;
    a screen shows one."""
    gaps = [later - earlier for earlier, later in pairwise(felt.rest.frame_ms)]
    least = median(gaps) / 2 if gaps else 0.0
    return replace(felt, rest=_apart(felt.rest, least), busy=_apart(felt.busy, least))


def _apart(one: Stretch, least_ms: float) -> Stretch:
    """The last of those that come closer together than that."""
    following = [*one.frame_ms[1:], inf]
    kept = (frame for frame, later in zip(one.frame_ms, following, strict=False) if later - frame >= least_ms)
    return replace(one, frame_ms=tuple(kept))


def _row(
    group: Group, known: Sequence[Experience], feeling: Feeling, metric: str, lived: Sequence[Stretch]
) -> tables.Row:
    processes = [values for one in lived if (values := feeling.tell(one))]
    if not processes:
        reasons = [one.inputs_unavailable for one in known if one.inputs_unavailable and feeling.pressed]
        why = reasons[0] if reasons else feeling.missing
        return tables.stated(group, metric, feeling.unit, None) | {"message": f"unavailable: {why}"}
    own = {"p10": quantile(processes, 0.1), "p90": quantile(processes, 0.9), "samples": sum(map(len, processes))}
    value = _kept([fmean(values) for values in processes]) if metric == METRIC else None
    number = median(median(values) for values in processes)
    return tables.stated(group, metric, feeling.unit, number, value) | own | {"processes": len(processes)}


def _kept(rates: Sequence[float]) -> str:
    """The rate that every process kept."""
    return next((f"{rate}" for rate in RATES if min(rates) >= KEPT * rate), "neither")


def chart(table: pl.DataFrame) -> Spec:
    """Frames per second, a line per target and a panel per network; the page's thread and the worker side by side."""
    from howfar import drawing

    rows = tables.current(table)
    return drawing.felt(rows.filter(metric=METRIC), rows, RATES)


def sentences(table: pl.DataFrame) -> list[str]:
    """What the page does at rest; per network who keeps which rate."""
    rows = tables.current(table)
    drawn = [row for row in rows.filter(metric=METRIC).to_dicts() if row["median"] is not None]
    if not drawn:
        return []
    rest = [row["median"] for row in rows.filter(metric=f"{METRIC}{AT_REST}").to_dicts() if row["median"] is not None]
    sizes = dict.fromkeys((row["model"], row["depth"], row["width"]) for row in drawn)
    own = {size: [row for row in drawn if (row["model"], row["depth"], row["width"]) == size] for size in sizes}
    said = [_smooth(size, rows_of) for size, rows_of in own.items()]
    return [f"At rest the page draws {median(rest):.0f} frames per second.", *said, *_workers(drawn)]


def _smooth(size: tuple[str, int, int], rows: Sequence[Row]) -> str:
    where = f"{size[0]} {wording.size(size[1], size[2])}"
    kept = {str(rate): [_name(row) for row in rows if row["value"] == str(rate)] for rate in RATES}
    below = [f"{_name(row)} ({wording.number(row['median'])})" for row in rows if row["value"] == "neither"]
    parts = [f"{len(kept['60'])} of {len(rows)} keep 60 frames per second"]
    parts += [f"{wording.listed(kept['30'], most=8)} only 30"] if kept["30"] else []
    parts += [f"{wording.listed(below, most=8)} not even that"] if below else []
    return f"While the page predicts with {where}, {'; '.join(parts)}."


def _workers(rows: Sequence[Row]) -> Iterator[str]:
    """Of those that drop frames on the page's thread, who keeps them in a worker?"""
    by_key = {_key(row): row for row in rows}
    pairs = [(by_key[here], row) for row in rows if row["switch"] and (here := (*_key(row)[:-1], "")) in by_key]
    dropping = [(here, there) for here, there in pairs if here["value"] != "60"]
    if dropping:
        kept = sum(there["value"] == "60" for _, there in dropping)
        yield (
            f"Of {wording.counted(len(dropping), 'case')} in which the page's own thread does not keep 60, "
            f"{kept} keep it in a worker."
        )


def _key(row: Row) -> tuple[object, ...]:
    return (row["model"], row["depth"], row["width"], *(row[name] for name in _PLAIN), row["switch"] or "")


_PLAIN = ("framework", "version", "backend", "browser", "threads")


def _name(row: Row) -> str:
    target = wording.target(dict(row))
    where = " in a worker" if target.switch == IN_WORKER else ""
    plain: Target = replace(target, switch="" if where else target.switch)
    return wording.named(plain, row["software_gpu"]) + where
