"""Facts about this machine. Those that must be equal for outcomes to be pooled are the checked ones."""

import os
import platform
from collections.abc import Mapping
from pathlib import Path

import psutil

from howfar.probes.processes import load_average
from howfar.records import Fact


def checked_facts() -> Mapping[str, Fact]:
    """Operating system, processor, cores, memory."""
    return {
        "os": operating_system(),
        "machine": platform.machine(),
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
    }


def host_facts() -> Mapping[str, Fact]:
    """The checked facts, and those that may change from run to run."""
    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    return {
        **checked_facts(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_average_1min": load_average(),
        "on_battery": None if battery is None else not battery.power_plugged,
        "governor": governor(),
    }


def operating_system() -> str:
    """`Debian GNU/Linux 12 (bookworm)`, `macOS 15.1`, `Windows 11`."""
    if platform.system() == "Linux":
        try:
            return platform.freedesktop_os_release()["PRETTY_NAME"]
        except (OSError, KeyError):
            return "Linux"
    if platform.system() == "Darwin":
        return f"macOS {platform.mac_ver()[0]}"
    return f"{platform.system()} {platform.release()}"


def cpu_model() -> str:
    """The processor's name as the system gives it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = (
            line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")
        )
        return next(names, platform.machine())
    return platform.processor() or platform.machine()


def governor() -> str | None:
    """The frequency governor of the first core, where it can be read."""
    file = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    return file.read_text().strip() if file.is_file() else None


def has_gpu() -> bool:
    """Whether the system shows a graphics device; Linux is the one where a browser must be told if it has none."""
    return platform.system() != "Linux" or any(Path("/dev/dri").glob("renderD*")) or Path("/dev/nvidia0").exists()
