"""`mekiki demo` refuses what it cannot do before it draws anything, in one sentence."""

from pathlib import Path

from dashboard.demo.corpus import choose
from tests.dashboard.spoken import Mekiki


def test_a_folder_that_holds_something_is_not_written_into(tmp_path: Path, mekiki: Mekiki) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "mine.txt").write_text("do not touch")
    said = mekiki("demo", "--once", "--keep", kept)
    assert said.code == 1
    assert "is not empty" in said.err
    assert [each.name for each in kept.iterdir()] == ["mine.txt"]


def test_a_folder_of_works_needs_its_manifest(tmp_path: Path, mekiki: Mekiki) -> None:
    said = mekiki("demo", "--once", "--works", tmp_path)
    assert said.code == 1
    assert "manifest.csv" in said.err


def test_a_folder_with_too_little_in_it_is_refused(tmp_path: Path, mekiki: Mekiki) -> None:
    (tmp_path / "manifest.csv").write_text("path,kind,work\n")
    said = mekiki("demo", "--once", "--works", tmp_path)
    assert said.code == 1
    assert "lacks" in said.err


def test_the_corpus_has_a_file_for_every_part(corpus: Path) -> None:
    chosen = choose(corpus)
    registered = {chosen.main.work, chosen.second.work, chosen.art[0].work}
    strangers = {entry.work for part in chosen.strangers.values() for entry in part}
    assert registered.isdisjoint(strangers)
    assert all({"ja", "fr", "en"} <= set(files) for files in chosen.pages.values())
    assert chosen.edits
    assert chosen.prints
