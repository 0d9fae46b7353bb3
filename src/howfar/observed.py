"""What an execution showed that was watched (`Cell.observe`): raw samples and counts. No time of it is ever pooled with
a timed one: who looks on is in the way."""

from typing import Annotated

from msgspec import Meta, Struct

from howfar.records import Count, Text

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
