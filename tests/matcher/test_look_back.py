"""What a reference that is registered today finds among what was captured before it, and what is kept for that."""

import shutil
import threading
from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from config import clock
from config.home import Home
from crawlers.captures import Capture, Sighting
from fingerprints import store
from fingerprints.interface import Description, MediaFacts, Vectors
from fingerprints.store import Fingerprint, Medium
from matcher import captured, intake, kept, let_go, lives, look_back, pictures, retrieve
from matcher.indexes.hash_index import HashIndex
from matcher.kept import Kept
from matcher.look_back import LookBack
from matcher.match import Match
from tests import factories
from tests.factories import NOW
from tests.fingerprints import media
from tests.matcher.drawn_films import clip, described, drawn, glanced
from tests.matcher.drawn_pictures import drawn as drawn_picture
from tests.matcher.drawn_pictures import reference, same
from tests.matcher.stages import compared_at
from tests.notices import world

Picture = np.ndarray
DAY = timedelta(days=1)


@pytest.fixture
def small(home: Home) -> Home:
    """A home that compares nothing with what is registered later but what its hashes name."""
    return world.with_settings(home, captures={"compared_in_full": 0, "with_points": 0})


def mirrored(picture: Picture) -> Picture:
    return picture[:, ::-1]


def do(home: Home, what: Callable[[Session], object]) -> object:
    """Return what a transaction of its own returns."""
    with home.sessions().begin() as session:
        return what(session)


def picture(seed: int, alter: Callable[[Picture], Picture] = same) -> bytes:
    return media.jpeg(media.Image.fromarray(np.ascontiguousarray(alter(drawn_picture(seed)))))


def seen(home: Home, seed: int, alter: Callable[[Picture], Picture] = same) -> str:
    """Have a picture captured and described; return its blob, which is held."""
    content = picture(seed, alter)
    home.blobs.put(content)

    def capture(session: Session) -> str:
        page = factories.finding(session, f"http://scans.example/{seed}/{alter.__name__}")
        return factories.sighting(session, page, content, kind="image").blob

    blob = do(home, capture)
    describe(home)
    assert isinstance(blob, str)
    return blob


def describe(home: Home) -> int:
    """Describe what is to be described, and return how many sightings that were."""
    ids = do(home, lambda session: intake.pending_sightings(session, 50))
    do(home, lambda session: intake.describe_sightings(session, ids))  # type: ignore[arg-type]
    return len(ids)  # type: ignore[arg-type]


def registered(home: Home, seed: int) -> int:
    return do(home, lambda session: registered_in(session, seed))  # type: ignore[return-value]


def tidied(home: Home) -> None:
    """Let go of what is kept too long."""
    while ids := do(home, lambda session: let_go.pending(session, 10)):
        do(home, lambda session: let_go.let_go(session, ids))  # type: ignore[arg-type]


def fingerprinted(home: Home) -> set[str]:
    with home.readers()() as session:
        return set(session.scalars(select(Fingerprint.blob).join(Sighting, Sighting.blob == Fingerprint.blob)))


def matches(home: Home) -> set[tuple[str, int]]:
    with home.readers()() as session:
        return {(row.blob, row.reference_id) for row in session.scalars(select(Match))}


def test_a_new_reference_finds_an_old_capture_of_which_only_hashes_are_left(small: Home) -> None:
    copy, other = seen(small, 11, mirrored), seen(small, 20)
    assert compared_at(small) == 2
    tidied(small)
    assert fingerprinted(small) == set()
    assert describe(small) == 0  # nobody misses them
    late = registered(small, 11)
    assert compared_at(small) == 0  # it must be described first
    assert describe(small) == 1
    assert fingerprinted(small) == {copy}
    assert compared_at(small) == 1
    assert matches(small) == {(copy, late)}
    tidied(small)
    assert fingerprinted(small) == {copy}, "what matched keeps everything"
    assert other not in fingerprinted(small)


