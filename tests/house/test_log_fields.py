"""Whatever a log call names stands on the list of what may be told: a field that doesn't is dropped in silence."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.log import FIELDS

ROOT = Path(__file__).parents[2]
FILES = sorted(path for room in ("bot", "scheduler") for path in (ROOT / room).rglob("*.py"))
LEVELS = {"debug", "info", "warning", "failure"}


def test_every_field_that_is_logged_is_on_the_list() -> None:
    found = {path.relative_to(ROOT).as_posix(): list(unknown(path.read_text(encoding="utf-8"))) for path in FILES}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    ("program", "names"),
    [
        ('log.info("sent", delivery=1, reason="x")', []),
        ('log.warning("sent", address="+1")', ["address"]),
        ('told = {"phone": 1, "code": 2}\nlog.failure("sent", **told)', ["phone"]),
        ('other.info("sent", address="+1")', []),
    ],
)
def test_a_field_that_is_not_is_noticed(program: str, names: list[str]) -> None:
    assert list(unknown(program)) == names


def unknown(program: str) -> Iterator[str]:
    """Fields of log calls that would be dropped; of `**told`, the keys of the dictionaries called `told`."""
    tree = ast.parse(program)
    dictionaries = [
        (target.id, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS):
            continue
        if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "log"):
            continue
        for keyword in node.keywords:
            if keyword.arg:
                names: list[object] = [keyword.arg]
            else:
                spread = getattr(keyword.value, "id", None)
                keys = [key for name, told in dictionaries if name == spread for key in told.keys]
                names = [key.value for key in keys if isinstance(key, ast.Constant)]
            yield from (str(name) for name in names if name not in FIELDS)
