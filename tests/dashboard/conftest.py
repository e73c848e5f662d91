"""Fixtures for tests that speak to `mekiki` as a person at a terminal does."""

from pathlib import Path

import pytest

from config.home import Home, make
from dashboard.cli import main
from tests.dashboard.spoken import Mekiki, Said


@pytest.fixture
def own_home(tmp_path: Path) -> Home:
    """A home as `mekiki init` makes it, but that no browser is opened for each of its cases."""
    with (make(tmp_path / "own").path / "mekiki.toml").open("a") as file:
        file.write("\n[evidence]\nshow_pages = false\n")
    return make(tmp_path / "own")


@pytest.fixture
def mekiki(own_home: Home, capsys: pytest.CaptureFixture[str]) -> Mekiki:
    """Run one command on the home and return what it said."""

    def run(*arguments: object) -> Said:
        with pytest.raises(SystemExit) as left:
            main(["--home", str(own_home.path), *map(str, arguments)])
        said = capsys.readouterr()
        return Said(int(left.value.code or 0), said.out, said.err)

    return run
