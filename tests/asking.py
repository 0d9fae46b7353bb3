"""What every held browser's page can be waited for with, whatever protocol it is held by."""

import time
from typing import Any, Protocol


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
