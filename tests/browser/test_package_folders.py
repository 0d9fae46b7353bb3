"""A framework's package from a folder of the user's: bundled, loaded by a page, trained, saved, and right.

The folder here holds a stand-in of our own for Mind, which not every npm registry serves. The real one is asked where
the environment variable HOWFAR_MIND_DIR names its folder, with its dependencies installed in it.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from howfar import folders, frameworks, plan
from howfar.outcomes import Outcome
from howfar.records import Cell, Model, Sampling, Target, Workload
from howfar.runner import Options, Workshop
from howfar.study import Study

PACKAGES = Path(__file__).parent / "packages"
REAL = os.environ.get("HOWFAR_MIND_DIR")
QUICK = Sampling(min_samples=5, min_seconds=0.1, max_seconds=0.4, warmup_min_seconds=0.05, warmup_max_seconds=0.2)
STUDY = Study("folders", "", (), (), (), sampling=QUICK, metrics="primary")
# One hidden layer, where Mind takes the gradient's step, and two, where it does not: the reference knows both.
DEPTHS = (1, 2)
WORKLOADS: tuple[Workload, ...] = ("training", "inference", "loading", "features")


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Installed as npm would: the dependency lies in the package's own node_modules."""
    folder = tmp_path_factory.mktemp("folders") / "node-mind"
    shutil.copytree(PACKAGES / "node-mind", folder)
    shutil.copytree(PACKAGES / "node-matrix", folder / "node_modules" / "node-matrix")
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What these folders hold is not for the cache of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOWFAR_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def measured(folder: Path, depth: int, workload: Workload) -> Outcome:
    known = folders.with_folders(frameworks.registry(), [f"mind={folder}"])
    version = frameworks.resolve_version("mind", known["mind"], "")
    cell = Cell(Target("mind", version, "cpu", "chromium"), Model("mlp", depth, 16), workload)
    with Workshop(STUDY, known, Options()) as shop, shop.block() as opened:
        task = plan.task_of(STUDY, cell, shop.data.names, 0)
        return shop.visitor.measure(opened.host("chromium"), task, "test")


def right(outcome: Outcome) -> None:
    assert outcome.status == "ok", f"{outcome.message}\n{outcome.detail}"
    assert outcome.check is not None and outcome.check.max_abs_error is not None
    assert outcome.check.max_abs_error < 1e-12  # float64, as the reference
    cell = outcome.task.cell
    trains = cell.workload in ("training", "features")
    assert ("training_fault" in outcome.facts) is (trains and cell.model.depth > 1)
    if cell.workload == "features":
        assert (outcome.facts["layer_types"], outcome.facts["activation_types"]) == (1, 2)
        assert (outcome.facts["saves"], outcome.facts["round_trip_error"]) == (True, 0)


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("workload", WORKLOADS)
def test_a_package_from_a_folder_is_measured_and_right(stand_in: Path, depth: int, workload: Workload) -> None:
    outcome = measured(stand_in, depth, workload)
    right(outcome)
    assert outcome.task.cell.target.version.startswith("0.0.7+")


@pytest.mark.usefixtures("cache")
@pytest.mark.skipif(REAL is None, reason="NO MIND: HOWFAR_MIND_DIR names no folder with node-mind and its dependencies")
@pytest.mark.parametrize("depth", [1, 4])
@pytest.mark.parametrize("workload", WORKLOADS)
def test_mind_itself_is_right(depth: int, workload: Workload) -> None:
    right(measured(Path(str(REAL)), depth, workload))
