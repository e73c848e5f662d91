"""`mekiki case`: what people decide."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import click

from crawlers.captures import FindingRow
from dashboard import degradation, sampled, taking_back
from dashboard.cli import asking, options, speak
from dashboard.degradation import Spoiled
from matcher import cases, dossier
from matcher.cases import CaseDetail, QueueRow
from matcher.interface import VERDICTS, Verdict


@click.group("case")
def command() -> None:
    """What people decide: one work at one place, the least time left of 24 hours first.

    Example: mekiki case list
    """


@command.command("list")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many at most.")
@speak.as_json
@click.pass_context
def listing(ctx: click.Context, *, limit: int, as_json: bool) -> None:
    """List the open cases: the least time left first, then harm, then score.

    Example: mekiki case list --json
    """
    with asking.reads(ctx) as session:
        rows = cases.queue(session, limit)
    shown = [vars(row) for row in rows] if as_json else [_line(row) for row in rows]
    speak.show(shown, as_json=as_json, title="Open cases", empty="No open case. Everything is decided.")


@command.command("show")
@click.argument("uuid", metavar="CASE")
@speak.as_json
@click.pass_context
def show(ctx: click.Context, uuid: str, *, as_json: bool) -> None:
    """Show one case: where, what matched and why, every allowance that was checked, what was decided; and what the copy
    spoils of the original, for which frames of a film are looked at once.

    Example: mekiki case show 019f7c1e-...
    """
    with asking.reads(ctx) as session:
        detail = cases.case_detail(session, uuid)
        spoiled = degradation.of_case(session, uuid)
        samples = sampled.of_case(session, uuid)
        if as_json:
            more = {
                "degradation": [degradation.as_document(one) for one in spoiled],
                "sampled": [sampled.as_document(one) for one in samples],
            }
            speak.emit(dossier.as_document(detail) | more)
            return
        _tell(detail, {one.capture_id: one.says for one in samples})
        _tell_spoiled(spoiled)


@command.command("decide")
@click.argument("uuid", metavar="CASE")
@click.argument("verdict", type=click.Choice(VERDICTS))
@options.reason
@options.by
@click.pass_context
def decide(ctx: click.Context, uuid: str, verdict: Verdict, *, reason: str, by: str) -> None:
    """Decide a case; every allowance is checked once more, and an allowed use cannot be called infringing.

    Example: mekiki case decide 019f7c1e-... infringing --reason "The whole episode." --by "Aoi Mori"
    """
    with asking.writes(ctx) as session:
        case = cases.find(session, uuid)
        cases.decide(session, case.id, person=by, verdict=verdict, reason=reason)
    then = "; a notice will be drafted" if verdict == "infringing" else ""
    speak.say(f"{by} decided: {verdict}{then}.")


@command.command("undo")
@click.argument("uuid", metavar="CASE")
@options.reason
@options.by
@click.pass_context
def undo(ctx: click.Context, uuid: str, *, reason: str, by: str) -> None:
    """Take back the decision of a case; the case opens again, and both rows stay on record.

    Example: mekiki case undo 019f7c1e-... --reason "Looked at the wrong page." --by "Aoi Mori"
    """
    with asking.writes(ctx) as session:
        taking_back.undo(session, cases.find(session, uuid).id, person=by, reason=reason)
    speak.say("The case is open again.")


def time_left(seconds: float) -> str:
    """Return how much of the 24 hours is left, in words."""
    hours, minutes = divmod(int(timedelta(seconds=abs(seconds)).total_seconds()) // 60, 60)
    return f"{hours} h {minutes:02} min {'left' if seconds >= 0 else 'over'}"


def _line(row: QueueRow) -> dict[str, object]:
    return {
        "time": time_left(row.left_s),
        "work": row.work,
        "place": row.place,
        "score": f"{row.score:.2f}",
        "kind": "likely copy" if row.lane == "copy" else "worth a look",
        "allowances": "held" if row.held else "a person must say" if row.outcome == "person" else "none applies",
        "case": row.uuid,
    }


def _tell(detail: CaseDetail, samples: Mapping[int, str]) -> None:
    case = detail.case
    speak.say(f"{detail.work.title} ({detail.owner.name}) at {case.place}")
    speak.say(f"{case.state}, seen {case.detected_at:%Y-%m-%d %H:%M} UTC, due {case.due_at:%Y-%m-%d %H:%M} UTC")
    for finding in detail.findings:
        speak.say(f"\n{finding.finding.title}  {finding.finding.url}")
        if offer := _offer(finding.finding):
            speak.say(f"  {offer}")
        for medium in finding.seen:
            for match, reference in medium.matches:
                speak.say(f"  {match.score:.2f} {reference.name} [{reference.bank}] in {medium.sighting.url}")
                for reason in match.reasons:
                    speak.say(f"       {reason['says']}")
            if medium.sighting.capture_id in samples:
                speak.say(f"       {samples[medium.sighting.capture_id]}")
    speak.say("\nAllowances checked")
    for answer in detail.assessment.answers:
        speak.say(f"  {answer['allowance']}: {answer['verdict']}. {answer['says']}")
    for decision in detail.decisions:
        speak.say(f"\n{decision.at:%Y-%m-%d %H:%M} {decision.person}: {decision.verdict}. {decision.reason}")


def _offer(page: FindingRow) -> str:
    """Return what a page offers, in one line; "" when it offers nothing."""
    most = "" if page.highest_price is None else f" to {page.highest_price}"
    price = "" if page.price is None else f"{page.price}{most} {page.currency or ''}".rstrip()
    seller = page.seller or page.seller_id
    identity = f" ({page.seller_id})" if page.seller and page.seller_id else ""
    by = f"sold by {seller}{identity}" if seller else ""
    return ", ".join(part for part in (price, page.condition, page.stock, by) if part and (price or seller))


def _tell_spoiled(spoiled: Sequence[Spoiled]) -> None:
    if spoiled:
        speak.say("\nWhat the copy spoils")
    for each in spoiled:
        speak.say(f"  {each.found_url}")
        for line in degradation.lines(each, "en"):
            speak.say(f"       {line}")
