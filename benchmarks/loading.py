"""Loading the model of (4,256) by each framework's own loader: over HTTP from the local server, against from memory.

    python benchmarks/loading.py [ROUNDS]

Each round is a fresh browser, in which both are sampled; the ratio is taken within it. What is over 1 is what the local
server and the browser's network cost: the rest of a loading time is the framework's own.
"""

import statistics
import sys

from msgspec import structs

from howfar import frameworks, plan, studies
from howfar.experiments import load
from howfar.outcomes import Outcome
from howfar.records import Cell, Model
from howfar.runner import Options, Workshop

MODEL = Model("mlp", 4, 256)


def median_ms(outcome: Outcome, metric: str) -> float:
    (timed,) = (one for one in outcome.series if (one.metric, one.stage) == (metric, "timed"))
    return statistics.median(timed.sample_ms) / timed.repeats


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    known = frameworks.registry()
    paper = structs.replace(studies.load("paper", known), metrics="all")
    targets = dict.fromkeys(cell.target for cell in load("load_time").cells(paper))
    with Workshop(paper, known, Options()) as shop:
        for target in targets:
            outcomes = []
            for number in range(rounds):
                with shop.block() as block:
                    task = plan.task_of(paper, Cell(target, MODEL, "loading"), shop.data.names, number)
                    outcomes.append(shop.visitor.measure(block.host(target.browser), task, "benchmark"))
            if failed := next((one for one in outcomes if one.status != "ok"), None):
                print(f"{target!s:32} {failed.status}: {failed.message}", flush=True)
                continue
            both = [(median_ms(one, "load"), median_ms(one, "load_from_memory")) for one in outcomes]
            http, memory = (statistics.median(column) for column in zip(*both, strict=True))
            ratio = statistics.median(one / other for one, other in both)
            print(f"{target!s:32} HTTP {http:8.1f} ms, memory {memory:8.1f} ms, {ratio:.2f} x", flush=True)


main()
