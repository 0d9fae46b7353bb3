"""From starting the browser to the first sample, against a bare `chromium URL` whose page posts back at once.

    python benchmarks/launch.py [RUNS]

In turn, so that a drifting machine meets both alike. `bare` is the least that any tool pays: the same program, a fresh
profile, a page of one line. `bare, isolated` is the same with the headers that give the page its 5 us clock and its
threads. howfar's own: until its page runs, and until the first sample is taken. `extension`: the same in a tab of a
browser that has the extension, and what the extension adds between one page's report and the next page's opening.
"""

import http.server
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from howfar import frameworks, plan
from howfar.hosts import chromium
from howfar.hosts.base import remove
from howfar.pages import HEADERS
from howfar.records import Cell, Sampling, Target
from howfar.runner import Options, Workshop
from howfar.study import Study

SHORT = Sampling(1, 0.001, 0.002, 0.5, 0.001, 0.002)
PAGE = b"<!doctype html><script>fetch('/posted', {method: 'POST'})</script>"


class Bare(http.server.ThreadingHTTPServer):
    """Serves the page of one line, and notes when it posts back."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.posted = threading.Event()
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                for name, value in {"content-type": "text/html", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(PAGE)

            def do_POST(self) -> None:
                server.posted.set()
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def launch(self, number: int) -> float:
        """Seconds from the start of the process to the post."""
        self.posted.clear()
        profile = tempfile.mkdtemp()
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        url = f"http://p{number}.localhost:{self.server_address[1]}/"
        command = [str(chromium.require()), "--headless=new", *sandbox, f"--user-data-dir={profile}", url]
        start = time.monotonic()
        quiet = subprocess.DEVNULL
        browser = subprocess.Popen(command, stdout=quiet, stderr=quiet, start_new_session=True)
        self.posted.wait(30)
        seconds = time.monotonic() - start
        os.killpg(browser.pid, signal.SIGKILL)
        browser.wait()
        remove(Path(profile))
        return seconds


def howfar_launch(shop: Workshop) -> tuple[float, float]:
    """Seconds from the start of the process until the page runs, and until its first sample of the known answers."""
    study = Study("launch", "", (), (), (), sampling=SHORT)
    cell = Cell(Target("reference", "1", "cpu", "chromium"), plan.CONTROL_MODEL, "inference")
    with shop.block() as block:
        outcome = shop.visitor.measure(block.host("chromium"), plan.task_of(study, cell, shop.data.names, 0), "")
    seconds = {span.name: span.seconds for span in outcome.timeline if span.name not in ("idle", "end")}
    before_first = ("launch", "page", "library_load", "backend_init", "model_load")
    return seconds["launch"], sum(seconds[name] for name in before_first)


def extension_launches(runs: int) -> dict[str, list[float]]:
    """Seconds of each page after the first, in one browser."""
    seconds: dict[str, list[float]] = {"extension, page": [], "extension, between": []}
    study = Study("launch", "", (), (), (), sampling=SHORT)
    cell = Cell(Target("reference", "1", "cpu", "chromium"), plan.CONTROL_MODEL, "inference")
    with Workshop(study, frameworks.registry(), Options(driver="extension")) as shop, shop.block() as block:
        for number in range(runs + 1):
            task = plan.task_of(study, cell, shop.data.names, number)
            outcome = shop.visitor.measure(block.host("chromium"), task, "")
            spans = {span.name: span.seconds for span in outcome.timeline}
            if number:
                seconds["extension, page"].append(spans["launch"])
                seconds["extension, between"].append(spans["idle"] + spans["end"])
    return seconds


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    bare, isolated = Bare({}), Bare(HEADERS)
    seconds: dict[str, list[float]] = {"bare": [], "bare, isolated": [], "howfar, page": [], "howfar, first sample": []}
    with Workshop(Study("launch", "", (), (), ()), frameworks.registry(), Options()) as shop:
        for number in range(runs):
            seconds["bare"].append(bare.launch(number))
            seconds["bare, isolated"].append(isolated.launch(number))
            page, first_sample = howfar_launch(shop)
            seconds["howfar, page"].append(page)
            seconds["howfar, first sample"].append(first_sample)
    seconds |= extension_launches(runs)
    for name, values in seconds.items():
        ratio = statistics.median(a / b for a, b in zip(values, seconds["bare"], strict=True))
        print(f"{name:22} median {statistics.median(values):.3f} s, min {min(values):.3f} s, {ratio:.2f} x bare")


main()
