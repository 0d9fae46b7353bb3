"""From what the user names to a prepared folder of it: read as data, converted, checked against its own native run."""

import contextlib
import sys
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

import filelock

from howfar import caches
from howfar import portfolio as portfolios
from howfar.errors import UserError
from howfar.hosts.base import Reaper, remove
from howfar.portfolio import FORMS, FormName, Portfolio
from howfar.records import Model
from howfar.sources import checking, child, kinds, memory
from howfar.sources.lines import Asked
from howfar.sources.makers import makers
from howfar.sources.request import Request, model_of, shapes_of

__all__ = ["Request", "model_of", "portfolio", "prepare", "shapes_of"]


def portfolio(requests: Iterable[Request], forms: Collection[FormName] = FORMS) -> Portfolio:
    """All of them prepared, in these forms at least. What can't be is refused by its own line, as long as another can.

    Raises: UserError where one is not there or no model, or none could be prepared.
    """
    folders: dict[Model, Path] = {}
    refused: dict[Model, UserError] = {}
    for model, request in {model_of(request): request for request in requests}.items():
        try:
            folders[model] = _folder(request, model, forms)
        except UserError as error:
            refused[model] = error
    if refused and not folders:
        raise next(iter(refused.values()))
    return Portfolio(folders, {model: str(error) for model, error in refused.items()})


def models_dir() -> Path:
    """Where prepared models are kept, a folder each by its digest."""
    return caches.folder() / "models"


def prepare(request: Request) -> Path:
    """The folder of a model: from the cache, or made now by a process of its own.

    Raises: UserError where it can't be made.
    """
    return _folder(request, model_of(request), FORMS)


def _folder(request: Request, model: Model, forms: Collection[FormName]) -> Path:
    folder = models_dir() / model.digest
    # Those that native runtimes check are always there: what may be called right must not depend on who is measured.
    wanted = {*forms, *checking.JUDGING}
    if wanted <= _held(folder):
        return folder
    memory.check(kinds.size_bytes(request.model, kinds.kind_of(request.model)), request.model)
    with _alone(folder):
        held = _held(folder)
        if not wanted <= held:
            # Those of before are made again beside the new ones: a folder is written once and whole.
            _make(request, model, folder, held | wanted)
    return folder


def _held(folder: Path) -> set[FormName]:
    """The forms that lie there. It gets its name when it is whole; what it holds may be of another howfar."""
    with contextlib.suppress(OSError, ValueError):
        prepared = portfolios.read(folder)
        return set(prepared.forms) if prepared.made_by == makers() else set()
    return set()


def _make(request: Request, model: Model, folder: Path, forms: Collection[FormName]) -> None:
    scratch = Path(tempfile.mkdtemp(prefix=".making-", dir=folder.parent))
    reaper = Reaper()
    try:
        made = scratch / "model"
        made.mkdir()
        asked = Asked(request, model, str(made), tuple(form for form in FORMS if form in forms))
        child.prepare(asked, scratch, reaper, _teller(model))
        if folder.exists():
            folder.rename(scratch / "before")
        made.rename(folder)
    finally:
        reaper.close()
        remove(scratch)


def _teller(model: Model) -> Callable[[str], None]:
    """Says each step. The first, reading the model, comes with the second: what can't be read is said in one line."""
    held: list[str] = []

    def tell(text: str) -> None:
        held.append(f"{model}: {text}")
        if len(held) > 1:
            print(*(held if len(held) == 2 else held[-1:]), sep="\n", file=sys.stderr, flush=True)

    return tell


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other howfar makes the same folder meanwhile."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(f"{folder}.lock")
        lock.acquire()
    except OSError as error:
        mend = "name a folder that can be written in HOWFAR_CACHE"
        what = f"can't keep models there ({error.strerror})"
        raise UserError(what, where=str(caches.folder()), mend=mend) from None
    try:
        yield
    finally:
        lock.release()
