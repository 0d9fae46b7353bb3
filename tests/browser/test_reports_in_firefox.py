"""The report in Firefox: the same page, drawn, silent, and usable by everybody."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import marionette
import reports
from howfar import report

pytestmark = pytest.mark.skipif(
    marionette.find() is None, reason="NO FIREFOX: install it (Debian: apt-get install firefox-esr)"
)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return report.write(reports.two_browsers(), tmp_path_factory.mktemp("report")).as_uri()


@pytest.fixture(scope="module")
def page() -> Iterator[marionette.Page]:
    with tempfile.TemporaryDirectory() as profile, marionette.opened(Path(profile)) as opened:
        yield opened


def drawn(page: marionette.Page, url: str) -> None:
    """The page, opened anew, with its first figure drawn."""
    page.open("about:blank")
    page.open(url)
    page.value("document.querySelector('[data-spec]').scrollIntoView()")
    page.waited_for("!!document.querySelector('.live svg')")


def test_it_says_nothing_and_asks_nothing(page: marionette.Page, url: str) -> None:
    drawn(page, url)
    assert page.said(url) == []
    asked = page.value("performance.getEntriesByType('resource').map((one) => one.name)")
    assert [one for one in asked if not one.startswith("data:")] == []


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (1280, "dark"), (500, "light")])
def test_everybody_can_use_it(page: marionette.Page, url: str, width: int, theme: str) -> None:
    page.sized(width, 900)
    drawn(page, url)
    page.value(f"document.documentElement.dataset.theme = '{theme}'")
    page.value("document.querySelector('details').open = true")
    assert page.complaints() == []
    assert page.value("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_filter_acts_on_figures_and_tables(page: marionette.Page, url: str) -> None:
    drawn(page, f"{url}#backend=wasm")
    names = "[...document.querySelectorAll('#training_time .live svg text')].map((one) => one.textContent).join(' ')"
    assert "tfjs@4.22.0 wasm" in page.value(names) and "convnetjs" not in page.value(names)
