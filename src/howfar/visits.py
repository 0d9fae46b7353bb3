"""One page, or native process, that was opened for one task, and what comes from it."""

import queue
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import msgspec

from howfar.handed import Assignment
from howfar.observed import ExtensionSamples
from howfar.records import PhaseName


class Event(msgspec.Struct, frozen=True):
    """Something a visit did, and when by the runner's monotonic clock (seconds).

    `fetched`: it has its assignment · `arrived`: it runs, and its connection stays open · `phase`: `value` begins ·
    `report`: `value` is the Report · `gone`: its process closed the connection · `refused`: it sent what is not a
    message of the protocol; `value` says why.
    """

    kind: str
    at: float
    value: Any = None


class Visit:
    """One page (or native process) that was opened for one task: its URL, and what comes from it."""

    def __init__(self, assignment: Assignment, url: str, token: str) -> None:
        self.assignment, self.url, self.token = assignment, url, token
        self.opened_at = time.monotonic()
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        # The package files that it asked for, by their path under /packages.
        self.library_files: set[str] = set()
        # Called when a phase begins, before the page is told to go on: what is read here lies outside every sample.
        self.on_phase: Callable[[PhaseName], None] = lambda _: None
        # Whether it reported what was asked.
        self.went_well = False
        # The address that its page goes to when it has reported; nowhere without it, or where the result is empty.
        # Cancelled, where the page is gone before.
        self.onward: Future[str] | None = None
        # What the extension sampled, where it opened the page.
        self.extension: ExtensionSamples | None = None

    def put(self, kind: str, value: Any = None) -> None:
        """Adds an event, stamped now."""
        self.events.put(Event(kind, time.monotonic(), value))
