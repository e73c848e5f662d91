"""`mekiki allow`: is a use allowed, and by what?"""

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.errors import MekikiError
from crawlers import urls
from crawlers.captures import FindingRow
from dashboard.cli import asking, speak
from matcher import allowances, assess, cases, negatives, places
from matcher.catalogue import Work

SIGNS = {"allows": "yes", "does not allow": "no", "unknown": "not known"}
OUTCOMES = {
    "allowed": "Allowed: no case, no notice.",
    "person": "A person must say: something that matters does not show.",
    "open": "No allowance covers this use.",
}


class NothingSeen(MekikiError):
    """No page was captured at an address, or nothing on it matched."""


@click.group("allow")
def command() -> None:
    """Is a use allowed, and by what?

    Example: mekiki allow check https://vidbox.example/watch/1
    """


@command.command("check")
@click.argument("subject", metavar="CASE-OR-URL")
@speak.as_json
@click.pass_context
def check(ctx: click.Context, subject: str, *, as_json: bool) -> None:
    """Check every allowance now, for a case or for the newest capture of an address, and show each answer.

    Example: mekiki allow check https://vidbox.example/watch/1
    """
    with asking.reads(ctx) as session:
        for finding_id, work_id in _uses(session, subject):
            use = assess.use_of(session, finding_id, work_id)
            answers = allowances.check(use, assess.rows_of(session, use))
            rows = [
                {"allowance": each.allowance, "allows": SIGNS[each.verdict], "says": each.says, "row": each.row}
                for each in answers
            ]
            title = session.get_one(Work, work_id).title
            outcome = allowances.outcome(answers)
            if as_json:
                speak.emit({"work": title, "place": use.place, "outcome": outcome, "answers": rows})
            else:
                speak.show(rows, as_json=False, title=f"{title} at {use.place}")
                speak.say(OUTCOMES[outcome])


@command.command("list")
@speak.as_json
@click.pass_context
def listing(ctx: click.Context, *, as_json: bool) -> None:
    """List the earlier answers of "no" that keep places from being asked about again.

    Example: mekiki allow list
    """
    with speak.opened(ctx).readers()() as session:
        rows = [
            {
                "place": row.place,
                "work": session.get_one(Work, row.work_id).title,
                "verdict": row.verdict,
                "reason": row.reason,
                "by": row.by,
                "expires_at": row.expires_at,
                "restored_at": row.restored_at,
                "uuid": row.uuid,
            }
            for row in negatives.remembered(session)
        ]
    speak.show(rows, as_json=as_json, title='Earlier answers of "no"', empty='Nobody has said "no" yet.')


@command.command("restore")
@click.argument("uuid", metavar="ID")
@click.pass_context
def restore(ctx: click.Context, uuid: str) -> None:
    """Forget one earlier "no": the place may be asked about again.

    Example: mekiki allow restore 019f7c1e-...
    """
    with speak.opened(ctx).sessions().begin() as session:
        speak.say(f"{negatives.restore(session, uuid).place} may be asked about again.")


def _uses(session: Session, subject: str) -> list[tuple[int, int]]:
    """Return (finding, work) for a case, or for every work that matched on the newest capture of an address."""
    if "/" not in subject:
        case = cases.find(session, subject)
        return [(cases.newest_finding_id(session, case.id), case.work_id)]
    address = urls.canonical(subject if "://" in subject else f"https://{subject}")
    place = places.place_of(subject) if address is None else urls.place(address)
    finding = select(FindingRow.id).where(FindingRow.place == place).order_by(FindingRow.id.desc()).limit(1)
    finding_id = session.scalar(finding)
    if finding_id is None:
        raise NothingSeen(f"{place} was never captured; sweep its source first, or give a case.")
    works = assess.works_at(session, finding_id)
    if not works:
        raise NothingSeen(f"Nothing on {place} matched a work, so there is nothing to allow.")
    return [(finding_id, work_id) for work_id in works]
