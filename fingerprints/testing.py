"""The promises of a fingerprint kind, as test classes: subclass one, name the kind, and pytest does the rest."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fingerprints import packing
from fingerprints.interface import FilmKind, Frame, PictureKind, Sound, SoundKind, Table, Vectors

_NAME = re.compile(r"[a-z][a-z0-9-]{1,39}")
SOUND_RATE_HZ = 11025


def drawing(seed: int = 1, width: int = 320, height: int = 240) -> NDArray[np.uint8]:
    """Return a picture with edges, flat colours and shading: enough for every kind to have something to say."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width]
    pixels = np.stack([rows * 255 // max(height, 2), columns * 255 // max(width, 2), (rows + columns) % 256], axis=2)
    for _ in range(24):
        top, left = random.integers(0, height), random.integers(0, width)
        tall, wide = random.integers(4, 60, 2)
        pixels[top : top + tall, left : left + wide] = random.integers(0, 256, 3)
    return pixels.astype(np.uint8)


def odd_pictures() -> list[NDArray[np.uint8]]:
    """Return pictures at the edge of what a decoder yields: one pixel, one line, all of one colour."""
    shapes = ((1, 1), (1, 640), (640, 1), (2, 2), (7, 5))
    flat = [np.full((120, 160, 3), level, np.uint8) for level in (0, 128, 255)]
    return [drawing(3, width, height) for height, width in shapes] + flat


def same(one: Vectors, other: Vectors) -> bool:
    """Say whether two answers are equal bit by bit."""
    return (
        np.array_equal(one.codes, other.codes)
        and np.array_equal(one.positions, other.positions, equal_nan=True)
        and one.facts == other.facts
    )


def assert_storable(vectors: Vectors, table: Table) -> None:
    """Fail unless the vectors can be stored, sent and read back, and look as the kind's table says."""
    shape = packing.shape(vectors)
    packed = packing.codes_bytes(vectors), packing.positions_bytes(vectors)
    assert same(packing.vectors(shape, *packed, vectors.facts), vectors), "the vectors change when stored"
    assert table.fits(vectors), f"the vectors are not as {table} says"


def assert_named(kind: PictureKind | FilmKind | SoundKind) -> None:
    """Fail unless name, version and may_travel are what the database and a package can hold."""
    assert _NAME.fullmatch(kind.name), "a name is 2 to 40 small letters, digits and hyphens"
    assert kind.version >= 1
    assert isinstance(kind.may_travel, bool)


class PictureKindContract:
    """What every PictureKind promises."""

    def kind(self) -> PictureKind:
        """Return a fresh kind under test."""
        raise NotImplementedError("name the kind under test")

    def test_its_name_can_be_stored(self) -> None:
        """The database and packages remember it."""
        assert_named(self.kind())

    def test_the_same_picture_gives_the_same_vectors(self) -> None:
        """Also from another instance, and after other pictures."""
        kind = self.kind()
        first = kind.describe(Frame(drawing(1)))
        kind.describe(Frame(drawing(2)))
        assert same(kind.describe(Frame(drawing(1))), first)
        assert same(self.kind().describe(Frame(drawing(1))), first)

    def test_the_frame_is_not_changed(self) -> None:
        """Every kind sees the same pixels."""
        pixels = drawing(1)
        self.kind().describe(Frame(pixels))
        assert np.array_equal(pixels, drawing(1))

    def test_a_picture_gives_vectors_that_can_be_stored(self) -> None:
        """A drawing has something to say, in tables of the promised shape."""
        vectors = self.kind().describe(Frame(drawing(1)))
        assert len(vectors.codes)
        assert_storable(vectors, self.kind().table)

    def test_odd_pictures_are_survived(self) -> None:
        """One pixel, one line, one colour: few vectors or none, but an answer."""
        for pixels in odd_pictures():
            assert_storable(self.kind().describe(Frame(pixels)), self.kind().table)


class FilmKindContract:
    """What every FilmKind promises."""

    def kind(self) -> FilmKind:
        """Return a fresh kind under test."""
        raise NotImplementedError("name the kind under test")

    def film(self) -> list[NDArray[np.uint8]]:
        """Return at least four pictures, one after the other, of which the kind has something to say; a kind that looks
        for something rare brings its own."""
        return [drawing(seed) for seed in range(5)]

    def watch(self, pictures: Sequence[NDArray[np.uint8]]) -> Vectors:
        """Return what the kind says of these pictures, shown at its own rate."""
        kind = self.kind()
        return self.see(pictures, [number / kind.frames_per_second for number in range(len(pictures))])

    def see(self, pictures: Sequence[NDArray[np.uint8]], moments_s: Sequence[float]) -> Vectors:
        """Return what the kind says of these pictures, shown at these moments."""
        run = self.kind().begin()
        for pixels, at_s in zip(pictures, moments_s, strict=True):
            run.see(Frame(pixels, at_s))
        return run.finish()

    def test_its_name_can_be_stored(self) -> None:
        """The database and packages remember it."""
        assert_named(self.kind())

    def test_its_rate_is_sensible(self) -> None:
        """It wants some frames of a second, and no more than films have."""
        assert 0 < self.kind().frames_per_second <= 60

    def test_its_pace_at_a_glance_is_sensible(self) -> None:
        """It wants key frames at least so far apart, or, with infinity, none; never every one."""
        assert self.kind().glance_s > 0

    def test_the_same_film_gives_the_same_vectors(self) -> None:
        """Also from another instance."""
        assert same(self.watch(self.film()), self.watch(self.film()))

    def test_two_films_at_once_do_not_disturb_each_other(self) -> None:
        """All that is remembered of a film is in its pass."""
        kind = self.kind()
        one, other = kind.begin(), kind.begin()
        for number, pixels in enumerate(self.film()):
            one.see(Frame(pixels, number / kind.frames_per_second))
            other.see(Frame(drawing(number + 50), number / kind.frames_per_second))
        other.finish()
        assert same(one.finish(), self.watch(self.film()))

    def test_the_frames_are_not_changed(self) -> None:
        """Every kind sees the same pixels."""
        film = self.film()
        self.watch(film)
        assert all(np.array_equal(pixels, before) for pixels, before in zip(film, self.film(), strict=True))

    def test_a_film_gives_vectors_that_can_be_stored(self) -> None:
        """It has something to say of its own film, in tables of the promised shape, in order of time."""
        vectors = self.watch(self.film())
        assert len(vectors.codes)
        assert_storable(vectors, self.kind().table)
        assert (np.diff(vectors.positions[:, 0]) >= 0).all(), "the first column is the second in the film, in order"

    def test_pictures_of_uneven_moments_are_survived(self) -> None:
        """As a glance shows them: key frames come when they come, and two may come at once."""
        film = self.film()
        for step_s in (0.0, 0.4, 1e4):
            assert_storable(self.see(film, [step_s * number**1.5 for number in range(len(film))]), self.kind().table)

    def test_a_film_without_frames_has_no_vectors(self) -> None:
        """The answer is empty tables, not an error."""
        vectors = self.kind().begin().finish()
        assert len(vectors.codes) == 0
        assert_storable(vectors, self.kind().table)

    def test_odd_pictures_are_survived(self) -> None:
        """One pixel, one line, one colour, also changing size on the way."""
        for pixels in odd_pictures():
            assert_storable(self.watch([pixels] * 3), self.kind().table)
        assert_storable(self.watch(odd_pictures()), self.kind().table)


class SoundKindContract:
    """What every SoundKind promises."""

    def kind(self) -> SoundKind:
        """Return a fresh kind under test."""
        raise NotImplementedError("name the kind under test")

    def hear(self, samples: NDArray[np.float32]) -> Vectors:
        """Return what the kind says of these samples."""
        return self.kind().describe(Sound(samples, SOUND_RATE_HZ))

    def test_its_name_can_be_stored(self) -> None:
        """The database and packages remember it."""
        assert_named(self.kind())

    def test_the_same_sound_gives_the_same_vectors(self) -> None:
        """Also from another instance, and after other sounds."""
        kind = self.kind()
        first = kind.describe(Sound(tune(1), SOUND_RATE_HZ))
        kind.describe(Sound(tune(2), SOUND_RATE_HZ))
        assert same(kind.describe(Sound(tune(1), SOUND_RATE_HZ)), first)
        assert same(self.hear(tune(1)), first)

    def test_the_samples_are_not_changed(self) -> None:
        """Every kind hears the same sound."""
        samples = tune(1)
        self.hear(samples)
        assert np.array_equal(samples, tune(1))

    def test_a_sound_gives_vectors_that_can_be_stored(self) -> None:
        """Eight seconds of music have something to say, in tables of the promised shape."""
        vectors = self.hear(tune(1))
        assert len(vectors.codes)
        assert_storable(vectors, self.kind().table)

    def test_odd_sounds_are_survived(self) -> None:
        """Nothing, one sample, silence, the loudest there is."""
        lengths = (0, 1, 100, SOUND_RATE_HZ * 3)
        for samples in [np.full(length, level, np.float32) for length in lengths for level in (0.0, 1.0, -1.0)]:
            assert_storable(self.hear(samples), self.kind().table)


def tune(seed: int, seconds: float = 8.0) -> NDArray[np.float32]:
    """Return a melody of random notes with a little noise."""
    random = np.random.default_rng(seed)
    count = int(seconds * SOUND_RATE_HZ)
    notes = np.repeat(random.uniform(200, 2000, 64), count // 64 + 1)[:count]
    sound = 0.5 * np.sin(2 * np.pi * np.cumsum(notes) / SOUND_RATE_HZ) + 0.02 * random.standard_normal(count)
    return np.clip(sound, -1, 1).astype(np.float32)
