"""`python -m howfar.hosts.reaper`: reads on standard input which processes a run started and ended. When the input
closes, because the run ended or was killed, it ends those that are left and removes their folders."""

import signal
import sys
from pathlib import Path

from howfar.hosts.base import end_tree, remove


def main() -> None:
    """Answers for every `started PID FOLDER` that has no `ended PID FOLDER`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    left: dict[int, str] = {}
    for line in sys.stdin:
        word, pid, folder = line.rstrip("\n").split(" ", 2)
        if word == "started":
            left[int(pid)] = folder
        else:
            left.pop(int(pid), None)
    for pid, folder in left.items():
        end_tree(pid)
        if folder:
            remove(Path(folder))


if __name__ == "__main__":
    main()
