"""The demo's pencil draws the same every time, with enough in each picture to look at and to match."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from dashboard.demo import attacks, episode, film, manga, music, works
from dashboard.demo.drawing import Sheet, screentone, smooth
from dashboard.demo.figures import RIVAL, STRANGER, SUZU, Pose, person
from dashboard.demo.scenery import DUSK, PLACES, place


@pytest.fixture(scope="module")
def page() -> manga.Page:
    return manga.pages(manga.QUIET_GARDEN, 1)[0]


def features(image: Image.Image) -> int:
    grey = np.asarray(image.convert("L"))
    return len(cv2.ORB_create(2000).detect(grey, None))


@pytest.mark.parametrize("kind", PLACES)
def test_a_place_is_drawn_the_same_twice_and_has_texture(kind: str) -> None:
    once, again = (place(kind, (320, 200), DUSK, 3) for _ in range(2))
    assert np.array_equal(np.asarray(once), np.asarray(again))
    assert features(once) > 100


def test_another_seed_is_another_place() -> None:
    one, other = (np.asarray(place("street", (320, 200), DUSK, seed), dtype=float) for seed in (3, 4))
    assert np.abs(one - other).mean() > 10


def test_a_person_is_cut_out_and_opens_the_mouth() -> None:
    closed, opened = (person(SUZU, Pose(mouth=mouth), 300) for mouth in (0.0, 1.0))
    assert closed.getpixel((0, 0))[3] == 0
    assert np.asarray(closed.getchannel("A")).mean() > 60
    assert not np.array_equal(np.asarray(closed), np.asarray(opened))


def test_two_people_are_not_the_same_drawing_in_other_colours() -> None:
    one, other = (np.asarray(person(look, Pose(), 300).getchannel("A"), dtype=float) for look in (STRANGER, RIVAL))
    assert np.abs(one - other).mean() > 5


def test_a_curve_passes_through_its_points() -> None:
    points = [(0.0, 0.0), (10.0, 5.0), (20.0, 0.0)]
    assert {(round(x, 6), round(y, 6)) for x, y in smooth(points)} >= set(points)


def test_what_lies_outside_a_sheet_is_cut_off() -> None:
    sheet = Sheet((20, 20), fineness=1)
    sheet.lay(Image.new("RGBA", (10, 10), (255, 0, 0, 255)), (15, -5))
    sheet.fill([(-30, -30), (-10, -30), (-10, -10)], (0, 0, 255), alpha=90)
    drawn = sheet.finished()
    assert drawn.size == (20, 20)
    assert drawn.getpixel((18, 2)) == (255, 0, 0, 255)


def test_screentone_keeps_black_and_white_and_prints_greys_as_dots() -> None:
    grey = screentone(Image.new("L", (60, 60), 128))
    assert len(np.unique(np.asarray(grey))) == 2
    assert np.asarray(screentone(Image.new("L", (60, 60), 255))).min() == 255


def test_a_page_is_the_same_art_in_every_language_but_its_bubbles(page: manga.Page) -> None:
    ja, en = (np.asarray(page.lettered(language).convert("L"), dtype=float) for language in ("ja", "en"))
    differs = np.abs(ja - en) > 40
    for bubble in page.bubbles:
        left, top, right, bottom = bubble.box
        assert differs[top:bottom, left:right].any()
        differs[top:bottom, left:right] = False
    assert not differs.any()


def test_relettering_empties_the_bubble_before_it_writes(page: manga.Page) -> None:
    ja, en = page.lettered("ja"), page.lettered("en")
    again = attacks.relettered(ja, page.bubbles, "en")
    left, top, right, bottom = page.bubbles[0].box
    words, meant = (np.asarray(each.convert("L").crop((left, top, right, bottom)), dtype=float) for each in (again, en))
    assert np.abs(words - meant).mean() < 2


def test_a_tune_is_its_seed_and_never_clips() -> None:
    one, same, other = (music.tune(2.0, seed) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert 0.05 < np.abs(one).max() <= 1.0


def test_a_film_plays_as_long_as_its_shots(tmp_path: Path) -> None:
    shots = (episode.Shot("harbour", DUSK, 1.0, pan=20), episode.Shot("workshop", DUSK, 1.5))
    path = works.draw_film(shots, tmp_path / "film.mp4", seed=1, tempo=100, scale="yo")
    read = film.read(path)
    assert read.seconds == pytest.approx(2.5, abs=0.15)
    assert sum(1 for _ in read.frames()) == 30
    assert len(read.sound) == pytest.approx(2.5 * music.RATE_HZ, rel=0.1)


def test_a_faster_film_is_shorter_in_picture_and_sound() -> None:
    still = np.zeros((20, 20, 3), dtype=np.uint8)
    whole = film.Film(lambda: iter([still] * 100), 10.0, 10.0, np.zeros(10 * music.RATE_HZ, dtype=np.float32))
    fast = film.faster(whole, 1.25)
    assert sum(1 for _ in fast.frames()) == 80
    assert len(fast.sound) == pytest.approx(8 * music.RATE_HZ, abs=2)


def test_hls_is_a_master_a_media_playlist_and_segments(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (90, 160, 3), dtype=np.uint8)
    whole = film.Film(lambda: iter([noise] * 108), 12.0, 9.0, np.zeros(9 * music.RATE_HZ, dtype=np.float32))
    master = film.write_hls(whole, tmp_path / "hls", film.Quality((160, 90), 100))
    media = (master.parent / "media.m3u8").read_text()
    assert "media.m3u8" in master.read_text()
    assert media.count(".ts") == len(list(master.parent.glob("*.ts"))) == 3
    assert all(file.read_bytes()[:1] == b"G" for file in master.parent.glob("*.ts"))  # 0x47, MPEG-TS's sync byte


def test_mirroring_a_frame_leaves_black_bars() -> None:
    frame = np.full((100, 160, 3), 200, dtype=np.uint8)
    frame[:, :80] = 50
    boxed = attacks.mirrored_letterbox(frame, 0.0)
    assert boxed[2].max() == 0
    assert boxed[50, 10, 0] > 150 > boxed[50, 150, 0]
