"""Who may be called faster than whom."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import pytest

import made
from howfar.measured import Measured, timed
from howfar.outcomes import Outcome, Series
from howfar.ranking import Field, fields
from howfar.records import Cell, Model, Target

MODEL = Model("mlp", 1, 64)


def at(target: Target, medians: list[float], **changes: Any) -> list[Outcome]:
    """One outcome per round with exactly this latency, in ms."""
    cell = Cell(target, MODEL, "inference")
    return [
        made.outcome(cell, number, series=(Series("latency", "timed", 1, (ms,) * 10, "cap"),), **changes)
        for number, ms in enumerate(medians)
    ]


def field(*outcomes: list[Outcome]) -> Field:
    (only,) = fields(timed(made.results(chain.from_iterable(outcomes)), "inference"))
    return only


def names(entries: Sequence[Measured]) -> list[str]:
    return [str(entry.cell.target) for entry in entries]


def test_the_fastest_leads_alone_when_every_ratio_excludes_one() -> None:
    found = field(at(made.ORT, [1.0, 2.0, 1.5]), at(made.TFJS, [1.1, 2.2, 1.66]))
    assert names(found.leaders) == ["onnxruntime-web@1.23.0 wasm"]


def test_all_that_cannot_be_told_from_the_fastest_lead_with_it() -> None:
    found = field(at(made.ORT, [1.0, 1.0, 1.0]), at(made.WASM, [0.9, 1.2, 1.1]), at(made.TFJS, [5.0, 5.1, 5.2]))
    assert names(found.leaders) == ["onnxruntime-web@1.23.0 wasm", "tfjs@4.22.0 wasm"]


def test_a_wrong_result_takes_no_part_however_fast() -> None:
    quick = at(made.LITERT, [0.1, 0.1, 0.1], status="wrong_result")
    found = field(quick, at(made.TFJS, [5.0, 5.1, 5.2]))
    assert names(found.browsers) == ["tfjs@4.22.0 cpu"]
    assert found.against(found.entries[0], found.entries[1]) is None


def test_native_is_the_yardstick_and_no_contestant() -> None:
    found = field(at(made.NATIVE, [1.0]), at(made.NATIVE_ALL, [0.5]), at(made.TFJS, [4.0]))
    assert names(found.leaders) == ["tfjs@4.22.0 cpu"]
    assert names(found.natives) == ["tensorflow@2.21.0 cpu all threads", "tensorflow@2.21.0 cpu 1 thread"]
    assert found.native_single is not None and found.native_single.cell.target == made.NATIVE
    ratio = found.against(found.browsers[0], found.native_single)
    assert ratio is not None and ratio.value == pytest.approx(4.0)


def test_older_environments_do_not_compete() -> None:
    old = at(made.ORT, [0.1, 0.1, 0.1], environment="old")
    new = at(made.ORT, [3.0, 3.0, 3.0])
    found = field(old, new, at(made.TFJS, [1.0, 1.0, 1.0]))
    assert names(found.leaders) == ["tfjs@4.22.0 cpu"]
