"""What people bring that is no whole run: an honest page or one line, never a traceback or an empty chart."""

import json
import re
import sqlite3
from pathlib import Path

import pytest

import made
import reports
from howfar import report, store
from howfar.errors import UserError


def held(folder: Path) -> Path:
    """A store with one outcome."""
    results = reports.one_cell()
    with store.create(folder) as opened:
        opened.add_run(results.run)
        opened.add_environment("chromium", made.HOST)
        for outcome in results.outcomes:
            opened.append(outcome)
    return folder / store.FILE_NAME


@pytest.mark.parametrize("name", reports.BROKEN)
def test_every_broken_run_has_a_page_without_an_empty_chart(name: str, tmp_path: Path) -> None:
    html = report.write(reports.BROKEN[name](), tmp_path).read_text(encoding="utf-8")
    assert html.count("<h1>") == 1 and "All numbers" in html
    for spec in re.findall(r'id="spec-[a-z_]+">(.*?)</script>', html, flags=re.DOTALL):
        assert re.search(r'"(median|share)":\d', spec)


def test_where_all_failed_the_reasons_stand_in_the_figures_place(tmp_path: Path) -> None:
    html = report.write(reports.all_failed(), tmp_path).read_text(encoding="utf-8")
    assert "Nothing to draw: of 6 cells none has a number (crashed: not to be)." in html
    assert not (tmp_path / "figures" / "inference_time.svg").exists()
    assert (tmp_path / "tables" / "inference_time.csv").exists()


def test_results_in_which_nothing_was_measured_yet_are_refused_in_a_line(tmp_path: Path) -> None:
    with store.create(tmp_path) as opened:
        opened.add_run(reports.one_cell().run)
    with store.read(tmp_path) as opened, pytest.raises(UserError, match="nothing was measured yet"):
        opened.results()


def test_another_schema_is_refused_in_a_line(tmp_path: Path) -> None:
    with sqlite3.connect(held(tmp_path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(UserError, match="its schema is 99"), store.read(tmp_path):
        pass


def test_outcomes_of_a_newer_howfar_among_others_are_refused_in_a_line(tmp_path: Path) -> None:
    with sqlite3.connect(held(tmp_path)) as connection:
        ((text,),) = connection.execute("SELECT outcome FROM outcomes")
        newer = json.dumps(json.loads(text) | {"dreams": 7})
        connection.execute("UPDATE outcomes SET outcome = ?", [newer])
    with pytest.raises(UserError, match=r"dreams.*newer howfar"), store.read(tmp_path) as opened:
        opened.results()


def test_a_report_replaces_its_own_page_and_nobody_elses(tmp_path: Path) -> None:
    report.write(reports.one_cell(), tmp_path / "own")
    report.write(reports.one_cell(), tmp_path / "own")
    (tmp_path / "index.html").write_text("<title>My site</title>", encoding="utf-8")
    with pytest.raises(UserError, match=r"index.html that howfar did not write; give a folder of its own"):
        report.write(reports.one_cell(), tmp_path)
    assert (tmp_path / "index.html").read_text(encoding="utf-8") == "<title>My site</title>"
