"""The native side: a process forked for every task from one that has imported the framework and done nothing else.

Importing TensorFlow takes 3 to 4 s, often longer than the task. One parent lives for a block of the run, so every
cell still sees as many fresh interpreters as it has rounds; each task's threads, graphs and memory are its own.
"""

import contextlib
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

import psutil

from howfar.hosts.base import Reaper, end_tree, fresh_folder, own_environment, tail
from howfar.probes.processes import tree
from howfar.records import Fact
from howfar.visits import Visit

IMPORT_LIMIT_SECONDS = 120.0


class Parent:
    """The process that imported the framework, and what it says: a line with each fork's pid, a line when it ended."""

    def __init__(self, folder: Path, log: IO[bytes]) -> None:
        command, pipe = [sys.executable, "-m", "howfar.native"], subprocess.PIPE
        own = own_environment(folder)
        self.process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=log, env=own, text=True, start_new_session=True
        )
        self.log_file = folder / "stderr.txt"
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self.process.stdout or ():
            self._lines.put(line.strip())

    def say(self, line: str) -> None:
        """One line to it; where it is dead, its silence says so."""
        with contextlib.suppress(BrokenPipeError, ValueError):
            print(line, file=self.process.stdin, flush=True)

    def hear(self, limit_seconds: float) -> str:
        """Its next line; nothing where there was none in time, or where it died."""
        deadline = time.monotonic() + limit_seconds
        while (left := deadline - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                return self._lines.get(timeout=min(left, 0.2))
            if self.process.poll() is not None and self._lines.empty():
                break
        return ""

    def end(self) -> None:
        """Ends it and whatever it forked."""
        end_tree(self.process.pid)
        self.process.wait(timeout=10)
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


class NativeProcess:
    """A forked task."""

    measuring_role = "main"

    def __init__(self, pid: int, parent: Parent) -> None:
        self.pid, self._parent, self._ended = pid, parent, ""

    def pids(self) -> list[int]:
        return tree(self.pid)

    def alive(self) -> bool:
        self._ended = self._ended or self._parent.hear(0.01)
        return not self._ended and psutil.pid_exists(self.pid)

    def log(self) -> str:
        self._ended = self._ended or self._parent.hear(0.01)
        return f"{tail(self._parent.log_file)}\n{self._ended}".strip()

    def end(self) -> None:
        """Ends it, and waits until its parent knows: only then is the parent ready for the next."""
        for pid in self.pids():
            with contextlib.suppress(psutil.NoSuchProcess):
                psutil.Process(pid).kill()
        self._ended = self._ended or self._parent.hear(10.0)


class Native:
    """A host; call `close` at the end of its block."""

    def __init__(self, reaper: Reaper) -> None:
        self._reaper = reaper
        # One per framework: two in one process would share, or fight for, threads and libraries.
        self._parents: dict[str, tuple[Parent, contextlib.ExitStack]] = {}

    def software_gpu(self, facts: Mapping[str, Fact]) -> bool:  # noqa: ARG002 - a browser's question
        return False

    def checked_facts(self) -> Mapping[str, Fact]:
        return {"browser": "native", "python": sys.version.split()[0]}

    @contextlib.contextmanager
    def launch(self, visit: Visit) -> Iterator[NativeProcess]:
        framework = visit.assignment.task.cell.target.framework
        if framework not in self._parents:
            self._parents[framework] = self._start()
        parent, opened = self._parents[framework]
        parent.say(f"{framework} {visit.url.replace(_host(visit.url), '127.0.0.1')}")
        pid = parent.hear(IMPORT_LIMIT_SECONDS)
        if not pid.isdigit():
            # The import itself died or hangs: the parent stands for the task, and the runner sees a crash or a hang.
            yield NativeProcess(parent.process.pid, parent)
            del self._parents[framework]
            opened.close()
            return
        running = NativeProcess(int(pid), parent)
        try:
            yield running
        finally:
            running.end()

    def rest(self) -> None:
        """A parent waits for its next task, and does nothing meanwhile."""

    def close(self) -> None:
        """Ends the parents and whatever they forked."""
        with contextlib.ExitStack() as stack:
            for _, opened in self._parents.values():
                stack.push(opened)
        self._parents.clear()

    def _start(self) -> tuple[Parent, contextlib.ExitStack]:
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(fresh_folder())
            log = stack.enter_context((folder / "stderr.txt").open("wb"))
            parent = Parent(folder, log)
            stack.enter_context(self._reaper.watch(parent.process.pid, folder))
            stack.callback(parent.end)
            return parent, stack.pop_all()


HOST = Native


def _host(url: str) -> str:
    """`http://p1.localhost:80/x` -> `p1.localhost`: Python, unlike browsers, asks a name server for it."""
    return url.split("/")[2].partition(":")[0]
