"""A job works through what is pending, and a bad row costs only itself."""

from collections.abc import Sequence

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from config.errors import MekikiError
from config.home import Home
from dashboard.jobs import JOBS, Job, JobFailed, run, run_all
from dashboard.people import JobRun
from matcher.catalogue import Owner


class Offline(MekikiError):
    """A failure that passes by itself."""

    permanent = False


def pending(session: Session, limit: int) -> Sequence[int]:
    return session.scalars(select(Owner.id).where(Owner.mandate == "").order_by(Owner.id).limit(limit)).all()


def sign(session: Session, ids: Sequence[int]) -> None:
    for row in ids:
        owner = session.get_one(Owner, row)
        if owner.name == "bad":
            raise ValueError("cannot be signed")
        if owner.name == "offline":
            raise Offline("The register is offline; try again later.")
        owner.mandate = "signed"


JOB = Job("sign owners", "a job of this test", pending, sign, batch=3)


def add_owners(home: Home, *names: str) -> None:
    with home.sessions().begin() as session:
        session.add_all(Owner(name=name) for name in names)


def signed(home: Home) -> int:
    with home.readers()() as session:
        return session.scalar(select(func.count()).select_from(Owner).where(Owner.mandate == "signed")) or 0


def test_everything_pending_is_worked_through_in_batches(home: Home) -> None:
    add_owners(home, *"abcdefgh")
    told: list[int] = []
    assert run(home, JOB, told.append) == 8
    assert (signed(home), told) == (8, [3, 3, 2])


def test_running_again_finds_nothing(home: Home) -> None:
    add_owners(home, "a")
    assert (run(home, JOB), run(home, JOB)) == (1, 0)


def test_a_bad_row_costs_only_itself_and_is_named(home: Home) -> None:
    add_owners(home, "a", "bad", *"bcde")
    with pytest.raises(JobFailed, match=r"1 of 6 rows failed .*cannot be signed"):
        run(home, JOB)
    assert signed(home) == 5
    with home.readers()() as session:
        assert "cannot be signed" in (session.scalars(select(JobRun)).one().error or "")


def test_what_passes_by_itself_stops_the_job_and_keeps_what_was_done(home: Home) -> None:
    add_owners(home, *"abc", "offline", "d")
    with pytest.raises(Offline):
        run(home, JOB)
    assert signed(home) == 3


def test_a_bad_row_of_one_job_does_not_keep_the_next_job_from_its_own(home: Home) -> None:
    add_owners(home, "a", "bad")

    def unnamed(session: Session, limit: int) -> Sequence[int]:
        return session.scalars(select(Owner.id).where(Owner.country == "").order_by(Owner.id).limit(limit)).all()

    def place(session: Session, ids: Sequence[int]) -> None:
        for row in ids:
            session.get_one(Owner, row).country = "JP"

    with pytest.raises(JobFailed, match="1 of 2 rows failed") as failed:
        run_all(home, chosen=(JOB, Job("place owners", "another job of this test", unnamed, place, batch=2)))
    assert failed.value.done == 3
    with home.readers()() as session:
        assert session.scalars(select(Owner.country)).all() == ["JP", "JP"]


def test_a_row_that_stays_pending_does_not_keep_the_job_for_ever(home: Home) -> None:
    add_owners(home, "a", "b")

    def look_only(session: Session, ids: Sequence[int]) -> None:
        """Write nothing, as a faulty stage would."""

    with pytest.raises(JobFailed, match="still pending after its stage"):
        run(home, Job("look at owners", "a faulty job", pending, look_only, batch=2))


def test_a_row_that_stays_pending_does_not_keep_the_rounds_going_for_ever(home: Home) -> None:
    add_owners(home, "a")
    stuck = Job("look at owners", "a faulty job", pending, lambda _session, _ids: None, batch=2)
    with pytest.raises(JobFailed, match="still pending after its stage") as failed:
        run_all(home, chosen=(stuck,))
    assert failed.value.done == 0


def test_a_job_comes_to_rest_only_when_every_row_was_worked_through(home: Home) -> None:
    rested: list[int] = []

    def rest(session: Session) -> None:
        rested.append(len(pending(session, 10)))

    job = Job("sign owners", "a job of this test", pending, sign, batch=3, rest=rest)
    for name, failure in (("bad", JobFailed), ("offline", Offline)):
        add_owners(home, "a", name)
        with pytest.raises(failure):
            run(home, job)
        assert rested == []
        with home.sessions().begin() as session:
            session.execute(delete(Owner))
    add_owners(home, *"abcd")
    run(home, job)
    assert rested == [0]


def test_every_stage_of_the_main_path_has_a_name_of_its_own() -> None:
    assert len({job.name for job in JOBS}) == len(JOBS)


def test_nothing_is_pending_in_an_empty_home(home: Home) -> None:
    assert [run(home, job) for job in JOBS] == [0] * len(JOBS)
