"""The kinds that partners exchange: bit for bit what the ImageHash library says, and only where somebody asks."""

from itertools import pairwise

import imagehash
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fingerprints import kinds
from fingerprints.borders import shrunk
from fingerprints.interface import Frame, MediaFacts, PictureKind
from fingerprints.kinds import UnknownKind
from fingerprints.kinds.colorhash import ColorHash42
from fingerprints.kinds.crop_resistant import CropResistant
from fingerprints.kinds.dhash import Dhash64
from fingerprints.kinds.phash import HASHED_PX, Phash64
from fingerprints.kinds.whash import Whash64
from fingerprints.testing import PictureKindContract, odd_pictures
from tests.measure.drawings import drawing

Pixels = NDArray[np.uint8]
SIZES = (512, 400, 256, 97)
PICTURES = [shrunk(drawing(np.random.default_rng(seed)), size) for seed, size in enumerate(SIZES)] + odd_pictures()
PICTURE = PICTURES[0]


class TestDhash64(PictureKindContract):
    def kind(self) -> PictureKind:
        return Dhash64()


class TestWhash64(PictureKindContract):
    def kind(self) -> PictureKind:
        return Whash64()


class TestColorHash42(PictureKindContract):
    def kind(self) -> PictureKind:
        return ColorHash42()


class TestCropResistant(PictureKindContract):
    def kind(self) -> PictureKind:
        return CropResistant()


def hexes(kind: PictureKind, pixels: Pixels) -> list[str]:
    return [code.tobytes().hex() for code in kind.describe(Frame(pixels)).codes]


def library_areas(pixels: Pixels) -> list[str]:
    return [str(each) for each in imagehash.crop_resistant_hash(Image.fromarray(pixels)).segment_hashes]


def grey_picture(levels: NDArray[np.integer]) -> Pixels:
    return np.repeat(levels.astype(np.uint8)[:, :, None], 3, axis=2)


def test_every_exchange_kind_is_under_contract_described_and_may_travel() -> None:
    tested = {type(case().kind()) for case in (TestDhash64, TestWhash64, TestColorHash42, TestCropResistant)}
    assert {type(kind) for kind in kinds.EXCHANGE_KINDS} == tested
    assert all(kind.may_travel and type(kind).__doc__ for kind in kinds.EXCHANGE_KINDS)


@pytest.mark.parametrize("pixels", PICTURES, ids=lambda pixels: "x".join(map(str, pixels.shape[:2])))
def test_a_code_in_hex_is_what_the_library_prints(pixels: Pixels) -> None:
    picture = Image.fromarray(pixels)
    assert hexes(Dhash64(), pixels) == [str(imagehash.dhash(picture))]
    assert hexes(Whash64(), pixels) == [str(imagehash.whash(picture))]
    assert hexes(ColorHash42(), pixels) == ["0" + str(imagehash.colorhash(picture))]


@pytest.mark.parametrize("pixels", [each for each in PICTURES if max(each.shape) <= HASHED_PX])
def test_the_phash_of_a_small_picture_is_the_librarys(pixels: Pixels) -> None:
    assert hexes(Phash64(), pixels) == [str(imagehash.phash(Image.fromarray(pixels)))]


@pytest.mark.parametrize("seed", range(8))
def test_the_phash_of_a_larger_picture_is_within_four_bits_of_the_librarys(seed: int) -> None:
    pixels = shrunk(drawing(np.random.default_rng(seed)), 512)
    theirs = imagehash.phash(Image.fromarray(pixels))
    assert imagehash.hex_to_hash(hexes(Phash64(), pixels)[0]) - theirs <= 4


@pytest.mark.parametrize("number", range(len(PICTURES)))
def test_crop_resistant_codes_are_the_librarys_in_its_order(number: int) -> None:
    assert hexes(CropResistant(), PICTURES[number]) == library_areas(PICTURES[number])


