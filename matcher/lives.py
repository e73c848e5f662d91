"""The life of a reference: disabled, enabled, expired, promoted; who did it, when and why. Changes take effect at once.

Whether a reference matches at a moment is `references.in_force`; here is what changes that, and what it leaves behind.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, Select, String, Subquery, Text, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, aliased, mapped_column

from config import clock
from config.database import AppendOnly, Base, Row
from matcher import catalogue, references
from matcher.catalogue import Asset, Work
from matcher.references import BadReference, Reference

OURSELVES = "mekiki"  # who changed a reference when a work's day was changed


class ReferenceChange(AppendOnly, Row, Base):
    """One act on the life of a reference; never changed afterwards."""

    __tablename__ = "reference_changes"

    reference_id: Mapped[int] = mapped_column(ForeignKey("references.id"), index=True)
    change: Mapped[str] = mapped_column(String(10))  # "disabled", "enabled", "expires" or "promoted"
    until: Mapped[datetime | None]  # of "disabled" and "expires": the moment that was said
    absent_since: Mapped[datetime | None]  # since when the reference did not match before this act; None: it did
    by: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime]


def disable(session: Session, uuid: str, *, by: str, reason: str = "", until: datetime | None = None) -> Reference:
    """Stop a reference from matching, for good or until a moment, and return it; what it matched stays on record.

    Every query that begins after the commit leaves it out, in every process. Raises BadReference.
    """
    now = clock.now()
    if until is not None and until <= now:
        raise BadReference(f"{until:%Y-%m-%d %H:%M} UTC is over already; name a moment to come, or none.")
    row = references.find(session, uuid)
    with _recorded(session, row, "disabled", by=by, reason=reason, until=until):
        if not references.is_disabled(row, now):
            row.disabled_at = now
        row.disabled_until = until
    return row


def enable(session: Session, uuid: str, *, by: str, reason: str = "") -> Reference:
    """Let a disabled reference match again at once, and return it; nothing happens to one that is not disabled."""
    row = references.find(session, uuid)
    if references.is_disabled(row, clock.now()):
        with _recorded(session, row, "enabled", by=by, reason=reason):
            row.disabled_at = row.disabled_until = None
    return row


def expire(session: Session, uuid: str, *, until: datetime, by: str, reason: str = "") -> Reference:
    """Let a provisional reference match until a moment of its own, whatever its work says. Raises BadReference."""
    row = _provisional(references.find(session, uuid))
    with _recorded(session, row, "expires", by=by, reason=reason, until=until):
        row.expires_at = until
    return row


def promote(session: Session, uuid: str, *, by: str, reason: str = "") -> Reference:
    """Move a provisional reference into the bank "works" and return it; its matches and their cases stay its own.

    Raises BadReference for one of another bank, and where the asset holds the same file as a work already.
    """
    row = _provisional(references.find(session, uuid))
    twin = select(Reference.uuid).where(
        Reference.asset_id == row.asset_id, Reference.blob == row.blob, Reference.bank == "works"
    )
    if known := session.scalar(twin):
        raise BadReference(f"{row.name} is registered in the bank works already, as {known}; disable one of the two.")
    with _recorded(session, row, "promoted", by=by, reason=reason):
        row.bank, row.expires_at = "works", None
    return row


def promote_work(session: Session, work: Work, *, by: str, reason: str = "") -> list[Reference]:
    """Promote every provisional reference of a work and return them. Raises BadReference when it has none."""
    rows = _provisional_of(session, work)
    if not rows:
        raise BadReference(f"{work.title} has no provisional reference.")
    return [promote(session, row.uuid, by=by, reason=reason) for row in rows]


def work_ends(session: Session, work: Work, until: datetime) -> None:
    """Set when the production of a work ends, and note it with every provisional reference that ends with it."""
    reason = "The production of its work ends then."
    with ExitStack() as all_recorded:
        for row in _provisional_of(session, work):
            if row.expires_at is None:
                all_recorded.enter_context(_recorded(session, row, "expires", by=OURSELVES, reason=reason, until=until))
        work.provisional_until = until


def history(session: Session, reference_id: int) -> Sequence[ReferenceChange]:
    """Return everything that was done to the life of a reference, oldest first."""
    rows = select(ReferenceChange).where(ReferenceChange.reference_id == reference_id)
    return session.scalars(rows.order_by(ReferenceChange.id)).all()


def turned_since(moment: InstrumentedAttribute[datetime] | datetime, at: datetime) -> ColumnElement[bool]:
    """Return the condition that a Reference began or ceased to match after a moment, up to `at`."""
    ends, provisional = references.ends_at(), aliased(Reference)
    changed = select(ReferenceChange.id).where(
        ReferenceChange.reference_id == Reference.id, ReferenceChange.at > moment
    )
    # Few ever do: told first, so that nobody walks through every look at every other reference.
    may = select(ReferenceChange.reference_id).union(select(provisional.id).where(provisional.bank == "provisional"))
    return Reference.id.in_(may) & or_(
        and_(Reference.disabled_until <= at, Reference.disabled_until > moment),
        and_(Reference.bank == "provisional", ends <= at, ends > moment),
        changed.correlate_except(ReferenceChange).exists(),
    )


def turned(since: datetime, at: datetime) -> Select[int]:
    """Ask for the references that began or ceased to match after one moment, up to another."""
    return select(Reference.id).where(turned_since(since, at)).correlate(None)


def absences(at: datetime) -> Subquery:
    """Return the (reference_id, since, until) of every absence that is over at a moment, of references that match
    then."""
    later = aliased(ReferenceChange)
    is_cut_short = select(later.id).where(
        later.reference_id == ReferenceChange.reference_id, later.id > ReferenceChange.id,
        later.at < ReferenceChange.until,
    )  # fmt: skip
    matches_now = select(ReferenceChange.id).join(Reference, Reference.id == ReferenceChange.reference_id)
    ids = matches_now.where(references.in_force(at))
    whose = ReferenceChange.reference_id
    ended_by_a_person = select(
        whose, ReferenceChange.absent_since.label("since"), ReferenceChange.at.label("until")
    ).where(ReferenceChange.absent_since.is_not(None), ReferenceChange.id.in_(ids))
    ended_by_the_clock = select(whose, ReferenceChange.at, ReferenceChange.until).where(
        ReferenceChange.change == "disabled", ReferenceChange.until <= at, ~is_cut_short.exists(),
        ReferenceChange.id.in_(ids),
    )  # fmt: skip
    return ended_by_a_person.union_all(ended_by_the_clock).subquery()


def why_not(session: Session, reference: Reference, work: Work, at: datetime) -> str | None:
    """Return the sentence why a reference does not match at a moment; None when it does."""
    if references.is_in_force(reference, work, at):
        return None
    if not references.is_disabled(reference, at):
        ended = reference.expires_at or work.provisional_until
        return f"{reference.name} was provisional and expired on {ended:%Y-%m-%d %H:%M} UTC."
    said = [each for each in history(session, reference.id) if each.change == "disabled"]
    if not said:
        return f"{reference.name} was disabled on {reference.disabled_at:%Y-%m-%d %H:%M} UTC."
    newest = said[-1]
    why = f": {newest.reason.rstrip('.')}" if newest.reason else ""
    return f"{newest.by} disabled {reference.name} on {newest.at:%Y-%m-%d %H:%M} UTC{why}."


def _provisional(row: Reference) -> Reference:
    if row.bank != "provisional":
        raise BadReference(f"{row.name} is in the bank {row.bank}; only provisional references expire or are promoted.")
    return row


def _provisional_of(session: Session, work: Work) -> Sequence[Reference]:
    rows = select(Reference).join(Asset, Asset.id == Reference.asset_id)
    ours = rows.where(Asset.work_id == work.id, Reference.bank == "provisional")
    return session.scalars(ours.order_by(Asset.id, Reference.position, Reference.id)).all()


def _absent_since(session: Session, row: Reference, at: datetime) -> datetime | None:
    """Return since when a reference does not match; None when it does."""
    work = catalogue.work_of(session, row.asset_id)
    ends = (row.expires_at or work.provisional_until) if row.bank == "provisional" else None
    since = [ends] if ends is not None and ends <= at else []
    if row.disabled_at is not None and references.is_disabled(row, at):
        since.append(row.disabled_at)
    return min(since, default=None)


@contextmanager
def _recorded(
    session: Session, row: Reference, change: str, *, by: str, reason: str, until: datetime | None = None
) -> Iterator[None]:
    """Write down what the block does to a reference. Raises BadReference, before it is done, when nobody does it."""
    if not by.strip():
        raise BadReference("Say who changes the reference; it is kept with it.")
    now = clock.now()
    since = _absent_since(session, row, now)
    yield
    session.add(ReferenceChange(
        reference_id=row.id, change=change, until=until, absent_since=since, by=by.strip(), reason=reason.strip(),
        at=now,
    ))  # fmt: skip
    session.flush()
