"""Files that a command is given: read whole, and every complaint about one begins with its name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bot.errors import BadInput, ShiftlineError


def bytes_of(path: Path) -> bytes:
    """A file's content, or a sentence about why it can't be read."""
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} can't be read: {getattr(error, 'strerror', None) or error}.") from None


def text_of(path: Path, what: str) -> str:
    """A text file's content, or a sentence about why it can't be read."""
    try:
        return bytes_of(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(f"{path} is no UTF-8 text, so it can't be {what}.") from None


def json_of(path: Path, what: str) -> Any:
    """A JSON file's content."""
    try:
        return json.loads(text_of(path, what))
    except json.JSONDecodeError as error:
        raise BadInput(f"{path} is no JSON: line {error.lineno}, column {error.colno}: {error.msg}.") from None
    except RecursionError:
        raise BadInput(f"{path} is nested too deeply.") from None
    except ValueError:  # a number of more digits than Python reads
        raise BadInput(f"{path} holds a number that is too long.") from None


@contextmanager
def about(path: Path) -> Iterator[None]:
    """Put the file's name before whatever is wrong with what stands in it: three rules are given in one script."""
    try:
        yield
    except ShiftlineError as error:
        if not error.words.startswith((path.name, str(path))):
            error.args = (f"{path.name}: {error.words}", *error.args[1:])
        raise