@pytest.mark.parametrize("cell", [6, 12])
def test_crop_resistant_codes_agree_where_there_are_many_areas(cell: int) -> None:
    random = np.random.default_rng(cell)
    levels = np.kron(random.integers(0, 256, (300 // cell, 300 // cell)), np.ones((cell, cell), np.uint8))
    codes = hexes(CropResistant(), grey_picture(levels))
    assert codes == library_areas(grey_picture(levels))
    assert len(codes) > 10


def test_the_last_valley_is_left_out_as_the_library_leaves_it_out() -> None:
    levels = np.full((300, 300), 255)
    levels[270:, 270:] = 0  # 900 pixels: fewer than the library counts around the picture
    codes = hexes(CropResistant(), grey_picture(levels))
    assert codes == library_areas(grey_picture(levels))
    assert len(codes) == 1


def test_a_picture_the_library_stumbles_over_has_no_crop_resistant_code() -> None:
    chequered = grey_picture(np.where(np.indices((300, 300)).sum(axis=0) % 2, 255, 2))  # there, IndexError after 17 s
    assert hexes(CropResistant(), chequered) == []


def test_a_crop_shares_areas_with_its_picture() -> None:
    levels = np.full((300, 400), 255)
    for left, mark in ((30, 3), (150, 5), (270, 7)):
        levels[60:240, left : left + 90] = 40
        levels[100 : 100 + 10 * mark, left + 20 : left + 20 + 8 * mark] = 10 * mark  # a dark figure in each dark panel
    pixels = grey_picture(levels)
    found = CropResistant().describe(Frame(pixels))
    assert len(found.codes) == 4  # the paper and three panels
    assert ((found.positions >= 0) & (found.positions <= 1)).all()
    left, top, right, bottom = found.positions[1].tolist()
    assert np.allclose((left * 400, top * 300, right * 400, bottom * 300), (30, 60, 120, 240), atol=3)
    cropped = CropResistant().describe(Frame(np.ascontiguousarray(pixels[:, 135:])))
    bits = np.bitwise_count(found.codes[2] ^ cropped.codes).sum(axis=1)
    assert bits.min() <= 8


def test_nothing_is_computed_for_exchange_unless_it_is_asked_for() -> None:
    image, film = MediaFacts("image", 640, 480), MediaFacts("video")
    usual = kinds.wanted(image, depth="points")
    assert not {name for name, _ in usual} & {kind.name for kind in kinds.EXCHANGE_KINDS}
    more = kinds.wanted(image, ["dhash64", "crop-resistant"], depth="points")
    assert more == [*usual, ("dhash64", 1), ("crop-resistant", 1)]
    assert kinds.wanted(film, ["dhash64"], depth="points") == kinds.wanted(film, depth="points")


def test_a_hash_may_be_named_twice_or_be_one_that_is_always_computed() -> None:
    chosen = kinds.exchange(["whash64", "phash64", "dhash64", "whash64"])
    assert [kind.name for kind in chosen] == ["whash64", "dhash64"]


def test_an_unknown_hash_is_told_with_the_nearest_known_one() -> None:
    with pytest.raises(UnknownKind, match=r'no fingerprint "dhash" to exchange .* did you mean "dhash64"'):
        kinds.exchange(["dhash"])
    with pytest.raises(UnknownKind, match="known are dhash64, whash64, colorhash42, crop-resistant"):
        kinds.exchange(["0"])


def test_what_shows_the_picture_cannot_be_chosen_for_exchange() -> None:
    with pytest.raises(UnknownKind, match='"thumb"'):
        kinds.exchange(["thumb"])


def test_a_recompressed_picture_keeps_near_every_hash() -> None:
    small = shrunk(PICTURE, 300)
    for kind, most in ((Phash64(), 4), (Dhash64(), 6), (Whash64(), 6)):
        one, other = (kind.describe(Frame(pixels)).codes for pixels in (PICTURE, small))
        assert int(np.bitwise_count(one ^ other).sum()) <= most, kind.name


def test_hills_come_before_valleys_and_each_from_top_to_bottom() -> None:
    levels = np.tile(np.repeat([255, 0, 255, 0], 75)[:, None], (1, 300))
    tops = CropResistant().describe(Frame(grey_picture(levels))).positions[:, 1].tolist()
    assert len(tops) == 4
    assert all(one < other for one, other in pairwise(tops[:2]))
    assert tops[0] < tops[2] < tops[1] < tops[3]
