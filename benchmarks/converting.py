"""What making a model of `keras.applications` ready to measure takes, in time and memory, form by form.

    python benchmarks/converting.py [NAME ...]

Each in a fresh process with an empty cache. `all`: building it, its own native answers, every form and its check. The
memory is the most that the process held, less what Python and TensorFlow hold without a model, in sizes of its weights.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from howfar import portfolio
from howfar.portfolio import Prepared
from howfar.sources.memory import BASE_BYTES

NAMES = ("MobileNetV2", "ResNet50", "VGG16")
PREPARE = """
import resource, sys
from howfar import sources
print(sources.prepare(sources.Request(sys.argv[1])))
print(1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def main() -> None:
    for name in sys.argv[1:] or NAMES:
        with tempfile.TemporaryDirectory() as cache:
            found, seconds, peak_bytes = prepared(f"keras:{name}", cache)
        weights_bytes = 4 * (found.parameters or 0)
        copies = (peak_bytes - BASE_BYTES) / weights_bytes
        print(f"{name}, {weights_bytes / 1e6:.0f} MB of weights: all {seconds:.1f} s; ", end="")
        print(f"{peak_bytes / 1e6:.0f} MB at most, {copies:.1f} sizes of it beside Python", flush=True)
        for form, made in found.forms.items():
            said = made.refused or f"{made.conversion_s:.1f} s, {made.size_bytes / 1e6:.0f} MB"
            print(f"    {form}: {said}", flush=True)


def prepared(model: str, cache: str) -> tuple[Prepared, float, int]:
    """What was made, in how many seconds, and the most bytes that a process of it held."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", PREPARE, model],
        stdout=subprocess.PIPE, text=True, check=True, env={**os.environ, "HOWFAR_CACHE": cache},
    )  # fmt: skip
    folder, peak_bytes = done.stdout.split()
    return portfolio.read(Path(folder)), time.perf_counter() - began, int(peak_bytes)


main()
