"""The main path, whole: works are drawn, a small web copies them, and mekiki does its job on it over real HTTP.

Read `dashboard/jobs.py` first; this is what it comes to.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from crawlers.recheck import WatchLook
from dashboard.demo import attacks, expectation, server, sites, stage, works
from dashboard.demo.attacks import save
from dashboard.demo.figures import HARU, SUZU
from dashboard.demo.scenery import DUSK
from dashboard.demo.world import Place, Shown, Title, World
from notices.ledger import Notice
from tests import database_server

TITLE, OWNER = "Lantern Road", "Studio Kiri"


@pytest.mark.slow
def test_the_demo_finds_every_copy_and_leaves_every_allowed_use_alone(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MEKIKI_")}
    command = [sys.executable, "-m", "dashboard.cli", "demo", "--once", "--small", "--json", "--keep"]
    ended = subprocess.run(
        [*command, str(tmp_path / "demo")], check=False, capture_output=True, text=True, env=environment, timeout=540
    )
    assert ended.returncode == 0, ended.stderr
    said = json.loads(ended.stdout.splitlines()[-1])
    assert list(said) == ["expected", "found", "wrong_cases", "allowed", "allowed_respected", "notices", "seconds"]
    assert said["found"] == said["expected"] >= 12
    assert said["wrong_cases"] == 0
    assert said["allowed_respected"] == said["allowed"] >= 6
    assert said["notices"] >= 10
    letters = [letter.read_bytes() for letter in (tmp_path / "demo" / "home" / "outbox").rglob("*.eml")]
    assert len(letters) == said["notices"]


def small_world(folder: Path) -> World:
    """One poster: copied on an image board, shown by its owner, and nothing of it elsewhere."""
    visual = works.key_visual((SUZU, HARU), DUSK, 70, "灯りの道")
    original = save(visual, folder / "key-visual.png")
    cut = save(attacks.scaled(attacks.cropped(visual, (0.05, 0.2, 0.95, 0.98)), 560), folder / "cut.jpg", 60)
    sheet = save(works.stranger_sheet(), folder / "sheet.jpg")
    assets = (("Key visual", (original,)),)
    return World(
        titles=(Title(TITLE, OWNER, "art", assets, creator=OWNER, official=("studio-kiri.example",)),),
        places=(
            Place("pixhub.example", "/post/1", "poster", "pirated", (Shown(cut),), TITLE, "cropped", by="grabber"),
            Place("pixhub.example", "/private/2", "album", "pirated", (Shown(original),), TITLE, is_forbidden=True),
            Place("studio-kiri.example", "/works", "灯りの道", "allowed", (Shown(original),), TITLE),
            Place("plainlife.example", "/cast", "My cast", "unrelated", (Shown(sheet),)),
        ),
        gone=("pixhub.example/post/1",),
        owners={OWNER: {"representative": "Aoi Mori", "address": "1-2-3 Kanda, Tokyo", "phone": "+81-3-0000-0000",
                        "email": "rights@studio-kiri.example", "country": "JP", "mandate": "power of attorney"}},
    )  # fmt: skip


def test_the_main_path_holds_on_postgresql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEKIKI_DATABASE__URL", database_server.make_database("main_path"))  # the children read it too
    world = small_world(tmp_path)
    web, shown = sites.put_up(world), sites.of(world)
    with server.served(web) as port:
        home = stage.make_home(tmp_path / "home", shown, port)
        assert home.engine.dialect.name == "postgresql"
        stage.register(home, world)
        stage.sweep(home, shown)
        stage.work(home)
        assert stage.review(home, leave={f"pixhub.example:{port}/post/1"}) == 0
        assert stage.review(home) == 1
        stage.work(home)
        assert stage.approve(home) == 1
        stage.work(home)
        stage.react(web, world)
        stage.look_again(home)
        stage.work(home)
        with home.readers()() as session:
            verdict = expectation.compare(session, world, web, port)
            looks = session.scalars(select(WatchLook.outcome)).all()
            states = session.scalars(select(Notice.state)).all()
        home.engine.dispose()
    database_server.drop_database("main_path")
    assert verdict.holds, expectation.rows(verdict)
    assert (looks, states) == (["gone"], ["removed"])
