"""Time and randomness have one door each, `bot.clock` and `bot.chance`: else no test could hold them still.

The simulator is another world with its own clock and dice.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXEMPT = ("bot/clock.py", "bot/chance.py", "bot/simulator/")
CLOSED = (
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today",
    "time.time", "time.time_ns", "time.localtime", "time.gmtime",
    "random", "secrets", "os.urandom", "uuid.uuid1", "uuid.uuid4", "uuid_utils",
)  # fmt: skip
FILES = sorted(
    path
    for room in ("bot", "models", "scheduler")
    for path in (ROOT / room).rglob("*.py")
    if not path.relative_to(ROOT).as_posix().startswith(EXEMPT)
)


def test_nobody_goes_round_the_doors() -> None:
    assert len(FILES) > 50
    found = {path.relative_to(ROOT).as_posix(): list(used(path.read_text(encoding="utf-8"))) for path in FILES}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "program",
    [
        "import datetime\nat = datetime.datetime.now()",
        "from datetime import datetime as dt\nfactory = dt.now",
        "from datetime import date\ndef f():\n    return date.today()",
        "import time as t\nt.time()",
        "from time import time_ns",
        "import random",
        "from random import Random",
        "import uuid\nuuid.uuid4()",
        "from uuid import uuid4",
        "from secrets import token_hex",
        "import os\nos.urandom(8)",
    ],
)
def test_going_round_is_noticed(program: str) -> None:
    assert list(used(program))


@pytest.mark.parametrize(
    "program",
    [
        "from bot import clock\nclock.now()",
        "import time\ntime.monotonic()",
        "from datetime import datetime\ndatetime.fromisoformat('2026-01-01')",
        "from uuid import UUID, uuid5",
        "class Row:\n    random = 1\nrow.random",
    ],
)
def test_what_is_allowed_is_not_noticed(program: str) -> None:
    assert not list(used(program))


def used(program: str) -> Iterator[str]:
    """The closed names that a program imports or uses."""
    tree = ast.parse(program)
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname or alias.name.split(".")[0]: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    spoken = [*names.values(), *(path for node in ast.walk(tree) if (path := dotted(node, names)))]
    yield from (path for path in spoken if any(path == name or path.startswith(f"{name}.") for name in CLOSED))


def dotted(node: ast.AST, names: dict[str, str]) -> str | None:
    """`dt.now` as `datetime.datetime.now`, where `dt` was imported."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute) and (before := dotted(node.value, names)):
        return f"{before}.{node.attr}"
    return None
