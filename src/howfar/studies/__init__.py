"""Study files: TOML to a Study, checked whole at the door, every name in it resolved or refused with its key path."""

import re
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path

import msgspec
from msgspec.structs import replace

from howfar import frameworks, hosts, models, selection, sources
from howfar.environment import has_gpu
from howfar.errors import UserError
from howfar.frameworks import Framework, Registry
from howfar.records import PLAIN_SIMD, Model, Target
from howfar.sources import Request
from howfar.study import ModelChoice, Part, Study, TargetChoice


def named_studies() -> list[str]:
    """The studies that come with howfar."""
    names = (path.name for path in files(__name__).iterdir())
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


def experiment_names() -> list[str]:
    """The experiments that there are: the files of experiments/ (listed, not imported: see tests/test_imports.py)."""
    names = (path.name for path in files("howfar").joinpath("experiments").iterdir())
    return sorted(name.removesuffix(".py") for name in names if name.endswith(".py") and not name.startswith("_"))


def load(name: str, known: Registry) -> Study:
    """The study of that name, or the one in that file.

    Raises: UserError with the file and the key path of what is wrong.
    """
    where, text = _read(name)
    try:
        study = msgspec.toml.decode(text, type=Study)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at ")
        raise UserError(
            f"{path.strip('`').removeprefix('$.') or 'top level'}: {what}", where=where, mend=_SEE
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UserError(f"not valid TOML: {error}", where=where, mend="correct the file there") from None
    if ("published" in study.experiments) != ("published" in study.protocols):
        mend = "name it in both or in neither: the experiment shows what the protocol measures"
        raise UserError("protocols: 'published' is in one of protocols and experiments only", where=where, mend=mend)
    if study.parts and study.budget_minutes is None:
        mend = "say how many minutes are its own, beside those of its parts"
        raise UserError("budget_minutes: a study with parts has none", where=where, mend=mend)
    return resolve(study, known, where)


def whole(name: str, known: Registry) -> list[Study]:
    """The study, and after it those that are its parts.

    Raises: UserError as `load` does, and where two of them would go by one name.
    """
    study = load(name, known)
    parts = [_part(part, known) for part in study.parts]
    names = [one.name for one in (study, *parts)]
    for one in names:
        if names.count(one) > 1:
            raise UserError(f"parts: two studies are called {one!r}", where=name, mend="each has a folder by its name")
    named = [replace(part, study=one.name) for part, one in zip(study.parts, parts, strict=True)]
    return [replace(study, parts=tuple(named)), *parts]


def _part(part: Part, known: Registry) -> Study:
    study = load(part.study, known)
    if study.parts:
        raise UserError(f"parts: {part.study} has parts itself", where=part.study, mend="name those parts instead")
    return change(study, known, only=part.only, rounds=part.rounds, budget_minutes=part.budget_minutes)


_SEE = 'the keys that there are: docs/method.md, "A study file"'


def _read(name: str) -> tuple[str, bytes]:
    if name in named_studies():
        return f"{name}.toml", files(__name__).joinpath(f"{name}.toml").read_bytes()
    path = Path(name)
    try:
        return str(path), path.read_bytes()
    except OSError as error:
        mend = f"give a TOML file, or one of: {', '.join(named_studies())}"
        raise UserError(f"no study there ({error.strerror})", where=name, mend=mend) from None


def resolve(study: Study, known: Registry, where: str) -> Study:
    """The study with its targets resolved against the registry.

    Raises: UserError naming the key whose value does not exist.
    """
    if not re.fullmatch(r"\w[\w.-]*", study.name):
        raise UserError(f"name: {study.name!r} can't name a folder", where=where, mend="use letters, digits, - and _")
    for key in ("experiments", "browsers", "models"):
        if not getattr(study, key):
            raise UserError(f"{key}: there are none", where=where, mend=f"name at least one of the {key}")
    _each_known(study.experiments, experiment_names(), "experiments", where)
    _each_known(study.browsers, hosts.browsers(), "browsers", where)
    for i, choice in enumerate(study.models):
        _check_models(choice, f"{where}: models[{i}]")
    choices = [(f"{where}: targets[{i}]", choice) for i, choice in enumerate(study.targets)]
    choices += [(f"{where}: native[{i}]", _native_choice(name, known)) for i, name in enumerate(study.native)]
    targets = [target for at, choice in choices for target in _targets(choice, study.browsers, known, at)]
    if not targets:
        raise UserError("targets: there are none", where=where, mend="add a [[targets]] table")
    able = {target.framework: known[target.framework].abilities() for target in targets}
    return replace(
        study,
        resolved_targets=tuple(dict.fromkeys(targets)),
        abilities=able,
        ceilings=tuple(_ceilings(study.browsers, known)),
    )


def _ceilings(browsers: Iterable[str], known: Registry) -> Iterator[Target]:
    """By what ceilings are taken: in each browser, on one thread and on all where there are such; natively by every
    library that is known, also where it is not installed, so that its row says so."""
    (version,) = known["ceiling"].versions
    for browser in browsers:
        for backend in known["ceiling"].backends:
            counts = (1, 0) if backend in known["ceiling"].threaded else (None,)
            yield from (Target("ceiling", version, backend, browser, count) for count in counts)
        yield from (Target("ceiling", version, "wasm", browser, count, PLAIN_SIMD) for count in (1, 0))
    for name, library in known.items():
        if library.runs_in != "native" or "ceilings" not in library.workloads:
            continue
        installed, switches = library.installed_version(), library.switches.get("cpu")
        variants = [(1, switch) for switch in switches] if switches else [(1, ""), (0, "")]
        yield from (Target(name, installed, "cpu", "native", *variant) for variant in variants)


def _check_models(choice: ModelChoice, where: str) -> None:
    """Raises: UserError where it names no model, or one that can't be."""
    if choice.kind == "graph":
        if not choice.source or choice.depths or choice.widths or choice.sizes:
            raise UserError("one's own model has a source and no size", where=where, mend='give source = "FILE"')
        return
    found = list(choice.models())
    if not found:
        raise UserError("no sizes", where=where, mend="give sizes = [[depth, width], ...], or depths and widths")
    for model in found:
        check_model(model, where)


def check_model(model: Model, where: str) -> None:
    """Raises: UserError where there is no such model."""
    try:
        models.layers(model, vocabulary=1)
    except ValueError as error:
        raise UserError(str(error), where=where, mend="make it deeper") from None


def _native_choice(name: str, known: Registry) -> TargetChoice:
    """One of `native = [...]`: on one thread and on all, and on the GPU where there is one."""
    framework = known.get(name)
    if framework is not None and framework.runs_in != "native":
        mend = f"native ones are: {', '.join(frameworks.native_names(known))}"
        raise UserError(f"{name!r} runs in a browser", where="native", mend=mend)
    return TargetChoice(name, threads=(1, "all"))


def _each_known(names: tuple[str, ...], known: list[str], key: str, where: str) -> None:
    for i, name in enumerate(names):
        if name not in known:
            raise UserError(
                f"{key}[{i}]: no {key.removesuffix('s')} {name!r}", where=where, mend=f"known: {', '.join(known)}"
            )


def _targets(choice: TargetChoice, browsers: tuple[str, ...], known: Registry, where: str) -> Iterator[Target]:
    name, wanted = frameworks.split_version(choice.framework)
    framework = frameworks.find(known, name, where=f"{where}.framework")
    version = frameworks.resolve_version(name, framework, wanted, where=f"{where}.framework")
    native = framework.runs_in == "native"
    backends = choice.backends or [one for one in framework.backends_at(version) if one != "gpu" or has_gpu()]
    for backend in backends:
        check_backend(name, framework, version, backend, f"{where}.backends")
        threads = _threads(choice, framework, backend, where)
        for browser in ("native",) if native else browsers:
            yield from (Target(name, version, backend, browser, n) for n in threads)


def check_backend(name: str, framework: Framework, version: str, backend: str, where: str) -> None:
    """Raises: UserError where this version of the framework has no such back end."""
    if backend not in (there := framework.backends_at(version)):
        raise UserError(
            f"{name}@{version} has no back end {backend!r}", where=where, mend=f"it has: {', '.join(there)}"
        )


def _threads(choice: TargetChoice, framework: Framework, backend: str, where: str) -> tuple[int | None, ...]:
    """Natively one, unless more are asked for; in a browser the framework's own choice, unless it can be told."""
    asked = tuple(0 if n == "all" else n for n in choice.threads)
    if framework.runs_in == "native":
        return (0,) if backend == "gpu" else asked or (1,)
    if asked and choice.backends and backend not in framework.threaded:
        able = f"it can be of: {', '.join(framework.threaded)}" if framework.threaded else "leave threads out"
        raise UserError(f"the threads of {backend!r} can't be chosen", where=f"{where}.threads", mend=able)
    return asked if asked and backend in framework.threaded else (None,)


def change(
    study: Study,
    known: Registry,
    *,
    frameworks_wanted: list[str] | None = None,
    only: Sequence[str] = (),
    **fields: float | None,
) -> Study:
    """The study with what the command line says of it; `fields` of None stay as they are.

    Raises: UserError for a framework, version or selection that does not exist.
    """
    changed = replace(study, **{key: value for key, value in fields.items() if value is not None})
    if frameworks_wanted:
        choices = tuple(TargetChoice(name) for name in frameworks_wanted)
        changed = resolve(replace(changed, targets=choices), known, "--framework")
    whole = _with_own_models(changed)
    left = selection.select(whole, only)
    selection.demand_known([whole], only)
    return left


def change_whole(
    every: Sequence[Study],
    known: Registry,
    *,
    frameworks_wanted: list[str] | None = None,
    only: Sequence[str] = (),
    budget_minutes: float | None = None,
    **fields: float | None,
) -> list[Study]:
    """A whole with what the command line says of it. A part that a selection leaves nothing of is left out; of the
    first study then no experiment is left. The budget is shared out as their own minutes are.

    Raises: UserError as `change` does, where it concerns all of them.
    """
    first = every[0]
    said = {part.study: part.only for part in first.parts}
    asked: list[Study] = []
    changed: list[Study] = []
    refusals: list[UserError] = []
    for study in every:
        try:
            one = change(study, known, frameworks_wanted=frameworks_wanted, only=(), **fields)
            if frameworks_wanted:  # its targets are new ones, of which the part takes as little as of its own
                one = selection.select(one, [name for name in said.get(study.name, ()) if not _of_framework(name)])
            asked.append(one)
            changed.append(selection.select(one, only))
        except UserError as error:
            refusals.append(error)
    if not changed:
        raise refusals[0]
    selection.demand_known(asked, only)
    shared = _with_budget(changed, budget_minutes)
    left = {one.name for one in shared}
    own = shared.pop(0) if first.name in left else replace(first, experiments=())
    return [replace(own, parts=tuple(part for part in first.parts if part.study in left)), *shared]


def _of_framework(name: str) -> bool:
    return name.startswith(("framework=", "version="))


def _with_budget(every: Sequence[Study], minutes: float | None) -> list[Study]:
    total = sum(study.budget_minutes or 0.0 for study in every)
    if minutes is None:
        return list(every)
    if not total:
        return [replace(study, budget_minutes=minutes) for study in every]
    return [replace(study, budget_minutes=minutes * (study.budget_minutes or 0.0) / total) for study in every]


def _with_own_models(study: Study) -> Study:
    """The study with the records of the user's own models; their files are read, and not yet made anything of.

    Raises: UserError for a file that is not there, or no model.
    """
    choices = (
        replace(choice, resolved=sources.model_of(request_of(choice, study.seed))) if choice.kind == "graph" else choice
        for choice in study.models
    )
    return replace(study, models=tuple(choices))


def request_of(choice: ModelChoice, seed: int) -> Request:
    """What `sources` is asked for by a table of a study."""
    shapes = sources.shapes_of(choice.shapes)
    return Request(choice.source, shapes, choice.batch, choice.weights, choice.inputs, seed)


def requests(study: Study) -> list[Request]:
    """The user's own models that a study measures."""
    return [request_of(choice, study.seed) for choice in study.models if choice.kind == "graph"]
