"""What is not walked through twice is never missed: beyond its marks a stage finds all that is pending anywhere."""

import random
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from config import clock
from config.home import Home
from crawlers.captures import Capture, Sighting
from fingerprints.store import Fingerprint, Medium
from matcher import assess, cases, intake, kept, let_go, licences, lives, marks, quarantines
from matcher.case_rows import Assessment, Case
from matcher.catalogue import Owner, Work
from matcher.kept import Kept
from matcher.licences import Grant
from matcher.marks import Mark
from matcher.match import Match
from matcher.quarantines import QuarantineEvent
from matcher.references import Reference
from matcher.retention import CaptureRetention
from tests import factories
from tests.factories import NOW
from tests.fingerprints import media
from tests.matcher.stages import remember
from tests.notices import world

MANY = 1000  # more than any of these homes holds
BODIES = [media.jpeg(media.Image.linear_gradient("L").resize((64 + 8 * each, 48))) for each in range(3)] + [b"broken"]
Stage = Callable[[Session, int], Sequence[int]]


def anywhere(session: Session, stage: Stage) -> Sequence[int]:
    """Return what is pending for a stage that has no mark."""
    session.execute(delete(Mark))
    found = stage(session, MANY)
    session.rollback()
    return found


class Walk:
    """A home in which things happen by chance, each in a transaction of its own."""

    def __init__(self, home: Home, seed: int) -> None:
        self.home, self.chance, self.now = home, random.Random(seed), NOW
        self.marked = 0  # how often something stood below a mark

    def steps(self) -> Sequence[Callable[[Session], object]]:
        raise NotImplementedError

    def be_idle(self, session: Session) -> None:
        raise NotImplementedError

    def check(self, session: Session) -> None:
        raise NotImplementedError

    def go(self, count: int) -> None:
        for number in range(count):
            step = self.chance.choice(self.steps())
            self.now += self.chance.choice([timedelta(minutes=1), timedelta(minutes=1), timedelta(hours=3)])
            with clock.frozen(self.now):
                with self.home.sessions().begin() as session:
                    step(session)
                if step == self.be_idle:
                    with self.home.sessions().begin() as session:
                        remember(session)
                with self.home.sessions()() as session:
                    self.marked += session.scalar(select(func.count()).where(Mark.at.is_not(None))) or 0
                    try:
                        self.check(session)
                    except AssertionError as missed:
                        raise AssertionError(f"after step {number}, {step.__name__}: {missed}") from missed

    def one(self, session: Session, rows: "type | object") -> object | None:
        found = session.scalars(rows).all()  # type: ignore[call-overload]
        return self.chance.choice(found) if found else None


