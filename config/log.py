"""Structured logs: JSON lines to a file of the home, readable lines to stderr; secrets never reach either."""

import logging
import re
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog

_SECRET_KEY = re.compile(r"password|passwd|secret|token|authorization|cookie|api_?key", re.IGNORECASE)
_URL_CREDENTIALS = re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)")
HIDDEN = "[hidden]"


def get(name: str) -> Any:
    """Return a bound logger; log facts as keywords: `log.info("captured", url=url)`."""
    return structlog.get_logger(name)


def hide_secrets(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace values whose key names a secret, and credentials inside urls."""
    for key, value in event.items():
        if _SECRET_KEY.search(key):
            event[key] = HIDDEN
        elif isinstance(value, str):
            event[key] = _URL_CREDENTIALS.sub(HIDDEN, value)
    return event


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    hide_secrets,
]


def set_up(level: str = "WARNING") -> None:
    """Send logs at `level` and above to stderr; whatever was set up before is replaced."""
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
        old.close()
    root.setLevel(logging.INFO)
    screen = logging.StreamHandler(sys.stderr)
    screen.setLevel(level)
    screen.setFormatter(_formatter(_sentence_only, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())))
    root.addHandler(screen)


def to_file(file: Path) -> None:
    """Send everything from INFO on to `file` as well, as JSON lines; to one file at a time."""
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if isinstance(handler, logging.FileHandler)]:
        root.removeHandler(old)
        old.close()
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = logging.FileHandler(file, encoding="utf-8")
    lines.setLevel(logging.INFO)
    lines.setFormatter(_formatter(structlog.processors.JSONRenderer(ensure_ascii=False)))
    root.addHandler(lines)


def _sentence_only(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Leave tracebacks to the file; people get the facts."""
    event.pop("exception", None)
    return event


def _formatter(*last: Any) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )
