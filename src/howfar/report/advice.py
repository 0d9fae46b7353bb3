"""Advice on a network that nobody measured: in words, as a table, as JSON."""

from collections.abc import Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from howfar import wording
from howfar.advising import Advice, Forecast, Record
from howfar.measured import Measured
from howfar.report.terminal import say

HEAD = ("target", "predicted, ms", "95 %", "sizes", "measured, ms")


def sentences(advice: Advice) -> list[str]:
    """What to take, and how far to trust it. What was measured of this very size comes before what is predicted, where
    it tells one target from the others."""
    if len(advice.fastest) == 1:
        said = [_exact(advice.fastest[0]), f"By prediction alone: {_pick(advice)}"]
    else:
        said = [_pick(advice), _tied(advice.fastest)]
    asked = f"{advice.model} {advice.workload}, batch {advice.batch}"
    return [f"{asked}: {' '.join(filter(None, said))}", _record(advice.record)]


def _pick(advice: Advice) -> str:
    pick = advice.pick
    if pick is None:
        in_name_only = any(one.software for one in advice.forecasts)
        why = "a GPU in name only says nothing about a GPU" if in_name_only else "none has been measured enough"
        return f"nothing that was measured in a browser can be advised: {why}."
    name, time = wording.named(pick.target), f"predicted {wording.milliseconds(pick.ms)} ({_within(pick)})"
    if advice.rivals:
        others = wording.listed([wording.named(one.target) for one in advice.rivals])
        return f"take {name}, {time}, or {others}: they can't be told apart."
    ahead = f", {wording.ratio(advice.lead)} faster than the next" if advice.lead else ", the only one to be had"
    return f"take {name}, {time}{ahead}."


def _within(one: Forecast) -> str:
    return wording.interval(one.low, one.high)


def _exact(one: Measured) -> str:
    time = wording.milliseconds(one.median)
    return f"take {wording.named(one.cell.target)}, measured at this very size: the fastest there, {time}."


def _tied(fastest: Sequence[Measured]) -> str:
    if not fastest:
        return ""
    names = wording.listed([wording.named(one.cell.target) for one in fastest])
    time = wording.milliseconds(fastest[0].median)
    return f"Measured at this very size, {names} can't be told apart; the lowest took {time}."


def _record(record: Record) -> str:
    said = (
        f"Held-out: within ×{record.half:.2f} in half, ×{record.most:.2f} in 95 % of {record.cells} cells whose size "
        f"it had not seen"
    )
    if not record.picks:
        return f"{said}."
    worst = f", at the worst {record.worst:.2f}× the fastest's time" if record.worst > 1 else ""
    return f"{said}; it would have advised the fastest at {record.right} of {record.picks} sizes{worst}."


def show(console: Console, advice: Advice, where: str) -> None:
    """The sentences, a row per target, and the targets of which nothing can be said."""
    for sentence in sentences(advice):
        say(console, sentence)
    table = Table(*HEAD, box=None, header_style="bold", pad_edge=False)
    for one in advice.forecasts:
        table.add_row(*map(escape, _cells(one)))
    console.print(table)
    for target, reason in advice.left_out.items():
        say(console, f"{target}: {reason}")
    say(console, f"Learned on {where}, as a {advice.law}.")


def _cells(one: Forecast) -> tuple[str, ...]:
    measured = wording.number(one.measured.median) if one.measured else wording.NONE
    return wording.named(one.target, one.software), wording.number(one.ms), _within(one), str(one.sizes), measured


def as_json(advice: Advice, where: str) -> dict[str, Any]:
    """For machines; ms per operation."""
    return {
        "model": str(advice.model),
        "workload": advice.workload,
        "batch": advice.batch,
        "predicted": {
            "pick": str(advice.pick.target) if advice.pick else None,
            "rivals": [str(one.target) for one in advice.rivals],
            "lead": msgspec.to_builtins(advice.lead),
        },
        "measured": [str(one.cell.target) for one in advice.fastest],
        "forecasts": [_forecast(one) for one in advice.forecasts],
        "left_out": dict(advice.left_out),
        "law": advice.law,
        "held_out": msgspec.to_builtins(advice.record),
        "machine": where,
        "message": " ".join(sentences(advice)),
    }


def _forecast(one: Forecast) -> dict[str, Any]:
    numbers = {"predicted_ms": one.ms, "low_ms": one.low, "high_ms": one.high, "sizes": one.sizes}
    target = msgspec.to_builtins(one.target)
    summary = one.measured.summary if one.measured else None
    exact = {f"measured_{key}_ms": getattr(summary, key) for key in ("median", "low", "high")} if summary else {}
    return {**target, "software_gpu": one.software, **numbers, **exact}
