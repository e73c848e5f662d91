"""Rows that tests start from: plain functions, one a row, with sensible values for the rest."""

import hashlib
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from crawlers.captures import Capture, FindingRow, Sighting
from crawlers.frontier import Sweep
from matcher.catalogue import Asset, Owner, Work
from matcher.match import Match
from matcher.references import Reference

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def owner(session: Session, name: str = "Studio Kiri", **changes: Any) -> Owner:
    values: dict[str, Any] = {
        "representative": "Aoi Mori", "address": "1-2-3 Kanda, Chiyoda-ku, Tokyo", "phone": "+81-3-0000-0000",
        "email": "rights@kiri.example", "country": "JP", "mandate": "power of attorney of 2026-01-10",
    }  # fmt: skip
    row = Owner(name=name, **(values | changes))
    session.add(row)
    session.flush()
    return row


def work(session: Session, title: str = "Lantern Road", *, of: Owner | None = None, **changes: Any) -> Work:
    values: dict[str, Any] = {"kind": "anime", "aliases": [], "official_urls": [], "added_at": NOW}
    row = Work(owner_id=(of or owner(session)).id, title=title, **(values | changes))
    session.add(row)
    session.flush()
    return row


def reference(session: Session, of: Work, name: str = "ep1.mp4", *, bank: str = "works", **changes: Any) -> Reference:
    asset = Asset(work_id=of.id, name=name)
    session.add(asset)
    session.flush()
    values: dict[str, Any] = {"blob": hashlib.sha256(name.encode()).hexdigest(), "added_at": NOW}
    row = Reference(asset_id=asset.id, name=name, bank=bank, **(values | changes))
    session.add(row)
    session.flush()
    return row


def sweep(session: Session, source: str = "vidbox", **changes: Any) -> Sweep:
    values: dict[str, Any] = {
        "source_sha256": "0" * 64, "started_at": NOW, "heartbeat_at": NOW, "finished_at": NOW, "state": "done",
    }  # fmt: skip
    row = Sweep(source=source, **(values | changes))
    session.add(row)
    session.flush()
    return row


def capture(
    session: Session, url: str, of: Sweep, body: bytes = b"page", *, kind: str = "page", mime: str = "text/html"
) -> Capture:
    row = Capture(
        sweep_id=of.id, kind=kind, url=url, url_hash=hashlib.blake2b(url.encode(), digest_size=16).hexdigest(),
        final_url=url, fetched_at=NOW, status=200, headers=[["Content-Type", mime]], mime=mime,
        body_sha256=hashlib.sha256(body).hexdigest(), size_bytes=len(body), ip_address="127.0.0.1", parts=None,
        previous_hash="0" * 64, hash=hashlib.sha256(url.encode()).hexdigest(),
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def finding(
    session: Session, url: str = "http://vidbox.example/watch/1", *, of: Sweep | None = None, **changes: Any
) -> FindingRow:
    row_sweep = of or sweep(session)
    page = capture(session, url, row_sweep)
    values: dict[str, Any] = {
        "source": row_sweep.source, "kind": "video", "url": url, "place": url.split("://")[1], "title": "Lantern 1",
        "text": "", "provenance": {}, "found_at": NOW, "is_commercial": True,
    }  # fmt: skip
    row = FindingRow(capture_id=page.id, **(values | changes))
    session.add(row)
    session.flush()
    return row


def sighting(
    session: Session, on: FindingRow, body: bytes = b"film", *, kind: str = "video", position: int = 0
) -> Sighting:
    page = session.get_one(Capture, on.capture_id)
    url = f"{on.url}/media/{position}"
    media = capture(session, url, session.get_one(Sweep, page.sweep_id), body, kind="media", mime="video/mp4")
    row = Sighting(finding_id=on.id, capture_id=media.id, kind=kind, position=position, url=url, blob=media.body_sha256)
    session.add(row)
    session.flush()
    return row


def match(session: Session, of: Sighting, with_: Reference, **changes: Any) -> Match:
    values: dict[str, Any] = {
        "score": 0.99, "lane": "copy", "reasons": [{"signal": "agreement", "value": 0.9, "says": "It agrees."}],
        "transform": None, "segments": [], "matched_seconds": 0.0, "found_at": NOW,
    }  # fmt: skip
    row = Match(blob=of.blob, reference_id=with_.id, **(values | changes))
    session.add(row)
    session.flush()
    return row
