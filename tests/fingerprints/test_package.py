"""Fingerprint packages: what goes in comes out, pixels never do, and a hostile package is refused in one sentence."""

import io
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fingerprints import package
from fingerprints.interface import Description, MediaFacts, Vectors
from fingerprints.kinds.pdq import Pdq256
from fingerprints.package import BadPackage, NothingToPack, PackedMedium
from fingerprints.testing import same

FACTS = MediaFacts("image", 640, 480)
SHA256 = "0f" * 32
VERSION = Pdq256.version


@st.composite
def vectors(draw: st.DrawFn) -> Vectors:
    count, columns = draw(st.integers(0, 20)), Pdq256.table.columns
    codes = draw(arrays.arrays(np.uint8, (count, 32)))
    drawn = [draw(arrays.arrays(np.float32, count, elements=st.floats(each.least, each.most, width=32)))
             for each in columns]  # fmt: skip
    return Vectors(codes, np.column_stack(drawn))


def medium(found: Vectors, kind: str = "pdq256", name: str = "sheet-01.png") -> PackedMedium:
    return PackedMedium(name, SHA256, Description(FACTS, {(kind, VERSION): found}))


def some() -> Vectors:
    return Vectors(np.arange(64, dtype=np.uint8).reshape(2, 32), np.zeros((2, 7), np.float32))


@settings(max_examples=60, deadline=None)
@given(vectors(), st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=60))
def test_what_goes_in_comes_out(found: Vectors, name: str):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.mkf"
        assert package.write(path, [medium(found, name=name)]) == 1
        (back,) = package.read(path)
    assert (back.name, back.sha256, back.description.facts) == (name, SHA256, FACTS)
    assert same(back.description.fingerprints["pdq256", VERSION], found)


def test_what_shows_the_picture_does_not_travel(tmp_path):
    description = Description(FACTS, {("pdq256", VERSION): some(), ("thumb", 1): some(), ("unknown", 1): some()})
    package.write(tmp_path / "a.mkf", [PackedMedium("a.png", SHA256, description)])
    (back,) = package.read(tmp_path / "a.mkf")
    assert set(back.description.fingerprints) == {("pdq256", VERSION)}
    with zipfile.ZipFile(tmp_path / "a.mkf") as written:
        assert not [name for name in written.namelist() if "thumb" in name or "unknown" in name]


def test_unreadable_media_are_left_out_and_nothing_at_all_is_told(tmp_path):
    unreadable = PackedMedium("b.png", SHA256, Description(None, {}, "broken."))
    assert package.write(tmp_path / "a.mkf", [medium(some()), unreadable]) == 1
    before = (tmp_path / "a.mkf").read_bytes()
    with pytest.raises(NothingToPack):
        package.write(tmp_path / "a.mkf", [unreadable])
    assert (tmp_path / "a.mkf").read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.mkf"]


def changed(path: Path, **entries: Any) -> Path:
    """Rewrite the package at `path` with the manifest changed at the top, or in its first medium or table."""
    with zipfile.ZipFile(path) as old:
        content = {name: old.read(name) for name in old.namelist()}
    manifest = json.loads(content["manifest.json"])
    for target in (manifest, manifest["media"][0], manifest["media"][0]["fingerprints"][0]):
        target.update({key: value for key, value in entries.items() if key in target})
    content["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(path, "w") as new:
        for name, body in content.items():
            new.writestr(name, body)
    return path


@pytest.mark.parametrize(
    "entries",
    [
        {"format": "another"}, {"version": 2}, {"version": "1e9"}, {"sha256": "../../etc/passwd"}, {"sha256": 5},
        {"name": ""}, {"name": "a\x00b"}, {"name": "x" * 501}, {"name": None}, {"media": 7}, {"media": [1]},
        {"kind": "../up"}, {"kind": 3}, {"count": -1}, {"count": 3}, {"count": 10**30}, {"width": 1 << 40},
        {"columns": 2}, {"count": "2 rows"}, {"facts": None}, {"facts": {"medium": "text"}}, {"facts": {"x": "y"}},
        {"fingerprints": None}, {"fingerprints": [{}]},
    ],
)  # fmt: skip
def test_an_impossible_table_of_contents_is_refused(tmp_path, entries: dict[str, Any]):
    package.write(tmp_path / "a.mkf", [medium(some())])
    with pytest.raises(BadPackage) as refused:
        package.read(changed(tmp_path / "a.mkf", **entries))
    assert str(refused.value).startswith(str(tmp_path / "a.mkf"))


def test_fingerprints_that_their_kind_never_makes_are_refused(tmp_path):
    odd = some()
    odd.positions[1, 1] = 1e9  # a quality
    package.write(tmp_path / "a.mkf", [medium(odd)])
    with pytest.raises(BadPackage, match="pdq256 fingerprints are not what that kind makes"):
        package.read(tmp_path / "a.mkf")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.mkf", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("manifest.json", "[" * (30 << 20))
    with pytest.raises(BadPackage, match="unpacks to far more than fingerprints do"):
        package.read(tmp_path / "bomb.mkf")


def test_a_deeply_nested_table_of_contents_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "deep.mkf", "w") as deep:
        deep.writestr("manifest.json", "[" * 200_000)
    with pytest.raises(BadPackage):
        package.read(tmp_path / "deep.mkf")


def test_other_ways_of_packing_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.mkf", "w", zipfile.ZIP_LZMA) as odd:
        odd.writestr("manifest.json", "{}")
    with pytest.raises(BadPackage, match="packed in a way"):
        package.read(tmp_path / "a.mkf")


@pytest.mark.parametrize("content", [b"", b"words", b"PK\x03\x04" + bytes(40)])
def test_what_is_no_package_is_refused(tmp_path, content: bytes):
    (tmp_path / "a.mkf").write_bytes(content)
    with pytest.raises(BadPackage, match="not a fingerprint package"):
        package.read(tmp_path / "a.mkf")


def test_a_missing_package_is_told(tmp_path):
    with pytest.raises(BadPackage, match="cannot be opened"):
        package.read(tmp_path / "absent.mkf")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_random_damage_never_raises_anything_else(data: st.DataObject):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.mkf"
        package.write(path, [medium(some())])
        broken = io.BytesIO(path.read_bytes()).getbuffer()
        for _ in range(3):
            broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(broken)
        try:
            read = package.read(path)
        except BadPackage:
            return
        assert len(read) <= 1
