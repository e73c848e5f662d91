"""Messages between a decoding child and its parent: two lengths, a JSON object, bytes. Never pickles: the child may be
in the hands of the file it decodes."""

import json
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO

from config.errors import MekikiError

_LENGTHS = struct.Struct("<IQ")
MAX_HEAD_BYTES = 1 << 20
MAX_BODY_BYTES = 1 << 31


class BrokenMessage(MekikiError):
    """The other end sent something that is no message."""


def send(out: BinaryIO, head: Mapping[str, Any], blocks: Sequence[bytes] = ()) -> None:
    """Write one message and flush it."""
    encoded = json.dumps(head, allow_nan=False).encode("ascii")
    out.write(_LENGTHS.pack(len(encoded), sum(map(len, blocks))))
    out.write(encoded)
    for block in blocks:
        out.write(block)
    out.flush()


def receive(read: Callable[[int], bytes]) -> tuple[dict[str, Any], bytes]:
    """Return the next message; `read(n)` returns exactly n bytes or raises EOFError. Raises BrokenMessage."""
    head_bytes, body_bytes = _LENGTHS.unpack(read(_LENGTHS.size))
    if head_bytes > MAX_HEAD_BYTES or body_bytes > MAX_BODY_BYTES:
        raise BrokenMessage("A decoding child sent a message of impossible size; it was stopped.")
    try:
        head = json.loads(read(head_bytes))
    except (ValueError, RecursionError) as wrong:
        raise BrokenMessage("A decoding child sent a message that cannot be understood; it was stopped.") from wrong
    if not isinstance(head, dict):
        raise BrokenMessage("A decoding child sent a message that cannot be understood; it was stopped.")
    return head, read(body_bytes)
