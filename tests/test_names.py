"""The six package names are common words: no installed distribution may shadow them, whatever the folder."""

import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("config", "crawlers", "fingerprints", "matcher", "notices", "dashboard")


def test_no_other_distribution_installs_our_names() -> None:
    owners = packages_distributions()
    assert {name: set(owners.get(name, [])) - {"mekiki"} for name in PACKAGES} == {name: set() for name in PACKAGES}


def test_the_command_runs_from_another_folder(tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("mekiki")
    ran = subprocess.run([command, "--help"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "mekiki demo" in ran.stdout


def test_imports_come_from_this_checkout(tmp_path: Path) -> None:
    script = f"import importlib\nfor name in {PACKAGES!r}: print(importlib.import_module(name).__file__)"
    ran = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert [Path(line).parent.parent for line in ran.stdout.split()] == [ROOT] * len(PACKAGES)
