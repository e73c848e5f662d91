"""Secrets reach no log."""

import json
from pathlib import Path

from config import log


def test_secrets_are_hidden_in_the_file_and_on_the_screen(tmp_path: Path, capsys: object) -> None:
    file = tmp_path / "mekiki.jsonl"
    log.set_up(file=file)
    log.get("test").warning("connected", password="hunter2", url="postgresql://me:hunter2@db/x", host="db")
    line = json.loads(file.read_text().splitlines()[-1])
    assert (line["password"], line["host"]) == (log.HIDDEN, "db")
    assert "hunter2" not in file.read_text()
    assert "hunter2" not in capsys.readouterr().err  # type: ignore[attr-defined]
    log.set_up()
