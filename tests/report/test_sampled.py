"""What is said where the extension could not sample."""

import made
from howfar.observed import ExtensionSample, ExtensionSamples
from howfar.records import Cell, Model
from howfar.report import sampled

CELL = Cell(made.CONVNET, Model("mlp", 1, 64), "training")


def said(*found: ExtensionSamples | None) -> list[str]:
    return sampled.sentences(
        made.results(made.outcome(CELL, number, extension=one) for number, one in enumerate(found))
    )


def test_each_reason_is_said_once_with_the_pages_that_it_is_of() -> None:
    lacks, silent = (ExtensionSamples(unavailable=reason) for reason in ("no chrome.processes", "it is silent"))
    assert said(silent, lacks, lacks) == [
        "Of 2 pages the extension has no samples: no chrome.processes.",
        "Of 1 page the extension has no samples: it is silent.",
    ]


def test_where_all_was_sampled_or_nothing_was_to_be_there_is_nothing_to_say() -> None:
    assert said(None, ExtensionSamples(), ExtensionSamples((ExtensionSample(1.0, "page", 7, 99.0),))) == []
