"""Reads a page that plays a film: progressive files, HLS and DASH playlists, in the order the player would try them."""

from crawlers import extract
from crawlers.interface import Finding
from crawlers.page import Page
from crawlers.sources import Source


def page(page: Page, source: Source) -> Finding:
    """Return the film's page, with pictures only where the source names some."""
    films = extract.numbered(extract.films(page, source), "video")
    images = extract.numbered(extract.chosen_images(page, source), "image", start=len(films))
    return extract.finding(page, source, [*films, *images])
