"""What a report's pages weigh, and how soon they can be used: read by the page's own clock in a fresh Chromium.

    python benchmarks/pages.py RESULTS [TIMES]

`readable` is when the document is parsed and its own script has run, `loaded` when its figures' pictures are there too;
`longest` is the longest task that kept the page from answering meanwhile.
"""

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from howfar.hosts import chromium
from howfar.hosts.base import end_tree
from howfar.hosts.devtools import FLAG, Pipes, start_with

ASKED = """new Promise((tell) => {
  const longest = () => Math.max(0, ...seen.map((one) => one.duration));
  const seen = [];
  new PerformanceObserver((list) => seen.push(...list.getEntries())).observe({ type: 'longtask', buffered: true });
  const told = () => setTimeout(() => {
    const { domInteractive, loadEventEnd } = performance.getEntriesByType('navigation')[0];
    tell([domInteractive, loadEventEnd, longest()]);
  }, 500);
  document.readyState === 'complete' ? told() : addEventListener('load', told);
})"""


def main() -> None:
    folder, times = Path(sys.argv[1]) / "report", int(sys.argv[2]) if len(sys.argv) > 2 else 5
    for page in sorted(folder.glob("*.html")):
        taken = [opened(page) for _ in range(times)]
        readable, loaded, longest = (statistics.median(column) for column in zip(*taken, strict=True))
        words = f"readable {readable:6.0f} ms, loaded {loaded:6.0f} ms, longest task {longest:5.0f} ms"
        print(f"{page.name:12} {page.stat().st_size / 1e6:5.1f} MB, {words}", flush=True)


def opened(page: Path) -> list[float]:
    """Milliseconds since it was asked for."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        flags = (*chromium.BASE_FLAGS, *chromium.sandbox_flags(), FLAG, f"--user-data-dir={profile}")
        command = [str(chromium.require()), *flags, "about:blank"]
        quiet = subprocess.DEVNULL
        process, devtools = start_with(Pipes(), command, stdout=quiet, stderr=quiet, start_new_session=True)
        try:
            devtools.ask("Page.navigate", devtools.page(), url=page.resolve().as_uri())
            answer = devtools.ask(
                "Runtime.evaluate", devtools.page(), expression=ASKED, awaitPromise=True, returnByValue=True
            )
            return list(answer["result"]["value"])
        finally:
            end_tree(process.pid)
            process.wait()
            devtools.close()


main()
