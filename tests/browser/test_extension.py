"""The extension in a real Chromium: page after page in tabs of one browser, whatever becomes of each."""

import json
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from statistics import median

import psutil
import pytest

from devtools import opened
from howfar import driving, plan, watched
from howfar.frameworks import Framework
from howfar.hosts import extension
from howfar.outcomes import Outcome
from howfar.records import Cell, Model, Observation, Sampling, Target
from howfar.runner import Block, Options, Workshop
from howfar.study import Limits, Study
from leftovers import browsers, profiles

pytestmark = pytest.mark.alone

ADAPTERS = Path(__file__).parent / "adapters"
SPIN = Model("spin", 1, 1000)
QUICK = Sampling(min_samples=5, min_seconds=0.1, max_seconds=0.4, warmup_min_seconds=0.05, warmup_max_seconds=0.2)
# Busy for 4 s: some updates of the task manager, which come once a second.
LONG = Sampling(min_samples=5, min_seconds=4.0, max_seconds=5.0, warmup_min_seconds=0.05, warmup_max_seconds=0.2)
LIMITS = Limits(launch_seconds=20, phase_seconds=8)
STUDY = Study("test", "", (), (), (), sampling=QUICK, limits=LIMITS)

Run = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    before = set(profiles())
    yield
    assert browsers() == []
    assert set(profiles()) <= before


@pytest.fixture
def shop(known: Mapping[str, Framework]) -> Iterator[Workshop]:
    with Workshop(STUDY, known, Options(adapters=ADAPTERS, driver="extension")) as made:
        yield made


@pytest.fixture
def block(shop: Workshop) -> Iterator[Block]:
    with shop.block() as made:
        yield made


@pytest.fixture
def measure(shop: Workshop, block: Block) -> Run:
    """Measures a known answer, or a fault, in the block's one browser."""

    def run(
        framework: str = "reference", backend: str = "cpu", sampling: Sampling = QUICK, observe: Observation = ""
    ) -> Outcome:
        study = Study("test", "", (), (), (), sampling=sampling)
        cell = Cell(Target(framework, "1", backend, "chromium"), SPIN, "inference", observe)
        return shop.visitor.measure(block.host("chromium"), plan.task_of(study, cell, shop.data.names, 0), "test")

    return run


def roots() -> list[psutil.Process]:
    """The browsers themselves, without what they started."""
    return [one for one in browsers() if not any(word.startswith("--type=") for word in one.cmdline())]


def renderers() -> list[int]:
    return [one.pid for one in browsers() if "--type=renderer" in one.cmdline()]


def test_a_study_s_pages_are_visited_in_one_browser_whatever_becomes_of_each(measure: Run) -> None:
    first = measure()
    pids = {process.pid for process in roots()}
    crashed = while_killing(lambda: measure("faulty", "never"))
    hung = measure("faulty", "hang")
    busy = [pid for pid in renderers() if psutil.Process(pid).cpu_percent(0.2) > 50]
    last = measure(sampling=LONG)
    assert [one.status for one in (first, crashed, hung, last)] == ["ok", "crashed", "hung", "ok"], (first, last)
    assert crashed.message == "the process was gone in first"
    assert busy == []  # the tab that hung is gone, and works no more
    assert {process.pid for process in roots()} == pids
    for outcome in (first, crashed, hung, last):
        assert outcome.extension is not None and outcome.extension.unavailable == ""
    assert hung.extension is not None and last.extension is not None
    for found in (hung, last):
        pages = [one for one in found.extension.samples if one.role == "page"]  # type: ignore[union-attr]  # said above
        assert len(pages) >= 3, found
        assert {one.role for one in found.extension.samples} == {"page", "gpu"}  # type: ignore[union-attr]
        assert max(one.cpu_percent or 0 for one in pages) > 5  # some machines have others to serve
        assert all((one.private_bytes or 0) > 1e6 for one in pages)
        assert all(0 <= one.at_s <= sum(span.seconds for span in found.timeline) for one in pages)


def while_killing(measured: Callable[[], Outcome], *, the_extension: bool = False) -> Outcome:
    """Kills every tab's process, also that of the page that says how, or the extension's, while a page waits."""

    def kill() -> None:
        for pid in renderers():
            if the_extension == ("--extension-process" in psutil.Process(pid).cmdline()):
                psutil.Process(pid).kill()

    timer = threading.Timer(4, kill)
    timer.start()
    try:
        return measured()
    finally:
        timer.join()


def test_both_samplers_agree_on_a_busy_page(measure: Run) -> None:
    """The last of three visits of one browser: what its processes did before is not the page's."""
    pairs = [pair for _ in range(3) for pair in seconds_of(measure(observe="processes"))]
    print("chrome.processes, the system:", [tuple(round(100 * one, 1) for one in pair) for pair in pairs])
    assert len(pairs) >= 4
    assert max(theirs for theirs, _ in pairs) > 0.05  # some machines have others to serve
    assert median(abs(theirs - ours) for theirs, ours in pairs) <= 0.02


