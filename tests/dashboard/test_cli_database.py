"""A database that cannot be used is one sentence and exit code 1, never a traceback."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from config import home as homes


def mekiki(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dashboard.cli", "--home", str(home), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    homes.make(tmp_path / "home").engine.dispose()
    return tmp_path / "home"


def test_a_file_that_is_no_database_is_one_sentence(home: Path) -> None:
    for file in home.glob("mekiki.db*"):
        file.write_bytes(b"this is no database " * 500)
    ended = mekiki(home, "status")
    assert ended.returncode == 1
    assert "Cannot use the database" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_table_that_was_lost_is_one_sentence_and_the_log_has_the_rest(home: Path) -> None:
    with sqlite3.connect(home / "mekiki.db") as connection:
        connection.execute("DROP TABLE case_claims")
        connection.execute("DROP TABLE decisions")
        connection.execute("ALTER TABLE cases RENAME TO cases_lost")
    ended = mekiki(home, "case", "list")
    assert ended.returncode == 1
    assert "The database could not be used (no such table: cases)" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "Traceback" in (home / "log" / "mekiki.jsonl").read_text()


def test_a_postgresql_that_does_not_answer_is_one_sentence_without_its_password(home: Path) -> None:
    (home / "mekiki.toml").write_text('[database]\nurl = "postgresql+psycopg://me:hunter2@127.0.0.1:9/none"\n')
    ended = mekiki(home, "status")
    assert ended.returncode == 1
    assert "Cannot use the database postgresql+psycopg://me:***@127.0.0.1:9/none" in ended.stderr
    assert "hunter2" not in ended.stderr
    assert "Traceback" not in ended.stderr
