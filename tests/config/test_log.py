"""Secrets reach no log."""

import json
from pathlib import Path

from config import log


def test_secrets_are_hidden_in_the_file_and_on_the_screen(tmp_path: Path, capsys: object) -> None:
    file = tmp_path / "mekiki.jsonl"
    log.set_up()
    log.to_file(file)
    log.get("test").warning("connected", password="hunter2", url="postgresql://me:hunter2@db/x", host="db")
    line = json.loads(file.read_text().splitlines()[-1])
    assert (line["password"], line["host"]) == (log.HIDDEN, "db")
    assert "hunter2" not in file.read_text()
    assert "hunter2" not in capsys.readouterr().err  # type: ignore[attr-defined]
    log.set_up()


def test_a_traceback_goes_to_the_file_and_people_get_the_facts(tmp_path: Path, capsys: object) -> None:
    file = tmp_path / "mekiki.jsonl"
    log.set_up()
    log.to_file(file)
    try:
        raise ValueError("the lantern is out")
    except ValueError:
        log.get("test").exception("row failed", row=7)
    screen = capsys.readouterr().err  # type: ignore[attr-defined]
    assert "row failed" in screen
    assert "Traceback" not in screen
    assert "the lantern is out" in json.loads(file.read_text().splitlines()[-1])["exception"]
    log.set_up()
