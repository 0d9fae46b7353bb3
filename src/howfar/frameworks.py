"""The registry of frameworks (frameworks.toml), read strictly, and the questions that others ask it."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import Literal

import msgspec
import semver
from msgspec import Struct, structs

from howfar.errors import Unavailable, UserError
from howfar.portfolio import FormName
from howfar.records import BUILD, NOT_INSTALLED, Form, ModelKind, Target, Workload
from howfar.study import Abilities

# One edition, not a range or a tag: a tag means something else tomorrow.
EXACT_VERSION = re.compile(r"\d[\w.+-]*")


class Backend(Struct, frozen=True, forbid_unknown_fields=True):
    """One layout of a back end's files, from version `since` on, until a later layout takes over.

    All files as "package:path". An asset's files lie in one folder, whose URL the adapter gets. `modules`: the ES
    modules that the adapter gets, by its names for them; `imports`: what their own imports of packages lead to.
    """

    since: str = "0.0.0"
    scripts: tuple[str, ...] = ()
    modules: Mapping[str, str] = {}
    imports: Mapping[str, str] = {}
    assets: Mapping[str, tuple[str, ...]] = {}
    # Versions that not every npm registry serves: without them the cells are `unsupported`, and the run goes on.
    npm_may_lack: tuple[str, ...] = ()

    def files(self) -> tuple[str, ...]:
        """All that a page loads, and assets."""
        return tuple(dict.fromkeys([*self.loaded(), *(file for group in self.assets.values() for file in group)]))

    def loaded(self) -> tuple[str, ...]:
        """The scripts and modules that a page loads by itself."""
        return (*self.scripts, *self.modules.values(), *self.imports.values())

    def package(self) -> str:
        """The framework's own npm package; what a back end is loaded from beside it comes after it."""
        return next((file.partition(":")[0] for file in self.loaded()), "")

    def reaches(self, version: str) -> bool:
        """Whether that version is this layout's first, or later. What is no semantic version is taken for new."""
        if not semver.Version.is_valid(version):
            return True
        return semver.Version.parse(version) >= semver.Version.parse(self.since)


class Build(Struct, frozen=True, forbid_unknown_fields=True):
    """Another build of the same library: from version `since` on, which file takes the place of which."""

    since: str
    files: Mapping[str, str]


class Network(Struct, frozen=True, forbid_unknown_fields=True):
    """What a framework does with a kind of network: the workloads, what it can hold of the study's network, and what
    its training step on a batch does (models/rules)."""

    workloads: tuple[Workload, ...]
    form: Form = Form()
    rule: str = "mini_batch"


