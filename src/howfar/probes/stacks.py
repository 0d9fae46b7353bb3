"""Call stacks by V8's sampling profiler, and what is kept of a profile: a call tree with times, and depths."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args
from urllib.parse import urlsplit

from msgspec import Struct

from howfar.hosts.devtools import DevTools, Lost
from howfar.observed import StackNode, Stacks
from howfar.outcomes import Report
from howfar.records import PhaseName, SteadyMetric

INTERVAL_US = 100
# V8 notes which functions it inlined into which only while a profiler runs: one that came only in the steady phase saw
# ConvNetJS 1.3 functions deep, not 3. So one runs from the begin, hardly looking.
IDLE_INTERVAL_US = 100_000
# A call tree of TensorFlow.js has several times as many, most of them seen once.
MOST_NODES = 300
PACKAGES = "/packages/"
# What V8 calls a sample in which no function ran.
NO_FUNCTION = ("(root)", "(program)", "(idle)", "(garbage collector)")
LONGEST_NAME = 120

Profile = Mapping[str, Any]


class StackWatch:
    """Profiles the steady phase of a page, from its begin to the begin of the next."""

    def __init__(self, devtools: DevTools | None) -> None:
        self._devtools, self._session, self._steady = devtools, "", False
        self._found = Stacks(unavailable="the steady phase was not reached")
        if devtools is None:
            self._found = Stacks(unavailable="howfar profiles only in a Chromium that it opens for the visit")

    def at_phase(self, phase: PhaseName) -> None:
        """Called while the page waits to go on."""
        if self._devtools is None:
            return
        try:
            self._turn(self._devtools, phase)
        except Lost as error:
            self._found, self._devtools = Stacks(unavailable=str(error)), None

    def end(self) -> None:
        """There is nothing that goes on by itself."""

    def found(self, report: Report | None) -> dict[str, Any]:
        """What it adds to the outcome of a page that reported."""
        return {"stacks": self._found} if report else {}

    def _turn(self, devtools: DevTools, phase: PhaseName) -> None:
        if self._steady:
            self._found = reduced(devtools.ask("Profiler.stop", self._session)["profile"])
            self._devtools = None
        elif phase in get_args(SteadyMetric):
            self._steady = True
            devtools.ask("Profiler.stop", self._session)
            self._start(devtools, INTERVAL_US)
        elif not self._session:
            self._session = devtools.page()
            devtools.ask("Profiler.enable", self._session)
            self._start(devtools, IDLE_INTERVAL_US)

    def _start(self, devtools: DevTools, interval_us: int) -> None:
        devtools.ask("Profiler.setSamplingInterval", self._session, interval=interval_us)
        devtools.ask("Profiler.start", self._session)


class _Call(Struct):
    """A node of a profile, with its place in the tree; `total_us` with all that it called."""

    function: str
    file: str
    caller: int | None
    depth: int
    self_us: int = 0
    total_us: int = 0


def reduced(profile: Profile) -> Stacks:
    """What is kept of a profile as `Profiler.stop` gives it."""
    calls = _calls(profile["nodes"])
    for node, us in _times(profile):
        if node in calls:
            calls[node].self_us += us
    for call in reversed(calls.values()):
        call.total_us += call.self_us
        if call.caller is not None:
            calls[call.caller].total_us += call.total_us
    return Stacks(INTERVAL_US, _by_depth(calls), tuple(_kept(calls)))


def _calls(nodes: Sequence[Mapping[str, Any]]) -> dict[int, _Call]:
    """The functions of a profile by their id, callers first."""
    known = {node["id"]: node for node in nodes}
    (root,) = (node for node in nodes if node["callFrame"]["functionName"] == "(root)")
    calls: dict[int, _Call] = {}
    waiting: list[tuple[int, int | None]] = [(child, None) for child in root.get("children", ())]
    while waiting:
        number, caller = waiting.pop()
        frame = known[number]["callFrame"]
        if frame["functionName"] in NO_FUNCTION:
            continue
        calls[number] = _call(frame, caller, calls)
        waiting += [(child, number) for child in known[number].get("children", ())]
    return calls


def _call(frame: Mapping[str, Any], caller: int | None, calls: Mapping[int, _Call]) -> _Call:
    """The framework's outermost function is its entry; whatever it calls lies below it."""
    file = _file(frame["url"])
    above = 0 if caller is None else calls[caller].depth
    depth = above + 1 if above or file or _made(frame) else 0
    return _Call(frame["functionName"][:LONGEST_NAME] or "(anonymous)", file, caller, depth)


def _made(frame: Mapping[str, Any]) -> bool:
    """Whether its code was made at run time: WebAssembly, or a script of no file, as synaptic writes them. The engine's
    own functions are of no script; the page makes none."""
    url = frame["url"]
    return bool(url.startswith("wasm:") or (not url and frame["scriptId"] != "0"))


def _file(url: str) -> str:
    path = urlsplit(url).path
    return path.removeprefix(PACKAGES) if path.startswith(PACKAGES) else ""


def _times(profile: Profile) -> Iterator[tuple[int, int]]:
    """Each sample with the microseconds until the next, or until the end."""
    samples, deltas = profile["samples"], profile["timeDeltas"]
    last = profile["endTime"] - profile["startTime"] - sum(deltas)
    yield from ((node, max(0, us)) for node, us in zip(samples, [*deltas[1:], last], strict=True))


def _by_depth(calls: Mapping[int, _Call]) -> tuple[int, ...]:
    seen = [0] * (1 + max((call.depth for call in calls.values() if call.self_us), default=0))
    for call in calls.values():
        if call.self_us:
            seen[call.depth] += call.self_us
    return tuple(seen)


def _kept(calls: Mapping[int, _Call]) -> Iterator[StackNode]:
    """The largest parts of the tree, and all that the event loop called. A caller's total is no less than what it
    called, so no node is kept without its caller; the time of those left out is their callers'."""
    largest = sorted((number for number in calls if calls[number].total_us), key=lambda one: _rank(calls[one]))
    chosen = set(largest[:MOST_NODES])
    kept = [number for number in calls if number in chosen]
    left = {number: calls[number].self_us for number in kept}
    for number, call in calls.items():
        if number not in chosen and call.caller in chosen:
            left[call.caller] += call.total_us
    place = {number: i for i, number in enumerate(kept)}
    for number in kept:
        call = calls[number]
        caller = None if call.caller is None else place[call.caller]
        yield StackNode(call.function, call.file, caller, call.depth, left[number])


def _rank(call: _Call) -> tuple[bool, int]:
    return call.caller is not None, -call.total_us
