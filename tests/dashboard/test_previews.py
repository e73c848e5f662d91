"""Previews: safe small pictures of stored media, which go with what they show."""

import io
from pathlib import Path

import pytest
from PIL import Image

from config import derived
from config.home import Home
from dashboard import previews


def stored(home: Home) -> str:
    out = io.BytesIO()
    Image.new("RGB", (640, 480), "teal").save(out, "PNG")
    return home.blobs.put(out.getvalue())


def test_what_is_made_of_a_blob_is_known_as_made_of_it(own_home: Home) -> None:
    blob = stored(own_home)
    path = previews.picture(own_home, blob, "thumb")
    assert Image.open(path).size == (160, 120)
    own_home.blobs.path(blob).unlink()
    assert derived.forget(own_home, {blob}) == {blob: [f"{blob}.thumb.jpg"]}
    assert not path.exists()
    with pytest.raises(previews.NoPreview):
        previews.picture(own_home, blob, "thumb")


def test_what_is_being_made_of_a_blob_that_is_deleted_meanwhile_is_not_kept(own_home: Home) -> None:
    blob = stored(own_home)
    path = derived.folder(own_home) / f"{blob}.webm"

    def write(out: Path) -> None:
        out.write_bytes(b"a film")
        own_home.blobs.path(blob).unlink()

    with pytest.raises(previews.NoPreview):
        previews.made_of(own_home, blob, path, write)
    assert list(derived.folder(own_home).iterdir()) == []
