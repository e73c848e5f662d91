"""Which markup is too costly to read: asked before any parser sees it. Pure, and linear in the length of the page."""

import re

MAX_TAGS = 200_000  # of one page, closing ones included: a tree takes fifty times the memory of its page
# Of one tag. libxml2 compares each with all before it: a page of tags with five thousand takes ten seconds.
MAX_ATTRIBUTES = 1_000
_ATTRIBUTE = re.compile(r"""[\s/]*+[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?)?""")
_TAG = re.compile(rf"<[a-zA-Z][^\s/>]*+((?:{_ATTRIBUTE.pattern})*+)")


def objection(html: str) -> str | None:
    """Return why a page is not to be parsed, None when it may be."""
    if html.count("<") > MAX_TAGS:
        return f"it holds more than {MAX_TAGS} tags"
    if len(html) > 2 * MAX_ATTRIBUTES and any(_has_many(found[1]) for found in _TAG.finditer(html)):
        return f"one of its tags has more than {MAX_ATTRIBUTES} attributes"
    return None


def _has_many(inside: str) -> bool:
    if len(inside) <= 2 * MAX_ATTRIBUTES:
        return False
    return sum(1 for _ in _ATTRIBUTE.finditer(inside)) > MAX_ATTRIBUTES
