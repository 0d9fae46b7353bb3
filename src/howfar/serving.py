"""`howfar serve`: the same page, for a person who chooses what to measure by its URL. The figures stay on the page."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from howfar import data, frameworks, plan, studies
from howfar.assignments import Desk
from howfar.errors import UserError
from howfar.frameworks import Registry
from howfar.handed import Assignment
from howfar.records import Cell, Target
from howfar.server import Server
from howfar.study import Study


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of the page's URL."""

    framework: str
    backend: str = "cpu"
    model: str = "mlp"
    depth: int = 1
    width: int = 64
    workload: str = "inference"


@contextlib.contextmanager
def serve(known: Registry, *, port: int, mnist: Path | None, text: Path | None = None) -> Iterator[str]:
    """Serves until the context is left. Yields the address to open.

    Raises: UserError where the port is taken.
    """
    empty = Study("page", "", (), (), ())
    samples = data.load(empty.seed, mnist=mnist, text=text)

    def assign(query: Mapping[str, str]) -> Assignment:
        try:
            return desk.assignment(plan.task_of(empty, _cell(query, known), samples.names, 0))
        except MemoryError as error:
            raise UserError(str(error), where="the page's URL", mend="make depth or width smaller") from None

    with Server(port=port, assign=assign) as server:
        desk = Desk(server, known, samples)
        yield f"http://localhost:{server.port}"


def _cell(query: Mapping[str, str], known: Registry) -> Cell:
    """The cell that a URL's query names.

    Raises: UserError naming the part of the query that is wrong.
    """
    try:
        wish = msgspec.convert(query, Wish, strict=False)
        name, wanted = frameworks.split_version(wish.framework)
        framework = frameworks.find(known, name, where="framework")
        version = frameworks.resolve_version(name, framework, wanted, where="framework")
        studies.check_backend(name, framework, version, wish.backend, "backend")
        size = {"kind": wish.model, "depth": wish.depth, "width": wish.width}
        target = Target(name, version, wish.backend, "person")
        cell = {"target": msgspec.to_builtins(target), "model": size, "workload": wish.workload}
        found = msgspec.convert(cell, Cell)
        studies.check_model(found.model, "the page's URL")
    except msgspec.ValidationError as error:
        mend = "such as ?framework=tfjs&backend=wasm&model=mlp&depth=4&width=128&workload=training"
        raise UserError(str(error), where="the page's URL", mend=mend) from None
    if framework.runs_in == "native" or found.model.kind not in framework.models:
        mend = f"{name} runs {framework.runs_in}, with models {', '.join(framework.models)}"
        raise UserError(f"{name} can't run {found.model} in a page", where="the page's URL", mend=mend)
    return found
