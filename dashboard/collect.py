"""Collects evidence about a case as soon as it opens: the pair as seen, how it was found, and what its captures say."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

import config.home
from config.blobs import BlobStore
from config.errors import MekikiError
from config.settings import Crawl
from crawlers import bundles, portrait, urls
from crawlers.captures import Capture
from crawlers.portrait import MAX_HEIGHT_PX, NoPortrait, Sitter
from dashboard import degradation, explained, procedure, sampled
from dashboard.procedure import Procedure
from matcher import cases, collected, dossier, retrieve
from matcher.case_rows import Case
from matcher.cases import CaseDetail
from matcher.match import Match

MOST_DRAWN = 3  # pairs that are drawn, the surest; a case may hold hundreds, and each takes about a second
MOST_SHOWN = 3  # pages that a browser shows, the newest
NOT_RENDERED = "No browser was opened: the pages are kept as their markup was captured."


@dataclass(frozen=True)
class _Gathered:
    """All that is known of a case before a browser shows its pages."""

    newest_finding_id: int
    crawl: Crawl
    captures: bytes
    pairs: Mapping[str, bytes]
    told: Procedure
    sitters: Sequence[Sitter]  # pages to be shown; none where no browser is wanted
    held: frozenset[str]  # hashes of the bodies it was gathered from


def collect(session: Session, ids: Sequence[int]) -> None:
    """Collect what is to be kept of these cases; see `collect_if_due`."""
    for case_id in ids:
        collect_if_due(session, case_id, actor="mekiki")


def collect_if_due(session: Session, case_id: int, *, actor: str) -> None:
    """Collect a case when something of it was not collected yet.

    Asks for no page and no medium again, so one that has gone meanwhile is no hindrance. Nothing is asked of `session`
    before all is drawn and shown: SQLite's one write lock must not be held while a browser works. What was collected,
    or deleted, by somebody else meanwhile, stays as they left it.
    """
    with config.home.of(session).readers()() as reading:
        gathered = _gathered(reading, case_id, actor)
    if gathered is None:
        return
    shown, rendered = _shown(gathered)
    told = replace(gathered.told, rendered=rendered)
    case = session.get_one(Case, case_id, with_for_update=True)
    if not (collected.is_due(session, case) and all(map(config.home.of(session).blobs.has, gathered.held))):
        return
    documents = {
        bundles.CAPTURES: gathered.captures,
        "process.json": bundles.as_text(asdict(told)).encode(),
        "process.txt": procedure.printed(told).encode(),
        **gathered.pairs,
        **shown,
    }
    collected.keep(session, case, documents, actor=actor, newest_finding_id=gathered.newest_finding_id)


def _gathered(session: Session, case_id: int, actor: str) -> _Gathered | None:
    """Return all that a case's collecting needs to know; None when nothing of it is due."""
    home, case = config.home.of(session), session.get_one(Case, case_id)
    if not collected.is_due(session, case):
        return None
    detail = cases.case_detail(session, case.uuid)
    evidence = dossier.captures_of(session, detail)
    pages = [found.capture for found in detail.findings[:MOST_SHOWN]]
    sitters = [
        _sitter(home.blobs, page, evidence)
        for page in pages if page.mime == "text/html" and home.blobs.has(page.body_sha256)
    ]  # fmt: skip
    return _Gathered(
        newest_finding_id=collected.newest(session, case), crawl=home.settings.crawl,
        captures=bundles.as_text([bundles.said(capture) for capture in evidence]).encode(),
        pairs=_pairs(session, detail), told=procedure.describe(session, evidence, by=actor, rendered=NOT_RENDERED),
        sitters=sitters if home.settings.evidence.show_pages else (),
        held=frozenset(one.body_sha256 for one in evidence if home.blobs.has(one.body_sha256)),
    )  # fmt: skip


def _shown(gathered: _Gathered) -> tuple[Mapping[str, bytes], str]:
    """Return the captured pages as a browser shows them, and the sentence that says so, or why not."""
    if not gathered.sitters:
        return {}, NOT_RENDERED
    with tempfile.TemporaryDirectory(prefix="mekiki-pages-") as folder:
        try:
            portraits = portrait.take(gathered.crawl, gathered.sitters, Path(folder))
        except NoPortrait as why:
            return {}, str(why)
        documents = dict[str, bytes]()
        rows = list[dict[str, Any]]()
        for number, one in enumerate(portraits, start=1):
            names = {name: f"pages/{number}/{name}" for name in one.files}
            documents |= {names[name]: Path(path).read_bytes() for name, path in one.files.items()}
            clipped_at = MAX_HEIGHT_PX if one.height_px > MAX_HEIGHT_PX else None
            rows.append(asdict(one) | {"files": list(names.values()), "clipped_at_px": clipped_at})
    by = portraits[0].shown_by
    says = f"{by} showed the pages without their scripts, from what was captured; pages.json lists what it loaded."
    return {"pages.json": bundles.as_text(rows).encode(), **documents}, says


def _sitter(blobs: BlobStore, page: Capture, evidence: Sequence[Capture]) -> Sitter:
    """Return a captured page with the pictures and the robots.txt that were captured in the same sweep."""
    kind = next((value for name, value in page.headers if name.lower() == "content-type"), "text/html")
    same = [one for one in evidence if one.sweep_id == page.sweep_id and blobs.has(one.body_sha256)]
    path = {one.id: str(blobs.path(one.body_sha256)) for one in same}
    return Sitter(
        url=page.final_url, status=page.status, body=str(blobs.path(page.body_sha256)),
        content_type=kind if page.parts is None else "text/html; charset=utf-8",  # as shown before: our own encoding
        media={one.url: (path[one.id], one.mime) for one in same if one.mime.startswith("image/")},
        robots={urls.origin(one.url): (one.status, path[one.id]) for one in same if one.kind == "robots"},
    )  # fmt: skip


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
