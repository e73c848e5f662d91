"""Finds plugins: our built-ins, then other distributions' entry points; a name is taken once."""

from collections.abc import Iterable
from importlib.metadata import entry_points
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
    others = (point.load() for point in entry_points(group=f"mekiki.{group}"))
    for plugin in (*built_in, *others):
        if plugin.name in found:
            raise NameTaken(f"Two plugins of {group} are called {plugin.name}; uninstall or rename one of them.")
        found[plugin.name] = plugin
    return found
