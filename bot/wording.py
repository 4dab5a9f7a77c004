"""What the bot itself says, per language: one file per language under templates/messages.

An organization may reword each sentence (`settings.wording`); a sentence that a language lacks is said
in the next language of the person's list, at last in English, which has them all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType

import yaml

FOLDER = Path(__file__).parent.parent / "templates" / "messages"


@cache
def sentences(language: str) -> Mapping[str, str]:
    """Key → sentence of one language; empty where we don't speak it."""
    path = FOLDER / f"{language}.yaml"
    if not language.replace("-", "").isalnum() or not path.exists():
        return MappingProxyType({})
    return MappingProxyType(yaml.safe_load(path.read_text(encoding="utf-8")))


def say(
    key: str,
    languages: Sequence[str],
    /,
    own: Mapping[str, Mapping[str, str]] | None = None,
    channel: str = "",
    **values: object,
) -> str:
    """The sentence `key` in the first of `languages` that has it, with `values` filled in.

    Some are said otherwise on one channel: `help.slack` goes before `help` there, which tells what a text costs.
    """
    special = f"{key}.{channel}"
    key = special if channel and special in sentences("en") else key
    for language in (*languages, "en"):
        for tongue in (language, language.split("-")[0]):
            found = (own or {}).get(tongue, {}).get(key) or sentences(tongue).get(key)
            if found:
                return found.format_map(values)
    raise KeyError(key)
