"""What must stand in a page's markup for a CSS selector to find anything: looked for before the tree is walked. Pure.

Most of the selectors that a reader tries find nothing on most pages. To see that a word is nowhere in the markup takes
a hundredth of the time of asking every element.
"""

import functools
import re
from dataclasses import dataclass
from functools import cached_property

_BRANCH = re.compile(r",(?![^(\[]*[)\]])")
_PSEUDO_ELEMENT = re.compile(r"::(?:text|attr\([^)]*\))")
_NAMED = re.compile(r"[.#]([A-Za-z0-9_-]+)")
_ATTRIBUTE = re.compile(r"\[\s*([A-Za-z-]+)[^\]]*\]")
_TAG = re.compile(r"(?:^|[\s>+~])([A-Za-z][A-Za-z0-9-]*)")
_IMPLIED = ("html", "head", "body", "p")  # elements that a parser makes where the markup has none
_HIDDEN = re.compile(r"""(?:class|id)\s*=\s*["']?[^"'<>]*&""", re.IGNORECASE)  # a name spelt by character references
_VALUE = re.compile(r"""\[\s*[A-Za-z-]+\s*[~|^$*]?=\s*["']?([A-Za-z]+)["']?\s*\]""")
Needles = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]  # as written; in lower case; values of attributes


@dataclass(frozen=True)
class Hay:
    """A page's markup, and what must be known of it before a word in it is looked for."""

    html: str

    @cached_property
    def lowered(self) -> str:
        """The markup in lower case."""
        return self.html.lower()

    @cached_property
    def is_plain(self) -> bool:
        """Whether the names of classes and ids are spelt as they are; only then can they be looked for as words."""
        return "\0" not in self.html and ("&" not in self.html or _HIDDEN.search(self.html) is None)

    @cached_property
    def has_numbered(self) -> bool:
        """Whether letters may be spelt by their numbers; other references never stand for a letter of ASCII."""
        return "&#" in self.html


def able(css: str, hay: Hay) -> str:
    """Return those branches of a selector that may find something in the markup, "" when none; it is certain of the
    others."""
    if not hay.is_plain:
        return css
    return ", ".join(branch for branch, words in _needles(css) if _stands(words, hay))


def _stands(words: Needles, hay: Hay) -> bool:
    exact, any_case, values = words
    return (
        all(word in hay.html for word in exact)
        and all(word in hay.lowered for word in any_case)
        and (hay.has_numbered or all(word in hay.lowered for word in values))
    )


@functools.lru_cache(maxsize=512)
def _needles(css: str) -> tuple[tuple[str, Needles], ...]:
    """Return the branches of a selector with the words that must stand in the markup."""
    return tuple((branch.strip(), _of_branch(branch)) for branch in _BRANCH.split(css))


def _of_branch(branch: str) -> Needles:
    plain = _PSEUDO_ELEMENT.sub("", branch).strip()
    attributes = tuple(name.lower() for name in _ATTRIBUTE.findall(plain))
    values = tuple(value.lower() for value in _VALUE.findall(plain))
    plain = _ATTRIBUTE.sub("", plain)
    if any(sign in plain for sign in "(\\\"'|["):  # :not(.x) needs no x; escapes and namespaces are left to the tree
        return (), (), ()
    plain = re.sub(r":[\w-]+", "", plain)
    tags = tuple(f"<{tag.lower()}" for tag in _TAG.findall(plain) if tag.lower() not in _IMPLIED)
    return tuple(_NAMED.findall(plain)), (*attributes, *tags), values
