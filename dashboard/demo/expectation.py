"""Expected against found: the truth of the world beside the cases, assessments, notices and looks of a home."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crawlers.captures import FindingRow
from dashboard.demo.server import SmallWeb
from dashboard.demo.world import Place, World
from matcher.case_rows import Assessment, Case, newest_decision
from matcher.catalogue import Work
from notices.ledger import SENT, Notice


@dataclass(frozen=True)
class Outcome:
    """What became of one place."""

    place: Place
    as_expected: bool
    says: str  # "case", "allowed", "nothing", ... in a few words
    score: float | None = None
    seconds: float | None = None
    notice: str = ""


@dataclass(frozen=True)
class Verdict:
    """The whole comparison."""

    outcomes: tuple[Outcome, ...]
    wrong: tuple[str, ...]  # cases that should not be there: place and work
    trespasses: tuple[str, ...]  # pages that robots.txt forbids and that were visited all the same
    notices: int

    def count(self, truth: str, *, as_expected: bool | None = None) -> int:
        """Return how many places of one truth there are, or how many came out as expected."""
        return sum(each.place.truth == truth and as_expected in (None, each.as_expected) for each in self.outcomes)

    @property
    def holds(self) -> bool:
        """Whether everything came out as it should."""
        return not self.wrong and not self.trespasses and all(each.as_expected for each in self.outcomes)

    def line(self, seconds: float) -> dict[str, int | float]:
        """Return the last line of `mekiki demo --once --json`."""
        return {
            "expected": self.count("pirated"),
            "found": self.count("pirated", as_expected=True),
            "wrong_cases": len(self.wrong),
            "allowed": self.count("allowed"),
            "allowed_respected": self.count("allowed", as_expected=True),
            "notices": self.notices,
            "seconds": round(seconds, 1),
        }


def compare(session: Session, world: World, web: SmallWeb, port: int) -> Verdict:
    """Return what was expected beside what was found."""
    titles = {work.id: work.title for work in session.scalars(select(Work))}
    opened = {(key_of(case.place, port), titles[case.work_id]): case for case in session.scalars(select(Case))}
    outcomes = [
        _outcome(session, place, opened, port)
        for truth in ("pirated", "allowed", "unrelated")
        for place in world.of(truth)
    ]
    pirated = {(place.key, place.work) for place in world.of("pirated")}
    if world.moved:  # the same page at its new address
        pirated |= {(f"{key}-again", work) for key, work in pirated if key == world.moved}
    hidden = {place.key for place in world.places if place.is_forbidden}
    return Verdict(
        outcomes=tuple(outcomes),
        wrong=tuple(f"{key} ({work})" for key, work in opened if (key, work) not in pirated),
        trespasses=tuple(key for key in web.asked if key in hidden),
        notices=session.scalar(select(func.count()).select_from(Notice).where(Notice.state.in_(SENT))) or 0,
    )


def rows(verdict: Verdict) -> list[dict[str, str]]:
    """Return the table that people read."""
    return [
        {
            "": "yes" if each.as_expected else "NO",
            "truth": each.place.truth,
            "place": each.place.key,
            "shows": each.place.work or "nothing of ours",
            "how": each.place.how,
            "found": each.says,
            "score": f"{each.score:.2f}" if each.score is not None else "",
            "seconds": f"{each.seconds:.0f}" if each.seconds else "",
            "notice": each.notice,
        }
        for each in verdict.outcomes
    ]


def records(verdict: Verdict) -> list[dict[str, str | float | bool | None]]:
    """Return the same for programs, one record a place."""
    return [
        {
            "place": each.place.key,
            "truth": each.place.truth,
            "work": each.place.work or None,
            "how": each.place.how,
            "as_expected": each.as_expected,
            "came_out_as": each.says,
            "score": each.score,
            "matched_seconds": each.seconds,
            "notice": each.notice or None,
        }
        for each in verdict.outcomes
    ]


def _outcome(session: Session, place: Place, opened: dict[tuple[str, str], Case], port: int) -> Outcome:
    case = opened.get((place.key, place.work))
    checks = _assessments(session, place, port)
    seconds = max((check.matched_seconds or 0.0 for check in checks), default=0.0)
    if place.truth == "pirated":
        if case is None:
            return Outcome(place, False, "allowed" if checks else "nothing")
        return Outcome(place, True, _state(session, case), case.score, seconds, _notice(session, case))
    cases_here = [case for (key, _work), case in opened.items() if key == place.key]
    if place.truth == "allowed":
        is_recognised = any(check.outcome == "allowed" for check in checks)
        says = "a case" if cases_here else _why(checks) if is_recognised else "not recognised"
        return Outcome(place, is_recognised and not cases_here, says, seconds=seconds)
    return Outcome(place, not cases_here, "a case" if cases_here else "nothing")


def _state(session: Session, case: Case) -> str:
    decision = newest_decision(session, case.id)
    return decision.verdict if decision else f"{case.lane}, for a person"


def _notice(session: Session, case: Case) -> str:
    newest = session.scalar(select(Notice).where(Notice.case_id == case.id).order_by(Notice.id.desc()).limit(1))
    return f"{newest.regime}: {newest.state}" if newest else ""


def _why(checks: Sequence[Assessment]) -> str:
    """Return which allowance allowed a use."""
    for check in reversed(checks):
        for answer in check.answers:
            if answer["verdict"] == "allows":
                return f"allowed: {answer['allowance']}"
    return "allowed"


def _assessments(session: Session, place: Place, port: int) -> Sequence[Assessment]:
    here = place_of(place.key, port)
    query = select(Assessment).join(FindingRow, FindingRow.id == Assessment.finding_id).where(FindingRow.place == here)
    return session.scalars(query.order_by(Assessment.id)).all()


def place_of(key: str, port: int) -> str:
    """Return the place of a key: the same with the port."""
    host, _, path = key.partition("/")
    return f"{host}:{port}/{path}"


def key_of(place: str, port: int) -> str:
    """Return the key of a case's place: the same without the port."""
    return place.replace(f":{port}/", "/", 1)
