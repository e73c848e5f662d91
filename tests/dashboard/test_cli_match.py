"""What `mekiki match` promises to people and to programs."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import func, select

from config.home import Home
from dashboard import explain
from matcher.interface import Comparison, Reason, Segment, Transform
from matcher.match import Match
from tests.dashboard.spoken import Mekiki
from tests.matcher.drawn_pictures import drawn


def save(path: Path, picture: NDArray[np.uint8]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), picture[..., ::-1])
    return path


@pytest.fixture
def registered(mekiki: Mekiki, tmp_path: Path) -> Mekiki:
    """A home that protects one page, registered a moment ago."""
    page = save(tmp_path / "originals" / "page 11.png", drawn(11))
    assert mekiki("work", "add", "Lantern Road", "--owner", "Studio Kiri").code == 0
    assert mekiki("reference", "add", "Lantern Road", page).code == 0
    return mekiki


def test_a_folder_gives_one_line_a_file_and_broken_files_do_not_stop_it(registered: Mekiki, tmp_path: Path) -> None:
    save(tmp_path / "in" / "deep" / "copy.jpg", drawn(11)[:, ::-1])
    save(tmp_path / "in" / "other.png", drawn(20))
    (tmp_path / "in" / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    (tmp_path / "in" / ".hidden.png").write_bytes(b"")
    said = registered("match", tmp_path / "in", "--json")
    assert said.code == 0
    rows = {Path(row["query"]).name: row for row in said.rows}
    assert sorted(rows) == ["broken.jpg", "copy.jpg", "other.png"]
    assert rows["broken.jpg"]["error"].endswith(".")
    assert rows["broken.jpg"]["matches"] == rows["other.png"]["matches"] == []
    copy = rows["copy.jpg"]
    assert set(copy) == {"query", "kind", "error", "ms", "matches"}
    assert (copy["kind"], copy["error"]) == ("image", None)
    (match,) = copy["matches"]
    assert set(match) == {
        "work", "asset", "reference", "bank", "score", "lane", "reasons", "transform", "segments", "matched_seconds",
    }  # fmt: skip
    assert (match["work"], match["reference"], match["lane"]) == ("Lantern Road", "page 11.png", "copy")
    assert match["transform"]["mirrored"] is True


def test_matching_stores_nothing(registered: Mekiki, own_home: Home, tmp_path: Path) -> None:
    assert registered("match", save(tmp_path / "copy.png", drawn(11))).code == 0
    with own_home.readers()() as session:
        assert session.scalar(select(func.count()).select_from(Match)) == 0


def test_only_when_every_file_fails_it_fails(registered: Mekiki, tmp_path: Path) -> None:
    good, missing = save(tmp_path / "good.png", drawn(20)), tmp_path / "missing.png"
    assert registered("match", good, missing, "--json").code == 0
    said = registered("match", missing, "--json")
    assert said.code == 1
    assert said.rows[0]["error"].endswith(".")


def test_an_empty_folder_is_told(registered: Mekiki, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    said = registered("match", tmp_path / "empty")
    assert said.code == 1
    assert "no file" in said.err


def test_people_read_sentences_and_get_a_picture(registered: Mekiki, tmp_path: Path) -> None:
    copy = save(tmp_path / "copy.jpg", drawn(11)[40:, 30:])
    said = registered("match", copy, "--explain", tmp_path / "why")
    assert "likely copy of Lantern Road" in said.err
    assert "agree in one shape" in said.err
    assert said.out == ""
    (picture,) = (tmp_path / "why").iterdir()
    with Image.open(picture) as drawing:
        assert drawing.format == "PNG"
        assert drawing.width > 2 * explain.SIDE_PX


def test_a_film_match_is_explained_as_a_timeline() -> None:
    reasons = (Reason("frames", 12, "12 pictures in a row agree."),)
    segments = (Segment(10, 42.5, 301.2, 331.6, 1, 30),)
    film = Comparison(1, 0.97, "copy", reasons, segments=segments, matched_seconds=32.5)
    png = explain.timeline(film, (95.0, 1440.0), "clip.mp4: ランタンロード, episode 1")
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
    assert (pixels == explain.FOUND).all(axis=2).sum() > 100
    assert (explain.clock_time(42.4), explain.clock_time(3725)) == ("0:42", "1:02:05")


def test_a_reference_without_pixels_is_explained_too() -> None:
    whole = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    transform = Transform(False, ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)), (100, 80), (100, 80))
    comparison = Comparison(1, 0.6, "lead", (), transform, whole, whole)
    query = cv2.imencode(".jpg", drawn(11)[:80, :100])[1].tobytes()
    png = explain.pictures(query, explain.absent((100, 80)), comparison, np.zeros((0, 4)), "a: b")
    assert Image.open(io.BytesIO(png)).format == "PNG"
