"""Fixtures of the real sites. They are swept only when asked for: `make test-real-sites`."""

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from sqlalchemy import select

from config import home as homes
from config.home import Home
from crawlers.captures import FindingRow, Sighting
from dashboard import child
from dashboard.demo import film
from tests.measure import drawings
from tests.real_sites import software, stock

SEED = 7
FILM_S, FPS = 12, 5
SETTINGS = """[crawl]
delay_s = 0.0
timeout_s = 30.0
allow_addresses = ["{host}:{port}"]
pinned_hosts = {{"{host}" = "127.0.0.1"}}
"""


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Leave the real sites out of every run that does not name them."""
    return None if any("real_sites" in argument for argument in config.args) else True


@dataclass(frozen=True)
class Swept:
    """What a sweep brought home."""

    home: Home
    pages: int
    rendered: int  # pages that a browser opened
    findings: dict[str, FindingRow]  # by title
    sightings: dict[str, list[Sighting]]  # by the finding's title, in page order

    def bodies(self, title: str) -> list[bytes]:
        """Return the media of a finding, in page order."""
        return [self.home.blobs.get(each.blob) for each in self.sightings[title]]


Sweep = Callable[[str, int], Swept]


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of drawn pictures under the names the stock knows."""
    folder = tmp_path_factory.mktemp("drawn")
    for number, name in enumerate(stock.PICTURES):
        pixels = drawings.scene(np.random.default_rng((SEED, number)), 360, 400)
        cv2.imwrite(str(folder / name), pixels[..., ::-1])
    return folder


@pytest.fixture(scope="session")
def hls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a drawn film as HLS: master.m3u8, media.m3u8 and its segments."""
    scenes = [drawings.scene(np.random.default_rng((SEED, 50, number)), 90, 160) for number in range(FILM_S)]
    made = film.Film(
        frames=lambda: (scenes[number // FPS] for number in range(FILM_S * FPS)),
        frames_per_second=FPS,
        seconds=FILM_S,
        sound=np.zeros(FILM_S * film.RATE_HZ, np.float32),
    )
    return film.write_hls(made, tmp_path_factory.mktemp("film"), film.Quality(size=(160, 90), kbps=100)).parent


@pytest.fixture
def sweep(tmp_path: Path) -> Iterator[Sweep]:
    """Sweep a server by its source in tests/real_sites/sources, with the command line, into a home of its own."""
    opened: list[Home] = []

    def swept(name: str, port: int) -> Swept:
        host, folder = f"{name}.test", tmp_path / "home"
        folder.mkdir()
        (folder / "mekiki.toml").write_text(SETTINGS.format(host=host, port=port), "utf-8")
        home = homes.make(folder)
        opened.append(home)
        definition = (software.HERE / "sources" / f"{name}.toml").read_text("utf-8")
        (home.settings.sources / f"{name}.toml").write_text(definition.replace(host, f"{host}:{port}"), "utf-8")
        ended = subprocess.run(
            child.command(home, "sweep", f"real-{name}", "--json"), capture_output=True, text=True, cwd=software.ROOT,
            timeout=300, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr
        return _read(home, json.loads(ended.stdout))

    yield swept
    for home in opened:
        home.engine.dispose()


def _read(home: Home, report: dict[str, Any]) -> Swept:
    with home.readers()() as session:
        findings = {row.title: row for row in session.scalars(select(FindingRow))}
        seen = {
            title: list(session.scalars(select(Sighting).where(Sighting.finding_id == row.id)
                                        .order_by(Sighting.position)))
            for title, row in findings.items()
        }  # fmt: skip
    return Swept(home, report["pages"], report["rendered"], findings, seen)
