"""What was seen of a visit that was watched, in an execution of its own: raw samples with their times, no averages.

No time of them is ever pooled with a timed one: who looks on is in the way. A column that this machine or this browser
can't give is empty, and `unavailable` has the reason.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct

from howfar.records import Count, Text

# `page`: the renderer that worked most · `main`: a native task's · `utility`: whatever else belongs to the visit.
Role = Literal["page", "gpu", "browser", "network", "utility", "main"]
Amount = Annotated[float, Meta(ge=0)]
Amounts = Annotated[tuple[Amount, ...], Meta(max_length=500_000)]
Sizes = Annotated[tuple[Count, ...], Meta(max_length=500_000)]


class RoleSamples(Struct, frozen=True, forbid_unknown_fields=True):
    """The processes of one role, together.

    At each look: their CPU seconds since each began, those that have ended included, and at the looks before one was
    found what it had used when it was; the seconds that their main threads waited for a core; and by the system's
    running count what they hold that is no file's and not shared. At each look at the memory: PSS, in which what
    several processes share counts once, and USS, which is each one's own alone.
    """

    role: Role
    cpu_s: Amounts
    wait_s: Amounts = ()
    anonymous_bytes: Sizes = ()
    pss_bytes: Sizes = ()
    uss_bytes: Sizes = ()


class PageMemory(Struct, frozen=True, forbid_unknown_fields=True):
    """What a page says of its own memory.

    `heap_bytes`: the JS heap in use, after the operations of the steady phase, so many ms after that phase began. Pairs
    are from before the steady phases and after them: the memories of WebAssembly, and what the browser ascribes to the
    page (measureUserAgentSpecificMemory), garbage not counted.
    """

    heap_at_ms: Amounts = ()
    heap_bytes: Sizes = ()
    wasm_bytes: tuple[Count, Count] | None = None
    agent_bytes: tuple[Count, Count] | None = None
    unavailable: Mapping[str, str] = {}


class ProcessSamples(Struct, frozen=True, forbid_unknown_fields=True):
    """A visit's processes, looked at from outside.

    Times are in seconds since the span `launch` of the outcome's timeline began: `at_s` of the looks, `memory_at_s` of
    those at the memory, which are rarer. `energy_j`: at each look, what the processor's packages have used since the
    first, idle cores and other programs included. `sampler_cpu_s`: the CPU seconds that the looking has cost by each.
    """

    at_s: Amounts
    memory_at_s: Amounts
    roles: tuple[RoleSamples, ...]
    sampler_cpu_s: Amounts = ()
    energy_j: Amounts = ()
    page: PageMemory | None = None
    unavailable: Mapping[str, str] = {}


class ExtensionSample(Struct, frozen=True, forbid_unknown_fields=True):
    """One process in one update of Chromium's task manager (chrome.processes), which come once a second.

    `at_s`: when it came, in seconds since the span `launch` of the outcome's timeline began. `cpu_percent`: of one
    core, since the update before. `private_bytes` are the process's own, `js_bytes` those in use on its JS heap. None
    of what the update did not tell.
    """

    at_s: float
    role: Literal["page", "gpu"]
    pid: Count
    cpu_percent: Amount | None = None
    private_bytes: Count | None = None
    js_bytes: Count | None = None


class ExtensionSamples(Struct, frozen=True, forbid_unknown_fields=True):
    """What the extension sampled while it held the page open: the tab's process and the GPU's."""

    samples: Annotated[tuple[ExtensionSample, ...], Meta(max_length=200_000)] = ()
    unavailable: Text = ""


Ms = Annotated[float, Meta(ge=0)]
# A minute of frames at 165 Hz; of what is rarer there are fewer.
MsSeries = Annotated[tuple[Ms, ...], Meta(max_length=10_000)]


class StackNode(Struct, frozen=True, forbid_unknown_fields=True):
    """One function as it was called by one caller: a node of the call tree.

    `file`: its path under /packages; nothing where it is no file of a package: the page's own, the engine's, or code
    made at run time. `caller`: its caller's place in the tree; None where the event loop called it. `depth`: 1 is the
    framework's entry function, 0 lies above it. `self_us`: how long it was seen on top of the stack.
    """

    function: str
    file: str
    caller: int | None
    depth: Count
    self_us: Count


class Stacks(Struct, frozen=True, forbid_unknown_fields=True):
    """What V8's sampling profiler saw of the main thread in the steady phase.

    `depth_us`: the microseconds seen at each depth of the stack, counted from the framework's entry function on (1);
    at 0, outside of the framework. Of all samples but those in which no function ran (idle, garbage collection, the
    browser itself). `nodes`: the call tree, callers first, without what is too small to be drawn: its time is counted
    as its caller's. `unavailable`: why there is none of all this.
    """

    interval_us: Count = 0
    depth_us: tuple[Count, ...] = ()
    nodes: tuple[StackNode, ...] = ()
    unavailable: str = ""


class Stretch(Struct, frozen=True, forbid_unknown_fields=True):
    """What a person would have felt over a stretch of time. None: the browser does not tell.

    `operations`: how many were done. `frame_ms`: when each frame was drawn, from the stretch's begin.
    `long_task_ms`: how long each task took that held the main thread up for over 50 ms. `input_delay_ms`: of each
    press, how long it waited for the page to take notice. `paint_delay_ms`: from a press to the next frame, of those
    that took 16 ms or more.
    """

    seconds: Annotated[float, Meta(gt=0)]
    operations: Count
    frame_ms: MsSeries
    input_delay_ms: MsSeries
    long_task_ms: MsSeries | None = None
    paint_delay_ms: MsSeries | None = None


class Experience(Struct, frozen=True, forbid_unknown_fields=True):
    """A page that rests, and the same page while it works. `inputs_unavailable`: why nobody could press anything."""

    rest: Stretch
    busy: Stretch
    inputs_unavailable: Text = ""
