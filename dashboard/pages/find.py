"""The search box: paste a link, a uuid or a notice number and land on it; words list what fits."""

from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from crawlers.captures import FindingRow
from dashboard.visits import SEE_OTHER, Visit
from matcher.cases import Case, CaseFinding
from matcher.catalogue import Work
from notices.ledger import Notice

SHOWN = 50


@dataclass(frozen=True)
class Hit:
    """One thing that was found."""

    address: str
    kind: str  # "case", "work" or "notice"
    title: str
    says: str


def show(visit: Visit) -> Response:
    """Go to what was pasted, or list what fits."""
    asked = visit.asked("q").strip()
    with visit.reads() as session:
        exact = _exact(session, asked) if asked else None
        hits = [] if exact or not asked else _hits(session, asked)
    if exact or len(hits) == 1:
        return RedirectResponse(exact or hits[0].address, SEE_OTHER)
    return visit.show("find.html", asked=asked, hits=hits)


def _exact(session: Session, asked: str) -> str | None:
    for table, prefix in ((Case, "/cases"), (Notice, "/notices"), (Work, "/works")):
        if session.scalar(select(table.id).where(table.uuid == asked.lower())):
            return f"{prefix}/{asked.lower()}"
    number = session.scalar(select(Notice.uuid).where(Notice.number == asked.upper()))
    return f"/notices/{number}" if number else None


def _hits(session: Session, asked: str) -> list[Hit]:
    place = asked.split("://", 1)[-1].rstrip("/")
    cases = session.execute(
        select(Case.uuid, Case.place, Work.title)
        .join(Work, Work.id == Case.work_id)
        .join(CaseFinding, CaseFinding.case_id == Case.id)
        .join(FindingRow, FindingRow.id == CaseFinding.finding_id)
        .where(or_(*(
            column.icontains(text, autoescape=True)
            for column, text in ((Case.place, place), (FindingRow.url, asked), (FindingRow.title, asked),
                                 (FindingRow.seller, asked), (FindingRow.seller_id, place),
                                 (FindingRow.uploader, asked), (Work.title, asked))
        )))
        .group_by(Case.id, Case.uuid, Case.place, Work.title)
        .order_by(Case.id.desc())
        .limit(SHOWN)
    )  # fmt: skip
    works = session.execute(
        select(Work.uuid, Work.title, Work.creator).where(Work.title.icontains(asked, autoescape=True)).limit(SHOWN)
    )
    return [
        *(Hit(f"/works/{uuid}", "work", title, creator) for uuid, title, creator in works),
        *(Hit(f"/cases/{uuid}", "case", title, place) for uuid, place, title in cases),
    ]
