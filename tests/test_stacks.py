"""Depths by time, and where the boxes of a flame graph stand."""

import re
from xml.etree import ElementTree

import pytest

from howfar.drawing.flames import flames
from howfar.observed import StackNode
from howfar.stacks import depths, seconds
from howfar.stacks import flames as boxes_of


def named(one: dict[str, float]) -> tuple[float, ...]:
    return one["stack_depth_mean"], one["stack_depth_median"], one["stack_depth_max"]


def test_depths_are_weighed_by_time_and_what_is_outside_does_not_count() -> None:
    assert named(depths([(9999, 100, 0, 300)])) == (2.5, 3, 3)
    assert named(depths([(0, 0, 0, 0, 0, 440, 0, 440, 0, 110)])) == pytest.approx((6.333, 7, 9), abs=1e-3)
    assert seconds((9_999_999, 500_000, 1_000_000)) == 1.5


def test_rounds_have_equal_weight_and_the_deepest_of_any_is_the_deepest() -> None:
    assert named(depths([(0, 1000), (0, 0, 0, 10)])) == (2, 1, 3)


def test_what_is_seen_for_less_than_a_thousandth_of_the_time_is_not_the_deepest() -> None:
    found = depths([(0, 900_000, 98_000, 2_000, 0, 400)])
    assert (found["stack_depth_p999"], found["stack_depth_max"]) == (3, 5)


def test_half_of_the_time_is_the_median() -> None:
    assert depths([(0, 50, 50)])["stack_depth_median"] == 1
    assert depths([(0, 49, 51)])["stack_depth_median"] == 2


def call(name: str, caller: int | None, self_us: int, file: str = "tiny/1.0.0/tiny.js") -> StackNode:
    return StackNode(name, file, caller, 1 if file else 0, self_us)


TREE = (
    call("page", None, 0, ""),
    call("train", 0, 100),
    call("small", 1, 100),
    call("large", 1, 600),
    call("late", None, 200),
)


def test_a_box_is_as_broad_as_its_time_and_stands_over_its_caller() -> None:
    boxes = {box.node.function: box for box in boxes_of(TREE)}
    assert {name: round(box.share, 6) for name, box in boxes.items()} == {
        "page": 0.8, "train": 0.8, "large": 0.6, "late": 0.2, "small": 0.1,
    }  # fmt: skip
    assert [boxes[name].level for name in ("page", "train", "large", "small", "late")] == [0, 1, 2, 2, 0]
    assert boxes["large"].left == 0 and boxes["small"].left == pytest.approx(0.6)
    assert boxes["late"].left == pytest.approx(0.8)


def test_what_was_never_on_top_is_not_drawn() -> None:
    assert [box.node.function for box in boxes_of((call("a", None, 0), call("b", None, 5)))] == ["b"]


def test_the_picture_is_well_formed_and_says_what_each_box_is() -> None:
    svg = flames((*TREE, call('<img src="x">', 1, 500)), "tfjs & others")
    root = ElementTree.fromstring(svg)
    titles = [one.text or "" for one in root.iter("{http://www.w3.org/2000/svg}title")]
    assert len(titles) == 6
    assert "large · tiny/1.0.0/tiny.js · 40.0% · 1 from the entry" in titles
    assert any(title.startswith('<img src="x">') for title in titles)
    assert not re.search(r"<(script|image|a|use)\b|href|url\(", svg)
    broad = float(root.attrib["width"])
    for box in root.iter("{http://www.w3.org/2000/svg}rect"):
        x, width = float(box.attrib.get("x", 0)), float(box.attrib["width"])
        assert x >= 0 and x + width <= broad + 0.1
