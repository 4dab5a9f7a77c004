"""An organization's own sentences in place of the bot's, checked before the first worker reads them.

A sentence that asks for a value which the bot doesn't have at that point would fail in the middle
of an answer. So a reworded sentence may use the placeholders of the original, and no others. They are
checked when they are written and not when they are read: a release that drops a sentence must not stop
the messages of everybody who had reworded it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from string import Formatter

from bot import wording

Wording = Mapping[str, Mapping[str, str]]


def mistakes(own: Wording) -> list[str]:
    """What is wrong with `own` (language → key → sentence), a line each."""
    ours = wording.sentences("en")
    found = []
    for language, sentences in own.items():
        for key, sentence in sentences.items():
            place = f"wording.{language}.{key}"
            if key in ours:
                found += [f"{place}: {words}" for words in _wrong(sentence, ours[key])]
            else:
                found.append(f"{place}: is none of the bot's sentences")
    return found


def _wrong(sentence: str, original: str) -> Iterator[str]:
    try:
        used = _placeholders(sentence)
    except ValueError:
        yield "has braces that can't be read; write {{ for a brace"
        return
    allowed = _placeholders(original)
    for strange in sorted(used - allowed):
        yield f"asks for {strange!r}; its placeholders are: {', '.join(sorted(allowed)) or 'none'}"


def _placeholders(sentence: str) -> set[str]:
    """The names in braces. A format after a colon is refused: `{name:>999999999}` would be a very long message."""
    names = set()
    for _, name, form, conversion in Formatter().parse(sentence):
        if form or conversion:
            raise ValueError(sentence)
        if name is not None:
            names.add(name)
    return names