class Seen(Walk):
    """Media are seen, lost, brought back, described, kept, let go, forgotten, wanted and seen again."""

    def steps(self) -> Sequence[Callable[[Session], object]]:
        return (
            self.see, self.see, self.see_again, self.hold, self.lose, self.describe, self.keep, self.rest, self.rest,
            self.let_go, self.forget, self.ask, self.be_idle, self.be_idle,
        )  # fmt: skip

    def see(self, session: Session) -> None:
        page = factories.finding(session, f"http://a.example/{self.chance.random()}")
        factories.sighting(session, page, self.chance.choice(BODIES), kind="image")

    def see_again(self, session: Session) -> None:
        url, body = f"http://b.example/{self.chance.random()}", self.chance.choice(BODIES)
        row = factories.capture(session, url, factories.sweep(session), body, kind="media")
        session.execute(update(Capture).where(Capture.id == row.id).values(fetched_at=clock.now()))

    def hold(self, _session: Session) -> None:
        self.home.blobs.put(self.chance.choice(BODIES))

    def lose(self, session: Session) -> None:
        for blob in session.scalars(select(Sighting.blob).distinct()):
            if self.home.blobs.has(blob) and self.chance.random() < 0.5:
                self.home.blobs.path(blob).unlink()

    def describe(self, session: Session) -> None:
        intake.describe_sightings(session, intake.pending_sightings(session, 2))

    def keep(self, session: Session) -> None:
        kept.keep(session, kept.pending(session, 2))

    def rest(self, session: Session) -> None:
        """What is asked for is compared."""
        for blob in session.scalars(select(Medium.blob)).all():
            kept.compared(session, blob, clock.now())

    def let_go(self, session: Session) -> None:
        let_go.let_go(session, let_go.pending(session, MANY))

    def forget(self, session: Session) -> None:
        self.now += timedelta(days=self.home.settings.captures.keep_days + 1)
        with clock.frozen(self.now):
            self.let_go(session)

    def ask(self, session: Session) -> None:
        """A reference wants something, as `look_back` asks for it."""
        some = self.one(session, select(Kept.id).where(Kept.forgotten_at.is_(None)))
        session.execute(update(Kept).where(Kept.id == some).values(asked_at=clock.now()))

    def be_idle(self, session: Session) -> None:
        while ids := intake.pending_sightings(session, 8):
            intake.describe_sightings(session, ids)
        while ids := kept.pending(session, 8):
            kept.keep(session, ids)

    def check(self, session: Session) -> None:
        def blobs(ids: Sequence[int]) -> set[str]:
            found = session.scalars(select(Sighting.blob).where(Sighting.id.in_(ids))).all()
            assert len(set(found)) == len(ids), "one sighting a medium"
            return set(found)

        found = blobs(intake.pending_sightings(session, MANY)), set(kept.pending(session, MANY))
        all_there_is = blobs(anywhere(session, intake.pending_sightings)), set(anywhere(session, kept.pending))
        assert found == all_there_is


