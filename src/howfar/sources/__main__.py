"""`python -m howfar.sources`: prepares one model, in a process of its own; says how it goes in lines of JSON.

TensorFlow never loads into the process that measures, and a file that brings a library down ends this one alone.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from howfar.errors import UserError
from howfar.sources.lines import Asked, Line

Say = Callable[[Line], None]


def main() -> None:
    """Reads what is asked on standard input, writes into the folder named there."""
    say = _speaker()
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=Asked)
    try:
        _make(asked, say)
    except UserError as error:
        say(Line(refused=error.what, where=error.where, mend=error.mend))
    else:
        say(Line(done=True))


def _make(asked: Asked, say: Say) -> None:
    from howfar.sources import making  # noqa: PLC0415  (after the libraries' output was turned away)

    making.make(
        asked.request, asked.model, Path(asked.folder), lambda text: say(Line(progress=text)), forms=asked.forms
    )


def _speaker() -> Say:
    """Lines on what is standard output now; whatever else is printed goes to standard error."""
    own = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def say(line: Line) -> None:
        own.write(msgspec.json.encode(line) + b"\n")

    return say


if __name__ == "__main__":
    main()
