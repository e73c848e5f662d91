"""A film of which only part was captured says so: on the case page, on the command line and in the evidence."""

import re
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import select

from config.home import Home
from crawlers import bundle_checks, captures, reels
from crawlers.captures import Fetched
from dashboard import dictionary, sampled
from fingerprints.store import Medium
from matcher.case_rows import Case
from tests import factories
from tests.dashboard import seeds
from tests.dashboard.spoken import Mekiki
from tests.dashboard.test_console import enter, visitor
from tests.matcher.test_cases import run_stages

LIVE = "live: 60 s of an endless stream"
SEGMENTS = "16 of 64 segments, spread evenly: the whole is larger than the limit of"
SAMPLES = [
    LIVE,
    f"{SEGMENTS} 1000 bytes",
    f"{SEGMENTS} 3000 segments",
    "6 stretches, 12 s of 120 s, spread evenly: the whole, 4000 bytes, is larger than the limit of 1000",
    "the longest of 3 parts with different pictures",
    f"the longest of 3 parts with different pictures; {SEGMENTS} 1000 bytes",
]


def stored(home: Home, sample: str | None) -> str:
    """Store a case of a film of which this was captured, and return its uuid."""
    with home.sessions().begin() as session:
        sweep = factories.sweep(session)
        kept = []
        for kind, body in (("page", b"page"), ("media", b"film")):
            url = f"http://vidbox.example/{kind}"
            parts = reels.marked([reels.part(f"{url}/1.ts", body)], sample) if kind == "media" else None
            fetched = Fetched(
                url=url, final_url=url, status=200, headers=(), mime="video/mp4", blob=home.blobs.put(body),
                size_bytes=len(body), fetched_at=factories.NOW, parts=parts,
            )  # fmt: skip
            kept.append(captures.keep(session, sweep.id, "page" if kind == "page" else "media", fetched))
        finding = captures.FindingRow(
            capture_id=kept[0].id, source="vidbox", kind="video", url=kept[0].url, place="vidbox.example/page",
            title="Film", text="", provenance={}, found_at=factories.NOW, is_commercial=True,
        )  # fmt: skip
        session.add(finding)
        session.flush()
        (sighting,) = captures.store_sightings(session, [(finding.id, kept[1], "video", 0)])
        session.add(Medium(blob=sighting.blob, kind="video", duration_s=60.0, described_at=factories.NOW))
        reference = factories.reference(session, factories.work(session))
        factories.match(session, sighting, reference, matched_seconds=60.0, segments=[
            {"query": [0.0, 60.0], "reference": [5.0, 65.0], "speed": -1.0, "score": 50.0}
        ])  # fmt: skip
        seeds.person(session, "aoi", "Aoi Mori")
        seeds.person(session, "ren", "Ren Sato", language="ja")
        run_stages(session)
        return session.scalars(select(Case.uuid)).one()


def test_the_command_line_tells_what_was_captured(own_home: Home, mekiki: Mekiki) -> None:
    case = stored(own_home, LIVE)
    assert f"Only part of this film was captured ({LIVE})." in mekiki("case", "show", case).err
    (shown,) = mekiki("case", "show", case, "--json").rows
    (one,) = shown["sampled"]
    assert one["says_ja"] == "この動画は一部だけ取得されました（ライブ配信のうち60秒）。"


def test_of_a_whole_film_nothing_is_said(own_home: Home, mekiki: Mekiki) -> None:
    case = stored(own_home, None)
    assert "Only part of" not in mekiki("case", "show", case).err
    with own_home.readers()() as session:
        assert sampled.documents(session, case) == {}


@pytest.mark.parametrize(("login", "says"), [("aoi", "Only part of this film was captured"), ("ren", "一部だけ取得")])
def test_the_case_page_tells_it(own_home: Home, login: str, says: str) -> None:
    case = stored(own_home, LIVE)
    with visitor(own_home) as made:
        assert says in enter(made, login).get(f"/cases/{case}").text


@pytest.mark.parametrize(("login", "says"), [("aoi", "played backwards, speed 1.00"), ("ren", "逆再生・1.00倍速")])
def test_the_case_page_says_that_a_stretch_is_played_backwards(own_home: Home, login: str, says: str) -> None:
    case = stored(own_home, None)
    with visitor(own_home) as made:
        page = enter(made, login).get(f"/cases/{case}").text
    assert says in page
    assert "1:05–0:05" in page  # the later second of ours is shown first


def test_the_bundle_tells_it_in_both_languages(own_home: Home, mekiki: Mekiki, tmp_path: Path) -> None:
    case = stored(own_home, LIVE)
    assert mekiki("evidence", "export", case, "-o", tmp_path / "case.zip", "--by", "Aoi Mori").code == 0
    with zipfile.ZipFile(tmp_path / "case.zip") as bundle:
        printed = bundle.read("sampled.txt").decode()
        assert "sampled.txt" in bundle.read("SHA256SUMS").decode()
    assert f"- Only part of this film was captured ({LIVE})." in printed
    assert "- この動画は一部だけ取得されました（ライブ配信のうち60秒）。" in printed
    assert bundle_checks.verify(tmp_path / "case.zip") == []


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_sentence_can_be_read_in_japanese(sample: str) -> None:
    said = dictionary.of("ja").retell(f"Only part of this film was captured ({sample}).")
    assert not re.search(r"[A-Za-z]", said)
    assert re.findall(r"\d+", sample)[0] in said
