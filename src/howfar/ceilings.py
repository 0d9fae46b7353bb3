"""Ceilings as they were taken: how fast arithmetic and memory are, in a browser and outside, and the roofs they make.

A ceiling is the best of many short samples over all processes: what was possible, not what is usual. How far the
processes' bests lie apart says how sure it is.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from howfar.measured import NATIVE, Group, groups, verdict
from howfar.outcomes import Outcome, Results
from howfar.records import Ceiling, Fact, Status, Target, ceilings_of

GPU = ("webgl", "webgpu")
LANGUAGES: Mapping[str, str] = {
    "cpu": "plain JavaScript", "wasm": "WebAssembly", "webgl": "WebGL", "webgpu": "WebGPU",
}  # fmt: skip
THREADS = {False: "1 thread", True: "all threads"}
# A working set up to here may lie in a cache, from which it is read faster: no desktop's level-3 cache is much larger.
CACHE_BYTES = 32 * 2**20


class Taken(Struct, frozen=True):
    """One target's ceilings. `rates`: by metric the best of each process, in GFLOP/s or GB/s."""

    group: Group
    rates: Mapping[Ceiling, tuple[float, ...]]

    @property
    def target(self) -> Target:
        return self.group.cell.target

    @property
    def status(self) -> tuple[Status, str]:
        """As a cell's: `ok`, or what was wrong in a round, and why."""
        return verdict(self.group.outcomes)

    @property
    def software(self) -> bool:
        """A GPU in name only."""
        return any(outcome.software_gpu for outcome in self.group.outcomes)

    @property
    def kernel(self) -> str:
        """What computed: the variant of the kernels, or a library and its code for this processor."""
        found = (outcome.facts.get("kernel") for outcome in self.group.outcomes)
        return str(next((one for one in found if one), ""))

    @property
    def tick_us(self) -> float:
        """The step of the coarsest clock that it was taken by."""
        return max((_number(outcome.facts.get("tick_us")) for outcome in self.group.outcomes), default=0.0)

    def best(self, metric: Ceiling) -> float | None:
        """None where there is none, or where a product was wrong."""
        return max(self.rates.get(metric, ()), default=None)


class Roof(Struct, frozen=True):
    """What bounds an operation: arithmetic in GFLOP/s, and memory in GB/s where that was taken. `of`: whose arithmetic
    it is."""

    of: Taken
    gflops: float
    cached_gbs: float | None
    memory_gbs: float | None

    def at(self, intensity: float, operation_bytes: float) -> float:
        """GFLOP/s that an operation of this arithmetic intensity (FLOP per byte) can't pass: the arithmetic's or the
        memory's, whichever binds."""
        bandwidth = self.cached_gbs if operation_bytes <= CACHE_BYTES else self.memory_gbs
        return self.gflops if bandwidth is None else min(self.gflops, bandwidth * intensity)


def taken(results: Results) -> list[Taken]:
    """Every target's ceilings in the newest environment."""
    every = groups(results, lambda cell: cell.workload == "ceilings")
    return [Taken(group, _rates(group)) for group in every if group.current]


def _rates(group: Group) -> dict[Ceiling, tuple[float, ...]]:
    able = [outcome for outcome in group.outcomes if outcome.status == "ok"]
    found = {metric: tuple(_best(outcome, metric) for outcome in able) for metric in ceilings_of(group.cell.target)}
    return {metric: known for metric, rates in found.items() if (known := tuple(filter(None, rates)))}


def _best(outcome: Outcome, metric: Ceiling) -> float:
    """Of one process; 0 where it tells none."""
    work = _number(outcome.facts.get(f"{metric}_flop")) or _number(outcome.facts.get(f"{metric}_bytes"))
    timed = [series for series in outcome.series if series.metric == metric and series.stage == "timed"]
    samples = [ms / series.repeats for series in timed for ms in series.sample_ms if ms > 0]
    return work / min(samples) / 1e6 if samples else 0.0


def _number(fact: Fact) -> float:
    return float(fact) if isinstance(fact, int | float) else 0.0


class Ceilings:
    """The roofs of one set of results. `several`: of all cores, which is another roof than that of one thread; what one
    thread reaches, all of them can too."""

    def __init__(self, every: Iterable[Taken]) -> None:
        self._every = list(every)

    def language(self, target: Target, several: bool) -> Roof | None:
        """What the target's own back end allows: plain JavaScript, WebAssembly, this GPU."""
        return _roof(one for one in self._of(target.browser, several) if one.target.backend == target.backend)

    def browser(self, target: Target, several: bool, software: bool) -> Roof | None:
        """What the browser allows by any means of the same kind: on a processor's cores the best of its languages, and
        on a GPU that is one the best of all."""
        own = self._of(target.browser, several)
        if target.backend in GPU and not software:
            return _roof(own)
        return _roof(one for one in own if one.target.backend not in GPU or (several and one.software))

    def roofs(self) -> dict[str, Roof]:
        """The roofs worth drawing, by name, the lowest kind first."""
        browsers = dict.fromkeys(one.target.browser for one in self._every if one.target.browser != NATIVE)
        found: dict[str, Roof | None] = {}
        for browser in browsers:
            plain = Target("", "", "cpu", browser)
            found[f"{LANGUAGES['cpu']} in {browser}, {THREADS[False]}"] = self.language(plain, False)
            for several, threads in THREADS.items():
                found[f"{browser}, {threads}"] = self.browser(plain, several, False)
            found[f"{browser}, GPU"] = self.gpu(browser)
        for several, threads in THREADS.items():
            found[f"native, {threads}"] = self.native(several)
        return {name: roof for name, roof in found.items() if roof}

    def gpu(self, browser: str) -> Roof | None:
        """What the browser allows on a GPU that is one."""
        own = (one for one in self._every if one.target.browser == browser and not one.software)
        return _roof(one for one in own if one.target.backend in GPU)

    def native(self, several: bool) -> Roof | None:
        """The best of what is installed; and what a browser reaches on these cores, the machine can. None where no
        library could be asked: the browser alone says nothing of native."""
        libraries = [one for one in self._every if one.target.browser == NATIVE]
        beside = [one for one in self._every if one.target.browser != NATIVE and one.target.backend not in GPU]
        found = _on(libraries, several)
        return _roof([*found, *_on(beside, several)]) if _roof(found) else None

    def _of(self, browser: str, several: bool) -> list[Taken]:
        own = [one for one in self._every if one.target.browser == browser]
        gpu = [one for one in own if one.target.backend in GPU]
        return [*gpu, *_on((one for one in own if one.target.backend not in GPU), several)]


def _on(every: Iterable[Taken], several: bool) -> list[Taken]:
    """Those on one thread; or all of them, where any is known on all threads."""
    own = list(every)
    if not several:
        return [one for one in own if one.target.threads != 0]
    return own if any(one.target.threads == 0 and one.best("gemm") for one in own) else []


def _roof(found: Iterable[Taken]) -> Roof | None:
    able = [(gemm, one) for one in found if (gemm := one.best("gemm"))]
    if not able:
        return None
    gflops, of = max(able, key=lambda pair: pair[0])
    every = [one for _, one in able]
    # A GPU's memory is only copied.
    return Roof(of, gflops, _most(every, "read_cached"), _most(every, "read") or _most(every, "copy"))


def _most(found: Iterable[Taken], metric: Ceiling) -> float | None:
    return max((rate for one in found if (rate := one.best(metric))), default=None)
