"""`mekiki notice`: look through drafted letters, sign them, let them leave, take them back."""

from dataclasses import asdict
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard import jobs, people
from dashboard.cli import asking, speak
from dashboard.people import Person
from matcher.case_rows import Case
from notices import deadlines, draft, ledger, regimes, retract
from notices.ledger import NotApprovable, Notice


@click.group("notice")
def command() -> None:
    """Letters that ask for removal: list, show, check, approve, send, withdraw, retract.

    Example: mekiki notice list
    """


@command.command("list")
@click.option("--state", help="Only notices in this state, for instance draft, held or sent.")
@speak.as_json
@click.pass_context
def list_notices(ctx: click.Context, state: str | None, *, as_json: bool) -> None:
    """List the notices, newest first.

    Example: mekiki notice list --state draft
    """
    with asking.reads(ctx) as session:
        query = select(Notice, Case.place).join(Case, Case.id == Notice.case_id).order_by(Notice.id.desc())
        rows = session.execute(query.where(Notice.state == state) if state else query)
        speak.show([_line(notice, place) for notice, place in rows], as_json=as_json, empty="No notices yet.")


@command.command("show")
@click.argument("number")
@speak.as_json
@click.pass_context
def show(ctx: click.Context, number: str, *, as_json: bool) -> None:
    """Show one letter as it stands, what it lacks, and everything that happened to it.

    Example: mekiki notice show N-2026-000001
    """
    with asking.reads(ctx) as session:
        notice = ledger.find(session, number)
        whole = _whole(session, notice)
    if as_json:
        speak.emit(whole)
        return
    click.echo(f"To: {notice.recipient['address'] or '(nobody known)'}\nSubject: {notice.subject}\n\n{notice.body}")
    _tell_missing(whole)
    speak.show(whole["events"], as_json=False, title="Events")


@command.command("check")
@click.argument("number")
@speak.as_json
@click.pass_context
def check(ctx: click.Context, number: str, *, as_json: bool) -> None:
    """Draw a draft up again from what is known by now, and name every element that is missing.

    Example: mekiki notice check N-2026-000001
    """
    with asking.writes(ctx) as session:
        notice = draft.redraw(session, ledger.find(session, number).id)
        whole = _whole(session, notice)
    if as_json:
        speak.emit({key: whole[key] for key in ("number", "state", "regime", "missing", "warnings")})
    else:
        _tell_missing(whole)
    if whole["missing"]:
        raise NotApprovable(
            f"{number} lacks {', '.join(one['element'] for one in whole['missing'])}; fill that, then check it again."
        )
    speak.say(f"{number} is complete.")


@command.command("approve")
@click.argument("number")
@click.option("--as", "login", required=True, help="The login of the person who signs.")
@click.pass_context
def approve(ctx: click.Context, number: str, login: str) -> None:
    """Sign a complete letter in a person's name; it leaves after the outbox delay.

    Example: mekiki notice approve N-2026-000001 --as aoi
    """
    with asking.writes(ctx) as session:
        person = _signer(session, login)
        notice = ledger.approve(session, ledger.find(session, number).id, person.name)
        speak.say(f"{number} is signed by {person.name} and may leave from {notice.leaves_at:%Y-%m-%d %H:%M} UTC.")


@command.command("send")
@speak.as_json
@click.pass_context
def send(ctx: click.Context, *, as_json: bool) -> None:
    """Let every approved letter leave whose wait is over; a dry run unless notices.channel is "smtp".

    Example: mekiki notice send
    """
    home = speak.opened(ctx)
    job = next(job for job in jobs.JOBS if job.name == "send notices")
    with home.lock("run"):
        rows = jobs.run(home, job)
    if as_json:
        speak.emit({"channel": home.settings.notices.channel, "worked_through": rows})
    elif home.settings.notices.channel == "outbox":
        speak.say(f"{rows} worked through; a dry run, the letters are in {home.settings.outbox}.")
    else:
        speak.say(f"{rows} worked through; `mekiki notice list` says how each fared.")


