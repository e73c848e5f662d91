"""Places: a canonical address without its scheme, and the patterns by which a registry names many of them at once."""

from config.errors import MekikiError


class BadPlace(MekikiError):
    """A text names no place, or far too many."""


def place_of(url: str) -> str:
    """Return the address without scheme and fragment, its host in lower case; a place is returned as it is."""
    rest = url.strip().partition("#")[0].partition("://")
    bare = rest[2] if rest[1] else rest[0]
    host, slash, path = bare.partition("/")
    return host.lower() + slash + path


def host_of(place: str) -> str:
    """Return "host" or "host:port"."""
    return place.partition("/")[0].partition("?")[0]


def pattern_of(text: str) -> str:
    """Return the pattern in the form the registry keeps: "host", "host:port", "host/path prefix" or "*.host".

    A pasted address is welcome: the scheme goes and so does a trailing slash. Raises BadPlace.
    """
    pattern = place_of(text).rstrip("/")
    host = host_of(pattern)
    name = host.removeprefix("*.").partition(":")[0]
    if not name or "*" in name or any(sign.isspace() for sign in host):
        raise BadPlace(f'"{text}" is no place; write "host", "host:port", "host/path" or "*.host".')
    if host.startswith("*.") and "." not in name:
        raise BadPlace(f'"{text}" would cover everything below .{name}; name the one host whose sites are meant.')
    return pattern


def covers(pattern: str, place: str) -> bool:
    """Say whether a pattern covers a place.

    "host" covers every port and path of it, "*.host" also everything below it; a leading "www." makes no difference.
    A path ends at a boundary: "host/shop" covers host/shop/1 and host/shop?page=2, never host/shopping.
    """
    host, _, path = pattern.partition("/")
    return _host_covers(host, host_of(place)) and _path_covers(path, place[len(host_of(place)) :].lstrip("/"))


def _host_covers(pattern: str, host: str) -> bool:
    wanted, _, wanted_port = pattern.removeprefix("*.").partition(":")
    name, _, port = host.partition(":")
    if wanted_port and port != wanted_port:
        return False
    name, wanted = name.removeprefix("www."), wanted.removeprefix("www.")
    return name == wanted or (pattern.startswith("*.") and name.endswith("." + wanted))


def _path_covers(prefix: str, path: str) -> bool:
    if not path.startswith(prefix):
        return False
    # The prefix must end where a part of the path ends, or it would also cover its longer namesakes.
    return not prefix or prefix[-1] in "/?&=" or path[len(prefix) :][:1] in ("", "/", "?", "&")
