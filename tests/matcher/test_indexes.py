import numpy as np
import pytest
from numpy.typing import NDArray

from fingerprints.borders import shrunk
from fingerprints.interface import Frame
from fingerprints.kinds.rootsift import RootSift
from matcher.indexes import indexes
from matcher.indexes.float_ivf import FloatIvf
from matcher.indexes.hash_index import HashIndex
from matcher.indexes.numbering import ROWS, entries, owner_of, row_of
from matcher.indexes.shipped_lists import background
from matcher.indexes.sift_ivf import SiftIvf
from matcher.interface import Index
from matcher.testing import IndexContract
from tests.measure.drawings import drawing


class TestHashIndex(IndexContract):
    def make(self) -> Index:
        return HashIndex()

    def sample(self, count: int, seed: int) -> NDArray[np.uint8]:
        return np.random.default_rng(seed).integers(0, 256, (count, 32), dtype=np.uint8)


class TestSiftIvf(IndexContract):
    least_recall = 0.97  # it looks into 4 of 16,384 lists
    order_error, distance_error = 30.0, 200.0  # of vectors of length 512, stored in 16 of 128 bytes
    is_binary = False

    def make(self) -> Index:
        return SiftIvf()

    def sample(self, count: int, seed: int) -> NDArray[np.uint8]:
        """Real descriptors: uniform noise has no lists."""
        picture = shrunk(drawing(np.random.default_rng(seed // 3)), 320)
        codes = RootSift().describe(Frame(picture)).codes
        while len(codes) < count:
            codes = np.concatenate([codes, np.roll(codes, 8, axis=1)])
        shaken = np.random.default_rng(seed).integers(-6, 7, (count, 128))
        return np.clip(codes[:count].astype(int) + shaken, 0, 255).astype(np.uint8)


class TestFloatIvf(IndexContract):
    is_binary = False

    def make(self) -> Index:
        return FloatIvf()

    def sample(self, count: int, seed: int) -> NDArray[np.uint8]:
        return np.random.default_rng(seed).standard_normal((count, 24)).astype(np.float32).view(np.uint8)

    def near(self, codes: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
        noise = np.random.default_rng(seed).standard_normal((len(codes), 24)) * 0.1
        return (codes.view(np.float32) + noise).astype(np.float32).view(np.uint8)

    def distances(self, queries: NDArray[np.uint8], stored: NDArray[np.uint8]) -> NDArray[np.float64]:
        wide = queries.view(np.float32)[:, None].astype(np.float64) - stored.view(np.float32)[None]
        return np.sqrt((wide**2).sum(axis=2))


class TestFloatIvfOfMany(TestFloatIvf):
    """The same promises where the base has lists, and everything is in it."""

    def make(self) -> Index:
        class OfMany(FloatIvf):
            many = 20

            def add(self, owner: int, codes: NDArray[np.uint8]) -> None:
                super().add(owner, codes)
                self.compact()

        return OfMany()


def test_every_index_that_can_be_named_is_under_contract() -> None:
    under_contract = {type(case().make()).name for case in (TestHashIndex, TestSiftIvf, TestFloatIvf)}
    assert under_contract == {kind.make().name for kind in indexes().values()} == {*indexes()}


def test_the_shipped_background_needs_no_pickle_and_fits_its_index() -> None:
    shipped = background()
    assert shipped.centroids.dtype == np.uint8
    assert shipped.centroids.shape[1] == shipped.codes.shape[1] == 128
    assert len(shipped.codes) == len(shipped.pictures)
    assert len(np.unique(shipped.pictures)) == 100
    assert len(SiftIvf()) == 0


def test_background_pictures_are_neighbours_but_no_references() -> None:
    hits = SiftIvf().search(background().codes[:50], 8)
    assert all(found and found[0].owner < 0 for found in hits)


@pytest.mark.parametrize(("owner", "row"), [(0, 0), (7, 299), (2**40, ROWS - 1), (-100, 3)])
def test_an_entry_remembers_its_owner_and_row(owner: int, row: int) -> None:
    entry = int(entries(owner, row + 1)[-1])
    assert (owner_of(entry), row_of(entry)) == (owner, row)


def test_more_rows_than_an_owner_may_have_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        entries(1, ROWS + 1)
