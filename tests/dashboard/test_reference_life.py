"""A reference's life in the console: disabled and enabled on its work's page, told in the history of its cases."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from dashboard import jobs
from matcher import lives
from matcher.cases import Case
from matcher.catalogue import Asset, Work
from matcher.references import Reference
from tests.dashboard import seeds
from tests.dashboard.seeds import Seeded
from tests.dashboard.test_console import act, enter, visitor

STAGES = [job for job in jobs.JOBS if job.name in ("assess", "open cases")]


@pytest.fixture
def seeded(tmp_path: Path) -> Seeded:
    return seeds.fill(seeds.make_home(tmp_path / "own"), states=["draft"])


@pytest.fixture
def client(seeded: Seeded) -> Iterator[TestClient]:
    with visitor(seeded.home) as made:
        yield enter(made)


def page_and_reference(seeded: Seeded, case_uuid: str) -> tuple[str, str]:
    """Return the address of the page of the case's work, and the uuid of its only reference."""
    with seeded.home.readers()() as session:
        work = session.scalars(select(Work).join(Case, Case.work_id == Work.id).where(Case.uuid == case_uuid)).one()
        ours = select(Reference.uuid).join(Asset).where(Asset.work_id == work.id, Reference.disabled_at.is_(None))
        return f"/works/{work.uuid}", session.scalars(ours).one()


def queued(client: TestClient) -> set[str]:
    return {one["uuid"] for one in client.get("/api/queue").json()["cases"]}


def test_disabling_takes_the_case_from_the_queue_and_enabling_brings_it_back(
    client: TestClient, seeded: Seeded
) -> None:
    page, uuid = page_and_reference(seeded, seeded.mug)
    assert seeded.mug in queued(client)
    status, where = act(client, f"/references/{uuid}/disable", page, reason="The file of another work.")
    assert (status, where) == (303, f"{page}#r-{uuid}")
    assert seeded.mug not in queued(client)  # at once: no stage has run
    assert "The file of another work" in client.get(page).text
    jobs.run_all(seeded.home, chosen=STAGES)
    told = re.sub(r"\s+", " ", client.get(f"/cases/{seeded.mug}").text)
    assert "Left the queue" in told
    assert act(client, f"/references/{uuid}/enable", page)[0] == 303
    jobs.run_all(seeded.home, chosen=STAGES)
    assert seeded.mug in queued(client)
    assert "Back in the queue" in client.get(f"/cases/{seeded.mug}").text


def test_a_reference_is_disabled_in_ones_own_name_until_the_end_of_a_day(client: TestClient, seeded: Seeded) -> None:
    page, uuid = page_and_reference(seeded, seeded.mug)
    act(client, f"/references/{uuid}/disable", page, until="2126-11-30", by="Somebody else")
    with seeded.home.readers()() as session:
        row = session.scalars(select(Reference).where(Reference.uuid == uuid)).one()
        (kept,) = lives.history(session, row.id)
    assert (kept.by, f"{kept.until:%Y-%m-%d %H:%M}") == ("Aoi Mori", "2126-11-30 14:59")
    assert "disabled until 2126-11-30 23:59" in client.get(page).text


def test_a_day_that_is_over_and_an_unknown_reference_are_sentences(client: TestClient, seeded: Seeded) -> None:
    page, uuid = page_and_reference(seeded, seeded.mug)
    status, says = act(client, f"/references/{uuid}/disable", page, until="2020-01-01")
    assert (status, "is over already" in says) == (422, True)
    assert act(client, "/references/nowhere/disable", page)[0] == 404
