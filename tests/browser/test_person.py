"""A person opens the page with what to measure in its URL, and sees the figures."""

import re
from pathlib import Path

from devtools import opened
from howfar import frameworks, serving


def test_the_page_shows_the_figures_of_what_its_url_asks_for(tmp_path: Path) -> None:
    query = "framework=convnetjs&backend=cpu&model=mlp&depth=1&width=16&workload=training"
    heading = "convnetjs 0.3.0 · cpu · mlp(1, 16) · training"
    with (
        serving.serve(frameworks.registry(), port=0, mnist=None) as address,
        opened(f"{address}/run/?{query}", tmp_path) as page,
    ):
        text = page.text_with(heading, seconds=30)
    assert heading in text
    row = re.search(r"throughput\t([\d.]+)\t([\d.]+)\t([\d.]+)\t\d+ x \d+", text)
    assert row is not None and 0.01 < float(row[1]) < 1000
    assert "library load" in text


def test_the_page_says_in_one_line_what_is_wrong_with_its_url(tmp_path: Path) -> None:
    with (
        serving.serve(frameworks.registry(), port=0, mnist=None) as address,
        opened(f"{address}/run/?framework=tensorflow.js", tmp_path) as page,
    ):
        text = page.text_with("no framework", seconds=10)
    assert text.startswith("framework: no framework 'tensorflow.js'; known: tfjs")
