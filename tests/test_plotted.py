"""Where marks stand and what their tooltips say."""

import pytest

import made
from howfar import palette, plotted, tables
from howfar.measured import timed
from howfar.records import Cell, Model, Target


def drawn(*targets: Target, sizes: tuple[tuple[int, int], ...] = made.SIZES) -> list[plotted.Mark]:
    outcomes = [made.outcome(cell) for cell in made.cells(targets, "inference", sizes)]
    return plotted.marks(tables.table(timed(made.results(outcomes), "inference")), "latency_ms")


def test_a_target_has_one_colour_and_one_shape_in_every_figure() -> None:
    few, many = drawn(made.WEBGL), drawn(made.WEBGL, made.WEBGPU, made.ORT, made.NATIVE)
    looks = {(mark["colour"], mark["shape"]) for mark in [*few, *many] if mark["target"] == str(made.WEBGL)}
    assert len(looks) == 1


def test_two_versions_of_a_framework_do_not_look_the_same() -> None:
    looks = {mark["target"]: mark["colour"] for mark in drawn(made.TFJS, made.OLD)}
    assert looks[str(made.TFJS)] == palette.colour("tfjs", "cpu") != looks[str(made.OLD)]


def test_native_has_no_slot_and_stands_in_the_panels_of_every_browser() -> None:
    firefox = Target("tfjs", "4.22.0", "cpu", "firefox")
    marks = drawn(made.TFJS, firefox, made.NATIVE)
    assert str(made.NATIVE) not in plotted.slots(marks)
    titles = [panel.title for panel in plotted.panels(marks)]
    assert titles[:2] == ["chromium, depth 1", "chromium, depth 4"] and len(titles) == 6
    for panel in plotted.panels(marks):
        assert {mark["kind"] for mark in panel.marks} == {"point", "native"}
        assert {mark["browser"] for mark in panel.marks} == {panel.title.split(",")[0]}


def test_only_native_still_makes_panels() -> None:
    assert [panel.title for panel in plotted.panels(drawn(made.NATIVE))] == ["depth 1", "depth 4", "depth 8"]


def test_many_panels_wrap_and_few_are_broad() -> None:
    many = drawn(
        *(t for t in made.SPEED if t != made.CONTROL), sizes=tuple((d, w) for d in (1, 2, 4, 8) for w in (64, 128, 256))
    )
    assert plotted.grid(plotted.panels(many), 1000).columns == 2
    assert plotted.grid(plotted.panels(drawn(made.TFJS)), 1000) == (3, plotted.BROADEST)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.09, 900, [0.1, 1, 10, 100]), (0.9, 12, [1, 2, 5, 10]), (3.0, 4.5, [])],
)
def test_ticks_are_round(low: float, high: float, expected: list[float]) -> None:
    assert plotted.ticks(low, high) == expected


def test_the_axis_has_room_for_all_and_ends_somewhere_without_numbers() -> None:
    marks = drawn(made.TFJS, made.NATIVE)
    low, high = plotted.domain(marks)
    assert low < min(mark["median"] for mark in marks) and max(mark["median"] for mark in marks) < high
    assert plotted.domain([]) == (0.1, 10.0)
    wide = [mark | {"low": 1e-9, "high": 1e9} for mark in marks]
    assert low / 10 < plotted.domain(wide)[0] and plotted.domain(wide)[1] < 10 * high


def test_a_tooltip_says_why_there_is_no_number() -> None:
    cell = Cell(made.ORT_WEBGPU, Model("mlp", 1, 64), "inference")
    results = made.results([made.failed(cell, "fell_back", "wasm answered")])
    (mark,) = plotted.marks(tables.table(timed(results, "inference")), "latency_ms")
    assert (mark["kind"], mark["outcome"]) == ("failed", "fell back to another back end. wasm answered")


def test_colours_of_one_figure_are_told_apart() -> None:
    colours = [
        mark["colour"] for mark in plotted.targets(drawn(*(t for t in made.SPEED if t != made.CONTROL))).values()
    ]
    assert len(set(colours)) == len(colours)
