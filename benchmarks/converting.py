"""What making a model of `keras.applications` ready to measure takes, in time and memory, form by form.

    python benchmarks/converting.py [NAME ...]

Each in a fresh process with an empty cache. `all`: building it, its own native answers, every form and its check. The
memory is the most that the process held beyond what it held for the smallest model, in sizes of the weights beyond that
one's: what Python, TensorFlow and ONNX Runtime hold without a model cancels.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from howfar import portfolio
from howfar.portfolio import Prepared

SMALLEST = "MobileNetV2"
NAMES = ("ResNet50", "NASNetMobile", "VGG16")
PREPARE = """
import resource, sys
from howfar import sources
print(sources.prepare(sources.Request(sys.argv[1])))
print(1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def main() -> None:
    least = measured(SMALLEST)
    for name in sys.argv[1:] or NAMES:
        weights_bytes, peak_bytes = measured(name)
        copies = (peak_bytes - least[1]) / (weights_bytes - least[0])
        print(f"    {copies:.1f} sizes of it at once", flush=True)


def measured(name: str) -> tuple[int, int]:
    """Says what its forms took; returns what its weights weigh, and the most bytes that a process held."""
    with tempfile.TemporaryDirectory() as cache:
        found, seconds, peak_bytes = prepared(f"keras:{name}", cache)
    weights_bytes = 4 * (found.parameters or 0)
    print(f"{name}, {weights_bytes / 1e6:.0f} MB of weights: {seconds:.1f} s, {peak_bytes / 1e6:.0f} MB at most")
    for form, made in found.forms.items():
        said = made.refused or f"{made.conversion_s:.1f} s, {made.size_bytes / 1e6:.0f} MB"
        print(f"    {form}: {said}", flush=True)
    return weights_bytes, peak_bytes


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