def test_the_newest_captures_are_compared_in_full_with_what_is_new(home: Home) -> None:
    recent = world.with_settings(home, captures={"compared_in_full": 1})
    seen(recent, 20)
    seen(recent, 21)
    assert compared_at(recent) == 2
    registered(recent, 11)
    assert compared_at(recent) == 1
    with home.readers()() as session:
        assert [row.near for row in session.scalars(select(LookBack))] == [0]


def cornered(picture: Picture) -> Picture:
    """A crop: its hashes are far from those of the whole."""
    return picture[picture.shape[0] // 3 :, picture.shape[1] // 3 :]


def test_a_crop_is_found_by_its_points_as_long_as_they_are_kept(home: Home, small: Home) -> None:
    pointed = world.with_settings(home, captures={"compared_in_full": 0, "with_points": 1})
    first, second = seen(pointed, 11, cornered), seen(pointed, 20)
    compared_at(pointed)
    tidied(pointed)
    with home.readers()() as session:
        counts = session.scalars(select(Kept.points_count).order_by(Kept.id)).all()
    assert counts[0] == 0 < counts[1] <= kept.MOST_POINTS, "only the newest keeps points"
    late, missed = registered(home, 20), registered(home, 11)
    compared_at(pointed)
    describe(pointed)
    compared_at(pointed)
    assert {reference for _, reference in matches(home)} == {late}
    with home.readers()() as session:
        by_reference = dict(session.execute(select(LookBack.reference_id, LookBack.near)).all())
    assert by_reference == {late: 1, missed: 0}
    assert first not in fingerprinted(home)
    assert second in fingerprinted(home)


def test_a_crop_that_is_not_the_newest_any_more_is_still_found_by_its_points(home: Home) -> None:
    pointed = world.with_settings(home, captures={"compared_in_full": 0})
    crop = seen(pointed, 11, cornered)
    seen(pointed, 20)
    compared_at(pointed)
    tidied(pointed)
    late = registered(home, 11)
    compared_at(pointed)
    describe(pointed)
    compared_at(pointed)
    assert matches(home) == {(crop, late)}


def test_a_film_is_found_by_its_key_frames_and_another_is_not(small: Home) -> None:
    versions = retrieve.versions_in_use()

    def film(session: Session, seed: int) -> str:
        shown = glanced(clip(drawn(seed), drawn(seed + 50), start_s=2, at_s=4, length_s=26), 36)
        row = factories.sighting(session, factories.finding(session, f"http://films.example/{seed}"), b"%d" % seed)
        facts = MediaFacts("video", 320, 180, 36.0, 24.0)
        store.save(session, row.blob, Description(facts, {(name, versions[name]): shown[name] for name in shown}))
        return row.blob

    copy, _other = do(small, lambda session: film(session, 1)), do(small, lambda session: film(session, 2))
    assert compared_at(small) == 2

    def episode(session: Session) -> int:
        row, ours = factories.reference(session, factories.work(session)), described(drawn(1), 30.0)
        facts = MediaFacts("video", 320, 180, 30.0, 24.0)
        store.save(session, row.blob, Description(facts, {(name, versions[name]): ours[name] for name in ours}))
        return row.id

    late = do(small, episode)
    assert compared_at(small) == 1
    assert matches(small) == {(copy, late)}


def test_a_reference_is_looked_for_once_and_again_when_it_is_described_anew(small: Home) -> None:
    late = registered(small, 11)
    compared_at(small)
    assert do(small, lambda session: look_back.pending(session, 8)) == []

    def describe_anew(session: Session) -> None:
        blob = session.execute(select(Medium.blob)).scalar_one()
        one = Vectors(np.zeros((1, 32), np.uint8), np.zeros((1, 4), np.float32))
        store.save(session, blob, Description(MediaFacts("image", 320, 240), {("of tomorrow", 1): one}))

    do(small, describe_anew)
    assert do(small, lambda session: look_back.pending(session, 8)) == [late]


def test_a_reference_that_is_back_asks_for_what_was_compared_without_it(small: Home) -> None:
    with clock.frozen(NOW):
        late = registered(small, 11)
        uuid = do(small, lambda session: session.scalar(select(look_back.Reference.uuid)))
        do(small, lambda session: lives.disable(session, str(uuid), by="Aoi Mori"))
        copy = seen(small, 11)
        compared_at(small)
    with clock.frozen(NOW + DAY):
        do(small, lambda session: lives.enable(session, str(uuid), by="Aoi Mori"))
        assert compared_at(small) == 1
    assert matches(small) == {(copy, late)}


def test_what_is_being_compared_while_a_reference_comes_back_is_compared_again(small: Home) -> None:
    with clock.frozen(NOW):
        late = registered(small, 11)
        uuid = str(do(small, lambda session: session.scalar(select(look_back.Reference.uuid))))
        copy = seen(small, 11)
        do(small, lambda session: kept.keep(session, kept.pending(session, 8)))
        do(small, lambda session: look_back.look(session, look_back.pending(session, 8)))
        do(small, lambda session: lives.disable(session, uuid, by="Aoi Mori"))
    with clock.frozen(NOW + DAY):
        do(small, lambda session: lives.enable(session, uuid, by="Aoi Mori"))
        do(small, lambda session: look_back.look(session, look_back.pending(session, 8)))
    do(small, lambda session: kept.compared(session, copy, NOW + DAY / 2))  # it began before, and did not meet it
    with clock.frozen(NOW + 2 * DAY):
        assert compared_at(small) == 1
    assert matches(small) == {(copy, late)}


@pytest.mark.parametrize("how", ["on another page", "by the server's word that nothing has changed"])
def test_what_is_old_is_forgotten_until_it_is_seen_again(small: Home, how: str) -> None:
    days = small.settings.captures.keep_days
    with clock.frozen(NOW):
        blob = seen(small, 11)
        compared_at(small)
        tidied(small)
    with clock.frozen(NOW + days * DAY + DAY):
        tidied(small)
        with small.readers()() as session:
            assert session.scalars(select(Kept)).one().count == 0
        registered(small, 11)
        assert compared_at(small) == 0
        assert matches(small) == set()

        def again(session: Session) -> None:
            if how == "on another page":
                page = factories.finding(session, "http://scans.example/again")
                capture_id = factories.sighting(session, page, picture(11), kind="image").capture_id
            else:
                url, sweep = "http://scans.example/11/same/media/0", factories.sweep(session)
                capture_id = factories.capture(session, url, sweep, picture(11), kind="media", mime="image/jpeg").id
            session.execute(update(Capture).where(Capture.id == capture_id).values(fetched_at=clock.now() + DAY))

        do(small, again)
        assert describe(small) == 1
        assert compared_at(small) == 1
        assert {found for found, _ in matches(small)} == {blob}


def test_nothing_that_waits_or_is_protected_is_let_go(small: Home) -> None:
    seen(small, 20)
    do(small, lambda session: kept.keep(session, kept.pending(session, 8)))
    assert do(small, lambda session: let_go.pending(session, 8)) == []  # it waits to be compared
    compared_at(small)
    (number,) = do(small, lambda session: let_go.pending(session, 8))  # type: ignore[misc]
    with small.readers()() as session:
        blob = session.scalars(select(Medium.blob)).one()
    do(small, lambda session: factories.reference(session, factories.work(session), "its page.jpg", blob=blob))
    do(small, lambda session: let_go.let_go(session, [number]))  # registered since it was pending
    assert fingerprinted(small) == {blob}


def test_what_was_rolled_back_is_not_in_the_index(small: Home) -> None:
    seen(small, 11)
    with small.sessions()() as session:
        kept.keep(session, kept.pending(session, 8))
        registered_in(session, 11)
        look_back.look(session, look_back.pending(session, 8))
        session.rollback()
    compared_at(small)
    registered(small, 12)
    compared_at(small)
    with small.readers()() as session:
        numbers = session.scalars(select(Kept.id)).all()
        assert [number in captured.captured(session)["image"] for number in numbers] == [True]


def registered_in(session: Session, seed: int) -> int:
    owner = factories.owner(session, f"Studio {seed}")
    return reference(session, factories.work(session, f"Work {seed}", of=owner), seed).id


def test_the_index_is_built_again_when_its_folder_is_gone_or_damaged(small: Home) -> None:
    copy = seen(small, 11)
    compared_at(small)
    folder = small.settings.indexes
    for harm in (lambda: shutil.rmtree(folder, ignore_errors=True), lambda: flip(small)):
        fresh = captured.Captured(folder)
        with small.readers()() as session:
            fresh.refresh(session)
            fresh["image"].compact()
            assert found_in(fresh["image"], session, copy)
            harm()
            again = captured.Captured(folder)
            again.refresh(session)
            assert found_in(again["image"], session, copy)


def flip(home: Home) -> None:
    """Change one bit of every file of every index."""
    for file in home.settings.indexes.rglob("*"):
        if file.is_file() and file.stat().st_size:
            content = bytearray(file.read_bytes())
            content[len(content) // 2] ^= 1
            file.write_bytes(content)


def found_in(index: HashIndex, session: Session, blob: str) -> bool:
    number = session.scalar(select(Kept.id).join(Medium, Medium.id == Kept.medium_id).where(Medium.blob == blob))
    assert number is not None
    hashes = kept.hashes(session, number)
    return number in index.within(hashes.codes, 0).owner.tolist()


def test_ids_ascend_as_rows_become_visible(home: Home) -> None:
    """Whoever has read up to an id will never have to read a lower one."""
    seen(home, 11)
    first, second = home.sessions()(), home.sessions()()
    with first, second:
        kept.keep(first, kept.pending(first, 1))
        lower = first.scalar(select(func.max(Kept.id)))
        seen_blob: list[int] = []

        def other() -> None:
            with home.sessions().begin() as session:
                kept.keep(session, kept.pending(session, 8))
                seen_blob.append(session.scalar(select(func.max(Kept.id))) or 0)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive(), "the second has to wait for the first"
        first.commit()
        thread.join(30)
        assert lower is not None
        assert seen_blob == [lower]  # the row was there when it came to write


def test_with_nothing_kept_only_the_newest_are_found(home: Home) -> None:
    nothing = world.with_settings(home, captures={"compared_in_full": 0, "with_points": 0, "keep": "nothing"})
    seen(nothing, 11)
    compared_at(nothing)
    registered(nothing, 11)
    assert compared_at(nothing) == 0
    assert matches(nothing) == set()


def test_a_whole_picture_keeps_fewer_hashes_than_its_parts(home: Home) -> None:
    counts = {}
    for keep in ("whole", "parts"):
        how = world.with_settings(home, captures={"keep": keep})
        seen(how, 13, same if keep == "whole" else mirrored)
        compared_at(how)
        with how.readers()() as session:
            counts[keep] = session.scalar(select(Kept.count).order_by(Kept.id.desc()).limit(1))
    assert 1 <= counts["whole"] <= 2 < counts["parts"]


def test_an_old_capture_meets_only_what_is_new(home: Home) -> None:
    """What was compared before is screened by the newcomers alone, and told as everything else is."""
    for seed in (13, 17, 19, 20, 21):
        registered(home, seed)
    copy = seen(home, 11, mirrored)
    compared_at(home)
    shelf = retrieve.Shelf(home.settings.matching)
    late = registered(home, 11)
    assert compared_at(home) == 1
    with home.readers()() as session:
        shelf.refresh(session)
        found = shelf.compare(session, retrieve.vectors_of(session, copy, pictures.KINDS))
        (row,) = session.scalars(select(Match).where(Match.reference_id == late)).all()
        assert [each.score for each in found if each.reference_id == late] == [row.score]
