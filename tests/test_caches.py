"""What can be made again is made once."""

from pathlib import Path

import pytest

from howfar import caches


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    monkeypatch.setenv("HOWFAR_CACHE", str(tmp_path / "cache"))
    return []


def make(made: list[str], source: str) -> str:
    def now() -> str:
        made.append(source)
        return f"made of {source}"

    return caches.text("things", source, now)


def test_it_is_made_once_of_each_source(made: list[str], tmp_path: Path) -> None:
    assert [make(made, source) for source in ("a", "b", "a")] == ["made of a", "made of b", "made of a"]
    assert made == ["a", "b"]
    assert all(file.suffix == ".txt" for file in (tmp_path / "cache" / "things").iterdir())


def test_where_nothing_can_be_kept_it_is_made_every_time(made: list[str], tmp_path: Path) -> None:
    (tmp_path / "cache").touch()  # a file where the folder would be
    assert [make(made, "a"), make(made, "a")] == ["made of a", "made of a"]
    assert made == ["a", "a"]


def test_what_is_broken_is_made_again(made: list[str], tmp_path: Path) -> None:
    make(made, "a")
    (kept,) = (tmp_path / "cache" / "things").iterdir()
    kept.write_bytes(b"\xff\xfe broken")
    assert make(made, "a") == "made of a"
    assert made == ["a", "a"]
