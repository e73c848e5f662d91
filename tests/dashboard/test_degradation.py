"""What a real stored match spoils, with drawn films: on the case page, on the command line and in the evidence."""

import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from config import settings
from config.home import Home
from crawlers import bundle_checks, captures
from crawlers.captures import Fetched
from dashboard import degradation
from dashboard.degradation import Spoiled
from fingerprints import store
from fingerprints.decode import describe_file, limits_of
from fingerprints.interface import Description
from matcher import burnt_in, cases
from matcher.case_rows import Case
from matcher.interface import Box, Segment
from matcher.match import Match
from matcher.references import Exclusion
from tests import factories
from tests.dashboard import seeds
from tests.dashboard.seeds import Seeded
from tests.dashboard.spoken import Mekiki
from tests.dashboard.test_console import enter, visitor
from tests.matcher.burnt import LOGO, overlap, squeezed, with_line, with_logo
from tests.matcher.drawn_films import Picture, drawn
from tests.matcher.test_cases import run_stages

FPS, LENGTH_S = 6, 30
Alter = Callable[[Picture, float], Picture]  # a picture and its second


def film(alter: Alter, *, small: float = 1.0, cut: tuple[float, float] = (0, 0)) -> bytes:
    """Return an mp4 of a drawn film, altered, without the seconds that were cut."""
    out, show = io.BytesIO(), drawn(5)
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=FPS)
        stream.width, stream.height = round(320 * small), round(180 * small)
        stream.pix_fmt, stream.time_base, stream.bit_rate = "yuv420p", Fraction(1, FPS), round(900_000 * small)
        for number in range(LENGTH_S * FPS):
            at_s = number / FPS
            if not cut[0] <= at_s < cut[1]:
                frame = av.VideoFrame.from_ndarray(alter(show(at_s), at_s), format="rgb24")
                for packet in stream.encode(frame.reformat(width=stream.width, height=stream.height)):
                    container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return out.getvalue()


