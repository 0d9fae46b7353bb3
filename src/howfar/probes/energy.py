"""Joules that the processor's packages used: RAPL, which Linux shows under /sys/class/powercap (AMD's too)."""

import sys
from pathlib import Path

from msgspec import Struct

POWERCAP = Path("/sys/class/powercap")


class Package(Struct):
    """One package's counter in microjoules: it starts again from 0 after `range_uj`."""

    file: Path
    range_uj: int
    last_uj: int
    total_uj: int = 0

    def read(self) -> int:
        """Microjoules since it was opened. Raises: OSError, ValueError."""
        now = int(self.file.read_text())
        self.total_uj += (now - self.last_uj) % (self.range_uj + 1)
        self.last_uj = now
        return self.total_uj


class Energy:
    """All packages together; `unavailable` says why there is nothing to read, where that is so."""

    def __init__(self, root: Path = POWERCAP) -> None:
        self.unavailable = ""
        self._packages: list[Package] = []
        try:
            self._packages = [_open(zone) for zone in sorted(root.glob("intel-rapl:*")) if _is_package(zone)]
        except PermissionError:
            self.unavailable = "its counters are for root to read"
        except (OSError, ValueError) as error:
            self.unavailable = f"its counters can't be read ({error})"
        if not self._packages and not self.unavailable:
            there = "this machine shows no counters of the processor's energy (RAPL)"
            self.unavailable = there if sys.platform == "linux" else "the processor's energy is read on Linux only"

    def joules(self) -> float | None:
        """Since it was opened; None where it is unavailable."""
        if self.unavailable:
            return None
        try:
            return sum(package.read() for package in self._packages) / 1e6
        except (OSError, ValueError) as error:
            self.unavailable = f"its counters can't be read any more ({error})"
            return None


def _is_package(zone: Path) -> bool:
    """Whole packages only: their cores and the memory are zones within them, `intel-rapl:0:1`."""
    return (zone / "name").read_text().startswith("package")


def _open(zone: Path) -> Package:
    file = zone / "energy_uj"
    return Package(file, int((zone / "max_energy_range_uj").read_text()), int(file.read_text()))
