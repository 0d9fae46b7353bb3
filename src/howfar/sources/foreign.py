"""What another library says of a file, in one line of ours."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

from howfar.errors import UserError

MAX_LENGTH = 300


@contextlib.contextmanager
def calling(library: str, where: Path | str, mend: str = "check the file, or name another") -> Iterator[None]:
    """Raises: UserError for whatever a library raises over a user's file. They share no class of errors: a hostile file
    gets any of Python's out of them."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{library} cannot take it: {first_line(error)}", where=str(where), mend=mend) from error


def first_line(error: BaseException) -> str:
    """What an error says, shortened to a line; its class where it says nothing."""
    text = re.sub(r"\s+", " ", str(error)).strip() or type(error).__name__
    return text if len(text) <= MAX_LENGTH else f"{text[:MAX_LENGTH]}..."
