"""The conditions fan works are measured by: trade, footage, pictures, credit. Pure; every answer has its sentence."""

from collections.abc import Sequence
from dataclasses import dataclass

from matcher.catalogue import folded
from matcher.interface import AllowanceVerdict, Use

MEASUREMENT_ERROR_S = 1.0  # a segment's ends are known to about half a second each
POSTERS = 1  # a film's page may show one still of it
QUOTED_PICTURES = 1  # a review that shows one panel may be quoting it; a person decides
QUOTING_PAGES = ("page", "image_board")  # a reader or a shop does not quote


@dataclass(frozen=True)
class Term:
    """Whether one condition is met, and the sentence that says so."""

    verdict: AllowanceVerdict
    says: str


def together(terms: Sequence[Term]) -> Term:
    """Return what several conditions come to: one that fails decides, then one that is unknown."""
    verdicts = {term.verdict for term in terms}
    verdict: AllowanceVerdict = "allows"
    if "unknown" in verdicts:
        verdict = "unknown"
    if "does not allow" in verdicts:
        verdict = "does not allow"
    return Term(verdict, " ".join(term.says for term in terms))


def trade(use: Use) -> Term:
    """Say whether the page earns money."""
    if use.is_commercial is None:
        return Term("unknown", "Whether the page earns money does not show.")
    if use.is_commercial:
        return Term("does not allow", "The page earns money.")
    return Term("allows", "The page is non-commercial.")


def footage(use: Use, limit_s: float) -> Term:
    """Say whether the work's footage at this place, all clips together, stays within the limit."""
    if use.matched_seconds is None:
        return Term("allows", "No footage matched.")
    shown = round(use.matched_seconds, 1)  # a thirtieth second that floats to 30.0000001 is still the thirtieth
    if shown <= limit_s:
        return Term("allows", f"{shown:g} s of footage in total, at most {limit_s:g} s.")
    if shown < limit_s + MEASUREMENT_ERROR_S:
        return Term("unknown", f"{shown:g} s of footage is over {limit_s:g} s by less than the measurement's error.")
    return Term("does not allow", f"{shown:g} s of footage in total is more than {limit_s:g} s.")


def credit(use: Use) -> Term:
    """Say whether the page credits the maker: words of credit, and the work, its creator or its owner named."""
    if use.attribution is None:
        if not use.title.strip() and not use.text.strip():
            return Term("unknown", "The page could not be read, so a credit may be there.")
        return Term("does not allow", "The page credits nobody.")
    page = folded(f"{use.attribution} {use.title} {use.text}")
    if any(folded(name) in page for name in use.aliases if name.strip()):
        return Term("allows", f'The page credits the maker: "{_short(use.attribution)}".')
    return Term("unknown", f'The page has words of credit, "{_short(use.attribution)}", and names no work or maker.')


def stills(use: Use) -> Term:
    """Say whether the still pictures that matched are no more than a film's own poster, or perhaps a quotation."""
    if use.pictures == 0:
        return Term("allows", "No still picture matched.")
    if use.matched_seconds is not None:
        if use.pictures <= POSTERS:
            return Term("allows", "One still picture beside the film.")
        return Term("unknown", f"{use.pictures} still pictures beside the film.")
    if use.pictures <= QUOTED_PICTURES and use.page_kind in QUOTING_PAGES:
        return Term("unknown", "One picture of the work alone may be a quotation.")
    return Term("does not allow", f"{_pictures(use.pictures)} matched, and this rule speaks of footage.")


def pictures(use: Use, limit: int | None) -> Term:
    """Say whether the still pictures stay within what a creator's rule allows; None: it does not speak of pictures."""
    if limit is None:
        return stills(use)
    if use.pictures <= limit:
        return Term("allows", f"{_pictures(use.pictures)} matched, at most {limit}.")
    return Term("does not allow", f"{_pictures(use.pictures)} matched, more than {limit}.")


def _pictures(count: int) -> str:
    return "1 still picture" if count == 1 else f"{count} still pictures"


def _short(words: str) -> str:
    return words if len(words) <= 120 else words[:119] + "…"
