"""What of a film was captured, where it was too long to be taken whole or never ends: one sentence for people."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.orm import Session

from crawlers import reels
from crawlers.captures import Capture
from dashboard import dictionary
from matcher import cases


@dataclass(frozen=True)
class Sampled:
    """One captured film that is not the whole one."""

    capture_id: int
    url: str
    sha256: str
    says: str


def sentence(capture: Capture) -> str | None:
    """Return what of its film a capture holds; None when it holds all of it."""
    sample = reels.sample_of(capture.parts)
    return None if sample is None else f"Only part of this film was captured ({sample})."


def of_case(session: Session, case_uuid: str) -> list[Sampled]:
    """Return every film of a case of which only part was captured. Raises UnknownCase."""
    detail = cases.case_detail(session, case_uuid)
    found = []
    for sighting in (medium.sighting for finding in detail.findings for medium in finding.seen):
        says = sentence(session.get_one(Capture, sighting.capture_id))
        if says is not None:
            found.append(Sampled(sighting.capture_id, sighting.url, sighting.blob, says))
    return found


def as_document(sampled: Sampled) -> dict[str, Any]:
    """Return it as JSON holds it."""
    return asdict(sampled) | {"says_ja": dictionary.of("ja").retell(sampled.says)}


def documents(session: Session, case_uuid: str) -> dict[str, Any]:
    """Return the file that tells it in an evidence bundle, in both languages; none when every film is whole."""
    found = of_case(session, case_uuid)
    return {"sampled.txt": _printed(found)} if found else {}


def _printed(found: Sequence[Sampled]) -> str:
    """Return a page of plain text, Japanese first as in the bundle's README."""
    parts = []
    for language in ("ja", "en"):
        spoken = dictionary.of(language)
        parts.append(spoken.say("Films of which only part was captured"))
        parts += [f"{each.url}\n  sha256 {each.sha256}\n- {spoken.retell(each.says)}" for each in found]
    return "\n\n".join(parts) + "\n"