def spoil(picture: Picture, at_s: float) -> Picture:
    return squeezed(with_line(with_logo(picture), int(at_s // 3)), 50, 0.8)


@pytest.fixture(scope="module")
def films() -> tuple[bytes, bytes]:
    """An original, and a copy that is small, shorter, and has a logo and subtitles."""
    return film(lambda picture, _at_s: picture), film(spoil, small=0.5, cut=(12, 18))


@cache
def described(content: bytes) -> Description:
    """Return what a decoding child says of a film; asked once."""
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(content)
        limits = limits_of(settings.load(Path(file.name).parent, environment={}))
        return describe_file(Path(file.name), limits, depth="points")


def stored(home: Home, ours: bytes, seen: bytes) -> str:
    """Store a case of one film, captured for real, and return its uuid."""
    with home.sessions().begin() as session:
        sweep, blob = factories.sweep(session), home.blobs.put(ours)
        kept = []
        for kind, body in (("page", b"page"), ("media", seen)):
            url = f"http://vidbox.example/{kind}"
            fetched = Fetched(
                url=url, final_url=url, status=200, headers=(), mime="text/html", blob=home.blobs.put(body),
                size_bytes=len(body), fetched_at=factories.NOW,
            )  # fmt: skip
            kept.append(captures.keep(session, sweep.id, kind, fetched))
        finding = captures.FindingRow(
            capture_id=kept[0].id, source="vidbox", kind="video", url=kept[0].url, place="vidbox.example/page",
            title="Film", text="", provenance={}, found_at=factories.NOW, is_commercial=True,
        )  # fmt: skip
        session.add(finding)
        session.flush()
        (sighting,) = captures.store_sightings(session, [(finding.id, kept[1], "video", 0)])
        reference = factories.reference(session, factories.work(session), blob=blob)
        store.save(session, blob, described(ours))
        store.save(session, sighting.blob, described(seen))
        factories.match(session, sighting, reference, matched_seconds=24.0, segments=[
            {"query": [0.0, 12.0], "reference": [0.0, 12.0], "speed": 1.0, "score": 11.0},
            {"query": [12.0, 24.0], "reference": [18.0, 30.0], "speed": 1.0, "score": 11.0, "altered": None},
        ])  # fmt: skip
        run_stages(session)
        return session.scalars(select(Case.uuid)).one()


@pytest.fixture
def case(own_home: Home, films: tuple[bytes, bytes]) -> str:
    return stored(own_home, *films)


def spoiled(home: Home, case: str) -> Spoiled:
    with home.readers()() as session:
        (only,) = degradation.of_case(session, case)
        return only


def test_a_spoiled_film_is_told_in_full(own_home: Home, case: str) -> None:
    found = spoiled(own_home, case)
    harms = {harm.name: harm for harm in found.harms}
    assert set(harms) == {"resolution", "bitrate", "missing", "logo", "subtitles"}
    assert harms["resolution"].says == "320x180 became 160x90: 25% of the pixels are left."
    assert harms["missing"].says == "0:12 to 0:18 of the original is missing (6 s)."
    assert found.was_looked_at


def test_the_logo_is_where_it_was_drawn_and_frames_are_looked_at_once(own_home: Home, case: str) -> None:
    spoiled(own_home, case)
    (kept,) = (own_home.path / "previews").glob("*.burnt-in-*.json")
    areas = degradation._read(kept)
    assert areas is not None
    assert overlap(areas[0].box, LOGO) >= 0.5
    kept.write_text("[]")  # what is kept is believed
    assert "logo" not in {harm.name for harm in spoiled(own_home, case).harms}


def test_a_clean_copy_spoils_nothing_but_what_it_lacks(own_home: Home, films: tuple[bytes, bytes]) -> None:
    clean = film(lambda picture, _at_s: picture, cut=(12, 18))
    found = spoiled(own_home, stored(own_home, films[0], clean))
    assert {harm.name for harm in found.harms} - {"bitrate"} == {"missing"}
    assert found.was_looked_at


def test_a_marked_opening_is_told_neutrally(own_home: Home, case: str) -> None:
    with own_home.sessions().begin() as session:
        match = session.scalars(select(Match)).one()
        session.add(Exclusion(
            reference_id=match.reference_id, start_s=12, end_s=18, reason="opening", by="Aoi Mori", at=factories.NOW,
        ))  # fmt: skip
    says = {harm.name: harm.says for harm in spoiled(own_home, case).harms}
    assert says["left out"] == "0:12 to 0:18 of the original is left out; it is marked “opening” there."
    assert "missing" not in says


def test_without_the_originals_pixels_nothing_is_claimed_of_what_was_burnt_in(own_home: Home, case: str) -> None:
    with own_home.readers()() as session:
        match = session.scalars(select(Match)).one()
        reference = degradation.of_match(session, match).reference
    for kept in (own_home.path / "previews").glob("*.burnt-in-*.json"):
        kept.unlink()
    own_home.blobs.path(reference.blob).unlink()
    found = spoiled(own_home, case)
    assert {harm.name for harm in found.harms} == {"resolution", "missing"}
    assert degradation.lines(found, "en")[-1] == "Whether text or logos were put over the picture could not be seen."


def test_the_command_line_tells_it(case: str, mekiki: Mekiki) -> None:
    assert "320x180 became 160x90: 25% of the pixels are left." in mekiki("case", "show", case).err
    (shown,) = mekiki("case", "show", case, "--json").rows
    (one,) = shown["degradation"]
    assert one["spoils"][0]["says_ja"] == "解像度は320x180から160x90になり、残る画素は25%です。"


def test_a_decided_case_is_exported_with_it_and_the_sums_cover_it(
    case: str, own_home: Home, mekiki: Mekiki, tmp_path: Path
) -> None:
    assert mekiki("case", "decide", case, "infringing", "--reason", "A copy.", "--by", "Aoi Mori").code == 0
    assert mekiki("evidence", "export", case, "-o", tmp_path / "case.zip", "--by", "Aoi Mori").code == 0
    with zipfile.ZipFile(tmp_path / "case.zip") as bundle:
        (told,) = json.loads(bundle.read("degradation.json"))
        printed, sums = bundle.read("degradation.txt").decode(), bundle.read("SHA256SUMS").decode()
    assert {"missing", "logo", "subtitles"} <= {harm["name"] for harm in told["spoils"]}
    assert "0:12 to 0:18 of the original is missing (6 s)." in printed
    assert "元の0:12から0:18（6秒）が欠けています。" in printed
    assert "degradation.json" in sums
    assert "degradation.txt" in sums
    assert bundle_checks.verify(tmp_path / "case.zip") == []


@pytest.mark.parametrize("verdict", [None, "not a match"])
def test_no_degradation_is_printed_before_a_copy_is_confirmed(
    case: str, own_home: Home, mekiki: Mekiki, verdict: str | None
) -> None:
    if verdict:
        mekiki("case", "decide", case, verdict, "--reason", "Looked closely.", "--by", "Aoi Mori")
    with own_home.readers()() as session:
        assert degradation.documents(session, case) == {}


def test_moments_are_spread_over_everything_that_is_shared() -> None:
    parts = (Segment(10, 14, 0, 4, 1.0, 4.0), Segment(50, 54, 30, 34, 1.0, 4.0))
    asked = degradation.moments(parts, 4)
    assert [at_s for _, at_s in asked] == [11.0, 13.0, 51.0, 53.0]
    assert [segment for segment, _ in asked] == [parts[0], parts[0], parts[1], parts[1]]
    assert degradation.moments((Segment(0, 1, 0, 1, 1.0, 1.0),)) == []


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    return seeds.fill(seeds.make_home(tmp_path_factory.mktemp("spoiled") / "home"), states=["draft"])


@pytest.fixture
def client(seeded: Seeded) -> Iterator[TestClient]:
    with visitor(seeded.home) as made:
        yield enter(made)


@pytest.mark.parametrize(
    ("login", "heading", "line"),
    [
        ("aoi", "What the copy spoils", "The picture is mirrored."),
        ("ren", "劣化の内容", "画面が左右反転しています。"),
    ],
)
def test_the_case_page_shows_it_in_both_languages(seeded: Seeded, login: str, heading: str, line: str) -> None:
    with visitor(seeded.home) as made:
        client = enter(made, login)
        page = client.get(f"/cases/{seeded.fan}").text
        block = client.get(page.partition('data-spoiled="')[2].partition('"')[0])
    assert heading in page
    assert block.status_code == 200
    assert f"<li>{line}</li>" in block.text


def test_the_block_of_a_film_is_there_too(client: TestClient, seeded: Seeded) -> None:
    page = client.get(f"/cases/{seeded.film}").text
    block = client.get(page.partition('data-spoiled="')[2].partition('"')[0])
    assert block.text.count("<li>") >= 1


def test_the_block_is_for_who_has_logged_in_and_for_a_match(client: TestClient, seeded: Seeded) -> None:
    page = client.get(f"/cases/{seeded.fan}").text
    path = page.partition('data-spoiled="')[2].partition('"')[0]
    with visitor(seeded.home) as stranger:
        assert stranger.get(path).headers["location"] == "/login"
    assert client.get("/spoiled/0190a0f0-0000-7000-8000-000000000000").status_code == 404


def test_every_sentence_can_be_read_in_japanese(own_home: Home, case: str) -> None:
    for line in degradation.lines(spoiled(own_home, case), "ja"):
        assert any(ord(letter) > 0x3040 for letter in line), line
    with own_home.readers()() as session:
        assert cases.find(session, case).uuid == case


def test_frames_are_grey_and_small(own_home: Home, films: tuple[bytes, bytes]) -> None:
    path = own_home.blobs.path(own_home.blobs.put(films[0]))
    frame = degradation._frame(path, limits_of(own_home.settings), 3.0)
    assert frame is not None
    assert frame.shape == (180, 320)
    assert frame.dtype == np.uint8


def test_a_timecode_that_somebody_really_burnt_in_is_found(corpus: Path, own_home: Home) -> None:
    seen, ours = (corpus / "video" / f"bbb_a_{name}.mp4" for name in ("copy1_timecode", "0000-0100"))
    shared = (Segment(0.0, 22.5, 0.0, 22.5, 1.0, 20.0),)
    found = burnt_in.areas(degradation._pairs(seen, ours, limits_of(own_home.settings), shared))
    assert found is not None
    (timecode,) = found
    assert overlap(timecode.box, Box(0.36, 0.465, 0.65, 0.545)) >= 0.5
