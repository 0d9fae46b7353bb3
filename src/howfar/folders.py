"""`--package-dir FRAMEWORK=DIR`: a framework's package from a folder of the user's, in npm's place.

Its files are copied into the cache under a version that names their content, `1.0.1+3f2a9c1b`: what two builds of one
version were measured at is never taken for one another's, and a build that changes while it is measured can't.
"""

from collections.abc import Sequence
from pathlib import Path

from msgspec import structs

from howfar import frameworks, npm, vendor
from howfar.errors import UserError
from howfar.frameworks import Framework, Registry
from howfar.records import fingerprint
from howfar.study import Study

_OPTION = "--package-dir"


def with_folders(known: Registry, choices: Sequence[str]) -> Registry:
    """The registry, where each framework that is named has the version that lies in its folder.

    Raises: UserError for what can't be taken.
    """
    taken: dict[str, Framework] = {}
    for choice in choices:
        name, equals, folder = choice.partition("=")
        if not (name and equals and folder):
            raise UserError(f"{choice!r} names no folder", where=_OPTION, mend="write it as mind=DIR")
        framework = frameworks.find(known, name, where=_OPTION)
        if name in taken:
            raise UserError(f"{name} is given twice", where=_OPTION, mend="run one folder after the other")
        if framework.runs_in == "native" or name not in frameworks.public_names(known):
            raise UserError(f"{name} comes from no npm package", where=_OPTION, mend="leave it out")
        version = _kept(framework, Path(folder).expanduser())
        taken[name] = structs.replace(framework, versions=(version,))
    return {**known, **taken}


def demand_use(known: Registry, choices: Sequence[str], studies: Sequence[Study]) -> None:
    """Raises: UserError for a folder that no study has a target for: it would be left unmeasured without a word."""
    for name in (choice.partition("=")[0] for choice in choices):
        version = known[name].versions[0]
        targets = [target for study in studies for target in study.resolved_targets]
        if not any((target.framework, target.version) == (name, version) for target in targets):
            what = f"{studies[0].name} has no target {name} without a version of its own"
            raise UserError(what, where=_OPTION, mend=f"add --framework {name}, or leave it out")


def _kept(framework: Framework, folder: Path) -> str:
    """Puts the folder's files into the cache. Returns their version."""
    if not folder.is_dir():
        raise UserError("no such folder", where=f"{_OPTION} {folder}", mend="name the folder that holds the package")
    package, said = framework.package(), npm.description(folder)
    where = str(folder / npm.DESCRIPTION)
    if said.name != package:
        what = f"it is the package {said.name!r}, not {package!r}"
        raise UserError(what, where=where, mend=f"name the folder of {package}")
    if not frameworks.EXACT_VERSION.fullmatch(said.version):
        raise UserError(f"{said.version!r} is no version", where=where, mend="give it one, such as 1.0.1")
    paths = [npm.DESCRIPTION, *framework.paths_of(package, said.version)]
    contents = vendor.contents_of(folder, paths)
    joint = "." if "+" in said.version else "+"
    version = f"{said.version}{joint}{fingerprint(contents)[:8]}"
    vendor.keep(package, version, contents)
    return version
