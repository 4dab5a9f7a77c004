"""The environment as operators give it: a value, or the name of a file that holds it (how secrets are mounted)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bot.errors import Misconfigured


class Environment:
    """The environment, with NAME_FILE in place of NAME."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given

    def get(self, name: str) -> str | None:
        """The value without surrounding space, or None."""
        plain, path = self._given.get(name), self._given.get(f"{name}_FILE")
        if plain and path:
            raise Misconfigured(f"Both {name} and {name}_FILE are set: keep one.")
        if path:
            plain = _read(name, path)
        return (plain or "").strip() or None

    def plain(self, name: str) -> str | None:
        """The value as it stands, with nothing read from a file."""
        return self._given.get(name)

    def names(self, ending: str) -> list[str]:
        """Names that are set, as NAME or as NAME_FILE, and end so."""
        return sorted({plain for name in self._given if (plain := name.removesuffix("_FILE")).endswith(ending)})


def _read(name: str, path: str) -> str:
    """A mounted secret. An empty one is a mistake: with a default in its place nobody would notice."""
    try:
        found = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise Misconfigured(f"{name}_FILE names {path}, which can't be read: {error.strerror}.") from None
    except ValueError:
        raise Misconfigured(f"{name}_FILE names {path}, which is no text file: put the value alone into it.") from None
    if not found.strip():
        raise Misconfigured(f"{name}_FILE names {path}, which is empty: put the value into it, or unset {name}_FILE.")
    return found
