"""`mekiki fingerprint`: at the studio, without a home."""

import json
from pathlib import Path

import imagehash
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from dashboard.cli.fingerprint import command
from fingerprints import package
from fingerprints.kinds import UnknownKind
from fingerprints.kinds.film_pdq import FilmPdq
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
    assert ("film-pdq", FilmPdq.version) in packed[0].description.fingerprints
    assert {"pdq256", "rootsift"} <= {kind for kind, _ in packed[1].description.fingerprints}
    assert not (tmp_path / "no-home").exists()


def test_a_studio_may_give_away_hashes_of_films_alone(tmp_path, studio):
    for name, option in (("all.mkf", ()), ("hashes.mkf", ("--hashes-only",))):
        assert run(tmp_path, str(studio / "ep1.mp4"), "-o", str(tmp_path / name), *option).exit_code == 0
    (whole,), (lean,) = package.read(tmp_path / "all.mkf"), package.read(tmp_path / "hashes.mkf")
    assert {kind for kind, _ in whole.description.fingerprints} == {"film-pdq", "film-sift"}
    assert {kind for kind, _ in lean.description.fingerprints} == {"film-pdq"}


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


def test_hashes_for_partners_travel_in_the_package_where_they_are_asked_for(tmp_path, studio):
    picture = studio / "sheets" / "1.png"
    assert run(tmp_path, str(picture), "-o", str(tmp_path / "plain.mkf")).exit_code == 0
    asked = run(tmp_path, str(picture), "-o", str(tmp_path / "a.mkf"), "--also", "dhash64,crop-resistant")
    assert asked.exit_code == 0
    (plain,), (more,) = package.read(tmp_path / "plain.mkf"), package.read(tmp_path / "a.mkf")
    hashes = {("dhash64", 1), ("crop-resistant", 1)}
    assert set(more.description.fingerprints) - set(plain.description.fingerprints) == hashes
    (code,) = more.description.fingerprints["dhash64", 1].codes
    assert code.tobytes().hex() == str(imagehash.dhash(Image.open(picture)))


def test_a_partner_without_mekiki_reads_the_hashes_in_hex(tmp_path, studio):
    picture = studio / "sheets" / "1.png"
    done = run(
        tmp_path, str(picture), str(studio / "ep1.mp4"), "-o", str(tmp_path / "a.mkf"),
        "--also", "crop-resistant", "--also", "phash64", "--json",
    )  # fmt: skip
    still, film = (json.loads(line) for line in done.stdout.splitlines())
    assert still["hashes"]["crop-resistant"] == str(imagehash.crop_resistant_hash(Image.open(picture))).split(",")
    assert len(still["hashes"]["phash64"][0]) == 16
    assert film["hashes"] == {}


def test_an_unknown_hash_is_told_before_any_file_is_opened(tmp_path, studio):
    failed = run(tmp_path, str(studio), "-o", str(tmp_path / "a.mkf"), "--also", "dhash64,crop_resistant")
    assert isinstance(failed.exception, UnknownKind)
    assert 'did you mean "crop-resistant"' in str(failed.exception)
    assert not (tmp_path / "a.mkf").exists()


def test_what_a_home_always_exchanges_needs_no_option(tmp_path, studio):
    (tmp_path / "no-home").mkdir()
    (tmp_path / "no-home" / "mekiki.toml").write_text('[fingerprints]\nexchange = ["whash64"]\n')
    assert run(tmp_path, str(studio / "sheets"), "-o", str(tmp_path / "a.mkf")).exit_code == 0
    assert all(("whash64", 1) in medium.description.fingerprints for medium in package.read(tmp_path / "a.mkf"))
