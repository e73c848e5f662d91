"""The promises of retention: bytes go when their time is over, hashes and records stay, and a legal hold wins."""

import hashlib
import os
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

import config.home
from config import clock, derived
from crawlers import bundle_checks, bundles, captures, custody, evidence, frontier, looks
from crawlers.captures import Capture, Fetched
from crawlers.custody import CustodyEntry
from crawlers.frontier import Address, FrontierEntry, Sweep
from fingerprints import store
from fingerprints.interface import Description, MediaFacts, Vectors
from matcher import cases, collected, dossier, retention
from matcher.case_rows import Case
from matcher.catalogue import Work
from matcher.retention import CaptureRetention
from tests import factories
from tests.matcher.test_cases import run_stages

KEPT = timedelta(days=1095)
START = datetime.now(factories.NOW.tzinfo)  # blobs carry the time of the disk


def captured(session: Session, sweep: Sweep, name: str, body: bytes, *, kind: str = "page") -> Capture:
    blobs, url = config.home.of(session).blobs, f"http://vidbox.example/{name}"
    fetched = Fetched(
        url=url, final_url=url, status=200, headers=(), mime="text/html", blob=blobs.put(body), size_bytes=len(body),
        fetched_at=clock.now(),
    )  # fmt: skip
    return captures.keep(session, sweep.id, kind, fetched)  # type: ignore[arg-type]


def rendered(session: Session, sweep: Sweep, name: str, shown: bytes) -> Capture:
    """A page as a browser showed it, which came as the same shell as all others."""
    blobs, url = config.home.of(session).blobs, f"http://vidbox.example/{name}"
    return captures.keep(session, sweep.id, "page", Fetched(
        url=url, final_url=url, status=200, headers=(), mime="text/html", blob=blobs.put(shown), size_bytes=len(shown),
        fetched_at=clock.now(), parts=((f"{url}#as-sent", blobs.put(b"as it was sent"), 14),),
    ))  # fmt: skip


def case_on(session: Session, sweep: Sweep, name: str = "", work: Work | None = None) -> Case:
    """A case that rests on a page and its film."""
    page = captured(session, sweep, f"watch{name}", f"the page of the case{name}".encode())
    film = captured(session, sweep, f"film{name}", f"the film of the case{name}".encode(), kind="media")
    finding = captures.FindingRow(
        capture_id=page.id, source="vidbox", kind="video", url=page.url, place=f"vidbox.example/watch{name}",
        title="Film", text="", provenance={}, found_at=clock.now(), is_commercial=True,
    )  # fmt: skip
    session.add(finding)
    session.flush()
    (sighting,) = captures.store_sightings(session, [(finding.id, film, "video", 0)])
    reference = factories.reference(session, work or factories.work(session), f"ep1{name}.mp4")
    factories.match(session, sighting, reference, matched_seconds=600.0)
    run_stages(session)
    return session.scalars(select(Case).where(Case.place == finding.place)).one()


def clean(session: Session, after: timedelta) -> None:
    """Run the stage as it would run so long after the captures."""
    with clock.frozen(START + after):
        for _ in range(10):
            ids = retention.pending(session, 50)
            if not ids:
                return
            retention.look(session, ids)
    raise AssertionError("it never comes to an end")


def held(session: Session) -> set[bytes]:
    blobs = config.home.of(session).blobs
    return {blobs.get(row.body_sha256) for row in session.scalars(select(Capture)) if blobs.has(row.body_sha256)}


def test_bytes_go_when_their_time_is_over_and_not_before(session: Session) -> None:
    sweep = factories.sweep(session)
    row = captured(session, sweep, "old", b"old page")
    evidence.collected(session, sweep)
    clean(session, KEPT - timedelta(days=1))
    assert held(session) == {b"old page"}
    clean(session, KEPT + timedelta(days=1))
    assert held(session) == set()
    # The row, its hash and the chain stay; the log says what went; and nothing counts as missing.
    (entry,) = session.scalars(select(CustodyEntry).where(CustodyEntry.action == custody.DELETED)).all()
    assert (entry.subject, entry.note["captures"]) == (f"sweep:{sweep.uuid}", {row.uuid: row.body_sha256})
    assert captures.broken_links(session, sweep.id) == []
    assert evidence.verify(session) == []


def test_bytes_that_went_without_a_word_are_still_missed(session: Session) -> None:
    row = captured(session, factories.sweep(session), "old", b"old page")
    config.home.of(session).blobs.path(row.body_sha256).unlink()
    assert [fault.says for fault in evidence.verify(session)] == [
        f"its stored bytes, blob {row.body_sha256}, are gone."
    ]  # fmt: skip


def test_what_an_open_case_rests_on_stays(session: Session) -> None:
    sweep = factories.sweep(session)
    case_on(session, sweep)
    captured(session, sweep, "other", b"no case rests on this")
    clean(session, KEPT * 3)
    assert held(session) == {b"the page of the case", b"the film of the case"}