def seconds_of(outcome: Outcome) -> list[tuple[float, float]]:
    """What share of a core the page used in each second of its steady phase, as both tell it."""
    samples, steady = outcome.processes, watched.steady(outcome)
    assert outcome.status == "ok" and outcome.extension and samples and steady
    page = watched.role(samples, "page")
    assert page is not None
    told = watched.updates(outcome.extension, "page", steady)
    return [(one.share, watched.share(samples, page, one.begin_s, one.end_s)) for one in told]


@pytest.fixture
def changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The extension's folder, to be spoiled."""
    folder = tmp_path / "extension"
    shutil.copytree(driving.FOLDER, folder)
    driving.extension_id()  # of the manifest as it is
    monkeypatch.setattr(driving, "FOLDER", folder)
    monkeypatch.setattr(extension, "START_SECONDS", 8.0)
    return folder


def test_a_browser_without_chrome_processes_is_driven_and_not_sampled(
    changed: Path, known: Mapping[str, Framework]
) -> None:
    """As a branded Chrome, where the permission is not to be had."""
    manifest = json.loads((changed / "manifest.json").read_text())
    (changed / "manifest.json").write_text(json.dumps({**manifest, "permissions": []}))
    outcome = measured_alone(known)
    assert outcome.status == "ok" and outcome.extension is not None
    assert outcome.extension.unavailable == "this browser has no chrome.processes"
    assert outcome.extension.samples == ()


def measured_alone(known: Mapping[str, Framework]) -> Outcome:
    """In a run of its own, which asks first what its browser is."""
    with Workshop(STUDY, known, Options(driver="extension")) as shop, shop.block() as block:
        host = block.host("chromium")
        host.checked_facts()
        cell = Cell(Target("reference", "1", "cpu", "chromium"), SPIN, "inference")
        return shop.visitor.measure(host, plan.task_of(STUDY, cell, shop.data.names, 0), "test")


SMALL = """
name = "small"
title = "A small study"
experiments = ["inference_time"]
rounds = 1
models = [{ sizes = [[1, 4]] }]
targets = [{ framework = "convnetjs" }, { framework = "numpy", threads = [1] }]
limits = { noise_repeats = 0 }
[sampling]
min_samples = 5
min_seconds = 1.5
max_seconds = 2.0
warmup_min_seconds = 0.05
warmup_max_seconds = 0.1
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.toml").write_text(SMALL)
    return tmp_path


def command(folder: Path, *words: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "howfar",
        words[0],
        str(folder / "small.toml"),
        "--out",
        str(folder / "out"),
        *words[1:],
    ]


def stored(folder: Path) -> list[dict[str, object]]:
    with closing(sqlite3.connect(f"file:{folder}/out/outcomes.sqlite?mode=ro", uri=True)) as database:
        return [json.loads(row[0]) for row in database.execute("SELECT outcome FROM outcomes ORDER BY id")]


def has_samples(outcome: dict[str, object]) -> bool:
    found = outcome["extension"]
    return isinstance(found, dict) and bool(found["samples"]) and not found["unavailable"]


def test_a_run_of_the_command_with_the_extension(folder: Path) -> None:
    done = subprocess.run(
        command(folder, "run", "--driver", "extension"), capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
    outcomes = stored(folder)
    assert {outcome["status"] for outcome in outcomes} == {"ok"}
    in_browser = [one for one in outcomes if one["task"]["cell"]["target"]["browser"] == "chromium"]  # type: ignore[index]
    assert len(in_browser) == 3 and all(map(has_samples, in_browser))  # ConvNetJS, and a control before and after
    assert [one["extension"] for one in outcomes if one not in in_browser] == [None]
    assert (folder / "out" / "report" / "index.html").is_file()


def test_a_person_loads_the_extension_by_hand(folder: Path, tmp_path: Path) -> None:
    serving = subprocess.Popen(command(folder, "serve"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert serving.stdout is not None
    address = re.search(r"http://localhost:\d+/extension/\?token=\S+", serving.stdout.readline())
    assert address
    try:
        with opened(address[0], tmp_path / "without") as page:
            said = page.text_with("Load unpacked", seconds=20)
        assert "The extension is not here yet." in said and str(driving.FOLDER) in said
        with opened(address[0], tmp_path / "with", f"--load-extension={driving.FOLDER}") as page:
            output, errors = serving.communicate(timeout=120)
            said = page.text_with("The run is over", seconds=10)
    finally:
        serving.kill()
    assert (serving.returncode, errors) == (0, "")
    assert "report:" in output
    assert "The run is over" in said and "sampled once a second" in said
    assert sum(map(has_samples, stored(folder))) == 3
