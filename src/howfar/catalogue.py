"""`howfar list`: what there is, whether it works here, and the reason where it does not."""

from collections.abc import Callable, Iterator, Mapping

from howfar import frameworks, hosts, studies, vendor
from howfar.errors import UserError
from howfar.frameworks import Registry
from howfar.records import NOT_INSTALLED
from howfar.runner import Options, Workshop
from howfar.study import Study

Row = tuple[str, ...]


def list_frameworks(known: Registry) -> Iterator[Row]:
    """Name, title, versions, back ends, where it stands."""
    yield ("framework", "title", "versions", "back ends", "here")
    for name in frameworks.public_names(known):
        one = known[name]
        native = one.runs_in == "native"
        named = ", ".join(one.versions) + (", or any that npm serves" if not native and one.package() else "")
        versions = one.installed_version() if native else named
        yield (name, one.title, versions, ", ".join(one.backends), _here(name, known))


def _here(name: str, known: Registry) -> str:
    one = known[name]
    if one.runs_in == "native":
        missing = one.installed_version() == NOT_INSTALLED
        return f"pip install {one.distributions[-1]}" if missing else "installed"
    if not one.package():
        return "comes with howfar"
    version = one.versions[0]
    layouts = [one.backend(backend, version) for backend in one.backends_at(version)]
    files = [file for layout in layouts for file in layout.loaded()]
    packages = {vendor.split_file(file)[0] for file in files}
    cached = all((vendor.packages_dir() / package / version / vendor.MANIFEST).is_file() for package in packages)
    if cached:
        return f"{version} is in the cache"
    if any(version in layout.npm_may_lack for layout in layouts):
        return f"fetched through npm where it has it, else give --package-dir {name}=DIR"
    return "fetched through npm when first needed"


def list_browsers(_: Registry) -> Iterator[Row]:
    """Name and version, or what to install."""
    yield ("browser", "here")
    for name in hosts.browsers():
        try:
            yield (name, str(_open(name)["browser_version"]))
        except UserError as error:
            yield (name, str(error))


def _open(name: str) -> Mapping[str, object]:
    return hosts.open_host(name, None).checked_facts()  # type: ignore[arg-type]  # asked, not launched


def list_backends(known: Registry) -> Iterator[Row]:
    """Every browser's back ends, asked of the browser itself."""
    yield ("browser", "back end", "here")
    with Workshop(Study("list", "", (), (), ()), known, Options()) as shop:
        for browser in hosts.browsers():
            for backend, outcome in shop.survey(browser).items():
                software = " in software" if outcome.software_gpu else ""
                found = f"works{software}" if outcome.status == "ok" else f"{outcome.status}: {outcome.message}"
                yield (browser, backend, found)


def list_studies(known: Registry) -> Iterator[Row]:
    """The studies that come with howfar."""
    yield ("study", "title")
    yield from ((name, studies.load(name, known).title) for name in studies.named_studies())


# `experiments` are the judging half's: the command has them.
LISTS: Mapping[str, Callable[[Registry], Iterator[Row]]] = {
    "frameworks": list_frameworks,
    "browsers": list_browsers,
    "backends": list_backends,
    "studies": list_studies,
}