class Judged(Walk):
    """Pages show what matches, references come and go, licences are granted, people decide and take it back."""

    def begin(self, session: Session) -> None:
        for title in ("Lantern Road", "Harbour"):
            work = factories.work(session, title, of=factories.owner(session, f"Owner of {title}"))
            for bank in ("works", "provisional", "licensed", "negative"):
                until = NOW + timedelta(hours=9) if bank == "provisional" else None
                factories.reference(session, work, f"{title} {bank}", bank=bank, expires_at=until)

    def steps(self) -> Sequence[Callable[[Session], object]]:
        return (
            self.see, self.see, self.match, self.match, self.assess, self.open, self.be_idle, self.be_idle,
            self.disable, self.enable, self.expire, self.grant, self.decide, self.undo, self.close, self.quarantine,
            self.release,
        )  # fmt: skip

    def see(self, session: Session) -> None:
        page = factories.finding(session, f"http://a.example/{self.chance.randrange(6)}")
        for position in range(2):
            factories.sighting(session, page, b"%d" % self.chance.randrange(8), position=position)

    def match(self, session: Session) -> None:
        blob, reference = self.one(session, select(Sighting.blob)), self.one(session, select(Reference.id))
        there = select(Match.id).where(Match.blob == blob, Match.reference_id == reference)
        if blob is not None and session.scalar(there) is None:
            segments = [{"query": [0.0, 600.0], "reference": [0.0, 600.0], "speed": 1.0, "score": 9.0}]
            session.add(Match(
                blob=blob, reference_id=reference, score=0.99, lane="copy", reasons=[], segments=segments,
                matched_seconds=600.0, found_at=clock.now(),
            ))  # fmt: skip

    def assess(self, session: Session) -> None:
        assess.assess(session, assess.pending(session, 2))

    def open(self, session: Session) -> None:
        cases.open_cases(session, cases.pending(session, 2))

    def disable(self, session: Session) -> None:
        until = self.chance.choice([None, clock.now() + timedelta(hours=2)])
        lives.disable(session, self.reference(session).uuid, by="Aoi Mori", until=until)

    def enable(self, session: Session) -> None:
        for reference in session.scalars(select(Reference)).all():
            lives.enable(session, reference.uuid, by="Aoi Mori")

    def expire(self, session: Session) -> None:
        provisional = self.one(session, select(Reference).where(Reference.bank == "provisional"))
        lives.expire(session, provisional.uuid, until=clock.now() + timedelta(hours=4), by="Aoi Mori")

    def grant(self, session: Session) -> None:
        if self.chance.random() < 0.3:
            work = self.one(session, select(Work))
            place = f"a.example/{self.chance.randrange(6)}"
            owner = session.get_one(Owner, work.owner_id)
            licences.add(session, Grant("Vidbox", place), owner=owner, work=work, by="Aoi Mori")

    def decide(self, session: Session) -> None:
        case = self.one(session, select(Case).where(Case.state == "open"))
        if case is not None:
            verdict = self.chance.choice(["fan use", "licensed", "not a match", "unsure"])
            cases.decide(session, case.id, person="Aoi Mori", verdict=verdict, reason="As I see it.")

    def undo(self, session: Session) -> None:
        case = self.one(session, select(Case).where(Case.state == "decided"))
        if case is not None and cases.newest_decision(session, case.id) is not None:
            cases.undo(session, case.id, person="Aoi Mori", reason="I erred.")

    def close(self, session: Session) -> None:
        case = self.one(session, select(Case).where(Case.state == "decided"))
        if case is not None:
            cases.close(session, case.id)

    def quarantine(self, session: Session) -> None:
        self.event(session, "quarantined")

    def release(self, session: Session) -> None:
        for number in session.scalars(select(QuarantineEvent.reference_id).distinct()).all():
            self.event(session, "released", session.get_one(Reference, number))

    def event(self, session: Session, event: quarantines.Step, reference: Reference | None = None) -> None:
        whose = reference or self.reference(session)
        quarantines.record(session, whose, event, by="Aoi Mori", says="It floods.", figures={"places": 99})

    def reference(self, session: Session) -> Reference:
        return self.one(session, select(Reference))

    def be_idle(self, session: Session) -> None:
        for stage in (assess, cases):
            while ids := stage.pending(session, 16):
                stage.assess(session, ids) if stage is assess else stage.open_cases(session, ids)

    def check(self, session: Session) -> None:
        waiting, found = set(assess.pending(session, MANY)), cases.pending(session, MANY)
        assert waiting == set(anywhere(session, assess.pending))
        # What is to be assessed again anyway is looked at with its new assessment.
        soon = select(Assessment.id).where(Assessment.finding_id.in_(waiting))
        assert set(found) == set(anywhere(session, cases.pending)) - (set(session.scalars(soon)) - set(found))


@pytest.mark.parametrize("seed", range(2))
def test_whatever_happens_to_what_was_seen_nothing_is_missed_below_the_mark(home: Home, seed: int) -> None:
    walk = Seen(world.with_settings(home, captures={"compared_in_full": 0, "with_points": 0}), seed)
    walk.go(50)
    assert walk.marked > 10


@pytest.mark.parametrize("seed", range(2))
def test_whatever_is_matched_judged_and_taken_back_nothing_is_missed_below_the_mark(home: Home, seed: int) -> None:
    walk = Judged(home, seed)
    with clock.frozen(NOW), home.sessions().begin() as session:
        walk.begin(session)
    walk.go(50)
    assert walk.marked > 20


def seen(session: Session, number: int, content: bytes | None = None) -> Sighting:
    """A picture on a page of its own."""
    page = factories.finding(session, f"http://a.example/{number}")
    return factories.sighting(session, page, content or BODIES[number], kind="image")


def be_done(home: Home) -> None:
    """Describe and keep what is to be, and move the marks."""
    for stage, verb in ((intake.pending_sightings, intake.describe_sightings), (kept.pending, kept.keep)):
        with home.sessions().begin() as session:
            verb(session, stage(session, MANY))
    with home.sessions().begin() as session:
        remember(session)


def pending(home: Home) -> Sequence[int]:
    with home.sessions().begin() as session:
        return intake.pending_sightings(session, MANY)


