"""What howfar itself costs while it measures, over a seeded sample of Figure 1's cells with the paper study's
sampling.

    python benchmarks/overhead.py [CELLS]

Two shares: of the run's wall time, what lies outside measured operations and their warm-up (launching the browser,
ending it, and what is between tasks); and of the timed samples' wall time, the CPU time of server and runner.
"""

import random
import sys
import time
from collections.abc import Iterable

from howfar import frameworks, plan, studies, visiting
from howfar.experiments import load
from howfar.probes.processes import Snapshot, snapshot
from howfar.runner import Options, Workshop

OUTSIDE = ("idle", "launch", "page", "end")


class OwnCpu:
    """Stands in for visiting.snapshot: the CPU time of this process between the end of one snapshot and the begin of
    the next, which is what server and runner use while the samples are taken."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._since: float | None = None

    def __call__(self, pids: Iterable[int]) -> Snapshot:
        if self._since is not None:
            self.seconds += time.process_time() - self._since
        found = snapshot(pids)
        self._since = None if self._since is not None else time.process_time()
        return found


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    known = frameworks.registry()
    paper = studies.load("paper", known)
    cells = random.Random(1).sample(list(load("training_time").cells(paper)), count)
    own = OwnCpu()
    vars(visiting)["snapshot"] = own
    outside = total = timed = 0.0
    with Workshop(paper, known, Options()) as shop, shop.block() as block:
        for cell in cells:
            task = plan.task_of(paper, cell, shop.data.names, 0)
            outcome = shop.visitor.measure(block.host(cell.target.browser), task, "benchmark")
            spans = {span.name: 0.0 for span in outcome.timeline}
            for span in outcome.timeline:
                spans[span.name] += span.seconds
            total += sum(spans.values())
            outside += sum(spans.get(name, 0.0) for name in OUTSIDE)
            timed += outcome.noise.wall_s if outcome.noise else 0.0
            print(f"{task.describe():56} {outcome.status:12} {sum(spans.values()):6.1f} s", flush=True)
    print(f"outside measured operations and their warm-up: {outside / total:.1%} of {total:.0f} s of wall time")
    print(f"server and runner while samples are taken: {own.seconds / timed:.2%} of a core")


main()