def test_a_decided_case_is_kept_from_its_last_decision_and_a_hold_wins(session: Session) -> None:
    case = case_on(session, factories.sweep(session))
    with clock.frozen(START + timedelta(days=400)):
        cases.decide(session, case.id, person="Aoi Mori", verdict="not a match", reason="Another film.")
        dossier.hold(session, case.uuid, by="Aoi Mori", reason="The court asked for it.")
    clean(session, KEPT + timedelta(days=399))
    clean(session, KEPT + timedelta(days=500))
    assert len(held(session)) == 2
    with clock.frozen(START + KEPT + timedelta(days=501)):
        dossier.release(session, case.uuid, by="Aoi Mori", reason="It was settled.")
    clean(session, KEPT + timedelta(days=503))
    assert held(session) == set()


def test_a_hold_is_told_once_and_released_once(session: Session) -> None:
    case = case_on(session, factories.sweep(session))
    with pytest.raises(dossier.NotHeld):
        dossier.release(session, case.uuid, by="Aoi Mori", reason="It was settled.")
    dossier.hold(session, case.uuid, by="Aoi Mori", reason="The court asked for it.")
    with pytest.raises(dossier.AlreadyHeld, match="Aoi Mori holds it since"):
        dossier.hold(session, case.uuid, by="Ben", reason="Me too.")


def test_same_bytes_stay_as_long_as_the_newest_capture_of_them(session: Session) -> None:
    first = captured(session, factories.sweep(session), "logo", b"a logo")
    with clock.frozen(START + timedelta(days=100)):
        second = captured(session, factories.sweep(session), "logo", b"a logo")
    assert first.body_sha256 == second.body_sha256
    clean(session, KEPT + timedelta(days=50))
    assert held(session) == {b"a logo"}
    clean(session, KEPT + timedelta(days=102))
    assert held(session) == set()
    assert len(session.scalars(select(CaptureRetention).where(CaptureRetention.next_look.is_(None))).all()) == 2


def test_an_older_capture_that_a_case_rests_on_keeps_the_bytes(session: Session) -> None:
    case_on(session, factories.sweep(session))
    captured(session, factories.sweep(session), "again", b"the film of the case", kind="media")
    clean(session, KEPT * 2)
    assert b"the film of the case" in held(session)


def test_what_a_confirmation_of_a_case_confirms_stays_with_all_its_bytes(session: Session) -> None:
    """A page as a browser showed it has two bodies; a later "not modified" names the shown one alone."""
    blobs, sent = config.home.of(session).blobs, hashlib.sha256(b"as it was sent").hexdigest()
    brought = rendered(session, factories.sweep(session), "watch again", b"as it was shown")
    with clock.frozen(START + timedelta(days=30)):
        answer = Fetched(
            url=brought.url, final_url=brought.url, status=304, headers=(), mime="", blob="", size_bytes=0,
            fetched_at=clock.now(),
        )  # fmt: skip
        confirmed = captures.keep(session, factories.sweep(session).id, "media", captures.confirming(brought, answer))
        case = case_on(session, factories.sweep(session))
        finding = session.scalars(select(captures.FindingRow)).one()
        captures.store_sightings(session, [(finding.id, confirmed, "video", 1)])
    clean(session, KEPT * 2)
    assert blobs.has(sent)
    assert blobs.has(brought.body_sha256)
    cases.decide(session, case.id, person="Aoi Mori", verdict="not a match", reason="Another film.")
    clean(session, KEPT * 4)
    assert not blobs.has(sent)
    assert not blobs.has(brought.body_sha256)
    assert evidence.verify(session) == []


def test_the_empty_shell_that_many_pages_came_as_stays_for_the_one_a_case_rests_on(
    session: Session, tmp_path: Path
) -> None:
    blobs, sent = config.home.of(session).blobs, hashlib.sha256(b"as it was sent").hexdigest()
    case = case_on(session, factories.sweep(session))
    finding = session.scalars(select(captures.FindingRow)).one()
    one = rendered(session, factories.sweep(session), "one", b"shown of one")
    captures.store_sightings(session, [(finding.id, one, "video", 1)])
    other = rendered(session, factories.sweep(session), "other", b"shown of another")
    captured(session, factories.sweep(session), "bare", b"as it was sent")
    clean(session, KEPT * 2)
    assert (blobs.has(sent), blobs.has(one.body_sha256), blobs.has(other.body_sha256)) == (True, True, False)
    dossier.export(session, case.uuid, tmp_path / "case.zip")
    cases.decide(session, case.id, person="Aoi Mori", verdict="not a match", reason="Another film.")
    clean(session, KEPT * 4)
    assert not blobs.has(sent)


