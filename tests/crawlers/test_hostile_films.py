"""No address of the table of hostile ones is reached by way of yt-dlp: asked, redirected to, shown or listed."""

import html as markup
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from crawlers import egress
from crawlers.egress import Caps
from crawlers.guard import Guard
from tests.crawlers import hostile, lures
from tests.crawlers.hostile import NAMES, Inside
from tests.crawlers.small_web import SmallWeb, html

pytest.importorskip("yt_dlp")
ROOT = Path(__file__).parents[2]
CAPS = Caps(connection_bytes=8 << 20, total_bytes=64 << 20, connect_s=3.0)
_turns: dict[str, int] = {}


async def look_up(host: str, port: int) -> Sequence[str]:
    """Answer for the table's names as a hostile DNS would, and for all others as this machine does."""
    answers = NAMES.get(host.lower())
    if answers is None:
        return await egress.system_look_up(host, port)
    _turns[host] = _turns.get(host, -1) + 1
    return answers[min(_turns[host], len(answers) - 1)]


@pytest.fixture
def inside(web: SmallWeb) -> Iterator[Inside]:
    with hostile.inside(web.port) as made:
        yield made


def answers(web: SmallWeb, pages: Sequence[str], allowed: Sequence[str]) -> list[dict[str, object]]:
    """Return what the child says of every page, by a running egress that lets out what is allowed."""
    with egress.serving(Guard(allowed, {"web.test": "127.0.0.1"}), CAPS, look_up=look_up) as proxy:
        question = {
            "pages": list(pages), "extractors": ["generic"], "proxy": proxy.url, "processor_s": 200, "timeout_s": 5.0,
            "delay_s": 0.0, "user_agent": "mekiki/test",
        }  # fmt: skip
        ended = subprocess.run(
            [sys.executable, "-m", "tests.crawlers.film_asker"], input=json.dumps(question), capture_output=True,
            text=True, cwd=ROOT, timeout=300, check=False,
        )  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-2000:]
    return [json.loads(line) for line in ended.stdout.splitlines()]


@pytest.mark.parametrize("is_allowed", [False, True], ids=["hostile", "allowed"])
def test_no_hostile_address_is_reached_by_way_of_yt_dlp(web: SmallWeb, inside: Inside, is_allowed: bool) -> None:
    urls = hostile.table(inside.port, web.port)
    lures.road(web, urls)
    lists = [web.url(f"/variant/{number}.m3u8") for number in range(len(urls))]
    shown = "".join(f'<source src="{url}" type="application/x-mpegURL">' for url in lists)
    named = [f'<source src="{markup.escape(url)}" type="application/x-mpegURL">' for url in lures.by("shown", urls)]
    web.changed["/many"] = html(f"<h1>Many</h1><video>{shown}</video><video>{''.join(named)}</video>")
    redirects = [web.url(f"/{road}/{number}") for road in ("to", "chain") for number in range(len(urls))]
    allowed = [f"web.test:{web.port}", f"127.0.0.1:{web.port}"]  # 127.0.0.1 stands for the web outside
    allowed += [f"127.0.0.1:{inside.port}"] if is_allowed else []

    said = answers(web, [*lures.by("asked", urls), *redirects, *lists, web.url("/many")], allowed)

    assert len(said) == 4 * len(urls) + 1
    assert len(urls) >= 60
    asked = {f"/{road}/{number}" for road in ("to", "chain", "hop") for number in range(len(urls))}
    assert {path for path in asked if not web.count(path)} == set()  # each redirect was really followed
    assert all(web.count(f"/variant/{number}.m3u8") > 1 for number in range(len(urls)))  # by itself, and in the page
    if is_allowed:  # what the settings name is reached by every one of these roads
        assert inside.columns() >= {"asked", "redirect", "chain", "shown"}
        return
    assert inside.came == []
    assert not any("SECRET" in json.dumps(one) or "root:" in json.dumps(one) for one in said)
