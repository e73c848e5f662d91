"""The promises of sealed ZIP files: anybody can unpack them, and no byte changes unnoticed."""

import random
import zipfile
from pathlib import Path

import pytest

from crawlers import sealed_zip

FILES = {"README.md": b"read me\n", "bodies/絵.bin": bytes(range(256)) * 20, "empty": b""}
SMALL = 200  # so that a few hundred bytes are written as four gigabytes would be


def packed(path: Path, large: int = 0xFFFFFFFF) -> Path:
    with path.open("wb") as out:
        writer = sealed_zip.Writer(out, large)
        for name, content in FILES.items():
            writer.add(name, content)
        writer.close()
    return path


@pytest.mark.parametrize("large", [0xFFFFFFFF, SMALL], ids=["small", "large"])
def test_what_is_packed_comes_out_again_with_any_reader(tmp_path: Path, large: int) -> None:
    path = packed(tmp_path / "a.zip", large)
    with zipfile.ZipFile(path) as plain:
        assert plain.testzip() is None
        assert {name: plain.read(name) for name in plain.namelist()} == FILES
    ours = sealed_zip.read(path, large)
    assert ours.faults == ()
    assert {name: ours.get(name, 1 << 20) for name in ours.packed} == FILES


@pytest.mark.parametrize("large", [0xFFFFFFFF, SMALL], ids=["small", "large"])
def test_every_single_changed_byte_is_noticed(tmp_path: Path, large: int) -> None:
    whole = packed(tmp_path / "a.zip", large).read_bytes()
    chance = random.Random(7)
    structure = [at for at in range(len(whole)) if not 170 < at < 5000]  # every header; a sample of the contents
    for at in structure + chance.sample(range(170, 5000), 40):
        (tmp_path / "b.zip").write_bytes(whole[:at] + bytes([whole[at] ^ (1 << chance.randrange(8))]) + whole[at + 1 :])
        try:
            faults = sealed_zip.read(tmp_path / "b.zip", large).faults
        except sealed_zip.NotSealed as broken:
            faults = (str(broken),)
        assert faults, f"byte {at}"


@pytest.mark.parametrize("change", [lambda whole: whole[:-1], lambda whole: whole + b"x", lambda whole: b"x" + whole])
def test_bytes_cut_off_or_put_on_are_noticed(tmp_path: Path, change: object) -> None:
    path = packed(tmp_path / "a.zip")
    path.write_bytes(change(path.read_bytes()))  # type: ignore[operator]
    try:
        faults = sealed_zip.read(path).faults
    except sealed_zip.NotSealed as broken:
        faults = (str(broken),)
    assert faults


def test_a_compressed_zip_file_is_not_one_of_ours(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as plain:
        plain.writestr("README.md", b"a" * 1000)
    with pytest.raises(sealed_zip.NotSealed):
        sealed_zip.read(tmp_path / "a.zip")
