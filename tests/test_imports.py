"""The two halves meet in the records and in the store, and nowhere else."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

PACKAGE = Path(str(files("howfar")))

# A module belongs to the half that it, or the package that it is in, is named in.
MEASURING = {
    "assignments", "bundle", "catalogue", "checks", "costs", "data", "database", "doctor", "driving", "editions",
    "environment", "exporters", "folders", "frameworks", "graphs", "hosts", "kernels", "lines", "live", "models",
    "native", "npm", "pages", "plan", "portfolio", "probes", "progress", "runner", "schedule", "selection", "server",
    "serving", "sharing", "sources", "store", "studies", "vendor", "visiting", "visits", "work",
}  # fmt: skip
JUDGING = {
    "advising", "benches", "ceilings", "comparing", "drawing", "experiments", "findings", "gaps", "kept", "laws",
    "levels", "measured", "palette", "pictures", "plotted", "priors", "quiet", "ranking", "regressing", "report",
    "roofs", "samples", "stacks", "stats", "summaries", "tables", "trees", "watched", "wholes", "wording",
}  # fmt: skip
SHARED = {"caches", "outcomes", "__init__", "errors", "handed", "layers", "observed", "records", "study"}
TOP = {"__main__", "cli", "commands"}
HALVES = {"measuring": MEASURING, "judging": JUDGING, "shared": SHARED, "top": TOP}

# Whom the modules of each may import.
ALLOWED = {
    "measuring": MEASURING | SHARED,
    "judging": JUDGING | SHARED,
    "shared": SHARED,
    "top": MEASURING | JUDGING | SHARED | TOP,
}


def modules() -> list[str]:
    """Every module, as its path in the package: `cli`, `hosts/base`."""
    return sorted(path.relative_to(PACKAGE).with_suffix("").as_posix() for path in PACKAGE.rglob("*.py"))


def halves_of(module: str) -> list[str]:
    return [half for half, names in HALVES.items() if module.partition("/")[0] in names]


def imported(module: str) -> Iterator[str]:
    """The names under `howfar` that a module imports anywhere in it, as `cli`, `hosts.base`."""
    tree = ast.parse((PACKAGE / f"{module}.py").read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name.removeprefix("howfar.") for name in node.names if name.name.startswith("howfar"))
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute here"
            yield from from_import(node)


def from_import(node: ast.ImportFrom) -> Iterator[str]:
    if node.module == "howfar":
        yield from (name.name for name in node.names)
    elif node.module and node.module.startswith("howfar."):
        yield node.module.removeprefix("howfar.")


def test_every_module_is_in_one_half() -> None:
    """A new module is added above, to the half that it is for."""
    stray = {module: halves_of(module) for module in modules() if len(halves_of(module)) != 1}
    assert not stray


def test_every_name_above_is_a_module() -> None:
    there = {module.partition("/")[0] for module in modules()}
    assert set().union(*HALVES.values()) == there


@pytest.mark.parametrize("module", modules())
def test_a_module_imports_its_own_half_only(module: str) -> None:
    (half,) = halves_of(module)
    names = {name.partition(".")[0] for name in imported(module)} - {"__version__"}
    assert names <= ALLOWED[half], f"{module} ({half}) imports {sorted(names - ALLOWED[half])}"


def test_the_search_finds_imports_of_every_kind() -> None:
    found = {name.partition(".")[0] for name in imported("commands/measuring")}
    assert {"frameworks", "runner", "studies", "commands"} <= found
    assert "hosts.base" in set(imported("visiting"))
    assert "native.measure" in set(imported("native/measure_task"))


RUN = """
import sys
from howfar import experiments, plan, runner, studies
for name in studies.experiment_names():
    experiments.load(name)
print(*(name for name in sys.modules if name.partition(".")[0] in ("altair", "vl_convert", "tensorflow", "matplotlib")))
"""

MEASURE_NATIVELY = """
import sys
import howfar.native.__main__
print(*(name for name in sys.modules if name.partition(".")[0] in
        ("polars", "altair", "sqlalchemy", "starlette", "sklearn", "scipy", "tensorflow")))
"""


@pytest.mark.parametrize("script", [RUN, MEASURE_NATIVELY], ids=["a run", "a native task"])
def test_what_it_does_not_need_is_not_loaded(script: str) -> None:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
