"""Keys: the operator's own, or made once and kept beside the database.

Whoever only looks (`shiftline check`, a command that needs none) makes none: a key that is made in the wrong
folder seals credentials which no other process can open.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from cryptography.fernet import Fernet

from bot import chance
from bot.errors import Misconfigured

SECRET_KEY = "secret_key"  # noqa: S105 - a file's name
ENCRYPTION_KEYS = "encryption_keys"
"""Their files under the data folder."""


def secret_key(value: str | None, data: Path, *, make: bool) -> str:
    """The key that signs; "" where there is none and none may be made."""
    key = value if value is not None else _kept(data / SECRET_KEY, make and (lambda: chance.token(32)))
    if key is None:
        return ""
    if len(key) < 16:
        whose = "SECRET_KEY" if value else f"The key in {data / SECRET_KEY}"
        raise Misconfigured(f"{whose} is shorter than 16 characters: give a longer one, or none to have one made.")
    return key


def encryption_keys(value: str | None, data: Path, *, make: bool) -> tuple[str, ...]:
    """The keys that seal, newest first; none where there are none and none may be made."""
    path = data / ENCRYPTION_KEYS
    text = value if value is not None else _kept(path, make and (lambda: Fernet.generate_key().decode()))
    if text is None:
        return ()
    found = tuple(key.strip() for key in text.split(",") if key.strip())
    try:
        proper = bool([Fernet(key) for key in found])
    except ValueError:
        proper = False
    if not proper:
        words = "must be Fernet keys (32 bytes in URL-safe base64), separated by commas."
        raise Misconfigured(f"ENCRYPTION_KEYS {words}" if value else f"The keys in {path} (ENCRYPTION_KEYS) {words}")
    return found


def _kept(path: Path, make: Callable[[], str] | Literal[False]) -> str | None:
    """What stands in `path`; made and kept there the first time, or None where it may not be."""
    try:
        if not path.exists():
            if not make:
                return None
            _keep(path, make())
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Misconfigured(
            f"{path} can't be written or read ({error.strerror}): set SHIFTLINE_DATA to a folder of your own."
        ) from None


def _keep(path: Path, key: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(key, encoding="utf-8")
    try:
        os.link(draft, path)  # never over a key that another process has just made
    except FileExistsError:
        pass
    finally:
        draft.unlink()
