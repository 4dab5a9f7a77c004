"""What the bot itself says: complete in each language, and a text in the cheap alphabet."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from bot.channels.sms_text import measure
from bot.wording import FOLDER, say, sentences

LANGUAGES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
SYSTEM = ("answer.late", "help", "help.stopped", "started", "stopped", "stranger", "nothing_open")


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_every_sentence_with_the_same_blanks(language: str) -> None:
    english, theirs = sentences("en"), sentences(language)
    assert set(theirs) == set(english)
    assert {key: fields(words) for key, words in theirs.items()} == {
        key: fields(words) for key, words in english.items()
    }


@pytest.mark.parametrize(
    ("language", "key"), [(language, key) for language in ("en", "es") for key in sentences(language)]
)
def test_no_sentence_of_ours_makes_a_text_cost_double(language: str, key: str) -> None:
    """GSM-7 has é ñ ¿ ¡ ü à, and neither á í ó ú nor curly quotes: one of those and 160 characters become 70."""
    words = re.sub(r"\{\w+\}", "x", sentences(language)[key])
    assert measure(words).encoding == "gsm7", words


@pytest.mark.parametrize("key", [key for key in sentences("en") if key.endswith(".slack")])
def test_what_is_said_otherwise_in_slack(key: str) -> None:
    usual, special = key.removesuffix(".slack"), sentences("en")[key]
    assert fields(special) == fields(sentences("en")[usual])
    values = dict.fromkeys(fields(special), "Harbor")
    assert say(usual, ("en",), channel="slack", **values) == special.format_map(values)
    for channel in ("", "sms", "pigeon"):
        assert say(usual, ("en",), channel=channel, **values) == sentences("en")[usual].format_map(values)


def test_a_sentence_of_ones_own_for_one_channel() -> None:
    own = {"en": {"stopped": "Bye.", "stopped.slack": "Bye, {organization}."}}
    assert say("stopped", ("en",), own=own, channel="slack", organization="Harbor") == "Bye, Harbor."
    assert say("stopped", ("en",), own=own, channel="sms", organization="Harbor") == "Bye."


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("key", SYSTEM)
def test_what_the_law_wants_said_fits_one_part(language: str, key: str) -> None:
    assert measure(say(key, (language,), organization="Harbor Foods")).parts == 1
