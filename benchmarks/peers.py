"""howfar's median against the loops of the runtimes' own benchmark tools: same model, same page, same back end.

    python benchmarks/peers.py [ROUNDS] [MODEL]

Each round is a fresh browser, in which the library's own loop (benchmarks/peers/loops.js says what each does) runs
first and howfar's measuring after it; the ratio is taken within the round. howfar's operation begins with plain numbers
and theirs with tensors that are made once, so a little over 1 is right; past 1.05 in the median of many rounds one of
the two is wrong. In one round it may be far from 1: the loop has a session of its own, and of ONNX Runtime Web on one
thread two sessions in one page differ by up to a third, whoever times them (49 to 75 ms by the same loop).
"""

import statistics
import sys
from pathlib import Path

from msgspec import structs

from howfar import frameworks, plan, sources, studies
from howfar.outcomes import Outcome
from howfar.records import Cell
from howfar.runner import Options, Workshop
from howfar.study import ModelChoice

BACKENDS = ("wasm",)
FRAMEWORKS = ("tfjs", "onnxruntime-web", "litert")


def median_ms(outcome: Outcome) -> float:
    (timed,) = (one for one in outcome.series if (one.metric, one.stage) == ("latency", "timed"))
    return statistics.median(timed.sample_ms) / timed.repeats


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    model = sys.argv[2] if len(sys.argv) > 2 else "keras:MobileNetV2"
    known = {
        name: structs.replace(one, adapter_url=f"/adapters/wrapped.js?of={name}") if name in FRAMEWORKS else one
        for name, one in frameworks.registry().items()
    }
    asked = structs.replace(studies.load("bench", known), models=(ModelChoice("graph", source=model),))
    study = studies.change(asked, known, only=[f"framework={','.join(FRAMEWORKS)}", f"backend={','.join(BACKENDS)}"])
    own = sources.portfolio(studies.requests(study))
    adapters = Path(__file__).parent / "peers"
    with Workshop(study, known, Options(adapters=adapters, own=own)) as shop:
        for target in study.resolved_targets:
            ratios = []
            for number in range(rounds):
                with shop.block() as block:
                    task = plan.task_of(study, Cell(target, study.sizes()[0], "inference"), shop.data.names, number)
                    outcome = shop.visitor.measure(block.host(target.browser), task, "benchmark")
                if outcome.status != "ok":
                    print(f"{target!s:42} {outcome.status}: {outcome.message}", flush=True)
                    break
                ratios.append((median_ms(outcome), float(outcome.facts["peer_median_ms"] or 0)))
            else:
                ours, theirs = (statistics.median(column) for column in zip(*ratios, strict=True))
                ratio = statistics.median(one / other for one, other in ratios)
                print(f"{target!s:42} howfar {ours:8.2f} ms, its own loop {theirs:8.2f} ms, {ratio:.3f} x", flush=True)


main()
