"""`python -m howfar.native`: reads `framework URL` lines. Imports the framework's adapter once (timed), then forks a
process for each line: it prints the fork's pid, and how it ended. Never import a framework before the fork does work
with it: only an idle library survives being forked."""

import importlib
import os
import signal
import subprocess
import sys
import time
import traceback
from types import ModuleType

from howfar.native import measure_task

# Forking a process with Apple's frameworks loaded, or on Windows, does not work: there every task is started afresh.
CAN_FORK = sys.platform == "linux"


def load_adapter(framework: str) -> tuple[ModuleType, float]:
    """The adapter module (`native-reference` -> native_reference) and the milliseconds that importing it took."""
    start = time.perf_counter()
    module = importlib.import_module(f"howfar.native.frameworks.{framework.replace('-', '_')}")
    return module, (time.perf_counter() - start) * 1000


def run_forked(adapter: ModuleType, import_ms: float, url: str) -> int:
    """Runs the task in a fork. Prints its pid. Returns its exit code, a signal's number below zero."""
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            measure_task.run(adapter, import_ms, url)
            os._exit(0)
        except BaseException:  # it could not even report
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(1)
    print(pid, flush=True)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def run_spawned(framework: str, url: str) -> int:
    """Runs the task in a new interpreter. Prints its pid. Returns its exit code, a signal's number below zero."""
    with subprocess.Popen([sys.executable, "-m", "howfar.native", framework, url], stdin=subprocess.DEVNULL) as child:
        print(child.pid, flush=True)
        return child.wait()


def main() -> None:
    """Serves lines until the input closes; with arguments, runs that one task in this process."""
    if len(sys.argv) == 3:
        measure_task.run(*load_adapter(sys.argv[1]), sys.argv[2])
        return
    adapters: dict[str, tuple[ModuleType, float]] = {}
    for line in sys.stdin:
        framework, url = line.split()
        if not CAN_FORK:
            status = run_spawned(framework, url)
        else:
            adapters.setdefault(framework, adapters.get(framework) or load_adapter(framework))
            status = run_forked(*adapters[framework], url)
        print(f"ended by {signal.Signals(-status).name}" if status < 0 else f"ended {status}", flush=True)


if __name__ == "__main__":
    main()
