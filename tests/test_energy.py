"""The counters of the processor's energy, as Linux shows them, played by files."""

from pathlib import Path

import pytest

from howfar.probes.energy import Energy


def zone(root: Path, name: str, kind: str, energy_uj: int, range_uj: int = 1_000_000) -> Path:
    folder = root / name
    folder.mkdir()
    (folder / "name").write_text(f"{kind}\n")
    (folder / "energy_uj").write_text(f"{energy_uj}\n")
    (folder / "max_energy_range_uj").write_text(f"{range_uj}\n")
    return folder / "energy_uj"


def test_packages_count_together_from_the_opening_and_their_parts_do_not_count_again(tmp_path: Path) -> None:
    first, second = zone(tmp_path, "intel-rapl:0", "package-0", 5000), zone(tmp_path, "intel-rapl:1", "package-1", 70)
    zone(tmp_path, "intel-rapl:0:0", "core", 3000)
    zone(tmp_path, "intel-rapl:2", "psys", 9000)
    energy = Energy(tmp_path)
    assert energy.joules() == 0
    first.write_text("405000\n")
    second.write_text("100070\n")
    assert energy.joules() == pytest.approx(0.5)
    assert energy.unavailable == ""


def test_a_counter_that_starts_again_goes_on(tmp_path: Path) -> None:
    counter = zone(tmp_path, "intel-rapl:0", "package-0", 999_000)
    energy = Energy(tmp_path)
    counter.write_text("1999")  # 1000 to its end, one step to 0, 1999 on
    assert energy.joules() == pytest.approx(3000e-6)
    counter.write_text("2999")
    assert energy.joules() == pytest.approx(4000e-6)


def test_a_machine_without_counters_says_so(tmp_path: Path) -> None:
    for root in (tmp_path, tmp_path / "missing"):
        energy = Energy(root)
        assert energy.joules() is None
        assert energy.unavailable == "this machine shows no counters of the processor's energy (RAPL)"


def test_counters_for_root_alone_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0", 5000)

    def refused(file: Path, *_: object) -> str:
        if file.name == "energy_uj":
            raise PermissionError(13, "Permission denied", str(file))
        return "package-0" if file.name == "name" else "1000000"

    monkeypatch.setattr(Path, "read_text", refused)
    energy = Energy(tmp_path)
    assert energy.joules() is None
    assert energy.unavailable == "its counters are for root to read"


def test_a_counter_that_vanishes_is_unavailable_from_then_on(tmp_path: Path) -> None:
    counter = zone(tmp_path, "intel-rapl:0", "package-0", 5000)
    energy = Energy(tmp_path)
    assert energy.joules() == 0
    counter.unlink()
    assert energy.joules() is None
    assert "can't be read any more" in energy.unavailable
