"""What every held browser's page can be waited for with, whatever protocol it is held by."""

import json
import time
from pathlib import Path
from typing import Any, Protocol

import pytest

AXE = Path(__file__).parents[1] / "node_modules" / "axe-core" / "axe.min.js"


class Asking(Protocol):
    """A page that says what an expression comes to."""

    def value(self, expression: str) -> Any:
        """Its promise awaited."""

    def waited_for(self, condition: str, seconds: float = 20) -> None:
        """Returns once the condition holds. Raises: AssertionError where it never does."""
        deadline = time.monotonic() + seconds
        while not self.value(condition):
            if time.monotonic() > deadline:
                raise AssertionError(f"the page never came to {condition}")
            time.sleep(0.05)

    def complaints(self) -> list[Any]:
        """What is wrong with the page as it is, as axe-core sees it; the test is skipped where that is not here."""
        if not AXE.is_file():
            pytest.skip("NO axe-core: `make test` installs it into node_modules")
        script = AXE.read_text(encoding="utf-8")
        asked = "window.axe.run().then((it) => JSON.stringify(it.violations))"
        found = json.loads(self.value(f"(() => {{ {script}; return {asked} }})()"))
        return [(one["id"], one["nodes"][0]["html"][:160]) for one in found]
