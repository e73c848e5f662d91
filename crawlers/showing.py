"""A page as sent beside the same page as a browser showed it: which of the two is kept, and what is written down."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.blobs import BlobStore
from crawlers import extract, render
from crawlers.captures import Capture, Fetched
from crawlers.frontier import Sweep
from crawlers.interface import Finding
from crawlers.visits import Visit

AS_SENT = "#as-sent"
REMEMBERED_SWEEPS = 3
_PLAYLISTS = (".m3u8", ".mpd")


@dataclass(frozen=True)
class Sent:
    """A page as its server sent it."""

    fetched: Fetched
    url: str  # canonical, after redirects
    finding: Finding


def played(films: Sequence[str]) -> list[str]:
    """Return what a player asked for that is a film of its own: its first playlist, else its first file.

    A player asks for the list of qualities first and for the playlist of one quality next; both are the same film.
    """
    lists = [film for film in films if film.partition("?")[0].lower().endswith(_PLAYLISTS)]
    return list((lists or films)[:1])


def with_films(finding: Finding, films: Sequence[str]) -> Finding:
    """Return the finding with the film a player asked for, when the page itself names none."""
    if not films or finding.kind != "video" or any(link.kind == "video" for link in finding.media):
        return finding
    more = extract.numbered(played(films), "video", start=len(finding.media))
    return replace(
        finding, media=(*finding.media, *more), provenance={**finding.provenance, "video": "the player's requests"}
    )


def before(session: Session, source_id: str) -> Iterator[tuple[str, bool]]:
    """Yield the pages that the newest sweeps of a source opened in a browser, and whether that helped."""
    newest = select(Sweep.id).where(Sweep.source == source_id).order_by(Sweep.id.desc()).limit(REMEMBERED_SWEEPS)
    rows = select(Capture.final_url, Capture.parts).where(
        Capture.sweep_id.in_(session.scalars(newest).all()), Capture.kind == "page"
    )
    for url, parts in session.execute(rows.order_by(Capture.id)):
        for name, *_ in parts or ():
            if render.RENDERED in name:
                yield url, render.IN_VAIN_MARK not in name


def kept(sent: Sent, dom: bytes, visit: Visit, blobs: BlobStore) -> Fetched:
    """Return the page as shown as what is captured; the page as sent is kept beside it, named in the parts."""
    fetched = sent.fetched
    return replace(
        fetched,
        blob=blobs.put(dom),
        size_bytes=len(dom),
        mime="text/html",
        parts=((f"{fetched.url}{AS_SENT}", fetched.blob, fetched.size_bytes), _shown(fetched.url, dom, visit)),
    )


def in_vain(sent: Sent, dom: bytes, visit: Visit) -> Fetched:
    """Return the page as sent, with a word that a browser showed nothing more."""
    name, sha256, size = _shown(sent.fetched.url, dom, visit)
    return replace(sent.fetched, parts=((name.replace(render.RENDERED, render.IN_VAIN_MARK), sha256, size),))


def _shown(url: str, dom: bytes, visit: Visit) -> tuple[str, str, int]:
    return f"{url}{render.RENDERED}: {visit.shown_by}", hashlib.sha256(dom).hexdigest(), len(dom)
