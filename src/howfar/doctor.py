"""Is this machine ready, and does the whole path tell the truth here? The known answers, asked in every browser."""

import shutil
from collections.abc import Iterator
from statistics import median

from msgspec import Struct

from howfar import frameworks, hosts, plan
from howfar.errors import UserError
from howfar.frameworks import Registry
from howfar.outcomes import Outcome
from howfar.records import NOT_INSTALLED, Cell, Model, Sampling, Target
from howfar.runner import Block, Options, Workshop
from howfar.study import Study

# 20 ms: long against every timer's step, short enough to ask for 25 times.
KNOWN_MS = 20.0
_SAMPLING = Sampling(min_samples=25, min_seconds=0.5, max_seconds=1.0, warmup_min_seconds=0.05, warmup_max_seconds=0.5)


class Finding(Struct, frozen=True):
    """One line of the answer; `good` None where it is only a fact, or nothing that howfar needs."""

    what: str
    found: str
    good: bool | None = None


def examine(known: Registry) -> Iterator[Finding]:
    """What was found, as it is found."""
    for program, wanted_for in (("node", "the npm client"), ("npm", "fetching framework files once")):
        path = shutil.which(program)
        yield Finding(program, path or f"not installed; needed for {wanted_for}", None if path else False)
    yield from _native_frameworks(known)
    study = Study("doctor", "", (), (), (), sampling=_SAMPLING)
    with Workshop(study, known, Options()) as shop:
        for name in hosts.browsers():
            yield from _examine_host(shop, name)
        with shop.block() as block:
            yield _known_answer(shop, block, Target("native-reference", _version(known), "cpu", "native"))


def _version(known: Registry) -> str:
    return known["native-reference"].installed_version()


def _native_frameworks(known: Registry) -> Iterator[Finding]:
    for name in frameworks.public_names(known):
        framework = known[name]
        if framework.runs_in == "native":
            version = framework.installed_version()
            hint = f" (pip install {framework.distributions[-1]})" if version == NOT_INSTALLED else ""
            yield Finding(framework.title, version + hint)


def _examine_host(shop: Workshop, name: str) -> Iterator[Finding]:
    try:
        with shop.block() as block:
            facts = block.host(name).checked_facts()
            yield Finding(name, f"{facts['browser_version']}, headless", True)
            yield _known_answer(shop, block, Target("reference", "1", "cpu", name))
        for backend, outcome in shop.survey(name).items():
            yield _backend(name, backend, outcome)
    except UserError as error:
        yield Finding(name, str(error), False)


def _backend(browser: str, backend: str, outcome: Outcome) -> Finding:
    if outcome.status != "ok":
        return Finding(f"{browser} {backend}", f"{outcome.status}: {outcome.message}")
    names = ("webgl_renderer", "webgpu_adapter", "wasm_simd", "wasm_threads", "cross_origin_isolated", "tick_us")
    own = {"cpu": names[4:], "wasm": names[2:4], "webgl": names[:1], "webgpu": names[1:2]}[backend]
    software = " (software, not a GPU)" if outcome.software_gpu else ""
    return Finding(f"{browser} {backend}", ", ".join(f"{key} {outcome.facts.get(key)}" for key in own) + software, True)


def _known_answer(shop: Workshop, block: Block, target: Target) -> Finding:
    """Spins for exactly KNOWN_MS: the median must say so within 1 % or 2 ticks."""
    cell = Cell(target, Model("spin", 1, int(KNOWN_MS * 1000)), "inference")
    task = plan.task_of(shop.study, cell, shop.data.names, 0)
    outcome = shop.visitor.measure(block.host(target.browser), task, "doctor")
    what = f"{target.browser} known answer"
    if outcome.status != "ok":
        return Finding(what, f"{outcome.status}: {outcome.message}", False)
    timed = next(series for series in outcome.series if (series.metric, series.stage) == ("latency", "timed"))
    found = median(timed.sample_ms) / timed.repeats
    tick_ms = float(outcome.facts["tick_us"] or 0) / 1000
    good = abs(found - KNOWN_MS) <= max(KNOWN_MS / 100, 2 * tick_ms)
    noise = outcome.noise
    quiet = (
        ""
        if noise is None
        else f"; waited {noise.wait_share:.1%} for a core, others used {noise.foreign_cores:.2f} cores"
    )
    return Finding(
        what, f"{KNOWN_MS:g} ms measured as {found:.3f} ms (clock ticks in {tick_ms * 1000:.3g} us){quiet}", good
    )
