"""Names that WebDNN's converter imports and that Python, setuptools and NumPy have dropped since, put back.

Imported before `webdnn`, and only in the converter's own process.
"""

import collections
import collections.abc
import sys
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


def _fromstring(data: bytes, dtype: DTypeLike) -> NDArray[Any]:
    """What NumPy's did with bytes, until 2.3."""
    return np.frombuffer(data, dtype).copy()


def _put_back() -> None:
    old: Any = collections
    old.Collection = collections.abc.Collection
    numpy: Any = np
    numpy.fromstring = _fromstring
    # It asks only for its own version, and can do without an answer.
    sys.modules["pkg_resources"] = ModuleType("pkg_resources")


_put_back()
