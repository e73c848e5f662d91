"""Refuses to start a crawl whose road has a hole: a handler, a resolver, a proxy or a port that is not ours."""

from typing import Any

from scrapy.utils.misc import load_object

from config.errors import MekikiError
from crawlers.guard import GuardedResolver
from crawlers.handler import BoundedHandler

BROWSER_HANDLER = "crawlers.browser.GuardedBrowser"  # by name: it needs the optional extra "browser"
_SHUT = ("HTTPPROXY_ENABLED", "TELNETCONSOLE_ENABLED", "REMOTE_CONTROL_ENABLED", "METAREFRESH_ENABLED")


class Unguarded(MekikiError):
    """Something would fetch or listen without the guard."""


def refuse(crawler: Any) -> None:
    """Raise Unguarded when anything but the guarded road could carry a byte of this crawl."""
    from twisted.internet import reactor  # importing it at the top would install a reactor before Scrapy does

    for scheme, handler in crawler.settings.getwithbase("DOWNLOAD_HANDLERS").items():
        if handler is None:
            continue
        if scheme not in ("http", "https"):
            raise Unguarded(f'Something brings a handler for "{scheme}:" addresses; remove the add-on or plugin.')
        # Handlers on other HTTP libraries look names up by themselves: they never ask our resolver.
        if handler != BROWSER_HANDLER and load_object(handler) is not BoundedHandler:
            raise Unguarded(f"{handler} would fetch {scheme}: addresses past the guard; remove the add-on or plugin.")
    if not isinstance(reactor.nameResolver, GuardedResolver):
        raise Unguarded("Names would be looked up past the guard; remove what replaces TWISTED_DNS_RESOLVER.")
    opened = [name for name in _SHUT if crawler.settings.getbool(name)]
    if opened:
        raise Unguarded(f"{', '.join(opened)} must be off in a crawl; remove the add-on or plugin that sets it.")
