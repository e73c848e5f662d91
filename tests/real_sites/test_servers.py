"""What was put into a shop, a gallery, a wiki and a forum that others wrote comes out of a sweep as it was."""

from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.real_sites import software, stock
from tests.real_sites.conftest import Sweep, Swept

THUMBNAIL_ERROR = 12  # grey levels between a picture and a thumbnail of it, on average


@pytest.fixture
def swept(request: pytest.FixtureRequest, tmp_path: Path, drawn: Path, sweep: Sweep) -> Swept:
    """The server of the test's name, filled and swept."""
    with software.running(*software.django(request.param, tmp_path / "server", drawn)) as port:
        return sweep(request.param, port)


def pixels(content: bytes) -> np.ndarray:
    found = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert found is not None
    return cv2.resize(found, (64, 64), interpolation=cv2.INTER_AREA).astype(float)


@pytest.mark.parametrize("swept", ["shop"], indirect=True)
def test_the_offers_of_a_shop_have_their_price_and_their_photographs(swept: Swept, drawn: Path) -> None:
    assert set(swept.findings) == {offer.title for offer in stock.OFFERS}
    for offer in stock.OFFERS:
        found = swept.findings[offer.title]
        assert (found.price, found.currency, found.is_commercial) == (offer.price, offer.currency, True)
        assert found.stock == ("in stock" if offer.in_stock else "sold out")
        assert offer.text in found.text
        shown = swept.bodies(offer.title)
        assert len(shown) == len(offer.pictures)
        for body, name in zip(shown, offer.pictures, strict=True):  # the shop shows thumbnails of what it was given
            assert np.abs(pixels(body) - pixels((drawn / name).read_bytes())).mean() < THUMBNAIL_ERROR


@pytest.mark.parametrize("swept", ["gallery"], indirect=True)
def test_the_photographs_of_a_gallery_are_the_files_it_was_given(swept: Swept, drawn: Path) -> None:
    assert set(swept.findings) == {photo.title for photo in stock.PHOTOS}
    for photo in stock.PHOTOS:
        assert photo.text in swept.findings[photo.title].text
        assert swept.findings[photo.title].published_at is not None
        assert swept.bodies(photo.title) == [(drawn / photo.picture).read_bytes()]
    assert swept.findings["Cat and umbrella"].attribution == "出典: 提灯街道 第3話"


@pytest.mark.parametrize("swept", ["wiki"], indirect=True)
def test_the_articles_of_a_wiki_show_the_pictures_that_were_uploaded(swept: Swept, drawn: Path) -> None:
    assert set(swept.findings) == {article.title for article in stock.ARTICLES}
    for article in stock.ARTICLES:
        assert article.text in swept.findings[article.title].text
        assert swept.bodies(article.title) == [(drawn / article.picture).read_bytes()]


@pytest.mark.parametrize("swept", ["forum"], indirect=True)
def test_the_topics_of_a_forum_have_their_author_and_their_date(swept: Swept, drawn: Path) -> None:
    assert set(swept.findings) == {post.title for post in stock.POSTS}
    for post in stock.POSTS:
        found = swept.findings[post.title]
        assert post.text in found.text
        assert found.uploader == post.author
        assert found.published_at == datetime.fromisoformat(post.posted)
        assert swept.bodies(post.title) == [(drawn / post.picture).read_bytes()]
