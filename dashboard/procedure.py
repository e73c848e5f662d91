"""The printed description of the process: how evidence came about, by which programs, settings and clock, under whom.

Courts ask for it together with the files (for instance Rules 902(13) and (14) of the US Federal Rules of Evidence). It
ends with a declaration that a person of the operator fills in and signs.
"""

import hashlib
import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

import config.home
from config import clock
from config.settings import Settings
from crawlers import timestamps, urls
from crawlers.captures import Capture
from crawlers.frontier import Sweep
from dashboard import dictionary
from dashboard.dictionary import Say
from matcher import retrieve

PROGRAMS = ("mekiki", "scrapy", "twisted", "warcio", "playwright", "yt-dlp", "av", "opencv-python-headless", "pillow",
            "rfc3161-client", "cryptography", "sqlalchemy")  # fmt: skip


@dataclass(frozen=True)
class Procedure:
    """How the evidence of one case was captured and collected."""

    at: str
    by: str
    operator: str
    address: str
    programs: dict[str, str]
    system: str
    kinds: dict[str, int]  # fingerprint kind -> version
    settings_sha256: str
    sources: list[dict[str, Any]]  # of every sweep: source, sha256 of its definition, when
    servers: list[dict[str, Any]]  # each with the certificate it showed, None without encryption
    authorities: list[str]
    clock_checks: list[dict[str, Any]]  # authority, seconds by which our clock was ahead of it
    is_root: bool
    rendered: str  # what became of the pages in a browser, a sentence


def describe(session: Session, evidence: Sequence[Capture], *, by: str, rendered: str) -> Procedure:
    """Return the description of how these captures were made and are collected now."""
    settings = config.home.of(session).settings
    sweeps = session.scalars(
        select(Sweep).where(Sweep.id.in_({capture.sweep_id for capture in evidence})).order_by(Sweep.id)
    ).all()
    checks = [
        {"authority": errand.url, "ahead_s": round((token.received_at - token.stamped_at).total_seconds(), 1)}
        for errand, token in timestamps.of(session, [f"sweep:{sweep.uuid}" for sweep in sweeps])
        if token is not None and token.stamped_at is not None
    ]
    sender = settings.sender
    return Procedure(
        at=clock.now().isoformat(timespec="seconds"),
        by=by,
        operator=", ".join(part for part in (sender.organisation, sender.name, sender.country) if part),
        address=sender.email,
        programs={name: found for name in PROGRAMS if (found := _version(name))},
        system=f"Python {platform.python_version()}, {platform.system()} {platform.release()} {platform.machine()}",
        kinds=retrieve.versions_in_use(),
        settings_sha256=settings_sha256(settings),
        sources=[
            {"source": sweep.source, "definition_sha256": sweep.source_sha256, "sweep": sweep.uuid,
             "began": sweep.started_at.isoformat(timespec="seconds")}
            for sweep in sweeps
        ],
        servers=_servers(evidence),
        authorities=list(settings.evidence.timestamp_urls),
        clock_checks=checks,
        is_root=sys.platform != "win32" and os.geteuid() == 0,
        rendered=rendered,
    )  # fmt: skip


def _servers(evidence: Sequence[Capture]) -> list[dict[str, Any]]:
    """Return which server showed which certificate in these captures, each once; of older captures it is not known."""
    answers = [
        (urls.origin(answer["url"]), answer.get("certificate"))
        for capture in evidence if capture.request is not None
        for answer in (*capture.request["before"], capture.request)
    ]  # fmt: skip
    found = {(origin, (shown or {}).get("sha256", "")): shown for origin, shown in answers}
    return [{"server": origin, "certificate": shown} for (origin, _), shown in sorted(found.items())]


def settings_sha256(settings: Settings) -> str:
    """Return the sha256 over the canonical JSON of everything that is set but where the home lies and who it reaches.

    Passwords are no part of the settings: they only name what holds them.
    """
    said = settings.model_dump(mode="json", exclude={"home": True, "database": True})
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def printed(told: Procedure) -> str:
    """Return the description as plain text, Japanese first as in the bundle's README."""
    return "\n\n\n".join(_in(told, dictionary.of(language).say, language) for language in ("ja", "en")) + "\n"


def _in(told: Procedure, say: Say, language: str) -> str:
    retell = dictionary.of(language).retell
    programs = ", ".join(f"{name} {number}" for name, number in told.programs.items())
    kinds = ", ".join(f"{name} {number}" for name, number in told.kinds.items())
    sources = [
        say("Source %(source)s, definition SHA-256 %(sha256)s, sweep %(sweep)s of %(began)s",
            source=one["source"], sha256=one["definition_sha256"], sweep=one["sweep"], began=one["began"])
        for one in told.sources
    ]  # fmt: skip
    checks = [
        say("%(authority)s stamped a sweep %(seconds)s s before its token was here.",
            authority=one["authority"], seconds=one["ahead_s"])
        for one in told.clock_checks
    ]  # fmt: skip
    paragraphs = [
        say("How this evidence came about"),
        say("Collected %(at)s by %(by)s.", at=told.at, by=told.by),
        say("Operator: %(operator)s.", operator=told.operator or say("not filled in")),
        say("mekiki, a program, visited public pages by the addresses in the source definitions named below, obeyed or "
            "recorded what each site asks of crawlers, solved no challenge, and logged in nowhere."),
        say("Every response was written down as it came: address, time, the server's address, headers, and its bytes "
            "under their SHA-256. Each record holds the hash of the one before it in the same sweep, and the end of "
            "every sweep stands in the custody log, whose entries are chained in the same way."),
        say("Nothing was edited. What a match, a score or a sentence says was computed from those bytes, on this "
            "machine, by the versions named below."),
        *sources,
        *(_server(one, say) for one in told.servers),
        say("Programs: %(programs)s; %(system)s", programs=programs, system=told.system),
        say("Fingerprint kinds and their versions: %(kinds)s", kinds=kinds),
        say("SHA-256 of the settings in force: %(sha256)s", sha256=told.settings_sha256),
        say("Times are those of this machine's own clock, in UTC; mekiki does not set it."),
        *(checks or [say("No time-stamping authority had stamped these sweeps when this was written.")]),
        say("Captured files are opened in child processes with limits of memory and time."),
        say("The program ran with the rights of the administrator.") if told.is_root
        else say("The program ran without the rights of the administrator."),
        retell(told.rendered),
        say("Declaration (to be filled in and signed by a person of the operator)"),
        say("I, ______________________, am responsible at the operator for the system described above. It was working "
            "as described when these records were made. They were made automatically, in the course of its regular "
            "work, and the files of this bundle whose SHA-256 stands in SHA256SUMS are true copies of them."),
        say("Place, date and signature: ______________________"),
    ]  # fmt: skip
    return "\n\n".join(paragraphs)


def _server(one: dict[str, Any], say: Say) -> str:
    shown = one["certificate"]
    if shown is None:
        return say("%(server)s answered without encryption: no certificate says who that was.", server=one["server"])
    return say(
        "%(server)s showed the certificate with SHA-256 %(sha256)s, issued by %(issuer)s, valid from %(since)s until "
        "%(until)s; an authority that this machine trusts vouches for it.",
        server=one["server"], sha256=shown["sha256"], issuer=shown.get("issuer", "?"),
        since=shown.get("valid_from", "?"), until=shown.get("valid_until", "?"),
    )  # fmt: skip


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None  # an optional one that is not installed
