"""Versions of one framework side by side: which there are between two, and the study that measures some of them."""

from collections.abc import Sequence

import semver
from msgspec import Struct

from howfar import frameworks, npm, studies, vendor
from howfar.errors import UserError
from howfar.frameworks import Framework, Registry
from howfar.records import Model, Sampling, Workload
from howfar.study import Limits, ModelChoice, Study, TargetChoice

# The figure of each workload that versions can be searched by.
EXPERIMENTS = {"training": "training_time", "inference": "inference_time"}
# Many short processes say more of a difference of a few percent than few long ones.
SAMPLING = Sampling(min_seconds=0.3, max_seconds=2.0, warmup_max_seconds=2.0)
# A version that hangs is to be skipped, not waited for.
LIMITS = Limits(phase_seconds=60)


class Subject(Struct, frozen=True):
    """What is measured of every version."""

    framework: str
    backend: str
    model: Model
    workload: Workload

    def __str__(self) -> str:
        return f"{self.framework} {self.backend}, {self.model} {self.workload}"

    @property
    def name(self) -> str:
        """As it names a study and its folder."""
        size = f"{self.model.kind}-{self.model.depth}x{self.model.width}"
        return f"regress-{self.framework}-{self.backend}-{size}-{self.workload}"


def versions(known: Registry, subject: Subject, text: str) -> list[str]:
    """`4.19.0..4.22.0`: these and what npm lists between them that has the back end, without pre-releases unless an end
    is one; or `4.19.0,4.22.0`: as they are listed. The oldest first, two at least.

    Raises: UserError where they are none, where there is only one, or where npm can't be asked.
    """
    framework = frameworks.find(known, subject.framework, where="FRAMEWORK")
    if framework.runs_in != "browser" or not framework.package():
        mend = "name one that runs in a browser, such as tfjs"
        raise UserError(f"{subject.framework} does not come from npm", where="FRAMEWORK", mend=mend)
    if ".." not in text:
        return _listed(text)
    low, _, high = text.partition("..")
    return _between(npm.versions(framework.package()), _range(low, high), framework, subject)


def _listed(text: str) -> list[str]:
    listed = list(dict.fromkeys(text.split(",")))
    if len(listed) < 2 or not all(map(frameworks.EXACT_VERSION.fullmatch, listed)):
        mend = "write 4.19.0..4.22.0, or two or more exactly: 4.19.0,4.20.0"
        raise UserError(f"{text!r} names no versions", where="--versions", mend=mend)
    return listed


def _range(low: str, high: str) -> tuple[str, str]:
    if not (semver.Version.is_valid(low) and semver.Version.is_valid(high)):
        raise UserError(f"'{low}..{high}' is no range", where="--versions", mend="write it as 4.19.0..4.22.0")
    if semver.Version.parse(low) >= semver.Version.parse(high):
        raise UserError(f"{low} is not older than {high}", where="--versions", mend="write the older one first")
    return low, high


def _between(every: Sequence[str], ends: tuple[str, str], framework: Framework, subject: Subject) -> list[str]:
    for end in ends:
        if end not in every:
            mend = f"there are {', '.join(_nearest(every, end))} near it"
            raise UserError(f"npm lists no {subject.framework}@{end}", where="--versions", mend=mend)
        studies.check_backend(subject.framework, framework, end, subject.backend, "--backend")
    early = any(semver.Version.parse(end).prerelease for end in ends)
    inside = every[every.index(ends[0]) + 1 : every.index(ends[1])]
    fitting = [one for one in inside if subject.backend in framework.backends_at(one)]
    return [ends[0], *(one for one in fitting if early or not semver.Version.parse(one).prerelease), ends[1]]


def _nearest(every: Sequence[str], missing: str) -> Sequence[str]:
    place = sum(semver.Version.parse(one) < semver.Version.parse(missing) for one in every)
    return every[max(0, place - 2) : place + 2]


def study_of(known: Registry, subject: Subject, chosen: Sequence[str], rounds: int) -> Study:
    """The study that measures these versions, in so many rounds, with a control before, between and after them.

    Raises: UserError where they have no such back end, or do not do that with such a network.
    """
    able = known[subject.framework].abilities()
    if not able.does(subject.workload, subject.model.kind):
        what = f"{subject.framework} does no {subject.workload} of a network of kind {subject.model.kind}"
        raise UserError(what, where="--workload", mend="name another workload, or another --model")
    size = (subject.model.depth, subject.model.width)
    study = Study(
        name=subject.name,
        title=str(subject),
        experiments=(EXPERIMENTS[subject.workload],),
        targets=tuple(TargetChoice(f"{subject.framework}@{version}", (subject.backend,)) for version in chosen),
        models=(ModelChoice(subject.model.kind, sizes=(size,)),),  # type: ignore[arg-type]  # a network's kind
        rounds=rounds,
        metrics="primary",
        control_every=2,
        sampling=SAMPLING,
        limits=LIMITS,
    )
    return studies.resolve(study, known, "howfar regress")


def why_missing(known: Registry, subject: Subject, version: str) -> str:
    """Why a version's files can't be had; nothing where they are here."""
    try:
        vendor.fetch(known[subject.framework].backend(subject.backend, version), version)
    except UserError as error:
        return error.what
    return ""
