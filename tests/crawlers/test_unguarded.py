"""A crawl with a hole in its road does not start, and while one runs nothing of ours listens."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.home import Home
from crawlers import chromium
from dashboard import child
from tests.crawlers.conftest import ROOT
from tests.crawlers.small_web import Answer, SmallWeb, html, write_source

LISTEN = "0A"


@pytest.mark.parametrize(("hole", "says"), [
    ("handler", "HttpxDownloadHandler would fetch http: addresses past the guard"), ("scheme", 'handler for "file:"'),
    ("proxy", "HTTPPROXY_ENABLED must be off"), ("telnet", "TELNETCONSOLE_ENABLED must be off"),
    ("remote", "REMOTE_CONTROL_ENABLED must be off"), ("resolver", "looked up past the guard"), ("none", "started"),
])  # fmt: skip
def test_a_crawl_with_a_hole_in_its_road_does_not_start(hole: str, says: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.crawlers.holes", hole], capture_output=True, text=True, cwd=ROOT, timeout=60,
        check=True,
    )  # fmt: skip

    assert says in ended.stdout
    assert ended.stdout.startswith("started" if hole == "none" else "Unguarded: ")


def family(pid: int) -> Iterator[int]:
    """Yield a process and all its descendants."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for one in task.read_text().split():
            yield from family(int(one))


def listening(pid: int) -> list[str]:
    """Return the addresses, in hex, on which a process and its descendants wait for connections."""
    mine = set()
    for one in family(pid):
        for link in Path(f"/proc/{one}/fd").glob("*"):
            try:
                mine |= set(re.findall(r"^socket:\[(\d+)\]$", str(link.readlink())))
            except OSError:  # closed meanwhile
                continue
    rows = [
        line.split() for table in ("tcp", "tcp6") for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    ]
    return [row[1] for row in rows if row[3] == LISTEN and row[9] in mine]


@pytest.mark.browser
@pytest.mark.skipif(chromium.find() is None, reason="no Chromium here; `make browser` gets one")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nothing_of_ours_listens_during_a_sweep_but_the_egress_on_loopback(web: SmallWeb, web_home: Home) -> None:
    web.changed["/held"] = html('<div id="root"></div><script src="/drip.js"></script>')
    web.changed["/drip.js"] = Answer(b" " * 1000, kind="text/javascript", drip_s=0.05)
    write_source(web_home.settings.sources, web, "held", "page", ["/held"], '[fetch]\nrender = "browser"\n')

    sweep = subprocess.Popen(child.command(web_home, "sweep", "held"), cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        web.wait_for(3)  # robots.txt, the page, and its script, which the browser is now waiting for
        seen = listening(sweep.pid)
        assert [address.rpartition(":")[0] for address in seen] == ["0100007F"]
        assert len(list(family(sweep.pid))) > 2  # the driver and the browser were looked at
    finally:
        sweep.terminate()
        sweep.wait(timeout=60)
