"""Blobs are what they were, or they are not there."""

import os
import resource
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import clock
from config.blobs import BlobMissing, BlobStore


@given(content=st.binary(max_size=5000))
def test_what_was_put_comes_back(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    store = BlobStore(tmp_path_factory.getbasetemp() / "blobs")
    assert store.get(store.put(content)) == content


def test_the_same_bytes_are_kept_once(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    first, second = store.put(b"page"), store.put(b"page")
    assert first == second
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_a_file_and_its_bytes_have_one_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 3_000_000)
    store = BlobStore(tmp_path / "blobs")
    assert store.put_file(tmp_path / "file") == store.put(b"x" * 3_000_000)


def test_a_missing_blob_says_which(tmp_path: Path) -> None:
    with pytest.raises(BlobMissing, match="ab" * 32):
        BlobStore(tmp_path).get("ab" * 32)


def test_a_stored_blob_is_read_only(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    assert store.path(store.put(b"x")).stat().st_mode & 0o222 == 0


def test_a_full_disk_is_one_sentence_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from config.blobs import BlobStore, DiskFull\n"
        "try: BlobStore(Path(sys.argv[1])).put(b'x' * 100_000)\n"
        "except DiskFull as full: print(full); sys.exit(1)"
    )

    def small_files_only() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "blobs")], preexec_fn=small_files_only,
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    assert ran.returncode == 1
    assert "free some space" in ran.stdout
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []


def test_what_killed_processes_left_half_written_goes_after_a_day(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    kept = store.put(b"whole")
    left, fresh = tmp_path / ".part-left", tmp_path / ".part-fresh"
    for part in (left, fresh):
        part.write_bytes(b"half")
    two_days_ago = (clock.now() - timedelta(days=2)).timestamp()
    for old in (left, store.path(kept)):
        os.utime(old, (two_days_ago, two_days_ago))

    store.tidy()

    assert not left.exists()
    assert fresh.exists()
    assert store.has(kept)
