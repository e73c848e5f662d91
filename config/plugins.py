"""Finds plugins: our built-ins, then other distributions' entry points; a name is taken once."""

import sys
from collections.abc import Iterable
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol, TypeVar

from config.errors import MekikiError


class Named(Protocol):
    """Anything that says under which name the database will remember it."""

    @property
    def name(self) -> str:
        """A stable name; never reused for another meaning."""


P = TypeVar("P", bound=Named)


class NameTaken(MekikiError):
    """Two plugins claim one name."""


def gather(group: str, built_in: Iterable[P]) -> dict[str, P]:
    """Return the plugins of `group` by name: built-ins first, then entry points `mekiki.<group>`."""
    found: dict[str, P] = {}
    others = (point.load() for point in _installed(f"mekiki.{group}", tuple(sys.path)))
    for plugin in (*built_in, *others):
        if plugin.name in found:
            raise NameTaken(f"Two plugins of {group} are called {plugin.name}; uninstall or rename one of them.")
        found[plugin.name] = plugin
    return found


@lru_cache(maxsize=100)
def _installed(group: str, _path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """Return a group's entry points. To find them takes milliseconds, for it reads a file of every distribution."""
    return tuple(entry_points(group=group))
