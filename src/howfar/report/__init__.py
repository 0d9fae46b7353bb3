"""The report of a store: one self-contained page, and its figures and tables as files beside it."""

from pathlib import Path

from howfar.outcomes import Results
from howfar.report import figures, page

__all__ = ["write"]


def write(results: Results, out: Path) -> Path:
    """Write `index.html`, `figures/*.{svg,png}` and `tables/*.csv` under `out`; returns the page's path.

    The page needs no network and no file beside it. Raises UserError if the study names an unknown experiment.
    """
    drawn = figures.figures(results)
    for figure in drawn:
        figures.write(figure, out)
    index = out / "index.html"
    index.write_text(page.render(results, drawn), encoding="utf-8")
    return index
