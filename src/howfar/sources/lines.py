"""What passes between the process that measures and the one that prepares a model."""

from msgspec import Struct

from howfar.records import Model
from howfar.sources.request import Request


class Asked(Struct, frozen=True, forbid_unknown_fields=True):
    """On its standard input. `folder`: an empty one."""

    request: Request
    model: Model
    folder: str


class Line(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A line of its standard output: how far it is, or how it ended. `refused`, `where`, `mend`: a UserError's."""

    progress: str = ""
    done: bool = False
    refused: str = ""
    where: str = ""
    mend: str = ""
