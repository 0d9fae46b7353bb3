"""Table 6 and the claims behind it: which of them hold today, on this machine, and what becomes of the paper's advice.

Every claim is judged twice, by the versions of 2018 and by today's, both in today's browser.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import polars as pl

from howfar import experiments, findings, tables, wording
from howfar.findings import Claim, telling
from howfar.findings.editions import EDITIONS, EditionName
from howfar.findings.evidence import Evidence, Sources
from howfar.findings.verdicts import Verdict
from howfar.outcomes import Results
from howfar.records import PROTOCOL, Cell
from howfar.study import Study
from howfar.summaries import Column, Entry, Line, Summary

TITLE = "What holds of the paper"
PAPER = "Table 6"
QUESTION = "Which of the paper's claims hold here, with the versions of 2018 and with today's?"
OVERALL = True
METRIC = "verdict"

# Rows beside the verdicts: what changed between the editions, and what becomes of an advice.
CHANGED, ADVICE = "changed", "advice"
THEN, NOW = EDITIONS
HEADS: Mapping[EditionName, str] = {THEN: "versions of 2018", NOW: "today's versions"}
NEUTRAL = "#8b8b8b"

Judged = Mapping[EditionName, Verdict]


def cells(study: Study) -> Iterable[Cell]:
    """What the experiments need that it judges by: nothing beside what a study measures that names them."""
    return experiments.cells(study, findings.needs())


def table(results: Results) -> pl.DataFrame:
    """Of each claim and edition (`version`) a `verdict`, and a `part_N` for each thing that it says, with the number
    that decides it; `changed`, a sentence. The same of each row of Table 6, as `advice_N` with what becomes of it as
    its `value`, `advice_N_part_M` and `advice_N_changed`. `samples`: how many cells it was judged by; a part's `value`
    names them."""
    sources = Sources(results)
    if not sources.versions:
        return tables.frame([])
    evidence = {name: Evidence(sources, name) for name in EDITIONS}
    return tables.frame([*_claims(evidence), *_advice(evidence)])


def _judged(question: Claim, evidence: Mapping[EditionName, Evidence]) -> Judged:
    return {name: question.judge(own) for name, own in evidence.items()}


def _claims(evidence: Mapping[EditionName, Evidence]) -> Iterator[tables.Row]:
    for name, claim in findings.all_claims().items():
        judged = _judged(claim, evidence)
        for edition, verdict in judged.items():
            yield from _rows({"claim": claim.NUMBER, "version": edition}, METRIC, "part", verdict, name)
        yield _row({"claim": claim.NUMBER}, CHANGED, judged[NOW].finding) | {
            "message": telling.changed(judged[THEN], judged[NOW]),
            "value": name,
        }


def _advice(evidence: Mapping[EditionName, Evidence]) -> Iterator[tables.Row]:
    for row in findings.all_advice().values():
        metric, judged = f"{ADVICE}_{row.NUMBER}", _judged(row, evidence)
        for edition, verdict in judged.items():
            fate, reason = telling.fate(verdict.finding, row.OTHERWISE, verdict)
            own, *parts = _rows({"version": edition}, metric, f"{metric}_part", verdict, fate)
            yield own | {"message": reason}
            yield from parts
        changed = telling.changed(judged[THEN], judged[NOW])
        yield _row({}, f"{metric}_{CHANGED}", judged[NOW].finding) | {"message": changed}


def _rows(identity: tables.Row, metric: str, part_metric: str, verdict: Verdict, value: str) -> Iterator[tables.Row]:
    """A verdict, then its parts."""
    asked = dict.fromkeys(cell for part in verdict.parts for cell in part.cells)
    yield _row(identity, metric, verdict.finding) | {
        "value": value,
        "message": telling.message(verdict),
        "samples": len(asked),
    }
    for place, part in enumerate(verdict.parts, 1):
        yield _row(identity, f"{part_metric}_{place}", part.finding) | {
            "median": part.value,
            "low": part.low,
            "high": part.high,
            "unit": part.unit,
            "message": telling.told(part),
            "value": "; ".join(part.cells) or None,
            "samples": len(part.cells),
        }


def _row(identity: tables.Row, metric: str, finding: str) -> tables.Row:
    common = {"protocol": PROTOCOL, "status": "ok", "current": True}
    return identity | common | {"metric": metric, "verdict": finding}


def summary(table: pl.DataFrame) -> Summary:
    """A line per claim: its verdict in both editions and what changed; then one per row of Table 6, with its advice
    too."""
    found = {(row["metric"], row["claim"], row["version"]): row for row in table.iter_rows(named=True)}
    columns = (*HEADS.values(), "what changed, and what becomes of the advice")
    return Summary(
        corner="claim",
        columns=tuple(Column(title, "", NEUTRAL) for title in columns),
        lines=(*_claim_lines(found), *_advice_lines(found)),
        legend="Both editions in today's browser. A claim holds where the 95 % intervals of all that it says lie within"
        " what was said, and no longer where one lies wholly outside; about is a factor of 1.5 either way. A GPU in"
        " software is none. The CSV has every part with its number and the cells that it was judged by.",
        names=tuple(_parts(table)),
    )


Found = Mapping[tuple[str, int | None, str | None], Mapping[str, Any]]


def _claim_lines(found: Found) -> Iterator[Line]:
    for claim in findings.all_claims().values():
        changed = found[CHANGED, claim.NUMBER, None]["message"]
        verdicts = (_entry(found[METRIC, claim.NUMBER, edition]) for edition in EDITIONS)
        yield Line(f"{claim.NUMBER}. {claim.TITLE}", (*verdicts, Entry(changed)))


def _advice_lines(found: Found) -> Iterator[Line]:
    for row in findings.all_advice().values():
        metric = f"{ADVICE}_{row.NUMBER}"
        now = found[metric, None, NOW]
        changed = found[f"{metric}_{CHANGED}", None, None]["message"]
        fate = Entry(f"{changed} {row.ADVICE} ({row.TO}): {now['value']}", note=now["message"])
        verdicts = (_entry(found[metric, None, edition]) for edition in EDITIONS)
        yield Line(f"Table 6, {row.NUMBER}. {row.TITLE}", (*verdicts, fate))


def _entry(row: Mapping[str, Any]) -> Entry:
    finding = row["verdict"]
    note = wording.counted(row["samples"], "cell") if row["samples"] else ""
    return Entry(telling.SAYS[finding], note=note, wrong=finding == "no_longer_holds")


def _parts(table: pl.DataFrame) -> Iterator[tuple[str, str]]:
    """Of each claim and edition its parts with their numbers, for those who look closer."""
    for row in table.filter(metric=METRIC).iter_rows(named=True):
        yield f"{row['claim']}, {HEADS[row['version']]}", row["message"]


def sentences(table: pl.DataFrame) -> list[str]:
    """How many claims hold, which do not, and what becomes of the advice."""
    verdicts = table.filter(pl.col("metric") == METRIC)
    said = [_counted(verdicts.filter(version=edition), edition) for edition in (NOW, THEN)]
    advice = table.filter(pl.col("metric").str.contains(rf"^{ADVICE}_\d+$"), pl.col("version") == NOW)
    fates = {fate: advice.filter(value=fate).height for fate in ("kept", "revised", "withdrawn", "untested")}
    told = wording.listed([f"{count} {fate}" for fate, count in fates.items() if count])
    return [*said, f"Of the {advice.height} pieces of advice of Table 6, {told}."]


def _counted(rows: pl.DataFrame, edition: EditionName) -> str:
    """`Of the 12 claims 4 hold, 5 no longer hold (1, 2), and 3 can't be told here (3, 5, 9)`, with whose versions."""
    own: dict[str, list[str]] = {finding: [] for finding in telling.SAYS}
    for row in rows.iter_rows(named=True):
        own[row["verdict"]].append(str(row["claim"]))
    verbs = {"holds": "hold", "no_longer_holds": "no longer hold", "cannot_tell": "can't be told here"}
    told = [f"{len(claims)} {verbs[finding]} ({', '.join(claims)})" for finding, claims in own.items() if claims]
    return f"With {HEADS[edition]}, of the {rows.height} claims {wording.listed(told)}."
