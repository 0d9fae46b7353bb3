"""The native side: a process forked for every task from one that has imported the framework and done nothing else.

Importing TensorFlow takes 3 to 4 s, often longer than the task. One parent lives for a block of the run, so every
cell still sees as many freshly started interpreters as it has rounds; each task's threads, graphs and memory are its own.
"""

import contextlib
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil

from howfar.hosts.base import Reaper, end_tree, fresh_folder, tail
from howfar.probes.processes import tree
from howfar.records import Fact
from howfar.server import Visit

IMPORT_LIMIT_SECONDS = 120.0


class NativeProcess:
    """A forked task."""

    measuring_role = "main"

    def __init__(self, pid: int, log_file: Path) -> None:
        self.pid, self._log_file = pid, log_file

    def pids(self) -> list[int]:
        return tree(self.pid)

    def alive(self) -> bool:
        return psutil.pid_exists(self.pid)

    def log(self) -> str:
        return tail(self._log_file)


class Native:
    """A host; call `close` at the end of its block."""

    def __init__(self, reaper: Reaper) -> None:
        self._reaper = reaper
        self._block = contextlib.ExitStack()
        self._parent: subprocess.Popen[bytes] | None = None
        self._log_file = Path(os.devnull)

    def software_gpu(self, facts: Mapping[str, Fact]) -> bool:  # noqa: ARG002
        return False

    def checked_facts(self) -> Mapping[str, Fact]:
        return {"browser": "native", "python": sys.version.split()[0]}

    @contextlib.contextmanager
    def launch(self, visit: Visit) -> Iterator[NativeProcess]:
        parent = self._parent or self._start()
        framework = visit.assignment.task.cell.target.framework
        self._write(parent, f"{framework} {visit.url.replace(_host(visit.url), '127.0.0.1')}")
        running = NativeProcess(self._read_pid(parent), self._log_file)
        try:
            yield running
        finally:
            for pid in running.pids():
                with contextlib.suppress(psutil.NoSuchProcess):
                    psutil.Process(pid).kill()
            if self._parent is not None:
                self._read_line(parent, 10.0)  # how the child ended; only then is the parent ready for the next

    def close(self) -> None:
        """Ends the parent and whatever it forked."""
        self._parent = None
        self._block.close()

    def _start(self) -> subprocess.Popen[bytes]:
        folder = self._block.enter_context(fresh_folder())
        self._log_file = folder / "stderr.txt"
        log = self._block.enter_context(self._log_file.open("wb"))
        command = [sys.executable, "-m", "howfar.native"]
        pipe = subprocess.PIPE
        # Unbuffered: what a buffer holds of the next line, the selector that waits for it does not see.
        parent = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=log, bufsize=0, start_new_session=True)
        self._block.enter_context(self._reaper.watch(parent.pid, folder))
        self._block.callback(_end, parent)
        self._parent = parent
        return parent

    def _write(self, parent: subprocess.Popen[bytes], line: str) -> None:
        if parent.stdin is None:
            raise RuntimeError("the native parent was started without a standard input")
        with contextlib.suppress(BrokenPipeError):  # it died: reading its answer says so
            parent.stdin.write(f"{line}\n".encode())

    def _read_pid(self, parent: subprocess.Popen[bytes]) -> int:
        """The task's process. Where the import itself ended or hangs, the parent stands for it: it is not alive, or
        never fetches its task, and the runner sees a crash or a hang."""
        line = self._read_line(parent, IMPORT_LIMIT_SECONDS)
        if line.isdigit():
            return int(line)
        self.close()
        return parent.pid

    def _read_line(self, parent: subprocess.Popen[bytes], limit_seconds: float) -> str:
        if parent.stdout is None:
            raise RuntimeError("the native parent was started without a standard output")
        deadline = time.monotonic() + limit_seconds
        with selectors.DefaultSelector() as selector:
            selector.register(parent.stdout, selectors.EVENT_READ)
            ready = selector.select(max(0.0, deadline - time.monotonic()))
        return parent.stdout.readline().decode().strip() if ready else ""


HOST = Native


def _end(parent: subprocess.Popen[bytes]) -> None:
    end_tree(parent.pid)
    parent.wait(timeout=10)
    for stream in (parent.stdin, parent.stdout):
        if stream:
            with contextlib.suppress(BrokenPipeError):
                stream.close()


def _host(url: str) -> str:
    """`http://p1.localhost:80/x` -> `p1.localhost`: Python, unlike browsers, asks a name server for it."""
    return url.split("/")[2].partition(":")[0]
