"""Reads a post of an image board: its pictures in full size, not the thumbnails."""

from crawlers import extract
from crawlers.interface import Finding
from crawlers.page import Page
from crawlers.sources import Source


def page(page: Page, source: Source) -> Finding:
    """Return the post. Pictures: those the source names, else what thumbnails link to, else what is shown."""
    images = extract.chosen_images(page, source) or extract.linked_images(page) or extract.shown_images(page)
    return extract.finding(page, source, extract.numbered(images, "image"))