def test_a_lost_file_that_comes_back_from_a_backup_is_described(home: Home) -> None:
    home.blobs.put(BODIES[0])
    with home.sessions().begin() as session:
        seen(session, 0)
        lost = seen(session, 1).id
    be_done(home)
    with home.readers()() as session:
        assert kept.done(session).left == (lost,)
    home.blobs.put(BODIES[1])
    assert pending(home) == [lost]
    be_done(home)
    with home.readers()() as session:
        assert kept.done(session).left == ()
        assert len(session.scalars(select(Kept)).all()) == 2


def test_what_was_deleted_on_purpose_is_not_waited_for(home: Home) -> None:
    with home.sessions().begin() as session:
        session.add(CaptureRetention(capture_id=seen(session, 0).capture_id, next_look=None))
    be_done(home)
    with home.readers()() as session:
        assert kept.done(session).left == ()


def test_more_lost_files_than_a_mark_holds_keep_it_where_it_is(home: Home) -> None:
    with home.sessions().begin() as session:
        page = factories.finding(session)
        for number in range(marks.MOST_LEFT + 1):
            factories.sighting(session, page, b"%d" % number, kind="image", position=number)
        newest = session.scalar(select(func.max(Sighting.id)))
    be_done(home)
    with home.readers()() as session:
        assert not kept.done(session)
    home.blobs.put(BODIES[0])
    home.blobs.put(b"%d" % marks.MOST_LEFT)
    assert pending(home) == [newest]


def test_a_kill_after_describing_leaves_what_is_to_be_kept(home: Home) -> None:
    home.blobs.put(BODIES[0])
    with home.sessions().begin() as session:
        seen(session, 0)
        intake.describe_sightings(session, intake.pending_sightings(session, MANY))
    with home.sessions().begin() as session:
        intake.remember(session)
    with home.sessions().begin() as session:
        assert len(kept.pending(session, MANY)) == 1


def test_kinds_of_another_version_look_at_everything_again(home: Home) -> None:
    home.blobs.put(BODIES[0])
    with home.sessions().begin() as session:
        number = seen(session, 0).id
    be_done(home)
    with home.sessions().begin() as session:
        session.execute(update(Mark).values(kinds="of another version"))
        session.execute(delete(Fingerprint))
    assert pending(home) == [number]


def test_a_mark_that_is_too_far_is_drawn_back_within_a_day(home: Home) -> None:
    home.blobs.put(BODIES[0])
    with clock.frozen(NOW):
        be_done(home)
    with home.sessions().begin() as session:
        session.execute(update(Mark).values(upto={"sightings": 1000, "captures": 1000}))
        number = seen(session, 0).id
    for hours, found in ((23, []), (25, [number])):
        with clock.frozen(NOW + timedelta(hours=hours)):
            with home.sessions().begin() as session:
                intake.remember(session)
            assert pending(home) == found


def test_what_is_committed_late_is_found_although_newer_rows_are_done(home: Home) -> None:
    if home.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    for body in BODIES[:3]:
        home.blobs.put(body)
    with home.sessions()() as late, home.sessions()() as later:
        number = seen(late, 0).id
        with home.sessions().begin() as session:
            assert seen(session, 1).id > number
        be_done(home)
        next_number = seen(later, 2).id  # somebody is always writing
        late.commit()
        assert pending(home) == [number]
        be_done(home)
        with home.readers()() as session:
            assert number < kept.done(session).upto["sightings"] < next_number
        later.commit()
        assert pending(home) == [next_number]


def test_two_that_move_a_mark_at_once_make_one(home: Home) -> None:
    if home.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    with home.sessions()() as session:
        intake.remember(session)
        other = threading.Thread(target=be_done, args=(home,))
        other.start()
        session.commit()
        other.join(30)
    assert not other.is_alive()
    with home.readers()() as session:
        assert session.scalar(select(func.count()).where(Mark.name == kept.SEEN)) == 1
