"""Patches laid over a document, and what then differs from the defaults: plain JSON in, plain JSON out.

A JSON merge patch deletes with `null`. Some of our settings are off with `null`, though, and without
this exception nobody could say so: where the document's model takes `null`, it is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel

Document = dict[str, Any]


def patched(part: type[BaseModel] | None, document: Any, patch: Mapping[str, Any]) -> Document:
    """`patch` laid over `document`, whose shape is `part`'s (None: a free map of names)."""
    result = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        options = _options(part, key)
        if part and not options:
            result[key] = value  # validation will say that nobody knows it
        elif value is None and type(None) not in options:
            result.pop(key, None)
        elif isinstance(value, dict):
            inner = next((each for each in options if isinstance(each, type) and issubclass(each, BaseModel)), None)
            result[key] = patched(inner, result.get(key), value)
        else:
            result[key] = value
    return result


def between(document: Document, defaults: Document) -> Document:
    """The keys of `document` that say something else than `defaults`."""
    found = {}
    for key, value in document.items():
        usual = defaults.get(key)
        if isinstance(value, dict) and isinstance(usual, dict):
            if inner := between(value, usual):
                found[key] = inner
        elif key not in defaults or value != usual:
            found[key] = value
    return found


def _options(part: type[BaseModel] | None, key: str) -> tuple[Any, ...]:
    field = part.model_fields.get(key) if part else None
    return (get_args(field.annotation) or (field.annotation,)) if field else ()
