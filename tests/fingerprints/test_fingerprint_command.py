"""`mekiki fingerprint`: at the studio, without a home."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from dashboard.cli.fingerprint import command
from fingerprints import package
from fingerprints.package import NothingToPack
from fingerprints.testing import drawing
from tests.fingerprints import media


def run(tmp_path: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments), obj=tmp_path / "no-home")


@pytest.fixture
def studio(tmp_path: Path) -> Path:
    """A folder with two pictures, a film, a text and a hidden file."""
    folder = tmp_path / "studio"
    (folder / "sheets").mkdir(parents=True)
    for number in (2, 1):
        Image.fromarray(drawing(number)).save(folder / "sheets" / f"{number}.png")
    media.drawn_film(folder / "ep1.mp4", 1)
    (folder / "notes.txt").write_text("words")
    (folder / ".hidden.png").write_bytes(b"never looked at")
    return folder


def test_a_folder_becomes_one_package_in_order_of_name(tmp_path, studio):
    done = run(tmp_path, str(studio), "-o", str(tmp_path / "a.mkf"))
    assert done.exit_code == 0
    assert "3 of 4 files" in done.stderr
    assert "notes.txt: This is not a picture, film or sound: it is text." in done.stderr
    packed = package.read(tmp_path / "a.mkf")
    assert [medium.name for medium in packed] == ["ep1.mp4", "sheets/1.png", "sheets/2.png"]
    assert ("film-pdq", 1) in packed[0].description.fingerprints
    assert {("pdq256", 1), ("rootsift", 1)} <= set(packed[1].description.fingerprints)
    assert not (tmp_path / "no-home").exists()


def test_a_program_reads_one_line_a_file(tmp_path, studio):
    done = run(tmp_path, str(studio), "--json", "-o", str(tmp_path / "a.mkf"))
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [Path(line["file"]).name for line in lines] == ["ep1.mp4", "notes.txt", "1.png", "2.png"]
    assert [line["kind"] for line in lines] == ["video", None, "image", "image"]
    assert lines[1]["error"]
    assert lines[2]["vectors"]["pdq256"] >= 8


def test_when_nothing_can_be_read_the_command_fails(tmp_path, studio):
    failed = run(tmp_path, str(studio / "notes.txt"), "-o", str(tmp_path / "a.mkf"))
    assert isinstance(failed.exception, NothingToPack)
    assert not (tmp_path / "a.mkf").exists()
