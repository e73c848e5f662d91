"""Films that hls.js and video.js play are found where their pages name the playlist, and put together."""

import shutil
from pathlib import Path

import pytest

from tests.real_sites import software
from tests.real_sites.conftest import Sweep, Swept

TITLES = {"By hls.js": "hls", "By video.js": "video", "By its element": "element", "By its setup": "setup",
          "By its script": "script", "By a browser": "browser"}  # fmt: skip


@pytest.fixture
def swept(tmp_path: Path, hls: Path, sweep: Sweep) -> Swept:
    """The pages with the players, served as files beside the packages, and swept."""
    shown = tmp_path / "shown"
    shutil.copytree(software.HERE / "pages", shown)
    shutil.copytree(hls, shown / "film")
    (shown / "node_modules").symlink_to(software.PACKAGES)
    with software.running(*software.files(shown)) as port:
        return sweep("players", port)


@pytest.mark.browser
def test_every_documented_way_to_name_a_playlist_is_understood(swept: Swept, hls: Path) -> None:
    whole = b"".join(part.read_bytes() for part in sorted(hls.glob("part*.ts")))
    assert {title: [each.url.partition("?by=")[2] for each in seen] for title, seen in swept.sightings.items()} == {
        title: [way] for title, way in TITLES.items()
    }
    assert swept.rendered == 1  # the one page that names its film to a script alone
    for title in TITLES:
        assert [each.kind for each in swept.sightings[title]] == ["video"]
        assert swept.bodies(title) == [whole]
