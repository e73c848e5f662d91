"""What a home asks for in [fingerprints] exchange is stored with the rest, also of what was described before."""

import imagehash
import pytest
from PIL import Image

from config import settings
from config.home import Home
from fingerprints import kinds, store
from fingerprints.kinds import UnknownKind
from fingerprints.testing import drawing
from tests.fingerprints import media


def exchanging(home: Home, *names: str) -> Home:
    """The same home after somebody wrote these names into its settings."""
    asked = {"MEKIKI_FINGERPRINTS__EXCHANGE": str(list(names)), "MEKIKI_DATABASE__URL": home.settings.database_url}
    return Home(settings.load(home.path, environment=asked), home.engine)


def put_picture(home: Home) -> str:
    return home.blobs.put(media.jpeg(Image.fromarray(drawing(1))))


def describe(home: Home, blob: str) -> None:
    with home.sessions().begin() as session:
        store.describe(session, [blob], depth="points")


def test_a_home_that_asks_for_nothing_stores_what_matching_needs(home):
    blob = put_picture(home)
    describe(home, blob)
    with home.readers()() as session:
        assert all(store.load(session, blob, kind.name, kind.version) is None for kind in kinds.EXCHANGE_KINDS)
        assert all(store.load(session, blob, kind.name, kind.version) for kind in kinds.PICTURE_KINDS)


def test_a_home_that_asks_for_a_hash_stores_it_also_of_what_it_knew_before(home):
    blob = put_picture(home)
    describe(home, blob)
    describe(exchanging(home, "dhash64"), blob)
    with home.readers()() as session:
        found = store.load(session, blob, "dhash64", 1)
    assert found is not None
    assert found.codes[0].tobytes().hex() == str(imagehash.dhash(Image.open(home.blobs.path(blob))))


def test_a_wrong_name_stops_the_work_and_blames_no_file(home):
    asking = exchanging(home, "dhash46")
    blob = put_picture(home)
    with asking.sessions()() as session, pytest.raises(UnknownKind, match='did you mean "dhash64"') as told:
        store.describe(session, [blob], depth="points")
    assert not told.value.permanent
    with home.readers()() as session:
        assert store.medium(session, blob) is None
