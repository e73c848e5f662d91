"""Drafting: a case decided as infringing -> a notice with everything that is known; what is not known stays missing."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

import config.home
from config import clock
from config.settings import Sender as SenderSettings
from crawlers.captures import Capture, FindingRow
from matcher import assess, holds
from matcher.case_rows import Case, Decision, findings, newest_decision
from matcher.catalogue import Asset, Owner, Work
from matcher.match import Match
from matcher.references import Reference
from notices import elements as said
from notices import ledger, letters, pdf, recipients, regimes
from notices.interface import Recipient
from notices.ledger import LIVE, Notice

FALLBACK_REGIME = "us-dmca-512c"  # of a draft nobody can be sent yet: the form that most hosts anywhere accept
FRESH_LOOK = timedelta(hours=24)  # what was seen longer ago may have gone by itself
MOST_STRETCHES = 20  # of one film; the longest ones, in order


def pending(session: Session, limit: int) -> Sequence[int]:
    """Return cases decided as infringing that were not asked about since, and have no notice under way; a case that is
    held waits."""
    lacking = session.scalars(_lacking().order_by(Decision.case_id)).all()
    held = holds.of(session, lacking)
    return [case_id for case_id in lacking if case_id not in held][:limit]


def draft(session: Session, ids: Sequence[int]) -> None:
    """Draw up a notice for each case that lacks one."""
    home = config.home.of(session)
    platforms = recipients.known(home.path)
    held = holds.of(session, ids)
    for case_id in session.scalars(
        _lacking().where(Decision.case_id.in_(ids), Decision.case_id.not_in(list(held)))
    ).all():
        case = session.get_one(Case, case_id)
        recipient = recipients.resolve(case.place, platforms)
        notice = Notice(case_id=case_id, number=_next_number(session), state="", drafted_at=clock.now())
        _draw(session, notice, recipient)
        session.add(notice)
        session.flush()
        ledger.record(session, notice, "draft", by=ledger.MEKIKI, note={
            "missing": [one["element"] for one in notice.missing], "recipient": notice.recipient["address"],
        })  # fmt: skip


def redraw(session: Session, notice_id: int) -> Notice:
    """Bring a draft or a held notice up to date with settings, owner, platforms and captures; others stay as they are.

    Raises NotAllowed when the case is no longer decided as infringing.
    """
    notice = ledger.locked(session, notice_id)
    if notice.state in ("draft", "held"):
        case = session.get_one(Case, notice.case_id)
        _draw(session, notice, recipients.resolve(case.place, recipients.known(config.home.of(session).path)))
        session.flush()
    return notice


def warnings(session: Session, notice: Notice) -> list[said.Missing]:
    """Return what the approver should know and may overrule: a doubtful address, an old look, an unreviewed letter."""
    regime = regimes.get(notice.regime)
    told = said.warnings(regime, notice.elements)
    recipient = Recipient(**notice.recipient)
    if recipients.is_stale(recipient, clock.now().date()):
        says = f"{recipient.address} was last verified on {recipient.verified_on}; look at {recipient.source}."
        told.append(said.Missing("recipient", "our own rule: 90 days", says))
    for copy in notice.elements["copies"]:
        seen_at = session.get_one(Capture, session.get_one(FindingRow, copy["finding_id"]).capture_id).fetched_at
        if clock.now() - seen_at > FRESH_LOOK:
            says = f"The page was last seen on {said.moment(seen_at)}; sweep its source again before you sign."
            told.append(said.Missing("material", "our own rule: 24 hours", says))
    if notice.elements["work"]["kind"] == "goods":
        says = "This letter claims copyright in what the offer shows; it makes no claim from a trade mark."
        told.append(said.Missing("work", "our own rule: one right a letter", says))
    if not regime.header.reviewed_by:
        told.append(said.Missing("review", regime.header.law, regime.standing))
    return told


def found_at(
    session: Session, finding_id: int, work_id: int, doubts: holds.Doubts | None = None
) -> set[tuple[str, str, str]]:
    """Return (asset, page, sha256 of the copy) of everything a letter may name of one finding now, as it names it;
    without what is in doubt, when doubts are given."""
    seen = assess.seen_at(session, finding_id, work_id)
    return {
        (_name(session, reference), str(reference.position or ""), medium.sighting.blob)
        for medium in (doubts.proven(seen) if doubts else seen)
        for _match, reference in medium.matches
        if reference.bank in assess.PROTECTED
    }


def _name(session: Session, reference: Reference) -> str:
    return said.plain(session.get_one(Asset, reference.asset_id).name)


def _lacking() -> Select[int]:
    newest = select(func.max(Decision.id)).group_by(Decision.case_id)
    under_way = select(Notice.id).where(Notice.case_id == Decision.case_id, Notice.state.in_(LIVE)).exists()
    asked = select(Notice.id).where(Notice.decision_id == Decision.id).exists()
    return (
        select(Decision.case_id)
        .join(Case, Case.id == Decision.case_id)
        .where(Decision.id.in_(newest), Decision.verdict == "infringing", Case.state != "closed", ~under_way, ~asked)
    )


def _next_number(session: Session) -> str:
    prefix = f"N-{clock.now().year}-"
    newest = session.scalar(select(func.max(Notice.number)).where(Notice.number.startswith(prefix)))
    return f"{prefix}{int(newest.removeprefix(prefix)) + 1 if newest else 1:06d}"


def _draw(session: Session, notice: Notice, recipient: Recipient | None) -> None:
    """Fill a notice from the rows. Nothing is invented: what no row says stays blank and is listed as missing."""
    decision = newest_decision(session, notice.case_id)
    if decision is None or decision.verdict != "infringing":
        raise ledger.NotAllowed(f"The case of {notice.number} is not decided as infringing; withdraw the notice.")
    regime = regimes.get(recipient.regime if recipient else FALLBACK_REGIME)
    languages = regime.header.languages
    notice.decision_id, notice.regime = decision.id, regime.name
    notice.language = recipient.language if recipient and recipient.language in languages else languages[0]
    notice.recipient = asdict(recipient or said.NOBODY)
    notice.elements = gather(session, notice, decision).stored()
    notice.missing = [asdict(one) for one in said.missing(regime, notice.elements, is_signed=False)]
    shown = letters.preview(regime, notice.language, notice.elements)
    notice.subject, notice.body = shown.subject, shown.body


def gather(session: Session, notice: Notice, decision: Decision) -> said.Facts:
    """Return everything the letter may say of a case, from what was captured, compared, registered and decided."""
    case = session.get_one(Case, notice.case_id)
    work = session.get_one(Work, case.work_id)
    sender = config.home.of(session).settings.sender
    owner = session.get_one(Owner, work.owner_id)
    recipient = Recipient(**notice.recipient)
    return said.Facts(
        number=notice.number,
        sender=_sender(sender),
        owner=_principal(owner, sender),
        authority=_authority(owner, sender),
        recipient=recipient,
        designated_agent=recipient.name if recipient.role == "dmca_agent" else "",
        work=said.WorkFacts(
            title=said.plain(work.title),
            kind=work.kind,
            creator=said.plain(work.creator),
            aliases=tuple(said.plain(str(alias)) for alias in work.aliases),
            official_urls=tuple(said.encoded_url(str(url)) for url in work.official_urls),
        ),
        copies=tuple(_copies(session, case)),
        decision=said.DecisionFacts(
            decision.uuid, said.plain(decision.person), said.plain(decision.reason), said.moment(decision.at)
        ),
    )


def _sender(sender: SenderSettings) -> said.Sender:
    return said.Sender(**{key: said.plain(value) for key, value in sender.model_dump().items()})


def _is_owner(owner: Owner, sender: SenderSettings) -> bool:
    return bool(sender.organisation.strip()) and said.plain(sender.organisation) == said.plain(owner.name)


def _principal(owner: Owner, sender: SenderSettings) -> said.Principal:
    """Return the owner; when the sender is the owner itself, the sender's settings fill what is blank."""
    own: dict[str, Any] = {key: said.plain(getattr(owner, key)) for key in said.Principal.__dataclass_fields__}
    if _is_owner(owner, sender):
        for key in ("address", "phone", "email", "country"):
            own[key] = own[key] or said.plain(getattr(sender, key))
    return said.Principal(**own)


