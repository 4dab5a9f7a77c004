"""Content as code: one YAML file per content, out and in again without a difference.

The reader is YAML as people expect it and no more: only `true` and `false` are booleans (`no` is
Norway's language, `yes` is a word), a key that is there twice is a mistake and not the last one wins,
`007` keeps its zeros, and there are no tags and no aliases, so that a small file stays small.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from bot.content.documents import Document, dump, parse
from bot.content.refusal import DocumentRefused, quoted

BIGGEST = 1_000_000
"""Bytes of one file; a quiz of a hundred questions in three languages has a tenth of it."""

DEEPEST = 40

_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})\Z", re.ASCII)
_BROKEN = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?\Z", re.ASCII)
_UNREADABLE = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}


class _Unreadable(Exception):
    """A mistake in the YAML itself, at a line and column that count from 0."""

    def __init__(self, words: str, line: int, column: int) -> None:
        super().__init__(f"line {line + 1}, column {column + 1}: {words}")


class Written(NamedTuple):
    """What stands in a file: a content, and the id by which it was exported, if it was."""

    id: uuid.UUID | None
    document: Document


def load(text: str, name: str) -> Document:
    """Read the one content of a YAML file called `name`; see `read`."""
    return read(text, name).document


def read(text: str, name: str) -> Written:
    """Read the one content of a YAML file called `name`, and its `id` where there is one.

    DocumentRefused names the file, and the line and column where the YAML is broken or the path of
    what is wrong with the content. Refused too: more than 1 MB, tags, anchors and aliases.
    """
    try:
        plain = _read(text.removeprefix("\ufeff"))
        own = _id(plain.pop("id")) if isinstance(plain, dict) and "id" in plain else None
        return Written(own, parse(plain))
    except _Unreadable as broken:
        raise DocumentRefused([("", str(broken))], file=name) from None
    except DocumentRefused as wrong:
        raise DocumentRefused(wrong.mistakes, file=name) from None


def export(document: Document, content_id: uuid.UUID | None = None) -> str:
    """Write the content as a YAML file, defaults left out; `read(export(d, id), name) == (id, d)`."""
    kept = dump(document, brief=True)
    if content_id is not None:
        kept = {"id": str(content_id), **kept}
    if "questions" in kept:
        kept["questions"] = [_as_written(question) for question in kept["questions"]]
    return str(yaml.dump(kept, Dumper=_Writer, allow_unicode=True, sort_keys=False, width=120))


def _id(value: object) -> uuid.UUID:
    try:
        return uuid.UUID(str(value))
    except ValueError:
        words = "is no id of a content; leave it out, and the content is known by its kind and title"
        raise DocumentRefused([("id", words)]) from None


def _read(text: str) -> object:
    # Python's own limit on str is characters; what fills memory and disks is bytes.
    if len(text) > BIGGEST or len(text.encode("utf-8", "surrogatepass")) > BIGGEST:
        raise _Unreadable("the file has more than 1 MB", 0, 0)
    odd = _UNREADABLE.search(text)
    if odd:
        before = text[: odd.start()]
        column = odd.start() - (before.rfind("\n") + 1)
        raise _Unreadable(f"U+{ord(odd[0]):04X} has no place in a text file", before.count("\n"), column)
    try:
        return _document(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line, mark.column) if mark else (0, 0)
        raise _Unreadable(f"this is no YAML ({error.problem or error.context})", line, column) from None


def _document(events: Iterator[Any]) -> object:
    """Build the one document of a stream of YAML events."""
    value: object = None
    documents = 0
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _wrong(event, "a file holds one content")
            value = _value(next(events), events, 0)
    if not documents:
        raise _Unreadable("the file is empty", 0, 0)
    return value


def _value(event: Any, events: Iterator[Any], depth: int) -> object:
    if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
        raise _wrong(event, "anchors and aliases (& and *) are not read; write it out or put quotes around it")
    if event.tag is not None and not (isinstance(event, yaml.ScalarEvent) and event.tag == "!"):
        raise _wrong(event, "tags (!) are not read; put quotes around it")
    if depth > DEEPEST:
        raise _wrong(event, "this is nested too deeply")
    if isinstance(event, yaml.MappingStartEvent):
        return _mapping(events, depth + 1)
    if isinstance(event, yaml.SequenceStartEvent):
        return [_value(item, events, depth + 1) for item in _until(events, yaml.SequenceEndEvent)]
    return _scalar(event.value) if event.implicit[0] else event.value


def _mapping(events: Iterator[Any], depth: int) -> dict[str, object]:
    read: dict[str, object] = {}
    for key in _until(events, yaml.MappingEndEvent):
        if not isinstance(key, yaml.ScalarEvent) or key.anchor is not None:
            raise _wrong(key, "a key must be a word")
        if key.value in read:
            raise _wrong(key, f"the key {quoted(key.value)} is there twice")
        read[key.value] = _value(next(events), events, depth)
    return read


def _until(events: Iterator[Any], end: type[Any]) -> Iterator[Any]:
    for event in events:
        if isinstance(event, end):
            return
        yield event


def _scalar(text: str) -> object:
    """Tell what an unquoted word means. Whatever is no number, boolean or null is the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.match(text):
        return int(text)
    return float(text) if _BROKEN.match(text) else text


def _wrong(event: Any, words: str) -> _Unreadable:
    return _Unreadable(words, event.start_mark.line, event.start_mark.column)


def _as_written(question: dict[str, Any]) -> dict[str, Any]:
    """Put a question in the order people write it, without the fractions that its right answers imply."""
    right = question.get("grading", {}).get("correct_answers", ())
    if question["kind"] in {"single_choice", "multiple_choice"} and right:
        share = 1.0 if question["kind"] == "single_choice" else 1 / len(right)
        implied = [share if choice["id"] in right else 0.0 for choice in question["choices"]]
        if implied == [choice.get("fraction", 0.0) for choice in question["choices"]]:
            for choice in question["choices"]:
                choice.pop("fraction", None)
    return {"id": question.pop("id"), "kind": question.pop("kind"), **question}


class _Writer(yaml.SafeDumper):
    """PyYAML's writer, made to quote whatever our reader, or YAML 1.1's, would take for something else."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's own signature
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - PyYAML's own signature
        # Lists stand indented below their key, as people write them.
        super().increase_indent(flow, indentless=False)


def _write_text(writer: _Writer, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text and text.strip() == text else None
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Writer.add_representer(str, _write_text)
_Writer.add_implicit_resolver("tag:yaml.org,2002:float", _BROKEN, list("-+.0123456789"))
