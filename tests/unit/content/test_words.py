"""Which language somebody reads, and what a language code is."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bot.content.documents import words
from bot.content.words import canonical

GREETING = {"en": "Hello", "es": "Hola", "pt-BR": "Oi", "zh-Hant": "你好"}


@pytest.mark.parametrize(
    ("languages", "read"),
    [
        (("es",), "Hola"),
        (("es-MX",), "Hola"),
        (("ES-mx", "en"), "Hola"),
        (("ht", "es"), "Hola"),
        (("pt",), "Oi"),
        (("pt-PT", "en"), "Oi"),
        (("zh-Hant-TW",), "你好"),
        (("ht", "fr"), "Hello"),
        ((), "Hello"),
        (("", "?", "es"), "Hola"),
    ],
)
def test_the_first_language_that_is_there_is_read(languages: Sequence[str], read: str) -> None:
    assert words(GREETING, languages) == read


def test_the_exact_language_is_read_before_its_relatives() -> None:
    assert words({"es": "ordenador", "es-MX": "computadora"}, ["es-MX"]) == "computadora"
    assert words({"es-MX": "computadora", "es": "ordenador"}, ["es-AR"]) == "ordenador"


def test_a_plain_string_is_read_by_everybody_and_nothing_is_nothing() -> None:
    assert words("Hello", ["es"]) == "Hello"
    assert words(None, ["es"]) == ""


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("EN", "en"),
        ("es-mx", "es-MX"),
        ("ZH-hant-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("english", None),
        ("en_US", None),
        ("e", None),
        ("en-", None),
        ("en\n", None),
        ("", None),
    ],
)
def test_language_codes_have_one_spelling(written: str, code: str | None) -> None:
    assert canonical(written) == code
