"""One reader a kind of page, and one a site that needs code: a pure function `page(page, source) -> Finding`.

A module named like a source's id (dashes as underscores) reads that source; else the module of its kind does. Other
distributions add readers under the entry point group `mekiki.spiders`, named by source id. Every reader has a golden
page; the suite fails without one.
"""

import importlib
import pkgutil
from importlib.metadata import entry_points

from crawlers.extract import Reader
from crawlers.sources import Source


def names() -> tuple[str, ...]:
    """Return the names of the readers in this folder."""
    return tuple(module.name for module in pkgutil.iter_modules(__path__))


def reader(source: Source) -> Reader:
    """Return the reader of a source: its own when there is one, else that of its kind."""
    for point in entry_points(group="mekiki.spiders", name=source.id):
        loaded: Reader = point.load()
        return loaded
    own = source.id.replace("-", "_")
    module = importlib.import_module(f"{__name__}.{own if own in names() else source.kind}")
    read: Reader = module.page
    return read
