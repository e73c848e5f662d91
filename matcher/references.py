"""References: the files (or fingerprints alone) that we protect, the bank each belongs to, and what is excluded."""

import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import ColumnElement, ForeignKey, String, Text, UniqueConstraint, and_, func, not_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

import config.home
from config import clock
from config.database import Base, Row
from config.errors import MekikiError
from fingerprints import package, store
from fingerprints.package import PackedMedium
from matcher import catalogue
from matcher.catalogue import Asset, Work
from matcher.interface import Bank

MAX_NAME, MAX_ASSET = 500, 300  # characters, of the columns
# What lies beside pages in a folder and is no page; everything else is registered, and described or found unreadable.
NOT_PAGES = frozenset({".txt", ".md", ".xml", ".json", ".nfo", ".csv", ".db", ".ini", ".html", ".toml"})


class BadReference(MekikiError):
    """A file or folder that was given cannot be registered."""


class UnknownReference(MekikiError):
    """No reference has this uuid."""


class Reference(Row, Base):
    """One file, or one fingerprint package whose pixels never left the studio."""

    __tablename__ = "references"
    __table_args__ = (UniqueConstraint("asset_id", "blob", "bank"),)

    asset_id: Mapped[int] = mapped_column(ForeignKey("assets.id"), index=True)
    bank: Mapped[str] = mapped_column(String(12), index=True)
    name: Mapped[str] = mapped_column(String(500))  # the file's name as registered
    position: Mapped[int] = mapped_column(default=0)  # page number within the asset
    blob: Mapped[str] = mapped_column(String(64), index=True)  # sha256 of the file, held or not
    added_at: Mapped[datetime]
    # The three of them say when it matches; ask `in_force`, never the columns. matcher.lives changes them.
    disabled_at: Mapped[datetime | None]
    disabled_until: Mapped[datetime | None]  # it matches again from this second on; None: until somebody enables it
    expires_at: Mapped[datetime | None]  # of the bank "provisional"; None: as its work says


class Exclusion(Row, Base):
    """A stretch of a reference that proves nothing: an opening, an ending, stock footage."""

    __tablename__ = "exclusions"

    reference_id: Mapped[int] = mapped_column(ForeignKey("references.id"), index=True)
    start_s: Mapped[float]
    end_s: Mapped[float]
    reason: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]


@dataclass(frozen=True)
class _Original:
    """One file about to be registered: under which asset and name, and as which page (0: it is no page)."""

    path: Path
    asset: str
    name: str
    position: int


@dataclass(frozen=True)
class _Stored:
    """Where one original belongs and what stands for its bytes."""

    asset: str
    name: str
    position: int
    blob: str


def register(
    session: Session,
    work: Work,
    paths: Sequence[Path],
    *,
    asset: str | None = None,
    bank: Bank = "works",
    progress: Callable[[], object] = lambda: None,
) -> list[Reference]:
    """Store the originals, register each as a reference of the work, and return the rows in page order.

    A folder is one asset named after it, its files numbered as pages in natural order (page 2 before page 10). A file
    is an asset of its own, named by its stem; `asset` puts everything into one. Bytes that the asset already holds in
    this bank are not registered again: their earlier row is returned. `progress` is called once a file. Raises
    BadReference before anything is stored when a path is missing, a folder has no files, or a file is empty.
    """
    originals = [original for path in paths for original in _originals(path, asset)]
    if not originals:
        raise BadReference("No file was given; name the files or folders of the work.")
    for original in originals:
        if original.path.stat().st_size == 0:
            raise BadReference(f"{original.path} is empty; remove it or restore it from a backup.")
    blobs = config.home.of(session).blobs
    rows = []
    for original in originals:
        blob = blobs.put_file(original.path)
        rows.append(_settle(session, work, bank, _Stored(original.asset, original.name, original.position, blob)))
        progress()
    return rows


def import_package(
    session: Session,
    work: Work,
    file: Path,
    *,
    asset: str | None = None,
    bank: Bank = "works",
    progress: Callable[[], object] = lambda: None,
) -> list[Reference]:
    """Register the media of a fingerprint package as references whose pixels we never held, and return the rows.

    A folder in the package is one asset, and so are its loose pictures, named after the package; a loose film or sound
    is an asset of its own. `asset` puts everything into one. Raises BadPackage.
    """
    media = sorted(package.read(file), key=lambda medium: [natural(part) for part in medium.name.split("/")])
    pages: Counter[str] = Counter()
    rows = []
    for medium in media:
        title = asset or _asset_in_package(medium, file)
        is_page = medium.description.facts is not None and medium.description.facts.medium == "image"
        pages[title] += is_page
        store.save(session, medium.sha256, medium.description)
        stored = _Stored(title, medium.name, pages[title] if is_page else 0, medium.sha256)
        rows.append(_settle(session, work, bank, stored))
        progress()
    return rows


def count_files(paths: Sequence[Path]) -> int:
    """Return how many files `register` would register, for a progress bar. Raises BadReference."""
    return sum(len(_originals(path, None)) for path in paths)


def in_force(at: datetime) -> ColumnElement[bool]:
    """Return the condition that a Reference matches at a moment: not disabled then, and not expired as provisional.

    It is true or false, never unknown, so that it can be negated. `is_in_force` says the same of one row.
    """
    ends = ends_at()
    is_over = and_(Reference.bank == "provisional", ends.is_not(None), ends <= at)
    return and_(not_(_is_disabled(at)), not_(is_over))


