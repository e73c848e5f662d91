"""The promises of registering: pages keep their order, bytes are stored once, and what cannot be used is refused."""

import hashlib
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

import config.home
from fingerprints import kinds, package
from fingerprints.interface import Description, MediaFacts, Vectors
from fingerprints.package import PackedMedium
from fingerprints.store import Fingerprint
from matcher import lives, references
from matcher.catalogue import Asset
from matcher.references import BadReference, Reference
from tests import factories


def folder(path: Path, *names: str) -> Path:
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(name.encode())
    return path


def test_a_folder_is_one_asset_with_its_pages_in_natural_order(session: Session, tmp_path: Path) -> None:
    volume = folder(tmp_path / "Volume 1", "page10.png", "page2.png", "page1.png", ".hidden.png", "notes.txt")
    rows = references.register(session, factories.work(session), [volume])
    assert [(row.position, row.name) for row in rows] == [(1, "page1.png"), (2, "page2.png"), (3, "page10.png")]
    assert session.scalars(select(Asset.name)).all() == ["Volume 1"]


def test_chapters_inside_a_folder_follow_each_other(session: Session, tmp_path: Path) -> None:
    volume = folder(tmp_path / "v", "ch10/1.png", "ch2/1.png", "ch2/2.png")
    rows = references.register(session, factories.work(session), [volume])
    assert [row.name for row in rows] == ["ch2/1.png", "ch2/2.png", "ch10/1.png"]


def test_originals_go_to_the_blob_store(session: Session, tmp_path: Path) -> None:
    film = folder(tmp_path, "ep1.mp4") / "ep1.mp4"
    (row,) = references.register(session, factories.work(session), [film])
    assert config.home.of(session).blobs.get(row.blob) == film.read_bytes()


def test_identical_bytes_are_registered_once(session: Session, tmp_path: Path) -> None:
    work = factories.work(session)
    film = folder(tmp_path, "ep1.mp4") / "ep1.mp4"
    first, second = (references.register(session, work, [film])[0] for _time in range(2))
    assert first.id == second.id
    assert session.scalar(select(func.count()).select_from(Reference)) == 1


def test_one_file_may_be_in_two_banks(session: Session, tmp_path: Path) -> None:
    work = factories.work(session)
    film = folder(tmp_path, "trailer.mp4") / "trailer.mp4"
    references.register(session, work, [film])
    references.register(session, work, [film], bank="licensed")
    assert sorted(session.scalars(select(Reference.bank))) == ["licensed", "works"]


def test_an_empty_file_is_refused_before_anything_is_stored(session: Session, tmp_path: Path) -> None:
    volume = folder(tmp_path / "v", "1.png", "2.png")
    (volume / "2.png").write_bytes(b"")
    with pytest.raises(BadReference, match=r"2\.png is empty"):
        references.register(session, factories.work(session), [volume])
    assert session.scalars(select(Reference)).all() == []


@pytest.mark.parametrize("path", ["nothing", "missing.png"])
def test_a_folder_without_files_or_a_missing_path_is_a_sentence(session: Session, tmp_path: Path, path: str) -> None:
    (tmp_path / "nothing").mkdir()
    with pytest.raises(BadReference, match=path):
        references.register(session, factories.work(session), [tmp_path / path])


def packed(name: str, medium: Literal["image", "video"], seed: int) -> PackedMedium:
    kind = next(kind for kind in (kinds.picture_kinds() if medium == "image" else kinds.film_kinds()).values()
                if kind.may_travel)  # fmt: skip
    vectors = Vectors(np.full((2, 32), seed, np.uint8), np.zeros((2, len(kind.table.columns)), np.float32))
    description = Description(MediaFacts(medium, 64, 64), {(kind.name, kind.version): vectors})
    return PackedMedium(name, hashlib.sha256(name.encode()).hexdigest(), description)


def test_a_package_registers_fingerprints_without_pixels(session: Session, tmp_path: Path) -> None:
    media = [packed(name, "image", 1) for name in ("10.png", "2.png", "v1/1.png")] + [packed("ep1.mp4", "video", 2)]
    package.write(tmp_path / "lantern.mkf", media)
    rows = references.import_package(session, factories.work(session), tmp_path / "lantern.mkf")
    assert [(session.get_one(Asset, row.asset_id).name, row.position, row.name) for row in rows] == [
        ("lantern", 1, "2.png"), ("lantern", 2, "10.png"), ("ep1", 0, "ep1.mp4"), ("v1", 1, "v1/1.png"),
    ]  # fmt: skip
    assert not any(config.home.of(session).blobs.has(row.blob) for row in rows)
    assert session.scalar(select(func.count()).select_from(Fingerprint)) == 4


def test_importing_a_package_twice_registers_once(session: Session, tmp_path: Path) -> None:
    work = factories.work(session)
    package.write(tmp_path / "lantern.mkf", [packed("1.png", "image", 1)])
    first, second = (references.import_package(session, work, tmp_path / "lantern.mkf")[0] for _time in range(2))
    assert first.id == second.id


def test_a_disabled_reference_stays_disabled(session: Session, tmp_path: Path) -> None:
    work = factories.work(session)
    film = folder(tmp_path, "ep1.mp4") / "ep1.mp4"
    (row,) = references.register(session, work, [film])
    assert lives.disable(session, row.uuid, by="Aoi Mori").disabled_at is not None
    with pytest.raises(BadReference, match="disabled on"):
        references.register(session, work, [film])


def test_an_exclusion_is_a_stretch_with_a_reason(session: Session) -> None:
    row = factories.reference(session, factories.work(session))
    kept = references.exclude(session, row.uuid, start_s=0, end_s=90, reason="The opening.", by="Aoi Mori")
    assert (kept.reference_id, kept.start_s, kept.end_s) == (row.id, 0, 90)
    with pytest.raises(BadReference):
        references.exclude(session, row.uuid, start_s=90, end_s=90, reason="Nothing.", by="Aoi Mori")


@given(st.lists(st.integers(0, 10**6), unique=True), st.sampled_from(["", "p", "ページ"]))
def test_numbered_pages_sort_as_their_numbers(numbers: list[int], prefix: str) -> None:
    names = [f"{prefix}{number}.png" for number in numbers]
    assert sorted(names, key=references.natural) == [f"{prefix}{number}.png" for number in sorted(numbers)]
