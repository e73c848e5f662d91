"""Reads a chapter of a manga reader: its pages in reading order, also those a script would load later."""

from collections import Counter

from parsel import Selector

from crawlers import extract
from crawlers.interface import Finding
from crawlers.page import Page, media_address
from crawlers.sources import Source


def page(page: Page, source: Source) -> Finding:
    """Return the chapter. Pictures: those the source names, else those of the element that holds the most."""
    images = extract.chosen_images(page, source) or page.absolute(_longest_run(page)) or extract.shown_images(page)
    return extract.finding(page, source, extract.numbered(images, "image"))


def _longest_run(page: Page) -> list[str]:
    """Return the pictures whose grandparents are the same element, of the element that has the most of them."""
    runs: Counter[str] = Counter()
    members: dict[str, list[str]] = {}
    for image in page.selector.css("body img"):
        address = media_address(image)
        for holder in _holders(image):
            runs[holder] += 1
            members.setdefault(holder, []).append(address)
    if not runs:
        return []
    best, count = max(runs.items(), key=lambda run: run[1])
    return [address for address in members[best] if address] if count > 1 else []


def _holders(image: Selector) -> list[str]:
    """Return the paths of the parent, when it holds several pictures, else of the grandparent."""
    tree = image.root.getroottree()
    parent = image.root.getparent()
    if parent is None:
        return []
    above = parent.getparent()
    return [tree.getpath(parent) if len(parent.findall("img")) > 1 or above is None else tree.getpath(above)]
