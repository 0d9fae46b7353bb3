"""What a run must not leave behind: processes and profiles."""

import tempfile
from pathlib import Path

import psutil


def browsers() -> list[psutil.Process]:
    """Every living process of a browser that howfar started (its profile is in its command line)."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        command = " ".join(process.info["cmdline"] or [])
        if f"{tempfile.gettempdir()}/howfar-" in command and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def profiles() -> list[Path]:
    return list(Path(tempfile.gettempdir()).glob("howfar-*/profile"))
