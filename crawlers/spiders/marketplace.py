"""Reads an offer of a marketplace: title, price, currency, seller, photographs, as schema.org or the page has it."""

from crawlers import extract
from crawlers.interface import Finding
from crawlers.page import Page
from crawlers.sources import Source


def page(page: Page, source: Source) -> Finding:
    """Return the offer. Photographs: those the source names, else what its data and gallery show, else any."""
    photographs = (
        extract.chosen_images(page, source)
        or extract.photographs(page, source)
        or extract.linked_images(page)
        or extract.shown_images(page)
    )
    return extract.finding(page, source, extract.numbered(photographs, "image"), is_offer=True)
