"""Every reader reads its saved pages as it did when a person looked at them."""

from pathlib import Path

import pytest

from crawlers import spiders, testing, trial
from crawlers.testing import GoldenPage

EXAMPLES = Path(__file__).parents[2] / "config" / "sources"
GOLDEN = testing.golden_pages(Path(__file__).parents[1] / "pages")
SHIPPED = testing.golden_pages(EXAMPLES / testing.FOLDER)


@pytest.mark.parametrize("golden", [*GOLDEN, *SHIPPED], ids=lambda golden: golden.name)
def test_a_saved_page_is_read_as_it_was(golden: GoldenPage) -> None:
    assert golden.found() == golden.expected


def test_every_reader_has_a_golden_page() -> None:
    proved = {golden.source.kind for golden in GOLDEN} | {golden.source.id.replace("-", "_") for golden in GOLDEN}

    assert set(spiders.names()) <= proved


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.toml")), ids=lambda file: file.stem)
def test_every_shipped_example_is_proved_by_a_finding_that_has_what_it_must(file: Path) -> None:
    trials = [trial.of(golden.source, golden.document) for golden in testing.recorded_for(file)]

    assert [one for one in trials if one.finding.media]
    assert [one.fails for one in trials if one.fails] == []
