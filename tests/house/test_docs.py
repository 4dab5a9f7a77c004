"""What the README and docs/ say is so: commands exist, examples are read, references name everything there is."""

from __future__ import annotations

import ast
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import get_args, get_origin

import click
import pytest
from pydantic import BaseModel

from bot.audience import fields, rules
from bot.audience.values import UNITS
from bot.channels.registry import CHANNELS
from bot.cli.main import tree
from bot.content import check, documents, grammar, interchange, variables
from bot.people import columns
from bot.settings import NAMES
from bot.tenancy import roles, settings

ROOT = Path(__file__).parents[2]
PAGES = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))}


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGES[page], re.MULTILINE | re.DOTALL)


def commands() -> Iterator[tuple[str, str]]:
    """Every `shiftline …` of a page, in blocks of shell (with \\ at a line's end) and between backticks."""
    for page, text in PAGES.items():
        for block in blocks(page, "sh"):
            for line in block.replace("\\\n", " ").splitlines():
                found = re.search(r"(?:^|\s)shiftline (.*)", line.split(" #")[0])
                if found:
                    yield page, found[1].strip()
        for inline in re.findall(r"`shiftline ([^`\n]*)`", text):
            yield page, inline


COMMANDS = sorted(set(commands()))


def test_pages_are_found() -> None:
    assert {"README.md", "content.md", "segments.md", "settings.md", "operating.md", "workers-file.md"} <= set(PAGES)
    assert len(COMMANDS) > 40


@pytest.mark.parametrize(("page", "line"), COMMANDS)
def test_a_command_that_is_written_exists(page: str, line: str) -> None:
    """Its words and its options; values stand for themselves."""
    words = [word for word in shlex.split(line) if word not in {"…", "|"}]
    command: click.Command = tree
    context = click.Context(tree)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        inner = command.get_command(context, words[0])
        assert inner is not None, f"{page}: shiftline {line}"
        command, words = inner, words[1:]
    known = {option for parameter in command.params for option in parameter.opts} | {"--help", "--version"}
    for word in words:
        if word.startswith("--"):
            assert word.split("=")[0].rstrip(".,") in known, f"{page}: {word} of shiftline {line}"


@pytest.mark.parametrize("text", [*blocks("README.md", "yaml"), *(blocks("content.md", "yaml") if "content.md" in PAGES else [])])  # fmt: skip
def test_a_content_that_is_shown_can_be_sent(text: str) -> None:
    found = interchange.load(text, "example.yaml")
    assert check.check(found).errors == ()


def test_every_kind_of_content_and_question_is_shown() -> None:
    shown = [interchange.load(text, "example.yaml") for text in blocks("content.md", "yaml")]
    assert {document.kind for document in shown} == {
        "text", "image", "video", "audio", "document", "quiz", "reflection", "template"
    }  # fmt: skip
    kinds = {question.kind for document in shown for question in getattr(document, "questions", ())}
    assert len(kinds) == 9


def test_every_key_of_a_content_is_explained() -> None:
    text = PAGES["content.md"]
    models: list[type[BaseModel]] = [
        documents.TextDocument, documents.ImageDocument, documents.VideoDocument, documents.AudioDocument,
        documents.DocumentDocument, documents.QuizDocument, documents.ReflectionDocument, documents.TemplateDocument,
        documents.ReflectionSettings, documents.Variable, documents.Asked, documents.Grading, documents.Choice,
        documents.SingleChoice, documents.MultipleChoice, documents.ShortText, documents.NumberQuestion,
        documents.Rating, documents.Scale, documents.Ordering, documents.Matching, documents.LongText,
    ]  # fmt: skip
    names = {name for model in models for name in model.model_fields} - {"media_asset_id"}
    assert sorted(name for name in names if f"`{name}`" not in text and f"{name}:" not in text) == []
    assert [name for name in (*variables.TYPES, *variables.SOURCES, *grammar.FILTERS) if f"`{name}`" not in text] == []


@pytest.mark.parametrize("page", ["README.md", "segments.md"])
def test_a_rule_that_is_shown_is_read(page: str) -> None:
    shown = [json.loads(text) for text in blocks(page, "json")]
    found = [document for document in shown if "combinator" in document]
    assert found
    for document in found:
        rules.parse(document)


def test_every_field_and_operator_of_a_rule_is_explained() -> None:
    text = PAGES["segments.md"]
    named = (*fields.FIELDS, *fields.EVERY_OPERATOR, *UNITS, "custom.")
    assert [name for name in named if f"`{name}" not in text] == []


def test_every_column_of_a_workers_file_is_explained() -> None:
    assert [name for name in columns.KNOWN if f"`{name}`" not in PAGES["workers-file.md"]] == []


def test_every_variable_is_explained() -> None:
    names = {*NAMES, *(channel.api_url_setting for channel in CHANNELS)}
    for page in ("README.md", "settings.md"):
        assert sorted(name for name in names if f"`{name}`" not in PAGES[page]) == []


def paths(model: type[BaseModel], before: str = "") -> Iterator[str]:
    """The settings a patch can name, down to what has a value."""
    for name, field in model.model_fields.items():
        inner = (field.annotation, *(() if get_origin(field.annotation) is tuple else get_args(field.annotation)))
        deeper = next((kind for kind in inner if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
        yield from paths(deeper, f"{before}{name}.") if deeper else [f"{before}{name}"]


def test_every_setting_of_an_organization_is_explained() -> None:
    named = list(paths(settings.OrganizationSettings))
    assert len(named) > 40
    assert [path for path in named if f"`{path}`" not in PAGES["settings.md"]] == []


def test_what_nothing_goes_by_is_said_and_still_true() -> None:
    """Whoever begins to use one takes it off the list, and says so in the reference."""
    rows = [line for line in PAGES["settings.md"].splitlines() if line.startswith("| `")]
    said = {path for line in rows if "not used yet" in line for path in re.findall(r"`([a-z_.]+)`", line.split("|")[1])}
    named = set(paths(settings.OrganizationSettings))
    assert said == {path for path in named for idle in settings.IDLE if path == idle or path.startswith(f"{idle}.")}
    used = set()
    for file in (*(ROOT / "bot").rglob("*.py"), *(ROOT / "scheduler").rglob("*.py")):
        if file != ROOT / "bot" / "tenancy" / "settings.py":
            used |= {node.attr for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Attribute)}
    assert [path for path in settings.IDLE if path.split(".")[-1] in used] == []


def test_every_role_is_named() -> None:
    assert [name for name in roles.BUILT_IN if f"`{name}`" not in PAGES["operating.md"]] == []


@pytest.mark.parametrize("page", sorted(PAGES))
def test_links_lead_somewhere(page: str) -> None:
    folder = ROOT if page == "README.md" else ROOT / "docs"
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", PAGES[page]):
        if "://" not in target:
            assert (folder / target).exists(), f"{page}: {target}"
