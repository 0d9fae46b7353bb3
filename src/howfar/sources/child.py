"""The process that prepares a model: started, listened to, and ended with all that it left, whatever happened."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO

import msgspec

from howfar.errors import UserError
from howfar.hosts.base import Reaper, end_tree, tail
from howfar.sources.foreign import MAX_LENGTH
from howfar.sources.lines import Asked, Line

# NASNetLarge takes 2 minutes; a model whose own loop never ends takes for ever.
LIMIT_SECONDS = 1800.0
COMMAND = ("-m", "howfar.sources")
LOG = "stderr.txt"


def prepare(asked: Asked, scratch: Path, reaper: Reaper, say: Callable[[str], None]) -> None:
    """Has the folder filled. `scratch`: a folder for temporary files and the process's log.

    Raises: UserError where the model is refused, or the process ended before it was done.
    """
    with (scratch / LOG).open("wb") as log:
        process = _start(scratch, log)
    late = threading.Event()
    timer = threading.Timer(LIMIT_SECONDS, _end_late, [process.pid, late])
    timer.start()
    try:
        with reaper.watch(process.pid, scratch):
            last = _listen(process, asked, say)
            end_tree(process.pid)
    finally:
        timer.cancel()
        end_tree(process.pid)
        process.wait(timeout=10)
        if process.stdout:
            process.stdout.close()
    if late.is_set():
        what = f"it took more than {LIMIT_SECONDS:g} s"
        raise UserError(what, where=asked.request.model, mend="take a smaller model or batch")
    if not last.done:
        raise _refusal(last, asked, process.returncode, scratch)


def _end_late(pid: int, late: threading.Event) -> None:
    late.set()
    end_tree(pid)


def _start(scratch: Path, log: IO[bytes]) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    command = [sys.executable, *COMMAND]
    return subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=log, env=_environment(scratch), start_new_session=True
    )


def _environment(scratch: Path) -> Mapping[str, str]:
    """Models are converted on the CPU, whose results are the same every time. Weights that are freed go back to the
    system, which glibc would keep: VGG16 takes 2.9 times its size at once with it, and 3.1 without."""
    return {
        **os.environ,
        "TMPDIR": str(scratch),
        "CUDA_VISIBLE_DEVICES": "-1",
        "KERAS_BACKEND": "tensorflow",
        "MALLOC_MMAP_THRESHOLD_": "262144",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }


def _listen(process: subprocess.Popen[bytes], asked: Asked, say: Callable[[str], None]) -> Line:
    """Its last line."""
    last = Line()
    for line in _lines(process, asked):
        last = line
        if line.progress:
            say(line.progress)
    process.wait()
    return last


def _lines(process: subprocess.Popen[bytes], asked: Asked) -> Iterator[Line]:
    stdin, stdout = process.stdin, process.stdout
    if stdin is None or stdout is None:
        return
    with contextlib.suppress(BrokenPipeError):  # it died at once, which its exit says
        stdin.write(msgspec.json.encode(asked))
        stdin.close()
    for line in stdout:
        yield msgspec.json.decode(line, type=Line)


def _refusal(last: Line, asked: Asked, code: int, scratch: Path) -> UserError:
    where = asked.request.model
    if last.refused:
        return UserError(last.refused, where=last.where or where, mend=last.mend)
    doing = f"while {last.progress}" if last.progress else "at once"
    if code < 0:
        name = signal.Signals(-code).name
        mend = "the file may be broken, or memory short" if name != "SIGKILL" else "memory may be short"
        return UserError(f"the process that prepared it ended by {name} {doing}", where=where, mend=mend)
    said = (tail(scratch / LOG).strip().splitlines() or ["it said nothing"])[-1]
    return UserError(f"preparing it failed {doing}: {said[:MAX_LENGTH]}", where=where)
