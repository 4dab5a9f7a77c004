"""Log lines as JSON on stderr, with allow-listed fields only.

A field that isn't on the list is dropped, so that no body, phone number or secret can slip into a log
through a careless call. Libraries that would write such things at INFO are kept to warnings, and what looks
like a number, an address or a token is blotted out of whatever text remains.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

FIELDS = frozenset({
    "organization", "integration", "delivery", "deliveries", "broadcast", "segment", "worker_id", "actor", "job",
    "seconds", "count", "state", "reason", "code", "status", "path", "method", "kind", "attempt", "error", "url",
})  # fmt: skip
TALKATIVE = ("twilio", "slack_sdk", "slack_bolt", "aiohttp", "pika", "apscheduler", "dramatiq", "alembic")

_PRIVATE = re.compile(
    r"\b[a-z][a-z0-9+.-]*://[^\s/@]*:[^\s/@]*@"  # credentials in a URL
    r"|[\w.+-]+@[\w-]+\.[\w.-]+"  # an e-mail address
    r"|\bxox[a-z]-[\w-]+|\b(?:Bearer|Basic)\s+\S+"  # tokens
    r"|(?<![\w-])\+?\d(?:[ ().-]?\d){6,14}(?![\w-])",  # a phone number
    re.IGNORECASE,
)


class Lines(logging.Formatter):
    """One JSON object a line: at, level, room, event and the allowed fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line; a traceback is kept to the place and the type, never the values."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "room": record.name,
            "event": record.getMessage() if record.name.startswith(("bot", "scheduler")) else _foreign(record),
        }
        line.update({key: _clean(value) for key, value in getattr(record, "fields", {}).items() if key in FIELDS})
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
            line["where"] = _where(record.exc_info[2])
        return json.dumps(line, default=str, ensure_ascii=False)


def _foreign(record: logging.LogRecord) -> str:
    """Another library's message without its arguments, which may hold anything."""
    return _PRIVATE.sub("…", str(record.msg) if record.args else record.getMessage())


def _clean(value: Any) -> Any:
    return value if value is None or isinstance(value, int | float) else _PRIVATE.sub("…", str(value))


def _where(traceback: Any) -> list[str]:
    places = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        places.append(f"{code.co_filename.rsplit('/', 2)[-1]}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return places[-6:]


class Log:
    """A room's own log: `log.info("claimed", deliveries=12)`."""

    def __init__(self, name: str) -> None:
        self._log = logging.getLogger(name)

    def debug(self, event: str, **fields: Any) -> None:
        """For whoever hunts a bug."""
        self._log.debug(event, extra={"fields": fields})

    def info(self, event: str, **fields: Any) -> None:
        """Something happened that an operator may want to see."""
        self._log.info(event, extra={"fields": fields})

    def warning(self, event: str, **fields: Any) -> None:
        """Something an operator should look at."""
        self._log.warning(event, extra={"fields": fields})

    def failure(self, event: str, **fields: Any) -> None:
        """An exception is being handled: its type and place are kept."""
        self._log.error(event, extra={"fields": fields}, exc_info=True)


def start(level: str) -> None:
    """Send everything to stderr as lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))