def test_the_shell_of_a_page_that_was_captured_lately_stays(session: Session) -> None:
    blobs, sent = config.home.of(session).blobs, hashlib.sha256(b"as it was sent").hexdigest()
    rendered(session, factories.sweep(session), "old", b"shown of one")
    lately = START + KEPT
    with clock.frozen(lately):
        rendered(session, factories.sweep(session), "new", b"shown of another")
    os.utime(blobs.path(sent), (lately.timestamp(), lately.timestamp()))  # as storing it again does
    clean(session, KEPT + timedelta(days=3))
    assert held(session) == {b"shown of another"}
    assert blobs.has(sent)


def test_the_bytes_of_a_reference_are_never_deleted(session: Session) -> None:
    row = captured(session, factories.sweep(session), "theirs", b"the same picture")
    factories.reference(session, factories.work(session), blob=row.body_sha256)
    clean(session, KEPT * 2)
    assert held(session) == {b"the same picture"}


def test_bytes_that_were_stored_again_today_wait_a_day(session: Session) -> None:
    row = captured(session, factories.sweep(session), "old", b"old page")
    path = config.home.of(session).blobs.path(row.body_sha256)
    later = (START + KEPT + timedelta(days=1)).timestamp()
    os.utime(path, (later, later))
    clean(session, KEPT + timedelta(days=1, hours=1))
    assert held(session) == {b"old page"}
    clean(session, KEPT + timedelta(days=3))
    assert held(session) == set()


def test_a_bundle_says_what_was_deleted_and_is_whole(session: Session, tmp_path: Path) -> None:
    sweep = factories.sweep(session)
    case = case_on(session, sweep)
    evidence.collected(session, sweep)
    cases.decide(session, case.id, person="Aoi Mori", verdict="not a match", reason="Another film.")
    clean(session, KEPT + timedelta(days=1))
    dossier.export(session, case.uuid, tmp_path / "case.zip")
    assert bundle_checks.verify(tmp_path / "case.zip") == []


def test_keeping_for_ever_asks_nothing(session: Session) -> None:
    captured(session, factories.sweep(session), "old", b"old page")
    home = config.home.of(session)
    ever = home.settings.model_copy(update={"evidence": home.settings.evidence.model_copy(update={"keep_days": 0.0})})
    object.__setattr__(home, "settings", ever)
    with clock.frozen(START + KEPT * 10):
        assert retention.pending(session, 10) == []


def test_what_shows_the_pages_goes_with_them_and_what_was_said_stays(session: Session, tmp_path: Path) -> None:
    case = case_on(session, factories.sweep(session))
    said = bundles.as_text([bundles.said(row) for row in session.scalars(select(Capture).order_by(Capture.id))])
    files = {"captures.json": said.encode(), "pairs.json": b"[]", "pairs/1.png": b"drawn", "pages/1/dom.html": b"shown"}
    collected.keep(session, case, files, actor="mekiki", newest_finding_id=collected.newest(session, case))
    cases.decide(session, case.id, person="Aoi Mori", verdict="not a match", reason="Another film.")
    clean(session, KEPT + timedelta(days=1))
    assert sorted(collected.files_of(session, case)) == [
        "collected/1/SHA256SUMS", "collected/1/captures.json", "collected/1/pairs.json"
    ]  # fmt: skip
    assert not any(config.home.of(session).blobs.has(hashlib.sha256(one).hexdigest()) for one in (b"drawn", b"shown"))
    assert list(collected.faults(session)) == []
    dossier.export(session, case.uuid, tmp_path / "case.zip")
    assert bundle_checks.verify(tmp_path / "case.zip") == []


def test_a_collected_file_that_was_changed_is_named(session: Session) -> None:
    case = case_on(session, factories.sweep(session))
    row = collected.keep(
        session,
        case,
        {"captures.json": b"[]", "pairs.json": b"[1]"},
        actor="mekiki",
        newest_finding_id=collected.newest(session, case),
    )
    path = config.home.of(session).blobs.path(row.files["pairs.json"])
    path.chmod(0o640)
    path.write_bytes(b"[2]")
    assert ["pairs.json" in fault.says for fault in collected.faults(session)] == [True]


def described(session: Session, blob: str) -> None:
    """Let a small picture and a hash of a blob be among its fingerprints."""
    store.save(session, blob, Description(MediaFacts("image"), {
        (kind, 2): Vectors(np.full((4, 32), 7, np.uint8), np.zeros((4, 1), np.float32)) for kind in ("thumb", "pdq256")
    }))  # fmt: skip


