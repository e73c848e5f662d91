"""What is kept of everything that was seen, so that a reference that is registered later finds it there.

Of the newest captures all fingerprints are kept, and a new reference is compared with each of them. Of older ones that
matched nothing less and less is left (`matcher.let_go`): hashes and some local points, then hashes alone, in the end
nothing; these are what `matcher.look_back` asks. The table is also the queue of comparing: what waits has a time in
`asked_at`.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, ForeignKey, Index, LargeBinary, Select, String, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from config import clock, home
from config.database import Base
from crawlers.captures import Capture, Sighting
from fingerprints import packing, store
from fingerprints.frequencies import CODE_BYTES
from fingerprints.interface import Vectors
from fingerprints.kinds.pdq import UPRIGHT
from fingerprints.packing import Shape
from fingerprints.quantised import CODE_BYTES as POINT_BYTES
from fingerprints.quantised import packed
from fingerprints.store import Medium
from matcher import film_watch, marks, pictures, retrieve
from matcher.closer_look import POINTS
from matcher.film_looks import LEAST_QUALITY
from matcher.marks import Done

SEEN = "seen"  # the mark of what is described and kept
KINDS = {"image": pictures.HASHES, "video": film_watch.LOOKS}  # of a medium, which fingerprint its hashes come from
TURN, LEFT, BOTTOM, IS_EVEN = 0, 2, 6, 6  # columns of a picture's positions
MOST_POINTS = 64  # of a picture, the strongest
ROWS_AT_ONCE = 1000
LOCK = 0x6B657074  # "kept": the PostgreSQL advisory lock of whoever keeps, so that ids ascend as rows become visible
NOTHING = Vectors(np.empty((0, CODE_BYTES), np.uint8), np.empty((0, 0), np.float32))


class Kept(Base):
    """What is kept of one medium that was seen. It has no uuid: there are millions of them, and nobody names one."""

    __tablename__ = "kept"

    id: Mapped[int] = mapped_column(primary_key=True)  # ascends in the order in which rows become visible
    medium_id: Mapped[int] = mapped_column(ForeignKey("media.id"), unique=True)
    medium: Mapped[str] = mapped_column(String(5))  # "image", "video" or "audio"
    version: Mapped[int]  # of the kind that its hashes come from
    count: Mapped[int]  # hashes
    columns: Mapped[int]  # of one position; 0: none are kept
    codes: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)  # (count, 32) uint8
    positions: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)  # squeezed, see fingerprints.packing
    points_count: Mapped[int]
    points: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)  # (points_count, 16) uint8, of a picture
    kept_at: Mapped[datetime]
    asked_at: Mapped[datetime | None]  # since when it waits to be compared; None: it does not
    compared_at: Mapped[datetime | None]  # when comparing it last began
    let_go_at: Mapped[datetime | None]  # since when its fingerprints are not held any more, but for these hashes
    forgotten_at: Mapped[datetime | None]  # since when these are not held either

    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012  # the id of a row that is gone is never given again


for _name, _column, _where in (
    ("ix_kept_asked", Kept.id, Kept.asked_at.is_not(None)),
    ("ix_kept_whole", Kept.id, Kept.let_go_at.is_(None)),
    ("ix_kept_pointed", Kept.id, Kept.points_count > 0),
    ("ix_kept_held", Kept.kept_at, Kept.forgotten_at.is_(None)),
):  # of the few that wait or may go: whoever asks for them does not walk through the millions
    Index(_name, _column, sqlite_where=_where, postgresql_where=_where)


def pending(session: Session, limit: int) -> Sequence[int]:
    """Return media that were seen and described and of which nothing is kept yet, or nothing any more although they
    were seen again."""
    return lacking(session, limit, done(session))


def lacking(session: Session, limit: int, done: Done) -> Sequence[int]:
    """Return what is pending beyond what is done."""
    new_or_left = done.beyond(Sighting.id) | Sighting.id.in_(done.left)
    seen = select(Sighting.blob).where(new_or_left).union(seen_again(done))
    is_seen = select(Sighting.id).where(Sighting.blob == Medium.blob).exists()
    described = select(Medium.id).where(Medium.kind.is_not(None), store.is_current("glance"))
    is_kept = select(Kept.id).where(Kept.medium_id == Medium.id, ~_is_seen_again()).exists()
    rows = described.where(Medium.blob.in_(seen) if done else is_seen, ~is_kept)
    return session.scalars(rows.order_by(Medium.id).limit(limit)).all()


def done(session: Session) -> Done:
    """Return up to where all that was seen is described by the kinds of today, and kept."""
    return marks.done(session, SEEN, kinds())


def kinds() -> str:
    """Return what stands for the kinds of today and their versions."""
    return hashlib.sha256(json.dumps(sorted(retrieve.versions_in_use().items())).encode()).hexdigest()


def wanted_again() -> Select[str]:
    """Ask for the blobs that wait to be compared and whose fingerprints are not held any more."""
    medium = aliased(Medium)
    held = aliased(Kept)
    rows = select(medium.blob).join(held, held.medium_id == medium.id)
    return rows.where(held.asked_at.is_not(None), held.let_go_at.is_not(None))


def seen_again(done: Done) -> Select[str]:
    """Ask for the blobs that were captured, since everything was done, after what is kept of them was forgotten."""
    medium, held = aliased(Medium), aliased(Kept)
    rows = select(medium.blob).join(Capture, Capture.body_sha256 == medium.blob).join(held, held.medium_id == medium.id)
    return rows.where(done.beyond(Capture.id), held.forgotten_at < Capture.fetched_at)


def keep(session: Session, ids: Sequence[int]) -> None:
    """Keep what the settings ask for of these media; each waits to be compared from now on."""
    rows = session.scalars(select(Medium).where(Medium.id.in_(ids), Medium.kind.is_not(None)).order_by(Medium.id)).all()
    hashed, pointed = _hashed(session, rows), _pointed(session, rows)
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(LOCK)))
    is_over = select(Kept.id).join(Medium, Medium.id == Kept.medium_id).where(_is_seen_again())
    session.execute(delete(Kept).where(Kept.medium_id.in_(ids), Kept.id.in_(is_over)))
    there = set(session.scalars(select(Kept.medium_id).where(Kept.medium_id.in_(ids))))
    versions, now = retrieve.versions_in_use(), clock.now()
    for row in rows:
        if row.id not in there:
            some, points = hashed.get(row.blob, NOTHING), pointed.get(row.blob, b"")
            shape = packing.shape(some)
            session.add(Kept(
                medium_id=row.id, medium=row.kind, version=versions.get(KINDS.get(row.kind or "", ""), 0),
                count=shape.count, columns=shape.columns, codes=packing.codes_bytes(some),
                positions=packing.squeezed_positions(some), points_count=len(points) // POINT_BYTES, points=points,
                kept_at=now, asked_at=now,
            ))  # fmt: skip
    session.flush()


def _hashed(session: Session, rows: Sequence[Medium]) -> dict[str, Vectors]:
    """Return, by blob, the hashes of these media that the settings want to be kept."""
    how, versions = home.of(session).settings.captures.keep, retrieve.versions_in_use()
    found: dict[str, Vectors] = {}
    for medium, kind in KINDS.items() if how != "nothing" else ():
        blobs = [row.blob for row in rows if row.kind == medium]
        for blob, vectors in store.load_many(session, blobs, kind, versions[kind]).items():
            found[blob] = worth_keeping(medium, vectors, is_whole=how == "whole")
    return found


def _pointed(session: Session, rows: Sequence[Medium]) -> dict[str, bytes]:
    """Return, by blob, the packed points of these pictures; nothing where the settings want none."""
    if not home.of(session).settings.captures.with_points:
        return {}
    blobs = [row.blob for row in rows if row.kind == "image"]
    found = store.load_many(session, blobs, POINTS, retrieve.versions_in_use()[POINTS])
    return {blob: packed(vectors.codes[:MOST_POINTS]).tobytes() for blob, vectors in found.items()}


def worth_keeping(medium: str, vectors: Vectors, *, is_whole: bool) -> Vectors:
    """Return the hashes of a medium that a reference can be found by: of a film, those of its key frames that show
    something; of a picture those of the whole and of what is inside its border, and unless `is_whole` those of its
    cells and parts. A picture's are kept upright and without their places: the reference brings the turns."""
    positions = vectors.positions
    if medium == "video":
        keep = positions[:, 2] >= LEAST_QUALITY
        return Vectors(vectors.codes[keep], positions[keep])
    if not len(vectors.codes):
        return NOTHING
    keep = positions[:, TURN] == UPRIGHT
    if is_whole:  # only these are hashed in every turn
        turned = positions[positions[:, TURN] == UPRIGHT + 1, LEFT:BOTTOM]
        keep &= (positions[:, None, LEFT:BOTTOM] == turned[None]).all(axis=2).any(axis=1)
    codes = np.unique(vectors.codes[keep], axis=0)
    return Vectors(codes, np.empty((len(codes), 0), np.float32))


