"""The rows of Table 6 that rest on more than a claim: kept, revised or withdrawn, or untested."""

import pytest
from msgspec.structs import replace

import made
from findings.imagined import (
    BRAIN,
    CONVNET,
    KERAS,
    LOAD,
    NEW,
    PREDICT,
    SYNAPTIC,
    TRAIN,
    WEBDNN,
    WEBGL,
    advise,
    at,
    constant,
    found,
    missing,
    times,
    work,
)
from howfar import findings
from howfar.findings import telling
from howfar.findings.verdicts import Verdict
from howfar.outcomes import Outcome
from howfar.records import Cell, Model, Target

HOLDS, NOT, UNTOLD = "holds", "no_longer_holds", "cannot_tell"


def fate(row: str, verdict: Verdict) -> str:
    return telling.fate(verdict.finding, findings.all_advice()[row].OTHERWISE, verdict)[0]


def offered(can: dict[Target, str]) -> list[Outcome]:
    """What each was seen to do: the networks that it knows; all train."""
    return [
        at(Cell(target, Model(), "features"), 0, 1.0, facts={"trains": True, "networks": networks})
        for target, networks in can.items()
    ]


def test_a_general_purpose_framework() -> None:
    row, most = "general_purpose_framework", {CONVNET: "DNN, CNN", BRAIN: "DNN, RNN", SYNAPTIC: "DNN"}
    verdict = advise(row, offered({**most, NEW: "DNN, CNN, RNN"}))
    assert found(verdict) == [HOLDS, HOLDS] and fate(row, verdict) == "kept"
    assert verdict.parts[0].value == pytest.approx(0.75)
    verdict = advise(row, offered({**most, NEW: "DNN, CNN"}))
    assert found(verdict) == [HOLDS, NOT] and fate(row, verdict) == "revised"
    everything = dict.fromkeys((*most, NEW), "DNN, CNN, RNN")
    assert found(advise(row, offered(everything))) == [NOT, HOLDS]
    verdict = advise(row, offered({CONVNET: "DNN, CNN"}))
    assert found(verdict) == [UNTOLD, UNTOLD] and fate(row, verdict) == "untested"


def test_width_before_depth() -> None:
    row = "width_before_depth"
    both = [*times("training", TRAIN), *times("inference", PREDICT)]
    assert fate(row, advise(row, both)) == "kept"
    deep = {**PREDICT, NEW: lambda m: 0.1 * m.depth**1.5}
    verdict = advise(row, [*times("training", TRAIN), *times("inference", deep)])
    assert found(verdict) == [HOLDS, NOT] and fate(row, verdict) == "revised"
    assert fate(row, advise(row, times("training", TRAIN))) == "untested"


def test_binary_model_files() -> None:
    row = "binary_model_files"
    sizes = {CONVNET: 7e5, BRAIN: 7e5, NEW: 1e5}
    told = [
        replace(one, facts={"model_bytes": int(sizes[one.task.cell.target])})
        for one in times("loading", LOAD)
        if one.task.cell.target in sizes
    ]
    assert fate(row, advise(row, told)) == "kept"
    flat = [replace(one, facts=told[0].facts) for one in times("loading", {CONVNET: constant(5), BRAIN: constant(5)})]
    verdict = advise(row, [*flat, *(one for one in told if one.task.cell.target == NEW)])
    assert found(verdict) == [HOLDS, NOT] and fate(row, verdict) == "revised"
    assert fate(row, advise(row, times("training", TRAIN))) == "untested"


def built(faster: float) -> list[Outcome]:
    """Two builds, of which the second has the shallower stack and takes so many times the first one's time."""
    build = replace(NEW, switch="build=es2017")
    model = Model("mlp", 1, 64)
    timed = times("training", {NEW: constant(1.0), build: constant(faster)}, [model])
    deep, shallow = (Cell(target, model, "training", "stacks") for target in (NEW, build))
    plain = [made.outcome(Cell(CONVNET, model, "training", "stacks"), number) for number in range(3)]
    seen = [made.outcome(deep, number) for number in range(3)]
    flat = replace(seen[0].stacks, depth_us=(0, *[1000] * 20)) if seen[0].stacks else None
    return [*timed, *plain, *seen, *(made.outcome(shallow, number, stacks=flat) for number in range(3))]


@pytest.mark.parametrize(("faster", "finding", "fated"), [(0.7, HOLDS, "kept"), (0.99, NOT, "withdrawn")])
def test_shallow_call_stacks(faster: float, finding: str, fated: str) -> None:
    row = "shallow_call_stacks"
    verdict = advise(row, built(faster))
    assert found(verdict) == [HOLDS, finding] and fate(row, verdict) == fated
    assert verdict.parts[1].value == pytest.approx(faster, rel=0.01)


def test_shallow_call_stacks_untested() -> None:
    assert "two builds" in missing(advise("shallow_call_stacks", times("training", TRAIN)))


def test_cores_and_gpu_memory() -> None:
    row, large = "cores_and_gpu_memory", [Model("graph", name="VGG16", digest="0")]
    watched = [made.outcome(Cell(NEW, Model(), "training", "processes"), number) for number in range(3)]
    cells = [Cell(WEBGL, model, "inference") for model in large]
    full = [made.failed(cell, "out_of_memory", "GL OUT OF MEMORY", software_gpu=False) for cell in cells]
    assert fate(row, advise(row, [*watched, *full])) == "kept"
    verdict = advise(row, [*watched, *times("inference", {WEBGL: constant(50)}, large)])
    assert found(verdict) == [HOLDS, NOT] and fate(row, verdict) == "revised"
    software = times("inference", {WEBGL: constant(50)}, large, software_gpu=True)
    assert found(advise(row, [*watched, *software])) == [HOLDS, UNTOLD]
    other = [made.failed(cell, "page_error", "no such layer", software_gpu=False) for cell in cells]
    assert "no such layer" in missing(advise(row, [*watched, *other]))


@pytest.mark.parametrize("row", ["warm_up_ahead", "web_instead_of_native", "use_the_integrated_gpu"])
def test_those_that_rest_on_a_claim_are_untested_with_it(row: str) -> None:
    verdict = advise(row, times("inference", {KERAS: work, WEBDNN: work}))
    assert fate(row, verdict) == "untested"
