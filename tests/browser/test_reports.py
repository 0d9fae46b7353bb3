"""The report in a real browser: nothing said to the console, nothing asked of a network, and usable by everybody."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import devtools
import reports
from howfar import comparing, report
from howfar.report import compared


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report.write(reports.two_browsers(), tmp_path_factory.mktemp("report")).parent


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pages beside a report's first one: what the paper printed, every kind of figure, and a comparison."""
    folder = tmp_path_factory.mktemp("others")
    report.write(reports.of_the_paper(), folder / "paper")
    found = comparing.targets(reports.two_browsers(), "tfjs@4.22.0/cpu/chromium", "tfjs@4.22.0/cpu/firefox")
    (folder / "compared.html").write_text(compared.render(found), encoding="utf-8")
    every = report.write(reports.every_kind(), folder / "every")
    return {"paper": folder / "paper" / "paper.html", "every": every, "compared": folder / "compared.html"}


@pytest.fixture(scope="module")
def page() -> Iterator[devtools.Page]:
    with tempfile.TemporaryDirectory() as profile, devtools.opened("about:blank", Path(profile)) as opened:
        yield opened


def drawn(page: devtools.Page, url: str) -> None:
    """The page with its first figure drawn."""
    page.watch(url)
    page.value("document.querySelector('[data-spec]').scrollIntoView()")
    page.waited_for("!!document.querySelector('.live svg')")


def requests(page: devtools.Page) -> list[str]:
    """What the page has asked for."""
    return [event["request"]["url"] for name, event in page.events if name == "Network.requestWillBeSent"]


def demand_silence(page: devtools.Page) -> None:
    """Nothing was said to the console, and nothing asked of a network."""
    assert [event for event in page.events if event[0] in devtools.COMPLAINTS] == []
    assert [url for url in requests(page) if not url.startswith(("data:", "file:"))] == []


def test_it_says_nothing_and_asks_nothing(page: devtools.Page, folder: Path) -> None:
    drawn(page, (folder / "index.html").as_uri())
    demand_silence(page)
    asked = requests(page)
    assert asked.count((folder / "index.html").as_uri()) == 1 and not any(".svg" in url for url in asked)


@pytest.mark.parametrize("name", ["paper", "every", "compared"])
def test_the_other_pages_say_nothing_and_can_be_used(page: devtools.Page, others: dict[str, Path], name: str) -> None:
    page.watch("about:blank")
    page.sized(1280)
    drawn(page, others[name].as_uri())
    demand_silence(page)
    page.sized(375)
    assert page.value("document.documentElement.scrollWidth") <= 375
    assert page.complaints() == []


def test_what_is_folded_is_printed(page: devtools.Page, folder: Path) -> None:
    drawn(page, (folder / "index.html").as_uri())
    closed = "document.querySelectorAll('main details:not([open])').length"
    before = page.value(closed)
    assert before > 0
    page.value("dispatchEvent(new Event('beforeprint'))")
    assert page.value(closed) == 0
    page.value("dispatchEvent(new Event('afterprint'))")
    assert page.value(closed) == before


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (1280, "dark"), (375, "light")])
def test_everybody_can_use_it(page: devtools.Page, folder: Path, width: int, theme: str) -> None:
    page.watch("about:blank")
    page.sized(width)
    drawn(page, (folder / "index.html").as_uri())
    page.value(
        f"document.documentElement.dataset.theme = '{theme}'; document.querySelector('.filter details').open = true"
    )
    assert page.complaints() == []
    assert page.value("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [1280, 375])
def test_many_figures_are_a_menu_that_folds_up_again(page: devtools.Page, others: dict[str, Path], width: int) -> None:
    page.watch("about:blank")
    page.sized(width)
    drawn(page, others["every"].as_uri())
    opened = "document.querySelectorAll('.menu[open]').length"
    for folding in (
        "dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }))",
        "document.querySelector('main').dispatchEvent(new PointerEvent('pointerdown', { bubbles: true }))",
        "document.querySelector('.menu a').click()",
    ):
        page.value("document.querySelector('.menu').open = true")
        assert page.complaints() == []
        assert page.value("document.documentElement.scrollWidth") <= width
        assert page.value(opened) == 1
        page.value(folding)
        assert page.value(opened) == 0
    assert page.value("location.hash") == page.value("document.querySelector('.menu a').hash")


def test_the_filter_acts_on_figures_and_tables_and_stands_in_the_address(page: devtools.Page, folder: Path) -> None:
    drawn(page, f"{(folder / 'index.html').as_uri()}#backend=wasm")
    names = "[...document.querySelectorAll('#training_time .live svg text')].map((one) => one.textContent).join(' ')"
    assert "tfjs@4.22.0 wasm" in page.value(names) and "tensorflow" in page.value(names)
    assert "tfjs@4.22.0 cpu" not in page.value(names) and "convnetjs" not in page.value(names)
    left = "[...document.querySelectorAll('#rows tbody tr')].filter((row) => row.checkVisibility()).length"
    every = page.value("document.querySelectorAll('#rows tbody tr').length")
    assert 0 < page.value(left) < every
    page.value("document.querySelector('form.filter').reset()")
    page.waited_for("document.querySelector('#training_time .live')?.textContent.includes('convnetjs')")
    assert page.value(left) == every and page.value("location.hash") == ""
    page.value("document.querySelector('input[value=firefox]').click()")
    assert page.value("location.hash") == "#browser=chromium,native"
    page.waited_for("!document.querySelector('#training_time .live')?.textContent.includes('firefox')")
