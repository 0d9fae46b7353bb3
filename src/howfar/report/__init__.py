"""The report of a store: self-contained pages, and their figures and tables as files beside them."""

from pathlib import Path

from howfar.outcomes import Results
from howfar.report import figures, page, paper
from howfar.report.own import demand_own

__all__ = ["write"]

# Near the beginning of every page that was ever written here.
MARK = "howfar</title>"


def write(results: Results, out: Path) -> Path:
    """Write `index.html`, `figures/*.{svg,png}` and `tables/*.csv` under `out`, and `paper.html` where there is a
    number that the paper printed; returns the first page's path.

    The pages need no network, nor any file beside them. Raises UserError if the study names an unknown experiment, or
    where there is an index.html of somebody else's.
    """
    index = out / "index.html"
    demand_own(index, "an index.html", MARK, "--out")
    drawn = figures.figures(results, out)
    beside = paper.beside(drawn)
    index.write_text(page.render(results, drawn, paper=beside), encoding="utf-8")
    if beside:
        (out / "paper.html").write_text(paper.render(results, drawn), encoding="utf-8")
    else:
        (out / "paper.html").unlink(missing_ok=True)  # of an earlier report, which had one
    return index