def _authority(owner: Owner, sender: SenderSettings) -> said.Authority:
    is_owner = _is_owner(owner, sender)
    return said.Authority(is_owner=is_owner, basis=said.plain(owner.name if is_owner else owner.mandate))


def _copies(session: Session, case: Case) -> list[said.Copy]:
    """Return the newest finding of the case on which the work was found, by references that are not in question; a case
    is one place, so there is one page."""
    doubts = holds.doubts_of(session)
    for member in reversed(findings(session, case.id)):
        seen = [
            medium
            for medium in doubts.proven(assess.seen_at(session, member.finding_id, case.work_id))
            if medium.of(*assess.PROTECTED)
            and not (medium.is_explained_by("licensed") or medium.is_explained_by("negative"))
        ]
        if seen:
            return [_copy(session, session.get_one(FindingRow, member.finding_id), seen)]
    return []


def _copy(session: Session, finding: FindingRow, seen: Sequence[assess.Seen]) -> said.Copy:
    page = session.get_one(Capture, finding.capture_id)
    media = [session.get_one(Capture, medium.sighting.capture_id) for medium in seen]
    matches = [each for medium, capture in zip(seen, media, strict=True) for each in _matched(session, medium, capture)]
    addresses = [said.exact(finding.url), *(match.url for match in matches)]
    return said.Copy(
        page_url=said.encoded_url(finding.url),
        urls=tuple(dict.fromkeys(address for address in addresses if address)),
        title=pdf.displayable(said.plain(finding.title, said.MAX_TITLE)),
        uploader=pdf.displayable(said.plain(finding.uploader or finding.seller, said.MAX_TITLE)),
        seen_at=said.moment(page.fetched_at),
        sha256=page.body_sha256,
        captures=tuple(dict.fromkeys([page.uuid, *(capture.uuid for capture in media)])),
        matches=tuple(matches),
        finding_id=finding.id,
    )


