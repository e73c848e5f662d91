"""`mekiki fanrule`: what creators allow their fans beyond the floor."""

from typing import Any

import click
from sqlalchemy.orm import Session

from dashboard.cli import options, speak
from dashboard.cli.licence import whose
from matcher import fan_rules
from matcher.catalogue import Owner, Work
from matcher.fan_rules import FanRule, Terms


@click.group("fanrule")
def command() -> None:
    """What creators allow their fans beyond the floor.

    Example: mekiki fanrule add "Fan videos up to three minutes." --work "Lantern Road" --seconds 180 --by "Aoi Mori"
    """


@command.command("add")
@click.argument("says", metavar="WORDS")
@click.option("--work", metavar="WORK", help="For this work.")
@click.option("--owner", metavar="NAME", help="For every work of this owner.")
@click.option("--seconds", "max_seconds", type=float, metavar="S", help="Footage in total; never less than the floor.")
@click.option("--pictures", "max_pictures", type=int, metavar="N", help="Still pictures or pages that may be shown.")
@click.option("--commercial-too", is_flag=True, help="Pages that earn money may, too.")
@click.option("--no-credit-needed", is_flag=True, help="The maker need not be credited.")
@options.by
@click.pass_context
def add(ctx: click.Context, /, says: str, *, work: str | None, owner: str | None, by: str, **limits: Any) -> None:
    """Register a creator's rule in the creator's own words; it can widen what fans may do and never narrow it.

    Example: mekiki fanrule add "Up to ten pages in a review." --owner "Studio Kiri" --pictures 10 --by "Aoi Mori"
    """
    terms = Terms(
        says=says,
        max_seconds=limits["max_seconds"],
        max_pictures=limits["max_pictures"],
        needs_non_commercial=not limits["commercial_too"],
        needs_attribution=not limits["no_credit_needed"],
    )
    with speak.opened(ctx).sessions().begin() as session:
        title, holder = whose(session, work, owner)
        row = fan_rules.add(session, terms, owner=holder, work=title, by=by)
        speak.say(f"Fan rule {row.uuid} holds for {title.title if title else f'every work of {holder.name}'}.")


@command.command("list")
@speak.as_json
@click.pass_context
def listing(ctx: click.Context, *, as_json: bool) -> None:
    """List the creators' rules, revoked ones too.

    Example: mekiki fanrule list
    """
    with speak.opened(ctx).readers()() as session:
        rows = [_row(session, each) for each in fan_rules.registered(session)]
    speak.show(
        rows, as_json=as_json, title="Fan rules", empty="No rule beyond the floor: 30 s, credited, not for money."
    )


@command.command("revoke")
@click.argument("uuid", metavar="ID")
@click.pass_context
def revoke(ctx: click.Context, uuid: str) -> None:
    """End a creator's rule now; it stays readable.

    Example: mekiki fanrule revoke 019f7c1e-...
    """
    with speak.opened(ctx).sessions().begin() as session:
        speak.say(f'The rule "{fan_rules.revoke(session, uuid).says}" has ended.')


def _row(session: Session, rule: FanRule) -> dict[str, object]:
    work = session.get(Work, rule.work_id) if rule.work_id else None
    return {
        "says": rule.says,
        "work": work.title if work else f"every work of {session.get_one(Owner, rule.owner_id).name}",
        "max_seconds": rule.max_seconds,
        "max_pictures": rule.max_pictures,
        "needs_non_commercial": rule.needs_non_commercial,
        "needs_attribution": rule.needs_attribution,
        "revoked_at": rule.revoked_at,
        "by": rule.by,
        "uuid": rule.uuid,
    }
