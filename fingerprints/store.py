"""Fingerprints at rest, keyed by blob, kind and version: one packed row a medium."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    and_,
    delete,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from config import clock, home
from config.blobs import BlobMissing
from config.database import Base, Row, unless_there
from fingerprints import kinds, packing
from fingerprints.decode import limits_of, shared
from fingerprints.interface import Depth, Description, MediaFacts, Vectors
from fingerprints.kinds.thumb import Thumb
from fingerprints.packing import Shape

ROWS_AT_ONCE = 500  # of one IN (...), well below what either database takes


class Medium(Row, Base):
    """What is known of a blob as a medium; written once it was described, also when it could not be read."""

    __tablename__ = "media"

    blob: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str | None] = mapped_column(String(10))  # "image", "video", "audio"; None when unreadable
    width: Mapped[int] = mapped_column(default=0)
    height: Mapped[int] = mapped_column(default=0)
    duration_s: Mapped[float] = mapped_column(default=0.0)
    frames_per_second: Mapped[float] = mapped_column(default=0.0)
    has_sound: Mapped[bool] = mapped_column(default=False)
    error: Mapped[str | None] = mapped_column(Text)  # why it could not be read, one sentence
    described_at: Mapped[datetime]


class Fingerprint(Row, Base):
    """The vectors of one blob under one kind and version."""

    __tablename__ = "fingerprints"
    __table_args__ = (UniqueConstraint("blob", "kind", "version"),)

    blob: Mapped[str] = mapped_column(String(64), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    version: Mapped[int]
    count: Mapped[int]
    width: Mapped[int]  # bytes of one code
    columns: Mapped[int]  # of one position
    codes: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)  # (count, width) uint8, C order
    positions: Mapped[bytes] = mapped_column(
        LargeBinary, deferred=True
    )  # (count, columns) float32, squeezed; see packing
    facts: Mapped[dict[str, Any]]
    made_at: Mapped[datetime]


def describe(
    session: Session, blobs: Sequence[str], *, depth: Depth, progress: Callable[[int], None] | None = None
) -> None:
    """Write what the current kinds of this depth say of these blobs, where it is not written yet; `progress(1)` follows
    each blob. A blob may be described at several depths, one after the other.

    The exchange kinds that the home asks for are among them. A blob that cannot be read gets its Medium with one
    sentence and is not tried again. Nothing is asked of `session` before all is decoded: SQLite's one write lock must
    not be held while a film plays. Raises BlobMissing and UnknownKind.
    """
    opened = home.of(session)
    also = [kind.name for kind in kinds.exchange(opened.settings.fingerprints.exchange)]
    with opened.readers()() as reading:
        lacking = _lacking(reading, list(dict.fromkeys(blobs)), also, depth)
    paths = {}
    for blob in lacking:
        paths[opened.blobs.path(blob)] = blob
        if not opened.blobs.has(blob):
            raise BlobMissing(f"Blob {blob} is not in {opened.blobs.root}; restore it from a backup.")
    described = []
    for path, description in shared(limits_of(opened.settings)).describe(paths, depth=depth, also=also):
        described.append((paths[path], description))
        if progress is not None:
            progress(1)
    for blob, description in described:
        save(session, blob, description)


def _lacking(session: Session, blobs: Sequence[str], also: Sequence[str], depth: Depth) -> list[str]:
    """Return the blobs of which something is still to be written and can be."""
    known = media(session, blobs)
    written: dict[str, set[tuple[str, int]]] = {}
    for some in _portions(blobs):
        rows = select(Fingerprint.blob, Fingerprint.kind, Fingerprint.version).where(Fingerprint.blob.in_(some))
        for blob, kind, version in session.execute(rows):
            written.setdefault(blob, set()).add((kind, version))
    held = home.of(session).blobs.has
    lacking = []
    for blob in blobs:
        row = known.get(blob)
        if row is None:
            lacking.append(blob)
        elif (facts := facts_of(row)) is None:
            continue
        elif not set(kinds.wanted(facts, also, depth=depth)) <= written.get(blob, set()):
            lacking += [blob] if held(blob) else []  # it came as a package: what did not travel cannot be made here
    return lacking


def save(session: Session, blob: str, description: Description) -> None:
    """Write a description where it is not written yet; another worker may have been quicker, which is no error."""
    facts = description.facts or MediaFacts("image")
    session.execute(
        unless_there(session, Medium).values(
            blob=blob, kind=None if description.facts is None else facts.medium, width=facts.width, height=facts.height,
            duration_s=facts.duration_s, frames_per_second=facts.frames_per_second, has_sound=facts.has_sound,
            error=description.error, described_at=clock.now(),
        )
    )  # fmt: skip
    for (kind, version), vectors in description.fingerprints.items():
        shape = packing.shape(vectors)
        session.execute(
            unless_there(session, Fingerprint).values(
                blob=blob, kind=kind, version=version, count=shape.count, width=shape.width, columns=shape.columns,
                codes=packing.codes_bytes(vectors), positions=packing.squeezed_positions(vectors),
                facts=packing.finite(vectors.facts), made_at=clock.now(),
            )
        )  # fmt: skip


def forget(session: Session, blobs: Sequence[str]) -> None:
    """Remove every fingerprint of these blobs; that they were described stays known."""
    for some in _portions(blobs):
        session.execute(delete(Fingerprint).where(Fingerprint.blob.in_(some)))


def forget_pictures(session: Session, blobs: Sequence[str]) -> None:
    """Empty those fingerprints of these blobs that show what is on them; what only describes it stays."""
    for some in _portions(blobs):
        small = update(Fingerprint).where(Fingerprint.blob.in_(some), Fingerprint.kind == Thumb.name)
        session.execute(small.values(count=0, codes=b"", positions=b""))


def medium(session: Session, blob: str) -> Medium | None:
    """Return what is known of a blob; None when it was not described yet."""
    return session.scalars(select(Medium).where(Medium.blob == blob)).one_or_none()


def media(session: Session, blobs: Sequence[str]) -> dict[str, Medium]:
    """Return what is known of these blobs; those not described yet are absent."""
    found: dict[str, Medium] = {}
    for some in _portions(blobs):
        found |= {row.blob: row for row in session.scalars(select(Medium).where(Medium.blob.in_(some)))}
    return found


def is_current(depth: Depth) -> ColumnElement[bool]:
    """Return the condition that a Medium has what every current kind of this depth says of it, the exchange kinds left
    out.

    After an update of mekiki it is false for what older kinds described, until that is described again; what could not
    be read stays as it is.
    """
    filmed = kinds.filmed(depth, films=kinds.film_kinds(), seen=kinds.seen_kinds())
    return and_(
        *(or_(Medium.kind != "image", _has(kind.name, kind.version)) for kind in kinds.picture_kinds().values()),
        *(or_(Medium.kind != "video", _has(kind.name, kind.version)) for kind in filmed),
    )


def _has(name: str, version: int) -> ColumnElement[bool]:
    of_kind = Fingerprint.kind == name, Fingerprint.version == version
    return select(Fingerprint.id).where(Fingerprint.blob == Medium.blob, *of_kind).correlate(Medium).exists()


def facts_of(row: Medium) -> MediaFacts | None:
    """Return the facts of a medium; None when it could not be read."""
    if row.kind is None:
        return None
    return packing.media_facts({
        "medium": row.kind, "width": row.width, "height": row.height, "duration_s": row.duration_s,
        "frames_per_second": row.frames_per_second, "has_sound": row.has_sound,
    })  # fmt: skip


def load(session: Session, blob: str, kind: str, version: int) -> Vectors | None:
    """Return the vectors of one blob; None when this kind and version was never written for it."""
    return load_many(session, [blob], kind, version).get(blob)


def load_many(session: Session, blobs: Sequence[str], kind: str, version: int) -> dict[str, Vectors]:
    """Return the vectors of these blobs; those without this kind and version are absent."""
    columns = (Fingerprint.blob, Fingerprint.count, Fingerprint.width, Fingerprint.columns, Fingerprint.codes,
               Fingerprint.positions, Fingerprint.facts)  # fmt: skip
    found = {}
    for some in _portions(blobs):
        chosen = Fingerprint.blob.in_(some), Fingerprint.kind == kind, Fingerprint.version == version
        for blob, count, width, places, codes, positions, facts in session.execute(select(*columns).where(*chosen)):
            shape = Shape(count, width, places)
            found[blob] = packing.vectors(shape, codes, packing.unsqueezed_positions(shape, positions), facts)
    return found


def _portions(blobs: Sequence[str]) -> Iterator[list[str]]:
    rest = iter(blobs)
    while some := list(islice(rest, ROWS_AT_ONCE)):
        yield some
