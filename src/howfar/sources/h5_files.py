"""HDF5 files as data only: none that reads another file, none that says it holds more than it can."""

from pathlib import Path
from typing import Any

from howfar.errors import UserError
from howfar.sources.memory import check as check_memory

# Weights hardly shrink: float32 numbers of a trained net by a tenth. A file of zeros shrinks without end.
MAX_RATIO = 100
MEND = "save the model again, without links"


def check(path: Path) -> None:
    """Raises: UserError where the file is cut off, links to others, or would unpack to too much."""
    import h5py  # noqa: PLC0415  (comes with TensorFlow)

    sizes: list[int] = []
    try:
        with h5py.File(path, "r") as file:
            # What a visitor says ends the visit; an exception in one would be lost in HDF5.
            wrong = file.visititems_links(_elsewhere) or file.visititems(lambda name, one: _held(name, one, sizes))
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        what = f"the file is broken or cut off ({error})"
        raise UserError(what, where=str(path), mend="make it again, or name another") from None
    if wrong:
        raise UserError(wrong, where=str(path), mend=MEND)
    _check_size(sum(sizes), path)


def _elsewhere(name: str, link: Any) -> str | None:
    import h5py  # noqa: PLC0415

    return f"its {name} is a link to elsewhere" if isinstance(link, h5py.ExternalLink | h5py.SoftLink) else None


def _held(name: str, one: Any, sizes: list[int]) -> str | None:
    import h5py  # noqa: PLC0415

    if not isinstance(one, h5py.Dataset):
        return None
    sizes.append(int(one.nbytes))
    return f"its {name} is kept in another file" if one.external or one.is_virtual else None


def _check_size(size_bytes: int, path: Path) -> None:
    if size_bytes > MAX_RATIO * max(path.stat().st_size, 1 << 16):
        what = f"it unpacks to {size_bytes / 1e9:.1f} GB, more than {MAX_RATIO} times its size"
        raise UserError(what, where=str(path), mend="do not use it")
    check_memory(size_bytes, str(path))
