"""How a sheet comes to the child that reads it, and what it says comes back: lengths, JSON, bytes. No pickles."""

import json
import struct
from dataclasses import asdict
from datetime import datetime
from typing import IO

from pydantic import TypeAdapter, ValidationError

from crawlers.reading import Said, Sheet

MAX_SAID_BYTES = 128 << 20  # a child that says more has been taken over, or is broken
_SHEET, _SAID = struct.Struct(">II"), struct.Struct(">I")
_said = TypeAdapter(Said)


class Garbled(Exception):
    """What came is not what was asked for."""


def send_sheet(to: IO[bytes], sheet: Sheet) -> None:
    """Write a sheet."""
    fields = {name: value for name, value in asdict(sheet).items() if name != "body"}
    head = json.dumps(fields, default=str).encode("ascii")
    to.write(_SHEET.pack(len(head), len(sheet.body)) + head)
    to.write(sheet.body)
    to.flush()


def sheet(come: IO[bytes]) -> Sheet | None:
    """Return the next sheet, None when there is none any more."""
    lengths = come.read(_SHEET.size)
    if len(lengths) < _SHEET.size:
        return None
    head, body = (come.read(length) for length in _SHEET.unpack(lengths))
    fields = json.loads(head)
    seen_at = fields["seen_at"] and datetime.fromisoformat(fields["seen_at"])
    headers = tuple((name, value) for name, value in fields["headers"])
    return Sheet(**fields | {"body": body, "seen_at": seen_at, "headers": headers})


def send_said(to: IO[bytes], said: Said) -> None:
    """Write what a sheet says; half of a surrogate pair, which no database takes, becomes a question mark."""
    written = json.dumps(_said.dump_python(said), default=str, ensure_ascii=False).encode("utf-8", errors="replace")
    to.write(_SAID.pack(len(written)) + written)
    to.flush()


def said(come: IO[bytes]) -> Said:
    """Return what a sheet says. Raises EOFError when the child has gone, Garbled when it says something else."""
    length = come.read(_SAID.size)
    if len(length) < _SAID.size:
        raise EOFError
    (size,) = _SAID.unpack(length)
    if size > MAX_SAID_BYTES:
        raise Garbled
    written = come.read(size)
    if len(written) < size:
        raise EOFError
    try:
        return _said.validate_json(written)
    except ValidationError as wrong:
        raise Garbled from wrong
