"""`--only key=value[,value],...`: the part of a study that a run takes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar, get_args

from msgspec.structs import replace

from howfar.errors import UserError
from howfar.records import Model, Target, Workload
from howfar.study import ModelChoice, Study

T = TypeVar("T")
Wanted = Mapping[str, set[str]]

MODEL_KEYS = {"model": "kind", "depth": "depth", "width": "width"}
KEYS = ("experiment", *Target.__struct_fields__, *MODEL_KEYS, "workload", "protocol")


def select(study: Study, selections: Sequence[str]) -> Study:
    """The study with only what matches every key; a key with several values takes any of them.

    Raises: UserError for a key that a study does not have, or where nothing is left.
    """
    wanted = _parse(selections)
    models = tuple(study.sizes())
    left = _left(models, lambda model: _wants(model, wanted), "model")
    names = {name: name for name in Target.__struct_fields__}
    return replace(
        study,
        experiments=_left(study.experiments, lambda name: _takes(wanted, "experiment", name), "experiment"),
        protocols=_left(study.protocols, lambda name: _takes(wanted, "protocol", name), "protocol"),
        resolved_targets=_left(study.resolved_targets, lambda target: _matches(target, wanted, names), "target"),
        models=study.models if left == models else tuple(_choice(model, study) for model in left),
        abilities={
            framework: replace(able, workloads=tuple(one for one in able.workloads if _takes(wanted, "workload", one)))
            for framework, able in study.abilities.items()
        },
    )


def demand_known(every: Sequence[Study], selections: Sequence[str]) -> None:
    """Raises: UserError for a value that none of these studies has: a slip of the pen beside what is there would go
    unseen."""
    for key, values in _parse(selections).items():
        there = list(dict.fromkeys(value for study in every for value in _values(study, key)))
        for value in sorted(values.difference(there)):
            raise UserError(f"'{key}={value}' selects nothing", where="--only", mend=f"there are: {', '.join(there)}")


def _values(study: Study, key: str) -> list[str]:
    """What a key can select of a study."""
    if key in Target.__struct_fields__:
        found = [getattr(target, key) for target in study.resolved_targets]
    elif key == "model":
        found = [model.name if model.kind == "graph" else model.kind for model in study.sizes()]
    elif key in MODEL_KEYS:
        found = [getattr(model, key) for model in study.sizes() if model.kind != "graph"]
    else:
        named = {"experiment": study.experiments, "protocol": study.protocols, "workload": get_args(Workload)}
        found = list(named[key])
    return [_said(key, one) for one in found if one not in (None, "")]


def _parse(selections: Iterable[str]) -> Wanted:
    wanted: dict[str, set[str]] = {}
    for selection in selections:
        key = ""
        for part in selection.split(","):
            named, equals, value = part.partition("=")
            key, value = (named, value) if equals else (key, part)
            if key not in KEYS or not value:
                mend = f"write key=value[,value] with a key of: {', '.join(KEYS)}"
                raise UserError(f"{part!r} selects nothing", where="--only", mend=mend)
            wanted.setdefault(key, set()).add("all" if (key, value) == ("threads", "0") else value)
    return wanted


def _takes(wanted: Wanted, key: str, value: object) -> bool:
    return key not in wanted or _said(key, value) in wanted[key]


def _said(key: str, value: object) -> str:
    """As it is written in a study."""
    return "all" if key == "threads" and value == 0 else str(value)


def _matches(one: object, wanted: Wanted, names: Mapping[str, str]) -> bool:
    return all(_takes(wanted, key, getattr(one, name)) for key, name in names.items())


def _wants(model: Model, wanted: Wanted) -> bool:
    """One's own model goes by its name, and has no size."""
    if model.kind == "graph":
        return _takes(wanted, "model", model.name) and not {"depth", "width"} & wanted.keys()
    return _matches(model, wanted, MODEL_KEYS)


def _left(ones: tuple[T, ...], wanted: Callable[[T], bool], kind: str) -> tuple[T, ...]:
    left = tuple(filter(wanted, ones))
    if not left:
        raise UserError(f"it leaves no {kind}", where="--only", mend=f"the study has: {', '.join(map(str, ones))}")
    return left


def _choice(model: Model, study: Study) -> ModelChoice:
    choice = next(choice for choice in study.models if model in choice.models())
    return choice if choice.resolved else ModelChoice(choice.kind, sizes=((model.depth, model.width),))
