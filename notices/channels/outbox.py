"""The outbox: a dry run. Each letter becomes a file that a mail program can open; nothing leaves this machine."""

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from config import clock
from config.home import Home
from notices.interface import DeliveryError, Letter, Receipt

SAFE_NUMBER = re.compile(r"[A-Z]+-[0-9A-Za-z-]+")


@dataclass(frozen=True)
class Outbox:
    """Writes `<number>.eml` into one folder; the same letter twice is one file."""

    folder: Path
    name: ClassVar[str] = "outbox"
    is_dry_run: ClassVar[bool] = True

    def deliver(self, letter: Letter) -> Receipt:
        """Write the message, whole or not at all. Raises DeliveryError."""
        if not SAFE_NUMBER.fullmatch(letter.number):
            raise DeliveryError(f'"{letter.number}" is no notice number; the letter was not written.', permanent=True)
        file = self.folder / f"{letter.number}.eml"
        try:
            if not file.is_file() or file.read_bytes() != letter.message:
                self._write(file, letter.message)
        except OSError as error:
            raise DeliveryError(
                f"The outbox {self.folder} cannot be written ({error}); repair it.", permanent=False
            ) from error
        return Receipt(channel=self.name, at=clock.now(), reference=file.name, is_dry_run=True)

    def _write(self, file: Path, message: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.folder, prefix=".part-")
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(message)
                out.flush()
                os.fsync(out.fileno())
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)


def opened(home: Home) -> Outbox:
    """Return the outbox of a home."""
    return Outbox(home.settings.outbox)
