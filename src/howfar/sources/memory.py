"""Whether a model can be prepared in the memory that is free: said beforehand, since the system's way is to kill."""

import psutil

from howfar.errors import UserError

# Python with TensorFlow and ONNX Runtime, before a model: 0.6 to 0.8 GB measured.
BASE_BYTES = 800 << 20
# The most that a conversion held at once, in sizes of the model.
COPIES = 3


def check(size_bytes: int, where: str) -> None:
    """Raises: UserError where a model of that size can't be prepared here."""
    needed, free = BASE_BYTES + COPIES * size_bytes, psutil.virtual_memory().available
    if needed > free:
        what = f"the model weighs {_gb(size_bytes)}; preparing it takes about {_gb(needed)} and {_gb(free)} are free"
        raise UserError(what, where=where, mend="free memory, or take a smaller model")


def _gb(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.1f} GB"
