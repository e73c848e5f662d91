"""The house keeps its shape: sizes, who reads the clock, who commits."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("config", "crawlers", "fingerprints", "matcher", "notices", "dashboard")
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "core", "manager", "misc"}


def modules() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def calls(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.lineno, ast.unparse(node.func)


def test_the_root_holds_nothing_unexpected() -> None:
    expected = {*PACKAGES, "tests", "README.md", "CHANGELOG.md", "LICENSE", "Makefile", "pyproject.toml",
                "requirements.lock", "requirements-dev.lock"}  # fmt: skip
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    found = {path.split("/")[0] for path in listed if not path.startswith(".")}
    assert found <= expected


@pytest.mark.parametrize("path", modules(), ids=named)
def test_no_file_and_no_function_is_too_long(path: Path) -> None:
    if "migrations/versions" in named(path):
        return  # a migration is a list of tables, long by nature
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= MAX_FILE_LINES, f"{named(path)} is too long"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= MAX_FUNCTION_LINES, f"{named(path)}: {node.name} has {length} lines"


@pytest.mark.parametrize("path", modules(), ids=named)
def test_only_the_clock_reads_the_time(path: Path) -> None:
    if named(path) == "config/clock.py":
        return
    readers = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "datetime.datetime.now"}
    assert [call for call in calls(ast.parse(path.read_text("utf-8"))) if call[1] in readers] == []


@pytest.mark.parametrize("path", [path for path in modules() if not named(path).startswith("dashboard/")], ids=named)
def test_only_the_dashboard_commits(path: Path) -> None:
    if named(path) == "config/migrations/env.py":
        return  # migrations run before there is anybody to decide
    commits = [call for call in calls(ast.parse(path.read_text("utf-8"))) if call[1].split(".")[-1] == "commit"]
    assert commits == []


def test_modules_are_named_after_the_noun_they_hold() -> None:
    assert [named(path) for path in modules() if path.stem in BANNED_NAMES] == []


def test_every_module_begins_with_what_it_holds() -> None:
    silent = [named(path) for path in modules() if not ast.get_docstring(ast.parse(path.read_text("utf-8")))]
    assert silent == []
