"""A database that cannot be used is one sentence and exit code 1, never a traceback."""

import sqlite3

from config.home import Home
from tests.dashboard.spoken import Mekiki


def test_a_file_that_is_no_database_is_one_sentence(own_home: Home, mekiki: Mekiki) -> None:
    for file in own_home.path.glob("mekiki.db*"):
        file.write_bytes(b"this is no database " * 500)
    ended = mekiki("status")
    assert ended.code == 1
    assert "Cannot use the database" in ended.err
    assert "Traceback" not in ended.err


def test_a_table_that_was_lost_is_one_sentence_and_the_log_has_the_rest(own_home: Home, mekiki: Mekiki) -> None:
    with sqlite3.connect(own_home.path / "mekiki.db") as connection:
        connection.execute("DROP TABLE case_claims")
        connection.execute("DROP TABLE decisions")
        connection.execute("ALTER TABLE cases RENAME TO cases_lost")
    ended = mekiki("case", "list")
    assert ended.code == 1
    assert "The database could not be used (no such table: cases)" in ended.err
    assert "Traceback" not in ended.err
    assert "Traceback" in (own_home.path / "log" / "mekiki.jsonl").read_text()


def test_a_postgresql_that_does_not_answer_is_one_sentence_without_its_password(own_home: Home, mekiki: Mekiki) -> None:
    (own_home.path / "mekiki.toml").write_text('[database]\nurl = "postgresql+psycopg://me:hunter2@127.0.0.1:9/none"\n')
    ended = mekiki("status")
    assert ended.code == 1
    assert "Cannot use the database postgresql+psycopg://me:***@127.0.0.1:9/none" in ended.err
    assert "hunter2" not in ended.err
    assert "Traceback" not in ended.err