def is_in_force(reference: Reference, work: Work, at: datetime) -> bool:
    """Say whether a reference of this work matches at a moment; `in_force` is the same condition in SQL."""
    ends = reference.expires_at or work.provisional_until
    is_over = reference.bank == "provisional" and ends is not None and ends <= at
    return not is_disabled(reference, at) and not is_over


def is_disabled(reference: Reference, at: datetime) -> bool:
    """Say whether somebody disabled a reference and it is not back yet at a moment."""
    until = reference.disabled_until
    return reference.disabled_at is not None and (until is None or until > at)


def ends_at() -> ColumnElement[datetime | None]:
    """Return the moment from which on a provisional Reference matches no more: its own, or else its work's."""
    of_work = select(Work.provisional_until).join(Asset, Asset.work_id == Work.id).where(Asset.id == Reference.asset_id)
    return func.coalesce(Reference.expires_at, of_work.correlate(Reference).scalar_subquery())


def _is_disabled(at: datetime) -> ColumnElement[bool]:
    is_back = and_(Reference.disabled_until.is_not(None), Reference.disabled_until <= at)
    return and_(Reference.disabled_at.is_not(None), not_(is_back))


def exclude(session: Session, uuid: str, *, start_s: float, end_s: float, reason: str, by: str) -> Exclusion:
    """Declare that a stretch of a reference proves nothing (opening, ending, stock footage). Raises BadReference."""
    if not 0 <= start_s < end_s:
        raise BadReference("An excluded stretch starts at 0 s or later and ends after it starts; correct the seconds.")
    if not reason.strip() or not by.strip():
        raise BadReference("An exclusion says why and who excluded it; give both.")
    row = Exclusion(
        reference_id=find(session, uuid).id, start_s=start_s, end_s=end_s, reason=reason.strip(), by=by, at=clock.now()
    )
    session.add(row)
    session.flush()
    return row


def find(session: Session, uuid: str) -> Reference:
    """Return the reference with this uuid. Raises UnknownReference."""
    row = session.scalar(select(Reference).where(Reference.uuid == uuid))
    if row is None:
        raise UnknownReference(f"There is no reference {uuid}; `mekiki reference list` shows them.")
    return row


def registered(session: Session, work: Work | None = None) -> list[tuple[Work, Asset, Reference]]:
    """Return every reference with its asset and work, disabled ones too: by title, then asset and page."""
    query = (
        select(Work, Asset, Reference)
        .join(Asset, Asset.work_id == Work.id)
        .join(Reference, Reference.asset_id == Asset.id)
        .order_by(Work.title, Work.id, Asset.id, Reference.position, Reference.id)
    )
    rows = session.execute(query if work is None else query.where(Work.id == work.id))
    return [(each_work, each_asset, reference) for each_work, each_asset, reference in rows]


def natural(name: str) -> list[tuple[bool, int, str]]:
    """Return a sort key in which numbers count as numbers: "page 2" comes before "page 10"."""
    parts = re.findall(r"(\d+)|(\D+)", name.casefold())
    return [(not digits, int(digits or 0), text) for digits, text in parts]


def _originals(path: Path, asset: str | None) -> list[_Original]:
    if path.is_file():
        return [_Original(path, asset or path.stem, path.name, 0)]
    if not path.is_dir():
        raise BadReference(f"{path} does not exist; check the path.")
    pages = _pages(path)
    if not pages:
        raise BadReference(f"{path} holds no files; name a folder of pages, pictures or films.")
    name = asset or path.resolve().name
    return [
        _Original(page, name, page.relative_to(path).as_posix(), number) for number, page in enumerate(pages, start=1)
    ]


def _pages(folder: Path) -> list[Path]:
    files = (file for file in folder.rglob("*") if file.is_file() and file.suffix.lower() not in NOT_PAGES)
    shown = [file for file in files if not any(part.startswith(".") for part in file.relative_to(folder).parts)]
    return sorted(shown, key=lambda file: [natural(part) for part in file.relative_to(folder).parts])


def _asset_in_package(medium: PackedMedium, file: Path) -> str:
    folder, slash, _name = medium.name.partition("/")
    if slash:
        return folder
    is_picture = medium.description.facts is not None and medium.description.facts.medium == "image"
    return file.stem if is_picture else Path(medium.name).stem


def _settle(session: Session, work: Work, bank: Bank, stored: _Stored) -> Reference:
    """Return the reference of these bytes in the asset and bank, made if there is none."""
    asset = catalogue.asset(session, work, _kept(stored.asset)[:MAX_ASSET])
    known = session.scalar(
        select(Reference).where(Reference.asset_id == asset.id, Reference.blob == stored.blob, Reference.bank == bank)
    )
    if known is None:
        known = Reference(
            asset_id=asset.id,
            bank=bank,
            name=_kept(stored.name)[-MAX_NAME:],
            position=stored.position,
            blob=stored.blob,
            added_at=clock.now(),
        )
        session.add(known)
        session.flush()
    elif is_disabled(known, clock.now()):
        raise BadReference(
            f"{stored.name} was registered and disabled on {known.disabled_at:%Y-%m-%d}; "
            f"if it should be protected again: `mekiki reference enable {known.uuid}`."
        )
    return known


def _kept(name: str) -> str:
    """Return a file's name as a database can hold it: a byte that is no UTF-8, a NUL, becomes a replacement sign."""
    return os.fsencode(name).decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
