"""Measures how long every stage of the main path takes to say that nothing is pending: `make measure-pending`.

On SQLite and on PostgreSQL, in a home that has seen a million media: every one captured, described, kept and compared,
one in fifty matched, assessed and in a case. A clock asks all of it every few minutes.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Boolean, LargeBinary, bindparam, select, text
from sqlalchemy.orm import Session

from config import clock
from config.database import UtcDateTime
from config.home import Home, of
from crawlers.captures import Sighting
from dashboard.jobs import JOBS, Job
from fingerprints import kinds
from matcher.catalogue import Work
from matcher.match import Match
from tests import factories
from tests.measure.frontier import made_home, tell

OUT = Path("build/measure/pending.json")
LIMIT, TIMES = 64, 5
EACH = "WITH RECURSIVE n(i) AS (SELECT CAST(1 AS bigint) UNION ALL SELECT i + 1 FROM n WHERE i < :count) "
# No order in them, as in real hashes; and other numbers begin other hashes.
BLOB = "CAST((i * 2654435761) % 4294967296 + 10000000000 AS text) || '" + "0" * 53 + "'"
PAGE_BLOB = BLOB.replace("'0", "'f")
UUID = "CAST(:table AS text) || CAST(1000000000 + i AS text)"


@dataclass(frozen=True)
class Size:
    """How much was seen."""

    media: int
    per_page: int  # media of one page
    matched: int  # one in so many media


FULL, QUICK = Size(1_000_000, 20, 50), Size(40_000, 20, 50)


def main() -> None:
    """Print the figures and write them to build/measure/pending.json."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="A small run, to see that it runs.")
    options.add_argument("--only", choices=("sqlite", "postgresql"), help="One database alone.")
    options.add_argument("--media", type=int, help="So many media.")
    chosen = options.parse_args()
    size = QUICK if chosen.quick else FULL
    size = replace(size, media=chosen.media or size.media)
    figures: dict[str, Any] = {"size": asdict(size)}
    for name in (chosen.only,) if chosen.only else ("sqlite", "postgresql"):
        with made_home(name) as home:
            began = time.perf_counter()
            fill(home, size)
            figures[name] = {"fill s": round(time.perf_counter() - began, 1)} | measured(home)
        for job, found in figures[name].items():
            tell(f"{name} {job}", found if isinstance(found, dict) else {"": found})
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(figures, indent=2), "utf-8")


def measured(home: Home) -> dict[str, Any]:
    """Return, by job, how many rows are pending and how long it takes to say so, and to look at everything once."""
    found: dict[str, Any] = {job.name: {} for job in JOBS}
    for job in JOBS:
        if job.rest is not None:
            with home.sessions().begin() as session:
                found[job.name]["whole look ms"] = _took_ms(job.rest, session)
    for job in JOBS:
        found[job.name] |= _asked(home, job)
    with home.sessions().begin() as session:
        _little_more(home, session)
    for job in JOBS:
        found[job.name] |= {f"then {name}": value for name, value in _asked(home, job).items()}
    return found


def _asked(home: Home, job: Job) -> dict[str, Any]:
    took_ms, rows = [], 0
    for _ in range(TIMES):
        with home.sessions().begin() as session:
            began = time.perf_counter()
            rows = len(job.pending(session, LIMIT))
            took_ms.append((time.perf_counter() - began) * 1000)
    return {"pending": rows, "first ms": round(took_ms[0], 1), "median ms": round(statistics.median(took_ms), 1)}


def _took_ms(ask: Callable[[Session], object], session: Session) -> float:
    began = time.perf_counter()
    ask(session)
    return round((time.perf_counter() - began) * 1000, 1)


def _little_more(home: Home, session: Session) -> None:
    """See a few media more, two of them with the bytes of one that matches, and match two of those that were seen."""
    sweep = factories.sweep(session)
    reference = factories.reference(session, session.scalars(select(Work)).first(), "new.png")
    known = session.execute(select(Match.blob).order_by(Match.id).limit(1)).scalar_one()
    unmatched = select(Sighting.blob).where(Sighting.blob.not_in(select(Match.blob))).order_by(Sighting.id).limit(2)
    for number in range(2):
        page = factories.finding(session, f"http://many.example/new/{number}", of=sweep)
        for position in range(10):
            body = b"%d %d" % (number, position)
            home.blobs.put(body)
            factories.sighting(session, page, body, kind="image", position=position)
        again = factories.capture(session, f"{page.url}/again", sweep, kind="media")
        session.add(Sighting(finding_id=page.id, capture_id=again.id, kind="image", position=10, url="", blob=known))
    for blob in session.scalars(unmatched).all():
        session.add(Match(blob=blob, reference_id=reference.id, score=0.99, lane="copy", reasons=[], segments=[],
                          matched_seconds=0, found_at=clock.now()))  # fmt: skip


def fill(home: Home, size: Size) -> None:
    """Make a home in which nothing is left to do."""
    with home.sessions().begin() as session:
        work = factories.work(session)
        reference = factories.reference(session, work)
        sweep = factories.sweep(session, finished_at=clock.now())
        ids = {"work": work.id, "sweep": sweep.id, "reference": reference.id}
    pages = size.media // size.per_page
    with home.sessions().begin() as session:
        _captured(session, pages, size.media, ids["sweep"])
        _described(session, size.media)
        _judged(session, size, ids)
    with home.sessions().begin() as session:
        session.execute(text("ANALYZE"))


