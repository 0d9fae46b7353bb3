"""What passes between the process that measures and the one that prepares a model."""

from msgspec import Struct

from howfar.portfolio import FormName
from howfar.records import Model
from howfar.sources.request import Request


class Asked(Struct, frozen=True, forbid_unknown_fields=True):
    """On its standard input. `folder`: an empty one. `forms`: those to write into it, in this order."""

    request: Request
    model: Model
    folder: str
    forms: tuple[FormName, ...]


class Line(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A line of its standard output: how far it is, or how it ended. `refused`, `where`, `mend`: a UserError's."""

    progress: str = ""
    done: bool = False
    refused: str = ""
    where: str = ""
    mend: str = ""