def test_pictures_that_were_made_of_bytes_go_with_them_and_the_log_names_them(session: Session) -> None:
    home, sweep = config.home.of(session), factories.sweep(session)
    row, other = captured(session, sweep, "old", b"old picture"), b"another".hex()
    described(session, row.body_sha256)
    folder = derived.folder(home)
    folder.mkdir()
    for name in (f"{row.body_sha256}.thumb.jpg", f"{row.body_sha256}.12s.jpg", f"{other}.thumb.jpg"):
        (folder / name).write_bytes(b"a picture")
    clean(session, KEPT + timedelta(days=1))
    assert [file.name for file in folder.iterdir()] == [f"{other}.thumb.jpg"]
    (entry,) = session.scalars(select(CustodyEntry).where(CustodyEntry.action == custody.DELETED)).all()
    assert entry.note["made_of_them"] == {
        row.body_sha256: [f"{row.body_sha256}.12s.jpg", f"{row.body_sha256}.thumb.jpg"]
    }  # fmt: skip
    small, hashes = (store.load(session, row.body_sha256, kind, 2) for kind in ("thumb", "pdq256"))
    assert small is not None
    assert small.codes.size == 0
    assert hashes is not None
    assert hashes.codes.shape == (4, 32)


def test_what_a_hold_keeps_can_be_looked_at(session: Session) -> None:
    case = case_on(session, factories.sweep(session))
    cases.decide(session, case.id, person="Aoi Mori", verdict="not a match", reason="Another film.")
    dossier.hold(session, case.uuid, by="Aoi Mori", reason="The court asked for it.")
    film = session.scalars(select(Capture.body_sha256).where(Capture.kind == "media")).one()
    preview = derived.folder(config.home.of(session)) / f"{film}.thumb.jpg"
    preview.parent.mkdir()
    preview.write_bytes(b"a picture")
    clean(session, KEPT * 2)
    assert preview.is_file()
    with clock.frozen(START + KEPT * 2):
        dossier.release(session, case.uuid, by="Aoi Mori", reason="It was settled.")
    clean(session, KEPT * 2 + timedelta(days=2))
    assert not preview.exists()


def test_a_picture_of_a_page_stays_for_the_other_case_that_shows_it(session: Session) -> None:
    work = factories.work(session)
    case, held = (case_on(session, factories.sweep(session), name, work) for name in ("", " again"))
    blobs = config.home.of(session).blobs
    for one, own in ((case, b"drawn of one"), (held, b"drawn of the other")):
        files = {"pages/1/dom.html": b"shown", "pairs/1.png": own}
        collected.keep(session, one, files, actor="mekiki", newest_finding_id=collected.newest(session, one))
        cases.decide(session, one.id, person="Aoi Mori", verdict="not a match", reason="Another film.")
    dossier.hold(session, held.uuid, by="Aoi Mori", reason="The court asked for it.")

    def here() -> set[bytes]:
        every = (b"shown", b"drawn of one", b"drawn of the other")
        return {one for one in every if blobs.has(hashlib.sha256(one).hexdigest())}

    clean(session, KEPT + timedelta(days=1))
    assert here() == {b"shown", b"drawn of the other"}
    assert list(collected.faults(session)) == []
    with clock.frozen(START + KEPT + timedelta(days=1)):
        dossier.release(session, held.uuid, by="Aoi Mori", reason="It was settled.")
    clean(session, KEPT + timedelta(days=4))
    assert here() == set()
    assert list(collected.faults(session)) == []


def test_what_was_collected_lately_goes_some_days_later_and_is_not_forgotten(session: Session) -> None:
    case = case_on(session, factories.sweep(session))
    cases.decide(session, case.id, person="Aoi Mori", verdict="not a match", reason="Another film.")
    lately = START + KEPT + timedelta(hours=1)
    with clock.frozen(lately):
        files = {"pages/1/dom.html": b"shown"}
        row = collected.keep(session, case, files, actor="x", newest_finding_id=collected.newest(session, case))
    path = config.home.of(session).blobs.path(row.files["pages/1/dom.html"])
    os.utime(path, (lately.timestamp(), lately.timestamp()))
    clean(session, KEPT + timedelta(hours=2))
    assert path.is_file()
    clean(session, KEPT + timedelta(days=4))
    assert not path.exists()


def test_an_address_is_asked_for_its_body_again_when_nobody_has_it_any_more(session: Session) -> None:
    sweep = factories.sweep(session)
    kept, gone = captured(session, sweep, "kept", b"kept"), captured(session, sweep, "gone", b"gone")
    factories.reference(session, factories.work(session), blob=kept.body_sha256)
    for one in (kept, gone):
        (entry,) = frontier.add(session, sweep.id, [Address(one.url, "page", 0)])
        entry.capture_id, entry.state, entry.etag = one.id, "done", '"1"'
    session.flush()
    clean(session, KEPT + timedelta(days=1))
    session.expire_all()
    asked = {row.url: looks.conditions(row) for row in session.scalars(select(FrontierEntry))}
    assert asked == {kept.url: {"If-None-Match": '"1"'}, gone.url: {}}
