"""What is kept of a profile, held against profiles whose depths and times are known; and who asks for one, when."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

import asked
from howfar.hosts.devtools import DevTools, Lost
from howfar.observed import Stacks
from howfar.probes.observers import Nobody, observer
from howfar.probes.stacks import INTERVAL_US, MOST_NODES, StackWatch, reduced
from howfar.records import PhaseName
from played import Page

LIBRARY = "http://p3.localhost:4321/packages/convnetjs/0.3.0/build/convnet-min.js"
OWN = "http://p3.localhost:4321/page/measure.js"


def node(number: int, name: str, url: str = "", children: Sequence[int] = (), *, script: str = "0") -> dict[str, Any]:
    frame = {"functionName": name, "url": url, "scriptId": script}
    return {"id": number, "callFrame": frame, "children": list(children)}


def profile(nodes: Sequence[Mapping[str, Any]], seen: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """`seen`: each sample's node, and the microseconds until the next."""
    times = [us for _, us in seen]
    whole = 50 + sum(times)
    return {
        "nodes": nodes,
        "samples": [number for number, _ in seen],
        "timeDeltas": [50, *times[:-1]],
        "startTime": 1000,
        "endTime": 1000 + whole,
    }


TRAINING = profile(
    [
        node(1, "(root)", children=[2, 3, 9]),
        node(2, "(program)"),
        node(3, "sample", OWN, [4]),
        node(4, "train", LIBRARY, [5, 8]),
        node(5, "forward", LIBRARY, [6]),
        node(6, "", LIBRARY, [7]),
        node(7, "set"),
        node(8, "callback", OWN),
        node(9, "(garbage collector)"),
    ],
    [(3, 100), (6, 300), (6, 300), (7, 200), (2, 999), (8, 100), (9, 999)],
)


def test_depth_begins_at_the_framework_s_entry() -> None:
    """The page's own frames above it are 0; the engine's, and the page's own below it, lie on the stack like any."""
    assert reduced(TRAINING).depth_us == (100, 0, 100, 600, 200)


def test_the_tree_has_callers_first_and_paths_of_packages_only() -> None:
    nodes = reduced(TRAINING).nodes
    assert {one.function for one in nodes} == {"sample", "train", "forward", "(anonymous)", "set", "callback"}
    assert all(one.caller is None or one.caller < place for place, one in enumerate(nodes))
    by_name = {one.function: one for one in nodes}
    assert by_name["(anonymous)"].file == "convnetjs/0.3.0/build/convnet-min.js"
    assert by_name["sample"].file == by_name["set"].file == ""
    assert nodes[by_name["set"].caller or 0].function == "(anonymous)"
    assert sum(one.self_us for one in nodes) == 1000 == sum(reduced(TRAINING).depth_us)


def test_what_goes_on_after_an_await_has_its_depth_from_its_own_entry() -> None:
    """The event loop calls the library's function; no page stands above it."""
    nodes = [node(1, "(root)", children=[2]), node(2, "step", LIBRARY, [3]), node(3, "next", LIBRARY)]
    assert reduced(profile(nodes, [(3, 100)])).depth_us == (0, 0, 100)


@pytest.mark.parametrize(("url", "script"), [("", "77"), ("wasm://wasm/0a1b2c", "78")])
def test_code_made_at_run_time_is_the_framework_s(url: str, script: str) -> None:
    """synaptic writes its network out as a script, which the page then calls; what is of no script is the engine's."""
    nodes = [node(1, "(root)", children=[2]), node(2, "trainBatch", OWN, [3, 5]), node(3, "", url, [4], script=script),
             node(4, "exp"), node(5, "slice")]  # fmt: skip
    assert reduced(profile(nodes, [(3, 300), (4, 100), (5, 50)])).depth_us == (50, 300, 100)


def test_a_large_tree_is_cut_but_loses_no_time_and_no_depth() -> None:
    count = 3 * MOST_NODES
    chain = [node(i + 2, f"f{i}", LIBRARY, [i + 3] if i + 1 < count else []) for i in range(count)]
    last = node(count + 2, "timer", OWN)
    nodes = [node(1, "(root)", children=[2, count + 2]), *chain, last]
    found = reduced(profile(nodes, [(i + 2, 10) for i in range(count + 1)]))
    assert len(found.nodes) == MOST_NODES
    assert sum(one.self_us for one in found.nodes) == 10 * (count + 1) == sum(found.depth_us)
    assert len(found.depth_us) == count + 1  # the deepest is known, though it is not in the tree
    assert all(one.caller is None or one.caller < place for place, one in enumerate(found.nodes))


class Played(DevTools):
    """A browser that gives this profile, or says no."""

    def __init__(self, fails: str = "") -> None:
        self.heard: list[str] = []
        self._fails = fails

    def ask(self, method: str, session: str = "", **params: Any) -> Mapping[str, Any]:  # noqa: ARG002
        self.heard.append(method)
        if method == self._fails:
            raise Lost(f"the browser refused {method}: it has none")
        return {"profile": TRAINING}

    def page(self) -> str:
        return "session"


STEPS: tuple[PhaseName, ...] = ("library_load", "first", "check", "warmup", "latency", "dispose")


def watched(devtools: DevTools | None, phases: Sequence[PhaseName] = STEPS) -> Stacks:
    watch = StackWatch(devtools)
    for phase in phases:
        watch.at_phase(phase)
    watch.end()
    found: Stacks = watch.found(asked.report(asked.task()))["stacks"]
    return found


def test_a_profiler_runs_from_the_begin_and_the_steady_phase_has_its_own() -> None:
    browser = Played()
    assert watched(browser) == reduced(TRAINING)
    once = ["Profiler.setSamplingInterval", "Profiler.start", "Profiler.stop"]
    assert browser.heard == ["Profiler.enable", *once, *once]
    assert watched(Played()).interval_us == INTERVAL_US


@pytest.mark.parametrize("method", ["Profiler.enable", "Profiler.stop"])
def test_a_browser_that_gives_no_profile_makes_the_column_unavailable(method: str) -> None:
    assert watched(Played(method)) == Stacks(unavailable=f"the browser refused {method}: it has none")


def test_a_browser_without_a_profiler_says_so() -> None:
    assert watched(None).unavailable == "howfar profiles only in a Chromium that it opens for the visit"


def test_a_page_that_never_got_there_says_so() -> None:
    assert watched(Played(), STEPS[:3]).unavailable == "the steady phase was not reached"


def test_who_looks_on_is_decided_by_the_cell() -> None:
    assert isinstance(observer("stacks", Page(), 0.0), StackWatch)
    assert isinstance(observer("", Page(), 0.0), Nobody)
    assert Nobody().found(asked.report(asked.task())) == {}
