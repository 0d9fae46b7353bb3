"""What was worked out of the results that were asked of last: a report asks the same of them again and again."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")

# The results, held so that no others can take their place in memory, and what is known of them.
_last: list[Any] = [None, {}]


def kept(results: object, what: Hashable, make: Callable[[], T]) -> T:
    """What `make` gives, made once for these results (the very same object) and `what`."""
    if _last[0] is not results:
        _last[:] = [results, {}]
    known = _last[1]
    if what not in known:
        known[what] = make()
    found: T = known[what]
    return found
