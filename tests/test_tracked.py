"""What is committed is howfar's own text: no library, model, data set or binary, however it came into the folder."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Pictures of howfar's own reports.
PICTURES = ROOT / "docs" / "img"


def test_nothing_but_text_is_committed_beside_the_pictures_of_the_docs() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("NO GIT CHECKOUT: nothing says what is committed")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    tracked = [ROOT / name for name in listed.split("\0") if name]
    assert len(tracked) > 100
    others = [file for file in tracked if file.is_file() and not (file.parent == PICTURES and file.suffix == ".png")]
    assert [file.name for file in others if b"\0" in file.read_bytes()] == []
