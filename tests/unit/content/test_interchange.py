"""YAML in and out: nothing is lost, nothing is guessed, and what is broken is shown by line and column."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.content.documents import QuizDocument, TextDocument, parse
from bot.content.interchange import BIGGEST, export, load, read
from bot.content.refusal import DocumentRefused
from bot.errors import BadInput
from tests.unit.content import made

HEAD = "kind: text\ntitle: T\n"


def text_of(value: str) -> object:
    document = load(f"{HEAD}text: {value}\n", "a.yaml")
    assert isinstance(document, TextDocument)
    return document.text


def refused(text: str) -> str:
    with pytest.raises(DocumentRefused) as error:
        load(text, "a.yaml")
    return error.value.words


@given(made.documents)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_export_then_import_changes_nothing(written: dict[str, Any]) -> None:
    document = parse(written)
    assert load(export(document), "a.yaml") == document


@given(made.texts)
@example("\n\na")
@example("  a\n b\n\n")
@example("a\n ")
@example("# not a comment")
@example("- a\n- b")
@example("---\n...")
@example("1e3")
@example("1.0e+3")
@example("-.5")
@example("0o17")
@example("\ufeffa")
@example("a\u2028b")
@example("x" * 300 + " " + "y" * 300)
@settings(deadline=None, max_examples=60)
def test_every_text_comes_back_letter_by_letter(text: str) -> None:
    document = parse({"kind": "text", "title": "T", "text": {"en": text, "no": text}})
    assert load(export(document), "a.yaml") == document


def test_an_export_reads_like_something_a_person_wrote() -> None:
    choices = [{"id": "a", "text": {"en": "Block it", "no": "Sperr"}}, {"id": "b", "text": "No"}]
    grading = {"correct_answers": ["a"], "when_wrong": "Block it.\nThen mop."}
    question = {"id": "q1", "kind": "single_choice", "prompt": "First?", "choices": choices, "grading": grading}
    document = parse({"kind": "quiz", "title": "Spills", "language": "en", "tags": ["2024"], "questions": [question]})
    assert export(document) == (
        "kind: quiz\n"
        "title: Spills\n"
        "tags:\n"
        "  - '2024'\n"
        "questions:\n"
        "  - id: q1\n"
        "    kind: single_choice\n"
        "    prompt: First?\n"
        "    choices:\n"
        "      - id: a\n"
        "        text:\n"
        "          en: Block it\n"
        "          'no': Sperr\n"
        "      - id: b\n"
        "        text: 'No'\n"
        "    grading:\n"
        "      correct_answers:\n"
        "        - a\n"
        "      when_wrong: |-\n"
        "        Block it.\n"
        "        Then mop.\n"
    )


def test_the_id_of_an_export_is_read_back() -> None:
    document = parse({"kind": "text", "title": "T", "text": "Hello"})
    own = uuid.UUID("0198c6d2-0000-7000-8000-000000000000")
    text = export(document, own)
    assert text.startswith(f"id: {own}\nkind: text\n")
    assert read(text, "a.yaml") == (own, document)
    assert read(export(document), "a.yaml") == (None, document)


@pytest.mark.parametrize("own", ["12", "spills", "[1]", "null", "''"])
def test_an_id_that_is_none(own: str) -> None:
    with pytest.raises(DocumentRefused, match=r"^a\.yaml: id: is no id of a content; leave it out"):
        read(f"id: {own}\nkind: text\ntitle: T\ntext: Hello\n", "a.yaml")


def test_fractions_that_say_more_than_the_right_answer_are_kept() -> None:
    choices = [{"id": "a", "text": "A…", "fraction": 1}, {"id": "b", "text": "B…", "fraction": 0.5}]
    question = {"id": "q1", "kind": "single_choice", "prompt": "First?", "choices": choices}
    document = parse({"kind": "quiz", "title": "T", "questions": [question]})
    assert "fraction: 0.5" in export(document)
    assert load(export(document), "a.yaml") == document


@pytest.mark.parametrize(
    "word",
    [
        "no",
        "No",
        "yes",
        "on",
        "off",
        "y",
        "True",
        "NULL",
        "2024-01-01",
        "12:30:45",
        "007",
        "+0x1F",
        "1_000",
        ".inf",
        ".nan",
        "=",
        "<<",
    ],
)
def test_words_that_other_readers_change_stay_what_they_are(word: str) -> None:
    assert text_of(word) == word


@pytest.mark.parametrize("word", ["true", "false", "5", "-5", "5.0", ".5", "1e3", "1.5E-3"])
def test_what_is_a_boolean_or_a_number_is_no_text(word: str) -> None:
    assert refused(f"{HEAD}text: {word}\n") == "a.yaml: text: must be text; put quotes around it"
    assert text_of(f"'{word}'") == word


def test_keys_are_always_text() -> None:
    labels = "{true: 'Yes', false: No}"
    question = f"{{id: 1, kind: true_false, prompt: P, labels: {labels}, grading: {{correct_answers: [true]}}}}"
    document = load(f"kind: quiz\ntitle: T\nquestions: [{question}]", "a.yaml")
    assert isinstance(document, QuizDocument)
    assert document.questions[0].id == "1"
    assert load(f"{HEAD}text: {{no: Hei, en: Hi}}", "a.yaml").text == {"no": "Hei", "en": "Hi"}  # type: ignore[union-attr]


def test_a_byte_order_mark_and_windows_line_ends_are_no_mistake() -> None:
    assert load("\ufeffkind: text\r\ntitle: T\r\ntext: |\r\n  a\r\n  b\r\n", "a.yaml").text == "a\nb\n"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1, column 1: the file is empty"),
        ("# only a remark", "line 1, column 1: the file is empty"),
        ("kind: text\ntitle: T\nkind: quiz", 'line 3, column 1: the key "kind" is there twice'),
        (f"{HEAD}text:\n  en: a\n  'en': b", 'line 5, column 3: the key "en" is there twice'),
        (f"{HEAD}text: a\n---\n{HEAD}", "line 4, column 1: a file holds one content"),
        (f"{HEAD}text: &a Hi", "line 3, column 7: anchors and aliases (& and *) are not read; write it out or put quotes around it"),
        (f"{HEAD}text: *a", "line 3, column 7: anchors and aliases (& and *) are not read; write it out or put quotes around it"),
        (f"{HEAD}text: !!python/object/apply:os.system [ls]", "line 3, column 7: tags (!) are not read; put quotes around it"),
        (f"{HEAD}text: !env HOME", "line 3, column 7: tags (!) are not read; put quotes around it"),
        (f"{HEAD}? [a, b]\n: c", "line 3, column 3: a key must be a word"),
        (f"{HEAD}text: a\x07b", "line 3, column 8: U+0007 has no place in a text file"),
        (f"{HEAD}text: \ud83d", "line 3, column 7: U+D83D has no place in a text file"),
        ("[" * 2000, "line 1, column 42: this is nested too deeply"),
        ("- " * 100_000, "line 1, column 83: this is nested too deeply"),
        ("a: {" * 5000, "line 1, column 164: this is nested too deeply"),
        ("x" * (BIGGEST + 1), "line 1, column 1: the file has more than 1 MB"),
        ("é" * (BIGGEST // 2 + 1), "line 1, column 1: the file has more than 1 MB"),
        ("- a", "must be a map of keys"),
        ("just words", "must be a map of keys"),
        (f"{HEAD}text: x\nquestions: []", "questions: is not known here"),
    ],
)  # fmt: skip
def test_what_is_broken_is_named_by_file_and_place(text: str, words: str) -> None:
    assert refused(text) == f"a.yaml: {words}"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (f"{HEAD}text: [a", "line "),
        (f"{HEAD}\ttext: a", "line 3, column 1: "),
        (f"{HEAD}text: 'a", "line "),
        (f"{HEAD}text: a: b", "line 3, column 8: "),
        (f"{HEAD} text: a", "line 3, column 6: "),
    ],
)
def test_what_is_no_yaml_is_named_by_its_place(text: str, place: str) -> None:
    assert refused(text).startswith(f"a.yaml: {place}")
    assert "this is no YAML" in refused(text)


YAML_PIECES = st.sampled_from([
    "kind: ", "text", "quiz", "title: ", "\n", "  ", "- ", "? ", ": ", "&a ", "*a ", "!!str ", "!x ", "'", '"', "[", "]", "{", "}",
    ",", "#", "|", ">", "\t", "%YAML 1.1\n", "---\n", "...\n", "\x00", "\ud800", "\ufffe", "é", "1e9", "true",
])  # fmt: skip


@given(st.lists(YAML_PIECES | st.text(max_size=3), max_size=25).map("".join))
@settings(deadline=None, max_examples=60)
def test_nothing_but_a_refusal_comes_out_of_any_text(text: str) -> None:
    told = "a.yaml: "
    try:
        load(text, "a.yaml")
    except BadInput as error:
        told = error.words
    assert told.startswith("a.yaml: ")
