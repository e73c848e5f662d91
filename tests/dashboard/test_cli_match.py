"""What `mekiki match` promises to people and to programs."""

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import func, select

from config.home import Home
from dashboard import explain
from dashboard.cli import match
from matcher.match import Match
from tests.dashboard.spoken import Mekiki
from tests.matcher.drawn_pictures import drawn

ROOT = Path(__file__).parents[2]


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
        "rank_in_work",
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
        assert drawing.width == explain.PAGE_PX + 2 * explain.MARGIN_PX


def test_the_surest_reference_of_a_work_comes_first_and_the_others_in_one_line(
    registered: Mekiki, tmp_path: Path
) -> None:
    other = save(tmp_path / "originals" / "page 12.png", drawn(12))
    noisy = save(tmp_path / "originals" / "page 11 cropped.png", drawn(11)[: drawn(11).shape[0] * 2 // 3])
    assert registered("reference", "add", "Lantern Road", other, noisy).code == 0
    copy = save(tmp_path / "copy.png", drawn(11))
    (row,) = registered("match", copy, "--json").rows
    scores = [match["score"] for match in row["matches"]]
    assert scores == sorted(scores, reverse=True)
    assert [match["rank_in_work"] for match in row["matches"]] == [1, 2]
    best, second = (match["reference"] for match in row["matches"])
    said = registered("match", copy).err
    assert said.count("likely copy of") == 1
    assert f"{best} (" in said.partition("and 1 more of the same work: ")[0]
    assert second in said.partition("and 1 more of the same work: ")[2]


def test_files_with_the_same_bytes_are_described_and_drawn_once_and_each_told(
    registered: Mekiki, tmp_path: Path
) -> None:
    first = save(tmp_path / "in" / "a.jpg", drawn(11)[40:, 30:])
    (tmp_path / "in" / "b.jpg").write_bytes(first.read_bytes())
    save(tmp_path / "in" / "c.jpg", drawn(20))
    said = registered("match", tmp_path / "in", "--json", "--explain", tmp_path / "why")
    copies = said.rows[:2]
    assert [Path(row["query"]).name for row in said.rows] == ["a.jpg", "b.jpg", "c.jpg"]
    assert copies[0]["matches"] == copies[1]["matches"] != []
    assert len(list((tmp_path / "why").iterdir())) == 1
    assert f"b.jpg: the same bytes as {first}." in registered("match", tmp_path / "in").err


def test_files_of_one_size_are_told_apart_by_their_bytes(tmp_path: Path) -> None:
    for name, content in (("a", b"one"), ("b", b"two"), ("c", b"one"), ("d", b"other")):
        (tmp_path / name).write_bytes(content)
    files = [tmp_path / name for name in ("c", "a", "b", "d", "missing")]
    first = match.alike([*files, files[0]])
    assert {path.name: origin.name for path, origin in first.items()} == {
        "c": "c", "a": "c", "b": "b", "d": "d", "missing": "missing",
    }  # fmt: skip


def test_what_is_found_does_not_hang_on_the_number_of_workers(
    registered: Mekiki, own_home: Home, tmp_path: Path
) -> None:
    for number in range(3):
        save(tmp_path / "in" / f"{number}.jpg", drawn(11)[10 * number :, 5 * number :])
    (tmp_path / "in" / "same.jpg").write_bytes((tmp_path / "in" / "1.jpg").read_bytes())
    (tmp_path / "in" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    settings = own_home.path / "mekiki.toml"
    said = []
    for workers in (1, 3):
        settings.write_text(f"[decode]\nworkers = {workers}\n", "utf-8")
        said.append([row | {"ms": 0} for row in registered("match", tmp_path / "in", "--json").rows])
    assert said[0] == said[1]
    assert [Path(row["query"]).name for row in said[0]] == ["0.jpg", "1.jpg", "2.jpg", "broken.jpg", "same.jpg"]


def test_a_name_that_is_no_text_is_told_all_the_same(registered: Mekiki, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jpg"))
    path.write_bytes(save(tmp_path / "copy.jpg", drawn(11)).read_bytes())
    said = registered("match", path, "--json", "--explain", tmp_path / "why")
    assert said.code == 0
    assert said.rows[0]["query"].endswith("caf\ufffd.jpg")
    assert len(list((tmp_path / "why").iterdir())) == 1


def test_a_folder_that_cannot_be_written_is_told_in_one_sentence(registered: Mekiki, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    copy = save(tmp_path / "copy.jpg", drawn(11))
    said = registered("match", copy, "--explain", tmp_path / "file" / "why")
    assert said.code == 1
    assert "name another folder for --explain." in said.err


def watched(screen: int) -> None:
    """Read what appears on a terminal until everybody has left it."""
    with contextlib.suppress(OSError):
        while os.read(screen, 4096):
            pass


def test_a_program_gets_its_lines_while_a_person_watches_the_bar(
    registered: Mekiki, own_home: Home, tmp_path: Path
) -> None:
    copy = save(tmp_path / "copy.jpg", drawn(11))
    screen, terminal = pty.openpty()
    watching = threading.Thread(target=watched, args=(screen,))  # unread, a bar that moves for long would fill it
    watching.start()
    command = [sys.executable, "-m", "dashboard.cli", "--home", own_home.path, "match", copy, "--json"]
    asked = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=terminal, check=False)
    os.close(terminal)
    watching.join()
    os.close(screen)
    assert asked.returncode == 0
    assert [json.loads(line)["query"] for line in asked.stdout.splitlines()] == [str(copy)]


def test_control_c_stops_at_once_and_keeps_what_was_told(registered: Mekiki, own_home: Home, tmp_path: Path) -> None:
    for number in range(60):
        save(tmp_path / "in" / f"{number:02}.png", drawn(11)[number:])
    command = [sys.executable, "-m", "dashboard.cli", "--home", own_home.path, "match", tmp_path / "in", "--json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        first = json.loads(running.stdout.readline())
        running.send_signal(signal.SIGINT)
        rest, told = running.communicate(timeout=60)
    assert running.returncode == 130
    assert told.decode().strip() == "Stopped; what was done stays done."
    lines = [first, *map(json.loads, rest.splitlines())]
    assert [Path(line["query"]).name for line in lines] == [f"{number:02}.png" for number in range(len(lines))]
    assert len(lines) < 60
