"""What must stand in a page's markup for a CSS selector to find anything: looked for before the tree is walked. Pure.

Most of the selectors that a reader tries find nothing on most pages. To see that a word is nowhere in the markup takes
a hundredth of the time of asking every element.
"""

import functools
import re

_BRANCH = re.compile(r",(?![^(\[]*[)\]])")
_PSEUDO_ELEMENT = re.compile(r"::(?:text|attr\([^)]*\))")
_NAMED = re.compile(r"[.#]([A-Za-z0-9_-]+)")
_ATTRIBUTE = re.compile(r"\[\s*([A-Za-z-]+)[^\]]*\]")
_TAG = re.compile(r"(?:^|[\s>+~])([A-Za-z][A-Za-z0-9-]*)")
_IMPLIED = ("html", "head", "body", "p")  # elements that a parser makes where the markup has none
_HIDDEN = re.compile(r"""(?:class|id)\s*=\s*["']?[^"'<>]*&""", re.IGNORECASE)  # a name spelt by character references


def may_find(css: str, html: str, lowered: str) -> bool:
    """Return whether a selector may find something in the markup, `lowered` in lower case; False is certain."""
    return any(_stands(branch, html, lowered) for branch in _needles(css))


def is_plain(html: str) -> bool:
    """Say whether the names of classes and ids are spelt as they are; only then can they be looked for as words."""
    return "\0" not in html and ("&" not in html or _HIDDEN.search(html) is None)


def _stands(branch: tuple[tuple[str, ...], tuple[str, ...]], html: str, lowered: str) -> bool:
    exact, any_case = branch
    return all(word in html for word in exact) and all(word in lowered for word in any_case)


@functools.lru_cache(maxsize=512)
def _needles(css: str) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    """Return for every branch of a selector the words that must stand in the markup: as written, and in lower case."""
    return tuple(_of_branch(branch) for branch in _BRANCH.split(css))


def _of_branch(branch: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    plain = _PSEUDO_ELEMENT.sub("", branch).strip()
    attributes = tuple(name.lower() for name in _ATTRIBUTE.findall(plain))
    plain = _ATTRIBUTE.sub("", plain)
    if any(sign in plain for sign in "(\\\"'|["):  # :not(.x) needs no x; escapes and namespaces are left to the tree
        return (), ()
    plain = re.sub(r":[\w-]+", "", plain)
    tags = tuple(f"<{tag.lower()}" for tag in _TAG.findall(plain) if tag.lower() not in _IMPLIED)
    return tuple(_NAMED.findall(plain)), (*attributes, *tags)