def _captured(session: Session, pages: int, media: int, sweep: int) -> None:
    """Pages first, then media, so that the ids of the pages' captures are their numbers."""
    for kind, count, blob in (("page", pages, PAGE_BLOB), ("media", media, BLOB)):
        _each(session, count, f"""
            INSERT INTO captures (uuid, sweep_id, kind, url, url_hash, final_url, fetched_at, status, headers, mime,
                body_sha256, size_bytes, previous_hash, hash)
            SELECT {UUID}, :sweep, :kind, 'http://many.example/' || i, substr({blob}, 1, 31) || :letter, '', :now, 200,
                :none, 'text/html', {blob}, 1, '', '' FROM n
        """, table=f"c{kind[0]}", sweep=sweep, kind=kind, letter=kind[0], none=[])  # fmt: skip
    _each(session, pages, f"""
        INSERT INTO findings (uuid, capture_id, source, kind, url, place, title, text, provenance, found_at)
        SELECT {UUID}, i, 'many', 'page', 'http://many.example/' || i, 'many.example/' || i, '', '', :none, :now FROM n
    """, table="f", none={})  # fmt: skip
    _each(session, media, f"""
        INSERT INTO sightings (uuid, finding_id, capture_id, kind, position, url, blob)
        SELECT {UUID}, (i - 1) / :per_page + 1, :pages + i, 'image', 0, '', {BLOB} FROM n
    """, table="s", pages=pages, per_page=media // pages)  # fmt: skip


def _described(session: Session, media: int) -> None:
    """The newest are held in full; of the others what is kept waits for references to come."""
    _each(session, media, f"""
        INSERT INTO media (uuid, blob, kind, width, height, duration_s, frames_per_second, has_sound, described_at)
        SELECT {UUID}, {BLOB}, 'image', 9, 9, 0, 0, :no, :now FROM n
    """, table="m", no=False)  # fmt: skip
    held = clock.now()
    whole_from = media - home_in_full(session)
    _each(session, media, """
        INSERT INTO kept (medium_id, medium, version, count, columns, codes, positions, points_count, points, kept_at,
            compared_at, let_go_at)
        SELECT m.id, 'image', 1, 0, 0, :nothing, :nothing, 0, :nothing, :now, :now,
            CASE WHEN i > :whole_from OR i % 50 = 0 THEN NULL ELSE :held END
        FROM n JOIN media m ON m.id = i
    """, nothing=b"", whole_from=whole_from, held=held)  # fmt: skip
    for name, kind in kinds.picture_kinds().items():
        _each(session, media, f"""
            INSERT INTO fingerprints (uuid, blob, kind, version, count, width, columns, codes, positions, facts,
                made_at)
            SELECT {UUID}, {BLOB}, :name, :version, 0, 1, 0, :nothing, :nothing, :none, :now
            FROM n WHERE i > :whole_from OR i % 50 = 0
        """, table=name[:9], name=name, version=kind.version, nothing=b"", none={}, whole_from=whole_from)  # fmt: skip


def home_in_full(session: Session) -> int:
    """Return how many of the newest captures the settings keep whole."""
    return of(session).settings.captures.compared_in_full


def _judged(session: Session, size: Size, ids: dict[str, int]) -> None:
    """One in so many was matched; its page was assessed and is a case."""
    _each(session, size.media, f"""
        INSERT INTO matches (uuid, blob, reference_id, score, lane, reasons, segments, matched_seconds, found_at)
        SELECT {UUID}, {BLOB}, :reference, 0.99, 'copy', :none, :none, 0, :now FROM n WHERE i % :matched = 0
    """, table="h", none=[], matched=size.matched, reference=ids["reference"])  # fmt: skip
    _once(session, """
        INSERT INTO assessments (uuid, finding_id, work_id, moment, outcome, answers, newest_match_id,
            newest_sighting_id, at)
        SELECT 'a' || s.finding_id, s.finding_id, :work, 'opening', 'open', :none, max(h.id), max(s.id), :now
        FROM sightings s JOIN matches h ON h.blob = s.blob GROUP BY s.finding_id
    """, work=ids["work"], none=[], now=clock.now())  # fmt: skip
    _once(session, """
        INSERT INTO cases (uuid, work_id, place, detected_at, due_at, score, lane, harm, state)
        SELECT 'c' || finding_id, :work, 'many.example/' || finding_id, :now, :now, 0.99, 'copy', 0, 'open'
        FROM assessments
    """, work=ids["work"], now=clock.now())  # fmt: skip
    _once(session, """
        INSERT INTO case_findings (uuid, case_id, finding_id, assessment_id)
        SELECT 'd' || a.id, c.id, a.finding_id, a.id FROM assessments a JOIN cases c ON c.uuid = 'c' || a.finding_id
    """)  # fmt: skip


def _each(session: Session, count: int, statement: str, **values: Any) -> None:
    """Run a statement over the numbers n.i from 1 to `count`."""
    now = {"now": clock.now()} if ":now" in statement else {}
    _once(session, EACH + statement, count=count, **now, **values)


def _once(session: Session, statement: str, **values: Any) -> None:
    """Run a statement with its values bound as their types want."""
    types = {datetime: UtcDateTime(), list: JSON(), dict: JSON(), bytes: LargeBinary(), bool: Boolean()}
    bound = [bindparam(name, value, types.get(type(value))) for name, value in values.items()]
    session.execute(text(statement).bindparams(*bound))


if __name__ == "__main__":
    main()
