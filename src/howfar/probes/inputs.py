"""Somebody in front of the page: presses the mouse now and then, while it rests and while it works. The presses are the
browser's own events, as trusted as a person's: a page's own would not be timed by the Event Timing API."""

import random
import threading
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from howfar.hosts.devtools import DevTools, Lost
from howfar.outcomes import Report
from howfar.records import PhaseName

# Seconds from one press to the next: as quick as a hurried person, and never in step with the frames.
SHORTEST, LONGEST = 0.06, 0.14
# Where there is nothing but the page.
AT = {"x": 8, "y": 8}


class InputWatch:
    """Presses from the phase `rest` until the page lets go of its model."""

    def __init__(self, devtools: DevTools | None) -> None:
        self._devtools = devtools
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._unavailable = "" if devtools else "howfar presses only in a Chromium that it opens for the visit"

    def at_phase(self, phase: PhaseName) -> None:
        """Called while the page waits to go on."""
        if phase == "dispose":
            self.end()
        if phase != "rest" or self._devtools is None:
            return
        try:
            session = self._devtools.page()
        except Lost as error:
            self._unavailable = str(error)
            return
        self._thread = threading.Thread(target=self._press, args=(self._devtools, session), daemon=True)
        self._thread.start()

    def end(self) -> None:
        """No more presses."""
        self._over.set()
        if self._thread:
            self._thread.join(timeout=5)

    def found(self, report: Report | None) -> dict[str, Any]:
        """What it adds to the outcome: what the page felt, and whether anybody pressed."""
        felt = report.experience if report else UNSET
        return {} if felt is UNSET else {"experience": replace(felt, inputs_unavailable=self._unavailable)}

    def _press(self, devtools: DevTools, session: str) -> None:
        """Waits for no answer: a page that is busy answers late, and the next press is due all the same."""
        pause = random.Random(2019)
        press = {**AT, "button": "left", "clickCount": 1}
        try:
            while not self._over.wait(pause.uniform(SHORTEST, LONGEST)):
                devtools.tell("Input.dispatchMouseEvent", session, type="mousePressed", **press)
                devtools.tell("Input.dispatchMouseEvent", session, type="mouseReleased", **press)
        except Lost as error:
            self._unavailable = str(error)
