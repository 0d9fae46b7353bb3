"""The page that shows a run as it goes: the report's design, filled by the run itself as tasks end."""

from collections.abc import Iterable

from howfar import drawing, palette, wording
from howfar.measured import NATIVE, contestant
from howfar.records import Cell, Target
from howfar.report.choices import offered
from howfar.report.templates import fill
from howfar.study import Study


def page(study: Study, cells: Iterable[Cell]) -> str:
    """The whole page as one string; it asks the server that it came from for what has happened."""
    targets = sorted({cell.target for cell in cells if contestant(cell)}, key=_order)
    spec = drawing.so_far({wording.named(target): palette.of(target) for target in targets})
    return fill("live.html.j2", specs=[spec], live=True, study=study, spec=spec, choices=offered(targets))


def _order(target: Target) -> tuple[object, ...]:
    place = palette.order(target.framework, target.version, target.backend, target.threads)
    return (target.browser == NATIVE, *place)
