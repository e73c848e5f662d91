"""Any picture whatever: every kind answers, alike each time, with vectors that survive storage, and changes nothing."""

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fingerprints import kinds, packing
from fingerprints.interface import Frame, PictureKind
from fingerprints.testing import same
from tests.measure.drawings import drawing

EVERY: list[PictureKind] = [*kinds.PICTURE_KINDS, *kinds.EXCHANGE_KINDS]


@st.composite
def pictures(draw: st.DrawFn) -> np.ndarray:
    """Draw noise, one tone, a gradient or a drawing, of any shape down to one pixel."""
    height, width = draw(st.integers(1, 90)), draw(st.integers(1, 90))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    look = draw(st.sampled_from(["noise", "tone", "gradient", "drawing", "two tones"]))
    if look == "noise":
        return random.integers(0, 256, (height, width, 3), np.uint8)
    if look == "drawing":
        return np.asarray(cv2.resize(drawing(random), (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    out = np.full((height, width, 3), random.integers(0, 256), np.uint8)
    if look == "gradient":
        out[:] = np.linspace(0, 255, width).astype(np.uint8)[None, :, None]
    if look == "two tones":
        out[: height // 2] = random.integers(0, 256)
    return out


@given(picture=pictures(), which=st.sampled_from(EVERY))
@settings(max_examples=150, deadline=None)
def test_any_picture_is_described_alike_each_time_and_survives_storage(picture: np.ndarray, which: PictureKind) -> None:
    before = picture.copy()
    found = which.describe(Frame(picture))
    assert same(found, which.describe(Frame(before)))
    assert (picture == before).all()
    shape = packing.shape(found)
    back = packing.vectors(shape, packing.codes_bytes(found), packing.positions_bytes(found), found.facts)
    assert same(back, found)


@given(picture=pictures(), turn=st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_points_and_regions_lie_inside_the_picture(picture: np.ndarray, turn: int) -> None:
    frame = Frame(np.ascontiguousarray(np.rot90(picture, turn)))
    by_name = kinds.picture_kinds()
    points, hashes = by_name["rootsift"].describe(frame), by_name["pdq256"].describe(frame)
    assert (points.positions[:, 0] <= points.facts["width"] + 1).all()
    assert (points.positions[:, 1] <= points.facts["height"] + 1).all()
    assert ((hashes.positions[:, 2:] >= 0) & (hashes.positions[:, 2:] <= 1)).all()
