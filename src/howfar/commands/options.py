"""What several commands take, and how they speak."""

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from howfar.errors import UserError

if TYPE_CHECKING:
    from howfar.outcomes import Results
    from howfar.records import Model

console = Console()

_NETWORK = re.compile(r"(mlp|cnn|rnn):([1-9]\d{0,2})x([1-9]\d{0,5})")

Out = Annotated[Path | None, typer.Option(help="Where results go; results/<study> where not given.")]
Mnist = Annotated[Path | None, typer.Option(help="A folder with MNIST's IDX files, instead of scikit-learn's digits.")]
Text = Annotated[Path | None, typer.Option(help="A text for the RNNs to read, in UTF-8, instead of howfar's essay.")]
Only = Annotated[
    list[str] | None,
    typer.Option(help="Only these cells: framework=tfjs,backend=cpu,wasm,experiment=load_time,..."),
]
Rounds = Annotated[int | None, typer.Option(min=1, help="Fresh processes per cell.")]
Budget = Annotated[float | None, typer.Option(min=0.1, help="Minutes, spent where intervals are widest.")]
RetryFailed = Annotated[bool, typer.Option(help="Measure again what failed before.")]
PackageDir = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=DIR", help="A framework's npm package from a folder, such as mind=DIR. Repeatable."),
]
Network = Annotated[str, typer.Option("--model", metavar="KIND:DxW", help="mlp, cnn or rnn, depth x width.")]
Driver = Annotated[
    Literal["process", "extension"],
    typer.Option(help="A browser process for each task, or howfar's extension in tabs of one, which samples them."),
]
Port = Annotated[int, typer.Option(help="The loopback port; any free one where not given.")]


def say(words: str) -> None:
    """A line as it is: nothing in it is markup, and only the terminal wraps it."""
    console.print(words, markup=False, highlight=False, soft_wrap=True)


def stored(folder: Path) -> "Results":
    """What a results folder holds, with the parts of its study beneath it. Raises: UserError where it is none."""
    from howfar import store

    found = store.whole(folder)
    gc.freeze()  # it stays until the command ends: looking through it for what can be freed took a tenth of the time
    return found


def network(text: str) -> "Model":
    """`mlp:4x128` -> depth 4, width 128. Raises: UserError where it is no network."""
    from howfar import studies
    from howfar.records import Model

    found = _NETWORK.fullmatch(text)
    if found is None:
        raise UserError(f"{text!r} is no network", where="--model", mend="write KIND:DEPTHxWIDTH, such as mlp:4x128")
    model = Model(found[1], int(found[2]), int(found[3]))  # type: ignore[arg-type]  # the pattern has its kinds
    studies.check_model(model, "--model")
    return model


@contextmanager
def writing(file: Path, option: str) -> Iterator[None]:
    """Around what writes a file that an option names. Raises: UserError where it can't be written."""
    try:
        yield
    except OSError as error:
        mend = f"give another {option}"
        raise UserError(f"can't be written ({error.strerror})", where=str(file), mend=mend) from None


def share(text: str) -> float:
    """`5%` or `0.05` -> 0.05. Raises: UserError for what is neither."""
    number, percent = text.removesuffix("%"), text.endswith("%")
    try:
        value = float(number) / (100 if percent else 1)
    except ValueError:
        value = -1.0
    if not 0 <= value < 100:
        raise UserError(f"{text!r} is no share", where="--max-slowdown", mend="write it as 5%")
    return value