@command.command("withdraw")
@click.argument("number")
@click.option("--as", "login", required=True, help="The login of the person who gives it up.")
@click.option("--reason", required=True, help="Kept in the ledger.")
@click.pass_context
def withdraw(ctx: click.Context, number: str, login: str, reason: str) -> None:
    """Give a letter up before it has left.

    Example: mekiki notice withdraw N-2026-000001 --as aoi --reason "licensed after all"
    """
    with asking.writes(ctx) as session:
        ledger.withdraw(session, ledger.find(session, number).id, _signer(session, login).name, reason)
    speak.say(f"{number} is withdrawn; nothing was sent.")


@command.command("answer")
@click.argument("number")
@click.argument("answer", type=click.Choice(sorted(ledger.ANSWERS)))
@click.option("--as", "login", required=True, help="The login of the person who read the answer.")
@click.option("--says", required=True, help="What the recipient said, with its ticket number.")
@click.pass_context
def answer(ctx: click.Context, number: str, answer: str, login: str, says: str) -> None:
    """Note what a recipient answered; that a copy is gone is only ever taken from a later look.

    Example: mekiki notice answer N-2026-000001 acknowledged --as yui --says "ticket 4711"
    """
    with asking.writes(ctx) as session:
        reader = people.find(session, login)
        ledger.answered(session, ledger.find(session, number).id, answer, person=reader.name, says=says)
    speak.say(f"{number}: {answer}.")


@command.command("retract")
@click.argument("number")
@click.option("--as", "login", required=True, help="The login of the person who takes it back.")
@click.option("--reason", required=True, help="Stands in the letter of retraction.")
@click.pass_context
def take_back(ctx: click.Context, number: str, login: str, reason: str) -> None:
    """Take a sent letter back: a retraction goes to the same recipient, and letters like it are held.

    Example: mekiki notice retract N-2026-000001 --as aoi --reason "the page is licensed"
    """
    with asking.reads(ctx) as session:
        notice_id = ledger.find(session, number).id
    with speak.opened(ctx).sessions().begin() as session:  # letters like it are held, whoever may see them
        retract.retract(session, notice_id, _signer(session, login).name, reason)
    speak.say(f"{number} is retracted; `mekiki notice send` lets the letter of retraction leave now.")


def _signer(session: Session, login: str) -> Person:
    person = people.find(session, login)
    if person.disabled_at is not None or not person.may_approve or not person.name.strip():
        raise NotApprovable(f'"{login}" is nobody who may approve; `mekiki person list` shows who may.', ["signature"])
    return person


def _line(notice: Notice, place: str) -> dict[str, Any]:
    return {
        "number": notice.number,
        "state": notice.state,
        "regime": notice.regime,
        "recipient": notice.recipient["address"] or None,
        "place": place,
        "missing": ", ".join(one["element"] for one in notice.missing) or None,
        "drafted_at": notice.drafted_at.isoformat(timespec="minutes"),
        "leaves_at": notice.leaves_at.isoformat(timespec="minutes") if notice.leaves_at else None,
    }


def _whole(session: Session, notice: Notice) -> dict[str, Any]:
    regime = regimes.get(notice.regime)
    events = ledger.events(session, notice)
    sent = [event for event in events if event.event == "sent"]
    return {
        **_line(notice, session.get_one(Case, notice.case_id).place),
        "language": notice.language,
        "subject": notice.subject,
        "body": notice.body,
        "missing": list(notice.missing),
        "warnings": [asdict(one) for one in draft.warnings(session, notice)],
        "due": [asdict(one) for one in deadlines.due(regime, sent[0].at)] if sent else [],
        "events": [
            {
                "at": event.at.isoformat(timespec="seconds"),
                "event": event.event,
                "by": event.by,
                "says": event.note.get("says"),
            }
            for event in events
        ],
    }


def _tell_missing(whole: dict[str, Any]) -> None:
    for one in whole["missing"]:
        speak.say(f"Missing: {one['element']} ({one['citation']}). {one['says']}")
    for one in whole["warnings"]:
        speak.say(f"Note: {one['element']} ({one['citation']}). {one['says']}")
