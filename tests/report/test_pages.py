"""The other pages, and what all of them share."""

import re
from html import unescape
from pathlib import Path

import pytest

import made
import reports
from howfar import comparing, palette, report
from howfar.outcomes import Results
from howfar.report import compared, figures, headline, live, page, paper, rows
from howfar.report.choices import choices
from howfar.report.standing import standings
from howfar.report.templates import night


def words(html: str) -> str:
    body = re.sub(r"<script.*?</script>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = report.write(reports.of_the_paper(), tmp_path_factory.mktemp("paper")).parent
    assert 'href="paper.html"' in (folder / "index.html").read_text(encoding="utf-8")
    return (folder / "paper.html").read_text(encoding="utf-8")


def test_the_papers_items_stand_in_its_order(printed: str) -> None:
    places = [printed.index(f'<section id="{name}">') for name in ("training_time", "model_size", "inference_time")]
    assert places == sorted(places)


def test_ours_stand_beside_what_the_paper_printed(printed: str) -> None:
    text = words(printed)
    assert "tfjs@4.22.0 cpu model bytes of 1 × 64 0.205 MB 0.200 MB agrees" in text.replace("\u00a0", " ")
    assert "convnetjs@0.3.0 cpu model bytes of 1 × 64 0.205 MB 1.30 MB differs" in text.replace("\u00a0", " ")
    assert "2 agree, 2 differ, 0 not judged" in text and "2 of 4 that can be judged agree" in text


def test_what_of_the_paper_is_not_here_is_named(printed: str) -> None:
    text = words(printed)
    assert "Table 1, What the frameworks offer: the experiment features" in text
    assert "Nothing has been tried for this yet." in text  # training


def test_a_run_without_a_printed_number_has_no_page_beside_the_paper(tmp_path: Path) -> None:
    (tmp_path / "paper.html").write_text("of an earlier report")
    report.write(reports.two_browsers(), tmp_path)
    assert not (tmp_path / "paper.html").exists()


def test_where_the_paper_shows_what_is_read_off_what_experiments_say() -> None:
    assert paper.items("Table 4 and Figure 5") == ("Table 4", "Figure 5")
    assert paper.items("Figure 3 (GPU back ends only)") == ("Figure 3",)
    assert paper.items("") == ()


def test_a_comparison_has_a_page() -> None:
    cells = made.cells([made.TFJS, made.WASM], "inference")
    base = made.results([made.outcome(cell, number) for cell in cells for number in range(3)])
    text = words(compared.render(comparing.targets(base, "tfjs/cpu", "tfjs/wasm")))
    assert "3 of 3 cells" in text and "Cell by cell" in text


def test_the_live_page_knows_every_target_before_anything_is_measured() -> None:
    study = made.study()
    html = live.page(study, study.cells("inference"))
    assert "connect-src 'self'" in html and "onnxruntime-web@1.23.0 wasm" in html
    assert "No process has given a number yet." in html


@pytest.mark.parametrize("results", [reports.nothing_tried(), reports.one_cell(), reports.all_failed(), made.rich()])
def test_the_first_numbers_say_no_more_than_there_is(results: Results) -> None:
    told = headline.headlines(results, standings(results))
    assert told[-1].of == "Measurements"
    assert not any(one.number in ("", "nan", "inf") for one in told)


def test_the_first_number_is_the_range_against_native() -> None:
    told = headline.headlines(made.rich(), standings(made.rich()))
    assert [one.of for one in told] == ["Training", "Inference", "Measurements"]
    assert re.fullmatch(r"[\d.]+–[\d.]+×", told[0].number) and "native's time" in told[0].says


def test_choices_are_what_was_tried_and_native_is_no_back_end() -> None:
    found = choices(reports.two_browsers())
    assert found["framework"] == ["tfjs@4.22.0", "convnetjs@0.3.0", "tensorflow@2.21.0"]
    assert found["backend"] == ["cpu", "wasm"]
    assert sorted(found["browser"]) == ["chromium", "firefox", "native"]
    assert choices(reports.one_cell()) == {}


def test_at_night_every_ink_turns_and_heat_does_not() -> None:
    found = night([{"a": [palette.INK, "#1f63a8"]}, {"b": palette.HEAT[0], "words": "colour #123456 of"}])
    assert set(found) == {palette.INK, "#1f63a8"}


def contrast(one: str, other: str) -> float:
    """As the WCAG works it out."""

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dim, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dim + 0.05)


def test_every_target_is_seen_on_the_dark_ground() -> None:
    shades = [shade for hue in palette.HUES.values() for shade in hue]
    for shade in (*shades, *palette.UNKNOWN, palette.NATIVE_SINGLE, palette.NATIVE_MANY, palette.STRUCK):
        assert contrast(palette.night(shade), palette.INKS[palette.GROUND]) >= 3, shade
    for hue in palette.HUES.values():
        assert len({palette.night(shade) for shade in hue}) == len(hue)


def test_of_too_many_rows_those_without_a_right_number_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = figures.figures(made.rich())
    every = rows.numbers(drawn)
    monkeypatch.setattr(rows, "MOST", 60)
    some = rows.numbers(drawn)
    assert len(some.rows) == 60 and some.left_out == len(every.rows) - 60
    broken = [row for row in every.rows if row.says and "old" not in row.kind]
    assert [row for row in some.rows if row.says] == broken[:60]
    assert "rows the 60 first are here" in words(page.render(made.rich(), drawn))