def _matched(session: Session, medium: assess.Seen, capture: Capture) -> list[said.Matched]:
    """Return the best match for each asset the medium shows; leads are named only where there is no likely copy."""
    pairs = [(match, reference) for match, reference in medium.matches if reference.bank in assess.PROTECTED]
    copies = [pair for pair in pairs if pair[0].lane == "copy"] or pairs
    best: dict[int, tuple[Match, Reference]] = {}
    for match, reference in sorted(copies, key=lambda pair: (-pair[0].score, pair[0].id)):
        best.setdefault(reference.asset_id, (match, reference))
    return [
        said.Matched(
            asset=_name(session, reference),
            page=str(reference.position or ""),
            seconds=f"{match.matched_seconds:.1f}" if match.matched_seconds else "",
            stretches=_stretches(match),
            url=said.encoded_url(medium.sighting.url),
            kind=medium.sighting.kind,
            sha256=medium.sighting.blob,
            seen_at=said.moment(capture.fetched_at),
        )
        for match, reference in best.values()
    ]


def _stretches(match: Match) -> tuple[said.Stretch, ...]:
    longest = sorted(match.segments, key=lambda segment: segment["query"][0] - segment["query"][1])[:MOST_STRETCHES]
    return tuple(
        said.Stretch(of_copy=_span(segment["query"]), of_work=_span(segment["reference"]))
        for segment in sorted(longest, key=lambda segment: segment["query"][0])
    )


def _span(seconds: Sequence[float]) -> str:
    return f"{said.clock_time(seconds[0])}-{said.clock_time(seconds[1])}"