class Framework(Struct, frozen=True, forbid_unknown_fields=True):
    """One table of the registry."""

    title: str
    runs_in: Literal["browser", "native"]
    licence: str
    backends: Mapping[str, tuple[Backend, ...]]
    workloads: tuple[Workload, ...]
    models: tuple[ModelKind, ...]
    versions: tuple[str, ...] = ()
    distributions: tuple[str, ...] = ()
    extra: str = ""
    # The URL path of the adapter where it is not page/frameworks/<name>.js.
    adapter_url: str = ""
    # What it can hold of the study's network, and what its training step on a batch does (models/rules).
    form: Form = Form()
    rule: str = "mini_batch"
    # The kinds of network with which all three are others.
    networks: Mapping[ModelKind, Network] = {}
    # Per back end what can be switched in it, one thing at a time.
    switches: Mapping[str, tuple[str, ...]] = {}
    # What the switch `build=NAME` loads instead.
    builds: Mapping[str, Build] = {}
    # The browser back ends that can be told how many threads to take.
    threaded: tuple[str, ...] = ()
    # The forms of one's own model that it takes, in order of preference.
    formats: tuple[FormName, ...] = ()
    # It can't be given weights: its model always comes from its own saved files.
    needs_saved_model: bool = False

    def abilities(self) -> Abilities:
        """What a study must know of it."""
        others = {kind: network.workloads for kind, network in self.networks.items()}
        return Abilities(self.workloads, self.models, self.switches, self.threaded, others)

    def network(self, kind: ModelKind) -> Network:
        """What it does with networks of that kind."""
        return self.networks.get(kind) or Network(self.workloads, self.form, self.rule)

    def backends_at(self, version: str) -> tuple[str, ...]:
        """The back ends that this version has."""
        return tuple(name for name, layouts in self.backends.items() if any(one.reaches(version) for one in layouts))

    def backend(self, name: str, version: str) -> Backend:
        """The files of a back end at a version; it must have one."""
        return [one for one in self.backends[name] if one.reaches(version)][-1]

    def layout(self, target: Target) -> Backend:
        """The files of a target: its back end's, in the build that its switch names.

        Raises: Unavailable where its version has no such build.
        """
        own = self.backend(target.backend, target.version)
        if not target.switch.startswith(BUILD):
            return own
        build = self.builds[target.switch.removeprefix(BUILD)]
        if not Backend(since=build.since).reaches(target.version):
            raise Unavailable(f"{target.framework} has no {target.switch} before {build.since}")
        return structs.replace(own, scripts=tuple(build.files.get(file, file) for file in own.scripts))

    def package(self) -> str:
        """The npm package that is the framework itself; nothing for what comes with howfar."""
        return next(layout.package() for several in self.backends.values() for layout in several)

    def paths_of(self, package: str, version: str) -> list[str]:
        """Every file of a package that a back end of this version needs."""
        files = [file for name in self.backends_at(version) for file in self.backend(name, version).files()]
        return [file.removeprefix(f"{package}:") for file in dict.fromkeys(files) if file.startswith(f"{package}:")]

    def installed_version(self) -> str:
        """The version of a native framework here, or `NOT_INSTALLED`."""
        for distribution in self.distributions:
            try:
                return version(distribution)
            except PackageNotFoundError:
                continue
        return NOT_INSTALLED


Registry = Mapping[str, Framework]


@cache
def registry() -> Registry:
    """The frameworks that come with howfar, by name."""
    text = files("howfar").joinpath("frameworks.toml").read_bytes()
    return msgspec.toml.decode(text, type=dict[str, Framework])


def public_names(known: Registry) -> list[str]:
    """What a user may name: every framework but howfar's own known answers and ceilings."""
    return [name for name in known if "reference" not in name and not name.startswith("ceiling")]


def native_names(known: Registry) -> list[str]:
    """The native frameworks that a user may name."""
    return [name for name in public_names(known) if known[name].runs_in == "native"]


def find(known: Registry, name: str, *, where: str = "") -> Framework:
    """The framework of that name.

    Raises: UserError naming those that there are.
    """
    if name not in known:
        names = ", ".join(public_names(known))
        raise UserError(f"no framework {name!r}", where=where, mend=f"known: {names}")
    return known[name]


def module_name(framework: str) -> str:
    """The name of its exporter's module: `brain.js` -> brain, `keras-js` -> keras_js."""
    return framework.removesuffix(".js").replace("-", "_")


def split_version(choice: str) -> tuple[str, str]:
    """`tfjs@4.22.0` -> ("tfjs", "4.22.0"); without a version the second is empty."""
    name, _, wanted = choice.partition("@")
    return name, wanted


def resolve_version(name: str, framework: Framework, wanted: str, *, where: str = "") -> str:
    """The version to measure: the one asked for, else the registry's default, else the one installed.

    Raises: UserError for a native framework at another version than the one installed here.
    """
    if framework.runs_in == "browser":
        own = not framework.package() and wanted not in framework.versions
        if wanted and (own or not EXACT_VERSION.fullmatch(wanted)):
            mend = f"name one exactly, such as {name}@{framework.versions[0]}"
            raise UserError(f"{wanted!r} is not a version of {name}", where=where, mend=mend)
        return wanted or framework.versions[0]
    installed = framework.installed_version()
    if wanted and wanted != installed:
        what = (
            f"{name}@{wanted} is asked for, but {installed if installed == NOT_INSTALLED else f'{installed} is here'}"
        )
        raise UserError(what, where=where, mend=f"install that version, or ask for {name!r} alone")
    return installed


def why_unsupported(framework: Framework, target: Target) -> str | None:
    """The reason that a target cannot be measured here, known before any host is opened."""
    if target.version != NOT_INSTALLED:
        return None
    return f"{framework.title} is not installed here; install it with: pip install {framework.distributions[-1]}"
