"""What was worked out of the results that were asked of last: a report asks the same of them again and again."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")

# A report is of one study's results, or of those of a few that belong together.
MOST = 16
# By the results' place in memory: the results, held so that no others can take it, and what is known of them.
_known: OrderedDict[int, tuple[object, dict[Hashable, Any]]] = OrderedDict()


def kept(results: object, what: Hashable, make: Callable[[], T]) -> T:
    """What `make` gives, made once for these results (the very same object) and `what`."""
    if id(results) not in _known:
        _known[id(results)] = (results, {})
    _known.move_to_end(id(results))
    while len(_known) > MOST:
        _known.popitem(last=False)
    known = _known[id(results)][1]
    if what not in known:
        known[what] = make()
    found: T = known[what]
    return found
