"""What a sweep met, counted: pages by outcome, refusals, waits, and which fields its findings had.

Counts tell an operator how a source is; they are no evidence, so a killed sweep may lose its last few.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from config.database import Base, Row
from crawlers import expectations, mirrors
from crawlers.captures import storable
from crawlers.interface import Finding

FOUND, LEADS_ON, NOTHING = "page with a finding", "page that leads on", "page of nothing"
UNCHANGED = "page that has not changed"
BLOCKED = "page that shuts us out"
MOVED = "page that moved to another site"
# What is counted, in the order in which people read it; "has <field>" comes beside these.
OUTCOMES = (
    FOUND, LEADS_ON, NOTHING, UNCHANGED, "page not found", "page refused by the server",
    "page of a failing server", BLOCKED, "page that cannot be read", "address without an answer", MOVED,
)  # fmt: skip
REFUSALS = ("refused by robots.txt", "refused by the address guard", "outside the source", "larger than the limit")
MEDIA = ("medium", "medium that failed")
TREATMENT = ("robots.txt allowed", "asked to wait", "seconds asked to wait", "left alone for this sweep")
GONE = frozenset({404, 410})
MAX_EXAMPLE = 500  # characters
# How the sentences begin with which crawlers.manners and crawlers.walk refuse an address.
_REFUSED_BY = (
    ("robots.txt of", "refused by robots.txt"),
    ("it leads to", "outside the source"),
    ("it is larger than", "larger than the limit"),
)


class SweepTally(Row, Base):
    """How often a sweep met something, and where first."""

    __tablename__ = "sweep_tallies"
    __table_args__ = (UniqueConstraint("sweep_id", "what"),)

    sweep_id: Mapped[int] = mapped_column(ForeignKey("sweeps.id"), index=True)
    what: Mapped[str] = mapped_column(String(60))
    count: Mapped[int]
    example: Mapped[str | None] = mapped_column(Text)  # an address, or what was said there


@dataclass(frozen=True)
class Told:
    """One count of a sweep."""

    count: int
    example: str | None = None


@dataclass
class Tally:
    """The counts of a running sweep that are not written down yet."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, what: str, example: str | None = None, *, number: int = 1) -> None:
        """Count something; the first example is kept."""
        self.counts[what] += number
        if example is not None:
            self.examples.setdefault(what, storable(example)[:MAX_EXAMPLE])

    def page(self, url: str, status: int, finding: Finding | None, trouble: str | None) -> None:
        """Count a page that answered, by what came of it, and which fields its finding has."""
        self.add(_outcome(status, finding, trouble), url if trouble is None else f"{url}: {trouble}")
        if finding is not None and _shows(finding):
            for name in fields_of(finding):
                self.add(f"has {name}")

    def medium(self, url: str, trouble: str | None) -> None:
        """Count a medium that answered."""
        self.add(
            "medium" if trouble is None else "medium that failed", None if trouble is None else f"{url}: {trouble}"
        )

    def refused(self, url: str, why: str, meta: Mapping[str, Any]) -> None:
        """Count an address that a rule of ours or theirs did not let us fetch."""
        new_host = mirrors.moved_to(meta.get("redirect_urls", ()), meta.get("redirect_reasons", ()), url)
        if new_host is not None and why.startswith("it leads to"):
            self.add(MOVED, new_host)
            return
        by = next((what for begins, what in _REFUSED_BY if why.startswith(begins)), "refused by the address guard")
        self.add("left alone for this sweep" if "asks to be left alone" in why else by, f"{url}: {why}")

    def manners(self, stats: Mapping[str, Any]) -> None:
        """Take over what the road counted of how the hosts treated us, in all, since the process began."""
        for what in TREATMENT:
            known = stats.get(f"mekiki/{what}", 0)
            self.counts[what] += int(known) - self._taken.get(what, 0)
            self._taken[what] = int(known)

    _taken: dict[str, int] = field(default_factory=dict)  # of the road's counts, what is in `counts` already

    def write(self, session: Session, sweep_id: int) -> None:
        """Add what was counted since the last time to the sweep's rows."""
        known = {row.what: row for row in session.scalars(select(SweepTally).where(SweepTally.sweep_id == sweep_id))}
        for what, number in self.counts.items():
            row = known.get(what)
            if row is not None:
                row.count += number
            elif number:
                session.add(SweepTally(sweep_id=sweep_id, what=what, count=number, example=self.examples.get(what)))
        session.flush()
        self.counts.clear()


def fields_of(finding: Finding) -> Sequence[str]:
    """Return which fields a finding has, of those a source's file may expect."""
    every = get_args(expectations.Field)
    lacking = expectations.missing(finding, every)
    return [name for name in every if name not in lacking]


def of(session: Session, sweep_id: int) -> dict[str, Told]:
    """Return what a sweep met, by name."""
    rows = session.scalars(select(SweepTally).where(SweepTally.sweep_id == sweep_id).order_by(SweepTally.id))
    return {row.what: Told(row.count, row.example) for row in rows}


def _shows(finding: Finding) -> bool:
    return bool(finding.media) or finding.listing is not None


def _outcome(status: int, finding: Finding | None, trouble: str | None) -> str:
    if trouble is not None and trouble.startswith("blocked"):
        return BLOCKED
    if status in GONE or (trouble is not None and trouble.startswith(("not found", "it is not there"))):
        return "page not found"
    if status >= 500:
        return "page of a failing server"
    if status >= 400:
        return "page refused by the server"
    if trouble is not None:
        return "page that cannot be read"
    if finding is not None and _shows(finding):
        return FOUND
    return LEADS_ON if finding is not None and finding.links else NOTHING
