"""The promises of a reference's life: out of force it matches nothing from that second on, and it comes back whole."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import product

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import clock
from config.database import AppendOnlyViolation
from config.home import Home
from fingerprints.interface import Watch, Watched
from matcher import assess, cases, lives, references
from matcher.case_rows import Assessment, Decision
from matcher.catalogue import Work
from matcher.lives import ReferenceChange
from matcher.match import Match
from matcher.references import BadReference, Reference
from matcher.retrieve import Shelf
from tests import factories
from tests.factories import NOW
from tests.matcher.drawn_pictures import reference, sighting
from tests.matcher.stages import compared
from tests.matcher.test_cases import only_case, run_stages, seen_at
from tests.matcher.test_retrieve import found

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def work(session: Session) -> Work:
    with clock.frozen(NOW):
        return factories.work(session)


def at(moment: datetime, what: Callable[[], object]) -> object:
    with clock.frozen(moment):
        return what()


def disable(session: Session, row: Reference, moment: datetime, until: datetime | None = None) -> None:
    at(moment, lambda: lives.disable(session, row.uuid, by="Aoi Mori", reason="The wrong file.", until=until))


def enable(session: Session, row: Reference, moment: datetime) -> None:
    at(moment, lambda: lives.enable(session, row.uuid, by="Ren Sato"))


def stages(session: Session, moment: datetime) -> None:
    at(moment, lambda: run_stages(session))


def only_reference(session: Session) -> Reference:
    return session.scalars(select(Reference)).one()


def no_film(_watches: Sequence[Watch]) -> Watched:
    raise AssertionError("a still picture is not watched")


def compare(session: Session, moment: datetime) -> int:
    """Run the stages around comparing until nothing is pending; return how many sightings were compared."""
    with clock.frozen(moment):
        return compared(session)


def test_the_condition_and_its_twin_say_the_same_of_every_combination(session: Session) -> None:
    before, after = NOW - SECOND, NOW + SECOND
    owner = factories.owner(session)
    twins: dict[int, bool] = {}
    times = product((None, before), (None, before, NOW, after), (None, before, NOW, after))
    titles = [factories.work(session, f"{end}", of=owner, provisional_until=end) for end in (None, NOW, after)]
    for disabled_at, until, expires_at in times:
        changes = {"disabled_at": disabled_at, "disabled_until": until, "expires_at": expires_at}
        for title, bank in product(titles, ("works", "provisional")):
            name = f"{len(twins)}.png"
            row = factories.reference(session, title, name, bank=bank, **changes)
            twins[row.id] = references.is_in_force(row, title, NOW)
    inside = set(session.scalars(select(Reference.id).where(references.in_force(NOW))))
    outside = set(session.scalars(select(Reference.id).where(~references.in_force(NOW))))
    assert inside == {number for number, is_in in twins.items() if is_in}
    assert outside == twins.keys() - inside


def test_a_disabled_reference_is_not_found_by_the_next_question_of_another_process(home: Home) -> None:
    shelf = Shelf(home.settings.matching)
    with home.sessions().begin() as session:
        row = reference(session, factories.work(session), 11)
    with home.readers()() as reading:
        assert found(shelf, reading, 11) == [row.id]
    with home.sessions().begin() as elsewhere:
        lives.disable(elsewhere, row.uuid, by="Aoi Mori")
    with home.readers()() as reading:
        assert found(shelf, reading, 11) == []


def test_a_reference_disabled_until_a_moment_is_back_at_that_second_on_a_shelf_that_stays_open(
    session: Session, home: Home, work: Work
) -> None:
    row, shelf = reference(session, work, 11), Shelf(home.settings.matching)
    disable(session, row, NOW, until=NOW + HOUR)
    shown = [at(moment, lambda: found(shelf, session, 11)) for moment in (NOW, NOW + HOUR - SECOND, NOW + HOUR)]
    assert shown == [[], [], [row.id]]


def test_one_that_returns_while_another_expires_is_noticed(session: Session, home: Home, work: Work) -> None:
    """The ids that stay and those that change have the same sum: only the moments that came tell them apart."""
    shelf = Shelf(home.settings.matching)
    rows = [reference(session, work, seed) for seed in (11, 13, 17, 19)]
    for outer in (rows[0], rows[3]):
        outer.bank = "provisional"
        at(NOW, lambda row=outer: lives.expire(session, row.uuid, until=NOW + HOUR, by="Aoi Mori"))  # type: ignore[misc]
    for inner in rows[1:3]:
        disable(session, inner, NOW, until=NOW + HOUR)
    before = at(NOW + HOUR - SECOND, lambda: [found(shelf, session, seed) for seed in (11, 13, 17, 19)])
    after = at(NOW + HOUR, lambda: [found(shelf, session, seed) for seed in (11, 13, 17, 19)])
    assert before == [[rows[0].id], [], [], [rows[3].id]]
    assert after == [[], [rows[1].id], [rows[2].id], []]


def test_what_was_seen_while_a_reference_was_out_is_compared_when_it_is_back(session: Session, work: Work) -> None:
    row = reference(session, work, 11)
    disable(session, row, NOW, until=NOW + HOUR)
    sighting(session, 11)
    assert compare(session, NOW + SECOND) == 1
    assert session.scalars(select(Match)).all() == []
    assert compare(session, NOW + HOUR - SECOND) == 0
    assert compare(session, NOW + HOUR) == 1
    assert [one.reference_id for one in session.scalars(select(Match))] == [row.id]
    assert compare(session, NOW + HOUR + SECOND) == 0


def test_only_what_was_seen_while_it_was_out_is_compared_again(session: Session, work: Work) -> None:
    row = reference(session, work, 11)
    sighting(session, 13)
    compare(session, NOW)
    disable(session, row, NOW + SECOND)
    sighting(session, 11)
    compare(session, NOW + 2 * SECOND)
    enable(session, row, NOW + 3 * SECOND)
    assert compare(session, NOW + 4 * SECOND) == 1
    assert compare(session, NOW + 5 * SECOND) == 0


def test_a_longer_absence_that_is_cut_short_is_compared_once(session: Session, work: Work) -> None:
    row = reference(session, work, 11)
    disable(session, row, NOW)
    sighting(session, 11)
    compare(session, NOW + SECOND)
    disable(session, row, NOW + 2 * SECOND, until=NOW + HOUR)
    enable(session, row, NOW + 3 * SECOND)
    assert compare(session, NOW + 4 * SECOND) == 1
    assert compare(session, NOW + 2 * HOUR) == 0


def test_a_case_leaves_the_queue_at_once_and_comes_back_at_the_second(session: Session, work: Work) -> None:
    at(NOW, lambda: seen_at(session, work))
    stages(session, NOW)
    disable(session, only_reference(session), NOW + SECOND, until=NOW + HOUR)
    assert at(NOW + SECOND, lambda: cases.queue(session)) == []  # before any stage has run
    stages(session, NOW + 2 * SECOND)
    assert only_case(session).state == "closed"
    stages(session, NOW + HOUR - SECOND)
    assert only_case(session).state == "closed"
    stages(session, NOW + HOUR)
    assert only_case(session).state == "open"
    assert only_case(session).detected_at == NOW
    assert len(at(NOW + HOUR, lambda: cases.queue(session))) == 1  # type: ignore[arg-type]


def test_why_a_case_left_the_queue_is_kept_with_who_and_when(session: Session, work: Work) -> None:
    at(NOW, lambda: seen_at(session, work))
    stages(session, NOW)
    row = only_reference(session)
    disable(session, row, NOW + SECOND)
    stages(session, NOW + 2 * SECOND)
    newest = session.scalars(select(Assessment).order_by(Assessment.id.desc())).first()
    assert newest is not None
    says = next(answer.says for answer in assess.answers_of(newest) if answer.verdict == "allows")
    assert says == (
        f"Nothing here matches the work any more. Aoi Mori disabled {row.name} on 2026-11-22 03:00 UTC: The wrong file."
    )


def test_a_case_that_rests_on_something_else_as_well_stays(session: Session, work: Work) -> None:
    finding = at(NOW, lambda: seen_at(session, work))
    with clock.frozen(NOW):
        other = factories.sighting(session, finding, b"another", position=1)  # type: ignore[arg-type]
        factories.match(session, other, factories.reference(session, work, "ep2.mp4"), matched_seconds=600.0)
    stages(session, NOW)
    disable(session, session.scalars(select(Reference)).all()[0], NOW + SECOND)
    stages(session, NOW + 2 * SECOND)
    assert only_case(session).state == "open"
    assert len(at(NOW + HOUR, lambda: cases.queue(session))) == 1  # type: ignore[arg-type]


def test_a_decided_case_keeps_its_history(session: Session, work: Work) -> None:
    at(NOW, lambda: seen_at(session, work))
    stages(session, NOW)
    case = only_case(session)
    at(NOW, lambda: cases.decide(session, case.id, person="Aoi Mori", verdict="infringing", reason="All of it."))
    disable(session, only_reference(session), NOW + SECOND)
    stages(session, NOW + 2 * SECOND)
    detail = cases.case_detail(session, case.uuid)
    assert (case.state, len(detail.findings[0].seen)) == ("decided", 1)
    assert [one.verdict for one in session.scalars(select(Decision))] == ["infringing"]


def test_a_case_whose_place_is_gone_does_not_come_back_with_its_reference(session: Session, work: Work) -> None:
    at(NOW, lambda: seen_at(session, work))
    stages(session, NOW)
    case = only_case(session)
    cases.close(session, case.id)
    disable(session, only_reference(session), NOW + SECOND, until=NOW + HOUR)
    stages(session, NOW + 2 * SECOND)
    stages(session, NOW + HOUR)
    assert case.state == "closed"


def test_a_use_that_was_never_a_case_becomes_one_when_its_reference_is_back(session: Session, work: Work) -> None:
    row = reference(session, work, 11)
    sighting(session, 11)
    compare(session, NOW)
    disable(session, row, NOW + SECOND)
    stages(session, NOW + 2 * SECOND)
    assert session.scalars(select(cases.Case)).all() == []
    enable(session, row, NOW + HOUR)
    stages(session, NOW + HOUR + SECOND)
    assert only_case(session).state == "open"


def test_the_history_says_who_when_and_why_and_is_never_changed(session: Session, work: Work) -> None:
    row = factories.reference(session, work)
    disable(session, row, NOW)
    enable(session, row, NOW + HOUR)
    kept = lives.history(session, row.id)
    assert [(one.change, one.by, one.reason, one.at, one.absent_since) for one in kept] == [
        ("disabled", "Aoi Mori", "The wrong file.", NOW, None), ("enabled", "Ren Sato", "", NOW + HOUR, NOW),
    ]  # fmt: skip
    kept[0].by = "Somebody else"
    with pytest.raises(AppendOnlyViolation):
        session.flush()


def test_enabling_what_is_in_force_changes_nothing(session: Session, work: Work) -> None:
    row = factories.reference(session, work)
    enable(session, row, NOW)
    assert session.scalars(select(ReferenceChange)).all() == []


def test_a_moment_that_is_over_and_a_nameless_person_are_refused(session: Session, work: Work) -> None:
    row = factories.reference(session, work)
    with pytest.raises(BadReference, match="is over already"):
        disable(session, row, NOW, until=NOW)
    with pytest.raises(BadReference, match="Say who"):
        lives.disable(session, row.uuid, by=" ")
    assert row.disabled_at is None


def test_a_provisional_reference_expires_at_the_second_its_work_says(session: Session, home: Home, work: Work) -> None:
    work.provisional_until = NOW + HOUR
    row, shelf = reference(session, work, 11, bank="provisional"), Shelf(home.settings.matching)
    assert at(NOW + HOUR - SECOND, lambda: found(shelf, session, 11)) == [row.id]
    assert at(NOW + HOUR, lambda: found(shelf, session, 11)) == []


def test_the_references_own_moment_is_stronger_than_its_works(session: Session, work: Work) -> None:
    work.provisional_until = NOW + HOUR
    row = factories.reference(session, work, bank="provisional")
    at(NOW, lambda: lives.expire(session, row.uuid, until=NOW + 2 * HOUR, by="Aoi Mori"))
    assert references.is_in_force(row, work, NOW + 2 * HOUR - SECOND)
    assert not references.is_in_force(row, work, NOW + 2 * HOUR)


def test_promoting_keeps_matches_and_cases_and_says_who_did_it(session: Session, work: Work) -> None:
    at(NOW, lambda: seen_at(session, work))
    row = only_reference(session)
    row.bank, work.provisional_until = "provisional", NOW + HOUR
    stages(session, NOW)
    case = only_case(session)
    stages(session, NOW + HOUR)
    assert case.state == "closed"
    at(NOW + 2 * HOUR, lambda: lives.promote(session, row.uuid, by="Aoi Mori", reason="It is out."))
    stages(session, NOW + 3 * HOUR)
    assert (row.bank, case.state, only_case(session).id) == ("works", "open", case.id)
    assert len(session.scalars(select(Match)).all()) == 1
    (kept,) = lives.history(session, row.id)
    assert (kept.change, kept.by, kept.absent_since) == ("promoted", "Aoi Mori", NOW + HOUR)


def test_what_was_seen_after_it_expired_is_compared_once_it_is_promoted(session: Session, work: Work) -> None:
    work.provisional_until = NOW
    row = reference(session, work, 11, bank="provisional")
    sighting(session, 11)
    compare(session, NOW + SECOND)
    assert session.scalars(select(Match)).all() == []
    at(NOW + HOUR, lambda: lives.promote(session, row.uuid, by="Aoi Mori"))
    assert compare(session, NOW + HOUR + SECOND) == 1
    assert len(session.scalars(select(Match)).all()) == 1


def test_a_work_that_ends_later_lets_its_references_match_again(session: Session, work: Work) -> None:
    work.provisional_until = NOW
    row = factories.reference(session, work, bank="provisional")
    at(NOW + SECOND, lambda: lives.work_ends(session, work, NOW + HOUR))
    assert references.is_in_force(row, work, NOW + SECOND)
    assert [(one.change, one.until, one.absent_since) for one in lives.history(session, row.id)] == [
        ("expires", NOW + HOUR, NOW)
    ]


def test_only_what_is_provisional_expires_or_is_promoted(session: Session, work: Work) -> None:
    row = factories.reference(session, work)
    for act in (lambda: lives.promote(session, row.uuid, by="Aoi"),
                lambda: lives.expire(session, row.uuid, until=NOW, by="Aoi")):  # fmt: skip
        with pytest.raises(BadReference, match="only provisional"):
            act()
    with pytest.raises(BadReference, match="has no provisional reference"):
        lives.promote_work(session, work, by="Aoi")


def test_a_file_that_is_a_work_already_is_not_promoted_beside_itself(session: Session, work: Work) -> None:
    row = factories.reference(session, work, bank="provisional")
    twin = Reference(asset_id=row.asset_id, name=row.name, bank="works", blob=row.blob, added_at=NOW)
    session.add(twin)
    session.flush()
    with pytest.raises(BadReference, match="disable one of the two"):
        lives.promote(session, row.uuid, by="Aoi Mori")
    assert row.bank == "provisional"