def hashes(session: Session, number: int) -> Vectors:
    """Return what is kept of a medium."""
    columns = Kept.count, Kept.columns, Kept.codes, Kept.positions
    count, places, codes, positions = session.execute(select(*columns).where(Kept.id == number)).one()
    shape = Shape(count, CODE_BYTES, places)
    return packing.vectors(shape, codes, packing.unsqueezed_positions(shape, positions), {})


def pointed(session: Session) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield the packed points of every picture that has some and is not compared in full, newest first."""
    below = newest_old(session) + 1
    while True:
        rows = select(Kept.id, Kept.points).where(Kept.points_count > 0, Kept.id < below).order_by(Kept.id.desc())
        found = session.execute(rows.limit(ROWS_AT_ONCE)).all()
        for number, points in found:
            yield number, np.frombuffer(points, np.uint8).reshape(-1, POINT_BYTES)
        if not found:
            return
        below = found[-1][0]


def compared(session: Session, blob: str, began: datetime) -> None:
    """Note that a medium was compared by somebody who began at a moment; who asked for it later waits on."""
    of_blob = Kept.medium_id == select(Medium.id).where(Medium.blob == blob).scalar_subquery()
    session.execute(update(Kept).where(of_blob, Kept.asked_at <= began).values(asked_at=None))
    session.execute(update(Kept).where(of_blob).values(compared_at=began))


def compared_at(session: Session, blob: str) -> datetime | None:
    """Return when comparing a medium last began; None: it never did."""
    return session.scalar(select(Kept.compared_at).join(Medium, Medium.id == Kept.medium_id).where(Medium.blob == blob))


def described_again(session: Session, blobs: Sequence[str]) -> None:
    """Note that the fingerprints of these media are held."""
    of_blobs = select(Medium.id).where(Medium.blob.in_(blobs))
    session.execute(update(Kept).where(Kept.medium_id.in_(of_blobs)).values(let_go_at=None))


def is_asked() -> ColumnElement[bool]:
    """Return the condition that a Medium waits to be compared."""
    return select(Kept.id).where(Kept.medium_id == Medium.id, Kept.asked_at.is_not(None)).correlate(Medium).exists()


def is_left_alone(session: Session) -> ColumnElement[bool]:
    """Return the condition that a Medium is not compared with what is new unless somebody asks for it: many others
    were seen since."""
    older = select(Kept.id).where(Kept.medium_id == Medium.id, Kept.id <= newest_old(session))
    return older.where(Kept.asked_at.is_(None)).correlate(Medium).exists()


def is_let_go() -> ColumnElement[bool]:
    """Return the condition that nobody misses the fingerprints of a Medium that are not held any more."""
    gone = select(Kept.id).where(Kept.medium_id == Medium.id, Kept.let_go_at.is_not(None), Kept.asked_at.is_(None))
    return gone.where(~_is_seen_again()).correlate(Medium).exists()


def newest_old(session: Session) -> int:
    """Return the id of the newest Kept that is not compared in full with what is new."""
    newest = session.scalar(select(func.max(Kept.id))) or 0
    return max(0, newest - home.of(session).settings.captures.compared_in_full)


def newest_bare(session: Session) -> int:
    """Return the id of the newest Kept of which no points are kept."""
    return max(0, newest_old(session) - home.of(session).settings.captures.with_points)


def _is_seen_again() -> ColumnElement[bool]:
    """Return the condition that the Medium of a Kept was captured after what is kept of it was forgotten, be it only
    by a server's word that nothing has changed."""
    again = select(Capture.id).where(Capture.body_sha256 == Medium.blob, Capture.fetched_at > Kept.forgotten_at)
    return again.correlate(Medium, Kept).exists()
