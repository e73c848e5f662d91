"""The field's words as people read them: verdicts, banks, states and events, each with its tone."""

from collections.abc import Callable, Mapping
from typing import Any

from crawlers import urls

Say = Callable[..., str]


def verdicts(say: Say) -> dict[str, str]:
    """Return every verdict with its name, in the order of its keys 1 to 5."""
    return {
        "infringing": say("Infringing"),
        "licensed": say("Licensed"),
        "fan use": say("Fan use"),
        "not a match": say("Not a match"),
        "unsure": say("Unsure"),
    }


def reasons(say: Say) -> dict[str, str]:
    """Return the reason that is written down when a person gives none."""
    return {
        "infringing": say("The pair shows a copy, and no allowance covers this use."),
        "licensed": say("The place shows the work with the owner's permission."),
        "fan use": say("The use is one that fans are allowed."),
        "not a match": say("The pair does not show the same work."),
        "unsure": say("The pair and the checks do not settle it; somebody else should look."),
    }


def banks(say: Say) -> dict[str, str]:
    """Return every bank with its name."""
    return {
        "works": say("works"),
        "goods": say("goods"),
        "licensed": say("released material"),
        "negative": say("known false alarms"),
        "provisional": say("before release"),
    }


def conditions(say: Say) -> dict[str, str]:
    """Return every condition of an offered thing with its name."""
    return {"new": say("new"), "used": say("used"), "refurbished": say("refurbished"), "damaged": say("damaged")}


def stocks(say: Say) -> dict[str, str]:
    """Return every state of a stock with its name."""
    return {
        "in stock": say("in stock"),
        "few left": say("few left"),
        "preorder": say("can be preordered"),
        "backorder": say("made or got to order"),
        "sold out": say("sold out"),
        "discontinued": say("no longer sold"),
    }


def source_conditions(say: Say) -> dict[str, str]:
    """Return every condition of a source with its name."""
    return {
        "never swept": say("never swept"),
        "running": say("running"),
        "well": say("well"),
        "few": say("few findings"),
        "changed": say("site changed"),
        "moved": say("site moved"),
        "shut out": say("shut out"),
        "failing": say("failing"),
    }


def source_steps(say: Say) -> dict[str, str]:
    """Return what a person does with a source that needs one, before the command that does it."""
    return {
        "ask first": say("When the site lets us in again:"),
        "compare": say("Compare the two sites:"),
        "look": say("See what its file reads off a page now:"),
        "again": say("Try again now:"),
    }


def fields(say: Say) -> dict[str, str]:
    """Return every field of a finding with its name."""
    return {
        "title": say("title"), "text": say("text"), "uploader": say("uploader"), "seller": say("seller"),
        "price": say("price"), "condition": say("condition"), "stock": say("stock"), "date": say("date"),
        "attribution": say("credit"), "images": say("pictures"), "video": say("films"),
    }  # fmt: skip


def kinds(say: Say) -> dict[str, str]:
    """Return every kind of work with its name."""
    return {"anime": say("Anime"), "manga": say("Manga"), "art": say("Art"), "goods": say("Goods")}


def stretches(say: Say) -> dict[str, str]:
    """Return every kind of shared stretch with its name."""
    return {
        "opening": say("Opening"),
        "ending": say("Ending"),
        "recap": say("Recap"),
        "preview": say("Preview"),
        "stock shot": say("Stock shot"),
    }


def captures(say: Say) -> dict[str, str]:
    """Return every kind of capture with its name."""
    return {
        "page": say("page"), "robots": "robots.txt", "image": say("picture"), "video": say("film"),
        "audio": say("sound"),
    }  # fmt: skip


def act(say: Say, action: str, note: Mapping[str, Any]) -> str:
    """Return what was done to evidence, with how much of it, as the custody log noted it."""
    if action == "collected" and "source" in note:
        return say("Captured by a sweep of %(source)s, with %(count)s answers", source=note["source"],
                   count=note["captures"])  # fmt: skip
    if action == "collected":
        return say("Collected for the case: %(count)s documents", count=note.get("files", 0))
    if action == "timestamped":
        return say("Stamped by %(authority)s", authority=urls.host(str(note.get("authority", ""))))
    if action == "deleted" and "keep_days" in note:
        return say("Bytes deleted after %(days)s days, hashes kept", days=f"{note['keep_days']:g}")
    names = {
        "viewed": say("Viewed"),
        "exported": say("Exported"),
        "held": say("Held"),
        "released": say("Hold released"),
        "deleted": say("Bytes deleted, hashes kept"),
    }
    return names.get(action, action)


def events(say: Say) -> dict[str, str]:
    """Return every event and state of a notice with its name."""
    return {
        "draft": say("Draft"),
        "approved": say("Approved"),
        "queued": say("In the outbox"),
        "sent": say("Sent"),
        "acknowledged": say("Acknowledged"),
        "removed": say("Removed"),
        "refused": say("Refused"),
        "no reply": say("No reply"),
        "retracted": say("Retracted"),
        "held": say("On hold"),
        "still there": say("Still there"),
        "moved": say("Moved"),
        "back again": say("Back again"),
        "withdrawn": say("Withdrawn"),
    }


TONES = {
    "removed": "ok", "acknowledged": "ok", "sent": "quiet", "draft": "un", "approved": "un", "queued": "un",
    "held": "un", "refused": "no", "no reply": "no", "still there": "no", "back again": "no", "moved": "no",
    "retracted": "quiet", "withdrawn": "quiet",
}  # fmt: skip
ANSWER_TONES = {"allows": "ok", "does not allow": "no", "unknown": "un"}


def answers(say: Say) -> dict[str, str]:
    """Return what an allowance can answer, in a word."""
    return {"allows": say("applies"), "does not allow": say("does not apply"), "unknown": say("not known")}
