"""What draws a report's figures beside it."""

import os
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import psutil
import pytest

from howfar import pictures

SPEC = {
    "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
    "config": {},
    "data": {"values": [{"x": 1, "y": 2}]},
    "mark": "point",
    "encoding": {"x": {"field": "x", "type": "quantitative"}, "y": {"field": "y", "type": "quantitative"}},
}
DRAWN = f"""
from howfar import pictures
if __name__ == "__main__":
    print(pictures.begin({SPEC!r}.copy)().svg[:4], flush=True)
    input()
"""


def test_a_figure_comes_as_svg_and_lies_beside_the_report(tmp_path: Path) -> None:
    drawn = pictures.begin(SPEC.copy, file=tmp_path / "figure")()
    svg = drawn.svg
    assert svg.startswith("<svg") and 'fill="white"' in svg
    assert (tmp_path / "figure.svg").read_text(encoding="utf-8") == svg
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
    assert drawn.spec == SPEC


def test_what_cannot_be_drawn_is_said_where_it_is_asked_for() -> None:
    with pytest.raises(ValueError, match="Vega"):
        pictures.begin({**SPEC, "mark": "no such mark"}.copy)()


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_where_the_painter_was_killed_the_figure_is_drawn_all_the_same(
    when: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "_painters", cache(pictures._painters.__wrapped__))
    if when == "before":
        pictures.begin(SPEC.copy)()
        pictures.stop()
    drawing = pictures.begin(SPEC.copy, file=tmp_path / "figure")
    pictures.stop()
    assert drawing().svg.startswith("<svg")
    assert (tmp_path / "figure.png").exists()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_painter_ends_with_who_asked_however_that_ends(tmp_path: Path, how: signal.Signals) -> None:
    script = tmp_path / "report.py"
    script.write_text(DRAWN)
    with subprocess.Popen([sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as report:
        assert report.stdout and report.stdout.readline() == b"<svg\n"
        began = psutil.Process(report.pid).children(recursive=True)
        assert began
        os.kill(report.pid, how)
    _, left = psutil.wait_procs(began, timeout=10)
    assert not left


def test_a_stop_at_the_keyboard_is_not_the_painters_to_tell(tmp_path: Path) -> None:
    script = tmp_path / "report.py"
    script.write_text(DRAWN.replace("input()", "raise SystemExit(3)"))
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as report:
        assert report.stdout and report.stderr and report.stdout.readline() == b"<svg\n"
        for painter in psutil.Process(report.pid).children(recursive=True):
            os.kill(painter.pid, signal.SIGINT)
        assert report.wait(timeout=10) == 3
        assert report.stderr.read() == b""


def test_a_stop_while_they_start_is_not_the_painters_to_tell(tmp_path: Path) -> None:
    """A terminal tells it to all processes, whatever they are at."""
    script = tmp_path / "report.py"
    script.write_text("""
import time
from howfar import pictures
if __name__ == "__main__":
    try:
        with pictures.painters():
            print("begun", flush=True)
            time.sleep(60)
    except KeyboardInterrupt:
        raise SystemExit(3) from None
""")
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as report:
        assert report.stdout and report.stderr and report.stdout.readline() == b"begun\n"
        time.sleep(0.3)
        os.killpg(report.pid, signal.SIGINT)
        assert report.wait(timeout=10) == 3
        assert report.stderr.read() == b""
