"""A film whose edit list would keep a demuxer busy for a minute is described at once, wherever the list hides."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from fingerprints import films
from fingerprints.decode import Describer
from fingerprints.edits import MOST_BOXES, MOST_EDITS, PIECE_BYTES, has_many_edits
from fingerprints.sniff import sniff
from tests.fingerprints import media
from tests.measure.odd_films import MANY_EDITS, box, boxes, edited

Film = Callable[[bytes], bytes]  # a film with this box laid somewhere into it
TICKS = 12288  # of the film's own clock, in a second


def edit_list(count: int, *, claims: int | None = None, version: int = 0) -> bytes:
    """A list that shows the film's first 0.9 s over and over, a millisecond each."""
    row = ">Qqhh" if version else ">Iihh"
    rows = b"".join(struct.pack(row, 1, number % 900, 1, 0) for number in range(count))
    return box(b"elst", struct.pack(">II", version << 24, count if claims is None else claims) + rows)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Two seconds, without any edits; the index comes last."""
    content = media.drawn_film(tmp_path_factory.mktemp("bare") / "a.mp4", 2).read_bytes()
    return edited(content, b"edts", lambda _: b"")


def below(parent: bytes, *wraps: bytes) -> Callable[[bytes, bytes], bytes]:
    """Lays a box at the end of each parent of a kind, wrapped into others."""

    def lay(content: bytes, new: bytes) -> bytes:
        for wrap in wraps:
            new = box(wrap, new)
        return edited(content, parent, lambda body: body + new)

    return lay


def compressed(content: bytes, new: bytes) -> bytes:
    parts = dict(boxes(below(b"edts")(content, new)))
    index = box(b"moov", parts.pop(b"moov"))
    packed = box(b"cmvd", struct.pack(">I", len(index)) + zlib.compress(index))
    hidden = box(b"moov", box(b"cmov", box(b"dcom", b"zlib") + packed))
    return b"".join(box(*part) for part in parts.items()) + hidden


PLACES = {
    "edts": below(b"edts"), "trak": below(b"trak"), "mdia": below(b"mdia"), "udta": below(b"trak", b"udta"),
    "compressed": compressed,
}  # fmt: skip


def demuxed(path: Path) -> int:
    with films.opened(path, sniff(path.read_bytes()[:4096]), media.LIMITS) as streams:
        return sum(1 for packet in films.packets(streams) if packet.size)


def shown(path: Path) -> int:
    with films.opened(path, sniff(path.read_bytes()[:4096]), media.LIMITS) as streams:
        return sum(1 for _ in films.decoded(streams))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("version", [0, 1])
def test_a_film_of_many_edits_is_demuxed_once(place: str, version: int, bare: bytes, tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(PLACES[place](bare, edit_list(500, version=version)))
    assert demuxed(path) == 24


def test_a_list_counts_by_its_size_whatever_it_claims(bare: bytes, tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(PLACES["edts"](bare, edit_list(500, claims=1)))
    assert demuxed(path) == 24
    assert not has_many_edits(io.BytesIO(PLACES["edts"](bare, edit_list(1, claims=500))))


@pytest.mark.parametrize("size", [0, 1])
def test_a_list_whose_size_is_written_otherwise_is_found(size: int, bare: bytes, tmp_path):
    plain = edit_list(500)
    long = struct.pack(">Q", len(plain) + 8) if size else b""
    path = tmp_path / "a.mp4"
    path.write_bytes(PLACES["edts"](bare, struct.pack(">I", size) + b"elst" + long + plain[8:]))
    assert demuxed(path) == 24


def test_the_few_edits_of_an_ordinary_film_are_followed(bare: bytes, tmp_path):
    cut = struct.pack(">Iihh", 1000, TICKS, 1, 0)  # a second, from the first on
    for name, rows in {"cut.mp4": cut, "whole.mp4": b""}.items():
        list_ = box(b"elst", struct.pack(">II", 0, len(rows) // 12) + rows)
        (tmp_path / name).write_bytes(PLACES["edts"](bare, list_))
        assert not has_many_edits(io.BytesIO((tmp_path / name).read_bytes()))
    assert shown(tmp_path / "whole.mp4") == 24
    assert shown(tmp_path / "cut.mp4") == 12


def test_as_many_edits_as_are_allowed_are_not_many(bare: bytes):
    for count, is_many in ((MOST_EDITS, False), (MOST_EDITS + 1, True)):
        for version in (0, 1):
            content = PLACES["edts"](bare, edit_list(count, version=version))
            assert has_many_edits(io.BytesIO(content)) is is_many


@pytest.mark.parametrize("lead", range(PIECE_BYTES - 40, PIECE_BYTES + 4, 3))
def test_a_list_between_two_pieces_is_found(lead: int):
    content = box(b"ftyp", b"isom") + box(b"moov", bytes(lead - 8 - 12) + edit_list(500))
    assert has_many_edits(io.BytesIO(content))


def test_pictures_that_look_like_a_list_are_not_read(bare: bytes):
    assert not has_many_edits(io.BytesIO(bare + box(b"mdat", edit_list(500))))
    assert not has_many_edits(io.BytesIO(bare + struct.pack(">I4sQ", 1, b"mdat", 16 + 10_000) + edit_list(500)))
    assert has_many_edits(io.BytesIO(box(b"mdat", edit_list(500)) + box(b"free", edit_list(500))))


def test_broken_boxes_are_survived_and_the_file_is_at_its_start_again(bare: bytes):
    many = PLACES["edts"](bare, edit_list(70))
    for cut in range(0, len(many), 97):
        file = io.BytesIO(many[:cut])
        has_many_edits(file)
        assert file.tell() == 0
    for head in (b"", b"\0\0\0\1", b"\0\0\0\1mdat", b"\0\0\0\7moov" + bytes(99), struct.pack(">I4sQ", 1, b"moov", 3)):
        assert not has_many_edits(io.BytesIO(head))
    assert not has_many_edits(io.BytesIO(struct.pack(">I4sQ", 1, b"moov", 2**64 - 1) + bytes(99)))


def test_a_file_of_nothing_but_boxes_is_not_looked_through():
    assert has_many_edits(io.BytesIO(box(b"free", b"") * (MOST_BOXES + 1)))
    assert not has_many_edits(io.BytesIO(box(b"free", b"") * (MOST_BOXES - 1)))


def test_a_film_of_twenty_thousand_edits_is_described_like_one_of_none(bare: bytes, tmp_path):
    (tmp_path / "none.mp4").write_bytes(bare)
    (tmp_path / "many.mp4").write_bytes(PLACES["edts"](bare, edit_list(MANY_EDITS)))
    with Describer(media.LIMITS) as describer:
        for depth in ("points", "glance"):
            [(_, none), (_, many)] = describer.describe([tmp_path / "none.mp4", tmp_path / "many.mp4"], depth=depth)
            assert many.error is None
            assert many.facts == none.facts
            assert set(many.fingerprints) == set(none.fingerprints)
