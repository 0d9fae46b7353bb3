"""What the runner knows of a host: launch a visit, watch it, and end every process of it, whatever happened."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any, Protocol

import psutil

from howfar.hosts.devtools import DevTools, Pipes, start_with
from howfar.probes.processes import tree
from howfar.records import Fact
from howfar.visits import Visit


class StillRunning(RuntimeError):
    """Processes that were killed, and go on: a driver or the system holds them."""


class Running(Protocol):
    """A launched visit."""

    # The role (probes.processes) of the process that measures.
    measuring_role: str

    def pids(self) -> list[int]:
        """Every process of the visit that is alive."""

    def alive(self) -> bool:
        """Whether the process that was launched still runs."""

    def log(self) -> str:
        """The end of what its processes wrote to standard error."""


class Host(Protocol):
    """One browser, or the native side. Lives for one block (round) of a run."""

    def checked_facts(self) -> Mapping[str, Fact]:
        """What must be equal for two outcomes to be pooled."""

    def software_gpu(self, facts: Mapping[str, Fact]) -> bool:
        """Whether the GPU that a report's facts name is one in name only."""

    def launch(self, visit: Visit) -> AbstractContextManager[Running]:
        """Opens the visit; leaving the context ends every process that it started, or raises StillRunning."""

    def rest(self) -> None:
        """Another host is next: ends what would go on beside it."""

    def close(self) -> None:
        """Ends what outlived the tasks."""


class Reaper:
    """Ends what is left of a run that was killed itself: a process that waits for its death (hosts/reaper.py)."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "howfar.hosts.reaper"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, text=True, start_new_session=True)

    def _say(self, word: str, pid: int, folder: Path | str) -> None:
        stdin = self._process.stdin
        if stdin is not None:
            stdin.write(f"{word} {pid} {folder}\n")
            stdin.flush()

    @contextlib.contextmanager
    def watch(self, pid: int, folder: Path | str = "") -> Iterator[None]:
        """Answers for a process and its folder until the context is left."""
        self._say("started", pid, folder)
        yield
        self._say("ended", pid, folder)

    def close(self) -> None:
        """Nothing is left to answer for."""
        self._process.communicate()


class LaunchedProcess:
    """A process with a fresh folder of its own, in a session of its own; a browser that is to be watched from within
    has `devtools`."""

    def __init__(
        self, process: subprocess.Popen[bytes], folder: Path, measuring_role: str, devtools: DevTools | None = None
    ) -> None:
        self._process, self._folder, self.measuring_role = process, folder, measuring_role
        self.devtools = devtools

    def pids(self) -> list[int]:
        return tree(self._process.pid)

    def alive(self) -> bool:
        return self._process.poll() is None

    def log(self) -> str:
        return tail(self.log_file)

    @property
    def log_file(self) -> Path:
        """What its processes write to standard error."""
        return self._folder / "stderr.txt"


class Turn:
    """One visit, in a browser that had others before."""

    def __init__(self, browser: LaunchedProcess) -> None:
        self._browser = browser
        self.measuring_role = browser.measuring_role
        self._said_before = browser.log_file.stat().st_size

    def pids(self) -> list[int]:
        return self._browser.pids()

    def alive(self) -> bool:
        return self._browser.alive()

    def log(self) -> str:
        """Only what was written since this visit began: an earlier one's last words are not its own."""
        said = self._browser.log_file.stat().st_size - self._said_before
        return tail(self._browser.log_file, min(said, 8000)) if said else ""


@contextlib.contextmanager
def fresh_folder() -> Iterator[Path]:
    """A temporary folder (a browser's profile) that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="howfar-"))
    try:
        yield folder
    finally:
        remove(folder)


@contextlib.contextmanager
def launched(
    command: Sequence[str], folder: Path, reaper: Reaper, *, measuring_role: str, with_devtools: bool = False
) -> Iterator[LaunchedProcess]:
    """Starts a process and ends its whole tree on the way out. `with_devtools`: it is a Chromium, told to talk over a
    pipe."""
    with (folder / "stderr.txt").open("wb") as log:
        process, devtools = _start(command, log, folder, with_devtools)
    try:
        with reaper.watch(process.pid, folder):
            yield LaunchedProcess(process, folder, measuring_role, devtools)
            end_tree(process.pid)
    finally:
        end_tree(process.pid)
        process.wait(timeout=10)
        if devtools:
            devtools.close()


# Mesa's software renderer takes a shader that asks for no precision of its textures at its word, and computes in 16 bit
# where the CPU converts them in hardware: TensorFlow.js 0.13 was off by 4e-3 so, and is right to 2e-7 without. It costs
# that renderer 1.5 times the time, which says nothing about a GPU either way; no GPU's own driver reads this.
FULL_PRECISION = {"GALLIUM_OVERRIDE_CPU_CAPS": "sse4.1"}


def own_environment(folder: Path) -> dict[str, str]:
    """The environment with this folder for temporary files: what a killed process leaves there goes with it. Not on a
    Mac, where the folder's name is too long for the browser's socket in it."""
    if sys.platform != "linux":
        return dict(os.environ)
    return {**os.environ, "TMPDIR": str(folder), **FULL_PRECISION}


def _start(
    command: Sequence[str], log: IO[bytes], folder: Path, with_devtools: bool
) -> tuple[subprocess.Popen[bytes], DevTools | None]:
    options: dict[str, Any] = {
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.DEVNULL,
        "stderr": log,
        "env": own_environment(folder),
        "start_new_session": True,
    }
    if with_devtools:
        return start_with(Pipes(), command, **options)
    return subprocess.Popen(command, **options), None


def end_tree(pid: int) -> None:
    """Kills a process that was started in a session of its own, all that descend from it, and all of that session
    whose parents are gone already; waits until they are.

    Raises: StillRunning where they are not within 5 s.
    """
    deadline = time.monotonic() + 5
    while pids := _members(pid):
        for member in pids:
            with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
                os.kill(member, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise StillRunning(f"its processes {sorted(pids)} were killed, and do not end")
        time.sleep(0.002)


def _members(leader: int) -> set[int]:
    """The living (not merely unreaped) processes of a session or tree."""
    return {pid for pid in {*tree(leader), *_session(leader)} if _runs(pid)}


def _session(leader: int) -> Iterator[int]:
    for pid in psutil.pids():
        with contextlib.suppress(OSError, AttributeError):  # gone meanwhile; Windows has no sessions
            if os.getsid(pid) == leader:
                yield pid


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def remove(folder: Path) -> None:
    """Removes a folder in which a dying process may still write its last file."""
    for _ in range(50):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.02)


def tail(file: Path, size: int = 8000) -> str:
    """The last `size` bytes of a file as text; nothing where there is none."""
    try:
        return file.read_bytes()[-size:].decode("utf-8", "replace")
    except OSError:
        return ""
