"""The child that asks yt-dlp where a page's film lies: `python -m crawlers.site_film_child`, one question on stdin.

It answers with addresses and takes no film itself. It writes nothing, starts nothing, and reaches nothing but the
egress that it was given: an extractor that forgets the proxy meets the fence below.
"""

import difflib
import itertools
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from crawlers import confined

MEMORY_BYTES = 1 << 30  # beyond what the process takes before yt-dlp is loaded
MAX_FORMATS = 200


def main() -> None:
    """Answer the question on stdin with one line of JSON on the stdout that the process was born with."""
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # a library that prints must not speak into the answer
    asked = json.load(sys.stdin)
    confined.restrict(memory_bytes=MEMORY_BYTES, processor_s=int(asked["processor_s"]))
    tool = _tool()
    confined.fence(urlsplit(asked["proxy"]).port or 0)
    json.dump({"error": "missing"} if tool is None else _answer(asked, tool), answers)
    answers.flush()


def _tool() -> Any | None:
    """Return yt-dlp, None when the optional extra "video" is not installed."""
    try:
        import yt_dlp
    except ModuleNotFoundError:
        return None
    return yt_dlp


class _Silent:
    """Takes what yt-dlp says and says nothing: an error reaches us as an exception."""

    def debug(self, words: str) -> None:
        """Say nothing."""

    warning = error = debug


def _options(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what yt-dlp is told: everything that is off by default in some release is off here by name."""
    return {
        "logger": _Silent(), "quiet": True, "no_warnings": True, "noprogress": True, "ignoreerrors": False,
        "simulate": True, "skip_download": True, "format": "all", "ignore_no_formats_error": True,
        "check_formats": False, "cachedir": False, "noplaylist": True, "playlist_items": "1", "lazy_playlist": True,
        "enable_file_urls": False, "proxy": asked["proxy"], "geo_verification_proxy": asked["proxy"],
        "socket_timeout": asked["timeout_s"], "retries": 1, "extractor_retries": 0, "file_access_retries": 0,
        "sleep_interval_requests": asked["delay_s"], "http_headers": {"User-Agent": asked["user_agent"]},
        "allowed_extractors": _allowed(asked["extractors"]), "usenetrc": False, "cookiefile": None,
        "cookiesfrombrowser": None, "postprocessors": [], "js_runtimes": {}, "remote_components": [],
        "outtmpl": "film", "allow_unplayable_formats": False, "geo_bypass": False, "nocheckcertificate": False,
    }  # fmt: skip


def _allowed(names: Sequence[str]) -> list[str]:
    """Return the extractors by the name of each; "generic" leaves <video> to another, which people do not know."""
    wanted = [*names, "html5"] if "generic" in names else names
    return [re.escape(name) for name in wanted]


def _answer(asked: Mapping[str, Any], tool: Any) -> dict[str, Any]:
    version = tool.version.__version__
    known = {one.IE_NAME.lower() for one in tool.extractor.gen_extractor_classes()}
    stranger = next((name for name in asked["extractors"] if name.lower() not in known), None)
    if stranger is not None:
        near = difflib.get_close_matches(stranger.lower(), known, n=1, cutoff=0.6)
        hint = f'; did you mean "{near[0]}"?' if near else "; correct media.extractors of the source"
        return {"error": f'yt-dlp {version} knows no extractor "{stranger}"{hint}'}
    try:
        with tool.YoutubeDL(_options(asked)) as youtube_dl:
            found = youtube_dl.extract_info(asked["page"], download=False)
    except tool.utils.YoutubeDLError as failed:
        return {"error": _plain(str(failed))}
    except confined.Fenced as fenced:
        return {"error": f"yt-dlp was stopped: {fenced}"}
    film = _first(found or {})
    if film is None:
        return {"error": "yt-dlp finds no film on it"}
    return {
        "tool": f"yt-dlp {version}",
        "extractor": str(film.get("extractor_key") or film.get("extractor") or ""),
        "seconds": film.get("duration"),
        "ways": list(_ways(film)),
    }


def _plain(words: str) -> str:
    """Return yt-dlp's error as a clause, without its request for a report."""
    return words.removeprefix("ERROR: ").partition("; please report this issue")[0].partition("\n")[0].strip()[:400]


def _first(found: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the first film of what was found; a page with several films is known by its first."""
    if found.get("_type", "video") == "video":
        return found
    return next(
        (film for film in map(_first, itertools.islice(found.get("entries") or (), 1)) if film is not None), None
    )


def _ways(film: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every way to get the film's pictures, with only what the parent may use."""
    for form in (film.get("formats") or [film])[:MAX_FORMATS]:  # a film of one way is its own way
        if form.get("vcodec") == "none":
            continue
        yield {
            "name": form.get("format_id"), "url": form.get("url"), "protocol": form.get("protocol"),
            "height": form.get("height"), "rate": form.get("tbr") or form.get("vbr"),
            "manifest": form.get("manifest_url"), "is_locked": bool(form.get("has_drm")),
            "headers": {name: value for name, value in (form.get("http_headers") or {}).items()
                        if name in ("Referer", "Origin")},
        }  # fmt: skip


if __name__ == "__main__":
    main()
