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

    try:
        with h5py.File(path, "r") as file:
            file.visititems_links(lambda name, link: _check_link(name, link, path))
            sizes: list[int] = []
            file.visititems(lambda name, one: _check_dataset(name, one, path, sizes))
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        what = f"the file is broken or cut off ({error})"
        raise UserError(what, where=str(path), mend="make it again, or name another") from None
    _check_size(sum(sizes), path)


def _check_link(name: str, link: Any, path: Path) -> None:
    import h5py  # noqa: PLC0415

    if isinstance(link, h5py.ExternalLink | h5py.SoftLink):
        raise UserError(f"its {name} is a link to elsewhere", where=str(path), mend=MEND)


def _check_dataset(name: str, one: Any, path: Path, sizes: list[int]) -> None:
    import h5py  # noqa: PLC0415

    if isinstance(one, h5py.Dataset):
        if one.external or one.is_virtual:
            raise UserError(f"its {name} is kept in another file", where=str(path), mend=MEND)
        sizes.append(int(one.nbytes))


def _check_size(size_bytes: int, path: Path) -> None:
    if size_bytes > MAX_RATIO * max(path.stat().st_size, 1 << 16):
        what = f"it unpacks to {size_bytes / 1e9:.1f} GB, more than {MAX_RATIO} times its size"
        raise UserError(what, where=str(path), mend="do not use it")
    check_memory(size_bytes, str(path))
