"""Whether a model can be prepared in the memory that is free: said beforehand, since the system's way is to kill."""

import psutil

from howfar.errors import UserError

# Python with TensorFlow and ONNX Runtime, before a model: 0.7 GB measured.
BASE_BYTES = 700 << 20
# The most that a step held at once, in sizes of the model: 3.9 while Keras read a file of 330 MB; to write and check it
# took 2 (TensorFlow.js) to 3 (ONNX, SavedModel, LiteRT).
COPIES = 4
# TensorFlow's converter to LiteRT, which recurrent layers are left to: 6.7 for 330 MB.
LOOPS_COPIES = 7


def check(size_bytes: int, where: str) -> None:
    """Raises: UserError where a model of that size can't be prepared here."""
    if short := shortage(size_bytes, COPIES, BASE_BYTES):
        raise UserError(short, where=where, mend="free memory, or take a smaller model")


def shortage(size_bytes: int, copies: int, base_bytes: int = 0) -> str:
    """What is said where so many copies of a model are more than what is free; else nothing."""
    needed, free = base_bytes + copies * size_bytes, psutil.virtual_memory().available
    said = f"the model weighs {_gb(size_bytes)}; preparing it takes about {_gb(needed)} and {_gb(free)} are free"
    return said if needed > free else ""


def _gb(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.1f} GB"
