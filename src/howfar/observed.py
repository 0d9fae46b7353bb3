"""What was seen of a visit that was watched, in an execution of its own: raw samples with their times, no averages.

A column that this machine or this browser can't give is empty, and `unavailable` has the reason.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from howfar.records import Count, Text

Amount = Annotated[float, Meta(ge=0)]


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
