"""Collects evidence about a case as soon as it opens: the pair as seen, how it was found, and what its captures say."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy.orm import Session

from config.errors import MekikiError
from crawlers import bundles
from dashboard import degradation, explained, procedure, sampled
from matcher import cases, collected, dossier, retrieve
from matcher.case_rows import Case
from matcher.cases import CaseDetail
from matcher.match import Match

MOST_DRAWN = 6  # pairs that are drawn, the surest; a case may hold hundreds, and each takes seconds
NOT_RENDERED = "No browser was opened: the pages are shown as their markup was captured."


def collect(session: Session, ids: Sequence[int]) -> None:
    """Collect what is to be kept of these cases."""
    for case_id in ids:
        collect_if_due(session, session.get_one(Case, case_id), actor="mekiki")


def collect_if_due(session: Session, case: Case, *, actor: str) -> None:
    """Collect a case when something of it was not collected yet.

    Fetches nothing, so a page that has gone meanwhile is no hindrance.
    """
    if not collected.is_due(session, case):
        return
    detail = cases.case_detail(session, case.uuid)
    evidence = dossier.captures_of(session, detail)
    told = procedure.describe(session, evidence, by=actor, rendered=NOT_RENDERED)
    documents = {
        bundles.CAPTURES: bundles.as_text([bundles.said(capture) for capture in evidence]).encode(),
        "process.json": bundles.as_text(asdict(told)).encode(),
        "process.txt": procedure.printed(told).encode(),
        **_pairs(session, detail),
    }
    collected.keep(session, case, documents, actor=actor)


def documents(session: Session, case_uuid: str) -> dict[str, Any]:
    """Return what a bundle tells beside what was collected; frames are decoded for it, so give a reading session."""
    return degradation.documents(session, case_uuid) | sampled.documents(session, case_uuid)


def _pairs(session: Session, detail: CaseDetail) -> Mapping[str, bytes]:
    """Return the pairs as seen, with scores, reasons and versions, and drawings of the surest."""
    pairs = [
        (medium.sighting, match, reference)
        for finding in detail.findings for medium in finding.seen for match, reference in medium.matches
    ]  # fmt: skip
    pairs.sort(key=lambda pair: -pair[1].score)
    versions = retrieve.versions_in_use()
    documents, rows = dict[str, bytes](), list[dict[str, Any]]()
    for number, (sighting, match, reference) in enumerate(pairs, start=1):
        drawing, why = _drawing(session, match) if number <= MOST_DRAWN else (None, "Only the surest pairs are drawn.")
        name = f"pairs/{number}.png" if drawing else None
        if name and drawing:
            documents[name] = drawing
        rows.append({
            "found": sighting.url, "found_sha256": match.blob, "kind": sighting.kind,
            "reference": reference.name, "reference_sha256": reference.blob, "bank": reference.bank,
            "score": match.score, "lane": match.lane, "reasons": match.reasons, "transform": match.transform,
            "segments": match.segments, "matched_seconds": match.matched_seconds, "compared_at": match.found_at,
            "drawing": name, "why_no_drawing": why,
        })  # fmt: skip
    said = {"versions_when_collected": versions, "pairs": rows}
    return {"pairs.json": bundles.as_text(said).encode(), **documents}


def _drawing(session: Session, match: Match) -> tuple[bytes | None, str | None]:
    try:
        drawing = explained.page_of(session, match)
    except MekikiError as gone:  # its pixels are not here, or cannot be decoded
        return None, str(gone)
    return drawing, None if drawing else "There is nothing to lay over each other."
