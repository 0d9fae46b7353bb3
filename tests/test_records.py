"""The messages: the same fixtures are read by tests/page/protocol.test.js."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
from msgspec import structs

import asked
from howfar import records, vendor
from howfar.assignments import Desk
from howfar.handed import Assignment
from howfar.outcomes import Report
from howfar.records import Cell, Model, Target, Task, fingerprint
from howfar.server import Server


def kind_of(file: Path) -> type[Assignment] | type[Report]:
    return Assignment if file.name.startswith("assignment-") else Report


@pytest.mark.parametrize("file", asked.fixtures("protocol", "*-valid-*.json"), ids=lambda file: file.stem)
def test_valid_messages_are_read_whole(file: Path) -> None:
    message = msgspec.json.decode(file.read_bytes(), type=kind_of(file))
    assert json.loads(msgspec.json.encode(message)) == asked.read(file)


@pytest.mark.parametrize("file", asked.fixtures("protocol", "*-invalid-*.json"), ids=lambda file: file.stem)
def test_invalid_messages_are_refused(file: Path) -> None:
    with pytest.raises(msgspec.MsgspecError):
        msgspec.json.decode(file.read_bytes(), type=kind_of(file))


SWITCHED = structs.replace(asked.WASM, threads=0, switch="simd=off")
TASKS = {
    "tfjs-training": asked.task(),
    "numpy-inference": asked.task(asked.NUMPY, workload="inference"),
    "spin-without-layers": asked.task(asked.REFERENCE, Model("spin", 1, 500), "inference", metrics="primary"),
    "convnetjs-loading": asked.task(asked.CONVNETJS, workload="loading"),
    "convnetjs-features": asked.task(asked.CONVNETJS, workload="features"),
    "tfjs-cnn": asked.task(asked.WASM, Model("cnn", 6, 4), "inference"),
    "tfjs-rnn": asked.task(
        structs.replace(asked.WASM, threads=0, switch="simd=off"), Model("rnn", 2, 3), "batch_inference"
    ),
    "ceilings-of-threads": asked.task(asked.CEILING, Model("gemm", 1, 192), "ceilings"),
    "no-bias-published": asked.task(asked.BARE, workload="inference", protocol="published"),
}


@pytest.mark.parametrize("name", TASKS)
def test_what_the_desk_hands_out_is_what_the_page_is_tested_with(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetched(*_: object) -> dict[str, str]:
        return {}

    monkeypatch.setattr(vendor, "fetch", fetched)
    with Server() as server:
        made = Desk(server, asked.known(), asked.data()).assignment(TASKS[name])
    (file,) = asked.fixtures("protocol", f"assignment-valid-{name}.json")
    assert json.loads(msgspec.json.encode(made)) == asked.read(file)
    assert msgspec.json.decode(file.read_bytes(), type=Assignment) == made


def test_a_fingerprint_does_not_depend_on_the_order_of_keys() -> None:
    one: dict[str, Any] = {"a": 1, "b": {"c": 2, "d": None}}
    other = {"b": {"d": None, "c": 2}, "a": 1}
    assert fingerprint(one) == fingerprint(other) != fingerprint({**one, "a": 2})
    assert len(fingerprint(one)) == 16


def structs_of(module: ModuleType) -> list[type[msgspec.Struct]]:
    found = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, msgspec.Struct)]
    return [value for value in found if value.__module__ == module.__name__]


@pytest.mark.parametrize("kind", structs_of(records), ids=lambda kind: kind.__name__)
def test_every_record_is_immutable_and_refuses_what_it_does_not_know(kind: type[msgspec.Struct]) -> None:
    assert kind.__struct_config__.frozen
    assert kind.__struct_config__.forbid_unknown_fields


def test_records_can_not_be_changed() -> None:
    task: Task = asked.task()
    with pytest.raises(AttributeError):
        task.id = "other"  # type: ignore[misc]  # that is what is tested


@pytest.mark.parametrize("text", ["inf", "nan", "0", "-1", "1e9"])
def test_a_limit_is_a_number_of_seconds_that_can_pass(text: str) -> None:
    """JSON has no infinity: one that got into a store could never be read again."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.toml.decode(f"max_seconds = {text}", type=type(asked.sampling()))


def test_targets_and_cells_have_an_order_whether_their_threads_are_told_or_not() -> None:
    own = Target("tfjs", "4.22.0", "wasm", "chromium")
    targets = [own, structs.replace(own, threads=0), structs.replace(own, threads=1)]
    assert sorted(reversed(targets)) == targets
    cells = [Cell(target, Model("mlp", 1, 64), "training") for target in targets]
    assert sorted(reversed(cells)) == cells
