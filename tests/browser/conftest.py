"""Real browsers. Where there is none these tests are skipped, loudly; `make test` installs one first."""

import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest
from msgspec import structs

from howfar import frameworks, plan
from howfar.frameworks import Backend, Framework
from howfar.hosts import chromium
from howfar.outcomes import Outcome
from howfar.records import Cell, Model, Observation, ProtocolName, Sampling, Target, Workload
from howfar.runner import Block, Options, Workshop
from howfar.study import Limits, Study
from real import Measure

ADAPTERS = Path(__file__).parent / "adapters"
QUICK = Sampling(min_samples=5, min_seconds=0.1, max_seconds=0.4, warmup_min_seconds=0.05, warmup_max_seconds=0.2)
FAULTS = (
    "throw", "reject_elsewhere", "hang", "never", "eat_memory", "allocate", "lose_context", "hold_device", "leak",
    "wrong", "not_finite", "queue", "fall_back",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    skip = pytest.mark.skip(reason="NO BROWSER: install Chromium (Debian: apt-get install chromium)")
    for item in items:
        if "browser" in Path(item.path).parts and chromium.find() is None:
            item.add_marker(skip)


@pytest.fixture(scope="session", autouse=True)
def own_temporary_folder() -> Iterator[None]:
    """Profiles lie in a folder of these tests alone: what they look for, or kill, is never somebody else's browser."""
    with tempfile.TemporaryDirectory(prefix="hf") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", folder)
        patch.setattr(tempfile, "tempdir", folder)
        yield


@pytest.fixture(scope="session")
def known() -> Mapping[str, Framework]:
    """The registry, and a framework that has every fault."""
    backends = dict.fromkeys(FAULTS, (Backend(),))
    faulty = Framework(
        "faulty", "browser", "", backends, ("inference",), ("spin",), versions=("1",), adapter_url="/adapters/faulty.js"
    )
    return {**frameworks.registry(), "faulty": faulty}


@pytest.fixture(scope="session")
def shop(known: Mapping[str, Framework]) -> Iterator[Workshop]:
    limits = Limits(launch_seconds=20, phase_seconds=60)
    study = Study("test", "", (), (), (), sampling=QUICK, limits=limits)
    with Workshop(study, known, Options(adapters=ADAPTERS)) as opened:
        yield opened


@pytest.fixture(scope="session")
def natives(shop: Workshop) -> Iterator[Block]:
    """Where native tasks are forked: to import TensorFlow for each would take most of their time."""
    with shop.block() as opened:
        yield opened


@pytest.fixture(scope="session")
def measure_watched(shop: Workshop, natives: Block) -> Measure:
    """The same, watched at its processes."""
    return partial(_measure_with(shop, natives), observe="processes")


@pytest.fixture(scope="session")
def measure(shop: Workshop, natives: Block) -> Measure:
    """Measures one cell in a real browser (or natively) and returns its outcome."""
    return _measure_with(shop, natives)


def _measure_with(shop: Workshop, natives: Block) -> Measure:

    def run(  # noqa: PLR0913 - what a cell is made of
        framework: str,
        backend: str,
        model: Model,
        workload: Workload = "inference",
        *,
        browser: str = "chromium",
        flags: tuple[str, ...] = (),
        sampling: Sampling = QUICK,
        version: str = "",
        protocol: ProtocolName = "corrected",
        switch: str = "",
        observe: Observation = "",
    ) -> Outcome:
        one = shop.known[framework]
        version = frameworks.resolve_version(framework, one, version)
        threads = 1 if browser == "native" else None
        cell = Cell(Target(framework, version, backend, browser, threads, switch), model, workload, observe)
        task = plan.task_of(structs.replace(shop.study, sampling=sampling), cell, shop.data.names, 0, protocol)
        if browser == "native":
            return shop.visitor.measure(natives.host(browser), task, "test")
        with shop.block() as block:
            host = chromium.Chromium(shop.reaper, flags) if flags else block.host(browser)
            return shop.visitor.measure(host, task, "test")

    return run
