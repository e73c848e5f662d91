"""Reads any page: whatever pictures and films it shows. The kind for sites that fit no other."""

from crawlers import extract
from crawlers.interface import Finding
from crawlers.page import Page
from crawlers.sources import Source


def page(page: Page, source: Source) -> Finding:
    """Return the page with everything it shows."""
    films = extract.numbered(extract.films(page, source), "video")
    shown = extract.chosen_images(page, source) or extract.linked_images(page) or extract.shown_images(page)
    return extract.finding(page, source, [*films, *extract.numbered(shown, "image", start=len(films))])
