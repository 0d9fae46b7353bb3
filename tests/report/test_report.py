"""The report from stored outcomes: whole, self-contained, honest, and proof against what pages say."""

import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

import made
from howfar import report
from howfar.outcomes import Results
from howfar.records import Cell, Model
from howfar.report import export
from howfar.report.machine import control_drift

EVIL = '</script><script>alert(1)</script><img src=x onerror=alert(1)> & "quoted" <!-- '


class Elements(HTMLParser):
    """The elements and the attributes by which a page fetches or runs something."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.scripts: list[dict[str, str | None]] = []
        self.fetched: list[str] = []
        self.handlers: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script":
            self.scripts.append(dict(attrs))
        links = {"src", "srcset", "poster", "data"} | ({"href"} if tag == "link" else set())
        self.fetched += [value or "" for name, value in attrs if name in links]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report.write(made.rich(), tmp_path_factory.mktemp("rich")).parent


@pytest.fixture(scope="module")
def html(rich: Path) -> str:
    return (rich / "index.html").read_text(encoding="utf-8")


def words(html: str) -> str:
    """The text of a page without its scripts and elements."""
    body = re.sub(r"<script.*?</script>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def small(results: Results, tmp_path: Path) -> str:
    return words(report.write(results, tmp_path).read_text(encoding="utf-8"))


def test_the_first_screen_says_what_was_run_and_answers(html: str) -> None:
    text = words(html[html.index("<main") :])
    assert "How far, in a few minutes" in text
    assert "Imagined CPU @ 3.20 GHz, 8 cores, 16 GiB, Imagined GNU/Linux 12. Chromium 140.0." in text
    assert "3 rounds, 234 of 234 measurements, 2025-06-01" in text
    order = [
        "Fastest in the browser",
        "Training time",
        "What failed",
        "What the run cost",
        "Where it ran",
        "All numbers",
    ]
    places = [text.index(title) for title in order]
    assert places == sorted(places)


def test_every_failure_is_told_with_its_message_and_stack(html: str) -> None:
    text = words(html)
    failed = [outcome for outcome in made.rich().outcomes if outcome.status != "ok"]
    assert len(failed) > 50
    for outcome in failed:
        assert outcome.message in text and outcome.detail.replace("\n", " ") in text
    assert "1 of 3 rounds crashed: the renderer process is gone" in text


def test_caveats_are_told(html: str) -> None:
    text = words(html)
    measured = sum(outcome.noise is not None for outcome in made.rich().outcomes)
    assert f"6 of {measured} measuring processes stayed disturbed" in text
    for caveat in ("software GPU", "leaks tensors", "over 9 visits"):
        assert caveat in text
    assert "12 rows of older environments or settings are left out" in text


def test_the_page_fetches_nothing(html: str) -> None:
    elements = Elements(html)
    assert elements.fetched and all(source.startswith("data:") for source in elements.fetched)
    assert [script for script in elements.scripts if "type" not in script] == [{}]
    assert "default-src 'none'" in html
    assert len(html) < 3_000_000  # Vega is 0.9 MB, and stands in it once


def test_figures_and_tables_lie_beside_it(rich: Path) -> None:
    for name in made.EXPERIMENTS:
        assert (rich / "figures" / f"{name}.svg").read_text(encoding="utf-8").count("<path") > 20
        assert (rich / "figures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert (rich / "figures" / f"{name}.png").stat().st_size > 20_000
        assert pl.read_csv(rich / "tables" / f"{name}.csv").height > 20


def test_what_a_page_said_cannot_become_part_of_the_report(tmp_path: Path) -> None:
    cells = made.cells([made.TFJS, made.ORT], "inference", ((1, 64),))
    outcomes = [made.failed(cells[0], "page_error", EVIL, detail=EVIL), made.outcome(cells[1], facts={EVIL: EVIL})]
    host = {**made.HOST, "cpu": EVIL}
    study = made.study([made.TFJS, made.ORT], experiments=("inference_time",), title=EVIL)
    html = report.write(made.results(outcomes, study, host), tmp_path).read_text(encoding="utf-8")
    elements = Elements(html)
    assert elements.handlers == [] and all(source.startswith("data:") for source in elements.fetched)
    assert [script.get("type") for script in elements.scripts].count(None) == 1
    assert words(html).count('alert(1)</script><img src=x onerror=alert(1)> & "quoted"') >= 5
    (spec,) = re.findall(r'id="spec-inference_time">(.*?)</script>', html, flags=re.DOTALL)
    assert EVIL.strip() in json.dumps(json.loads(spec)).replace('\\"', '"')


def test_it_renders_when_nothing_succeeded(tmp_path: Path) -> None:
    study = made.study([made.TFJS, made.NATIVE], experiments=("inference_time",))
    outcomes = [made.failed(cell, "crashed", "it is not to be", timeline=()) for cell in study.cells("inference")]
    text = small(made.results(outcomes, study), tmp_path)
    assert "No browser target gave a right result" in text and "it is not to be" in text
    assert "No control was measured" in text
    assert "Nothing to draw: of 6 cells none has a number (crashed: it is not to be)." in text


def test_it_renders_when_nothing_was_tried(tmp_path: Path) -> None:
    text = small(made.results([], host={}), tmp_path)
    assert "Nothing has been tried for this yet." in text and "machine not recorded" in text
    assert "The run is not complete: 0 of 234" in text


def test_it_renders_one_target_in_one_round(tmp_path: Path) -> None:
    study = made.study([made.TFJS], experiments=("inference_time",), rounds=1)
    text = small(made.results([made.outcome(cell) for cell in study.cells("inference")], study), tmp_path)
    assert "tfjs@4.22.0 cpu is the only browser target with a right result" in text
    assert "Native was not measured" in text and "Nothing failed." in text


def test_the_controls_show_the_machine_drifting() -> None:
    drift = control_drift(made.rich())
    assert len(drift.medians) == 9
    assert 1.05 < drift.spread < 1.15


def test_watched_executions_are_no_controls() -> None:
    cell = Cell(made.TFJS, Model("mlp", 1, 64), "inference", observe="processes")
    assert control_drift(made.results([made.outcome(cell)])).medians == ()


def test_exports_hold_the_same_rows_in_every_format(tmp_path: Path) -> None:
    frame = export.rows(made.rich(), "inference_time")
    rows = json.loads(export.encode(frame, "json"))
    assert len(rows) == frame.height and list(rows[0]) == frame.columns
    (tmp_path / "rows.parquet").write_bytes(export.encode(frame, "parquet"))
    assert pl.read_parquet(tmp_path / "rows.parquet").equals(frame)
    assert export.encode(frame, "csv").splitlines()[0].decode().split(",") == frame.columns


def test_a_number_that_json_has_no_word_for_becomes_null() -> None:
    assert json.loads(export.encode(pl.DataFrame({"median": [float("nan"), float("inf"), 1.0]}), "json")) == [
        {"median": None},
        {"median": None},
        {"median": 1.0},
    ]
