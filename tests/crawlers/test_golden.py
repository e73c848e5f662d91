"""Every reader reads its saved pages as it did when a person looked at them."""

from pathlib import Path

import pytest

from crawlers import spiders, testing
from crawlers.testing import GoldenPage

GOLDEN = testing.golden_pages(Path(__file__).parents[1] / "pages")


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.name)
def test_a_saved_page_is_read_as_it_was(golden: GoldenPage) -> None:
    assert golden.found() == golden.expected


def test_every_reader_has_a_golden_page() -> None:
    proved = {golden.source.kind for golden in GOLDEN} | {golden.source.id.replace("-", "_") for golden in GOLDEN}

    assert set(spiders.names()) <= proved
