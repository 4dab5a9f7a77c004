"""The command line without a process: `shiftline("segment", "add", …)` gives the exit code, stdout and stderr."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from cryptography.fernet import Fernet

from bot import log
from bot.cli.main import main
from bot.database import Database
from bot.tenancy import organizations, users

KEY = Fernet.generate_key().decode()
QUIZ = """
kind: quiz
title: Spills
questions:
  - id: q1
    kind: single_choice
    prompt: Spill in aisle 4. First step?
    choices: [{id: a, text: Mop it}, {id: b, text: Block the area}]
    grading: {correct_answers: [b]}
"""
TEMPLATE = """
kind: template
title: Shift
template_text: "Hi {{ first_name }}, your shift starts at six."
channel: sms
variables: [{name: first_name, type: string, source: worker.first_name, example: Ana, max_length: 20}]
"""
EVERYBODY = {"combinator": "and", "rules": [{"field": "worker.external_id", "operator": "notNull"}]}
WORKERS = """external_id,first_name,last_name,phone,consent
W1,Ana,Okafor,+12025550101,yes
W2,Bob,Petrov,+12025550102,
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What `--json` printed: exactly one document and a line's end."""
        assert self.out.count("\n") == 1, self.out
        return json.loads(self.out)

    def refused(self, *words: str, code: int = 2) -> None:
        """One plain sentence on stderr, nothing on stdout, no traceback."""
        assert (self.code, self.out) == (code, ""), self
        assert "Traceback" not in self.err
        assert "unforeseen" not in self.err
        assert self.err.strip().count("\n") == 0, self.err
        assert self.err.strip().endswith((".", '"')), self.err
        for word in words:
            assert word in self.err, self.err


Command = Callable[..., Ended]


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of our own, and none of the machine's settings."""
    from bot.settings import NAMES

    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)
    monkeypatch.setenv("SHIFTLINE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("ENCRYPTION_KEYS", KEY)
    monkeypatch.setattr(log, "start", lambda _level: None)  # it takes pytest's own handlers away
    monkeypatch.setattr(users, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def shiftline(environment: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Give a command."""

    def give(*arguments: object) -> Ended:
        capsys.readouterr()
        code = 0
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as ended:
            code = int(ended.code or 0)
        return Ended(code, *capsys.readouterr())

    return give


@dataclass(frozen=True)
class Shop:
    """An organization at the command line: `shop("segment", "add", …)` puts --org and --json there."""

    give: Command
    folder: Path
    slug: str
    database: Database
    id: uuid.UUID

    def __call__(self, *arguments: object) -> Ended:
        return self.give(*arguments, "--org", self.slug, "--json")

    def plain(self, *arguments: object) -> Ended:
        return self.give(*arguments, "--org", self.slug)

    def file(self, name: str, content: Any) -> Path:
        path = self.folder / name
        text = content if isinstance(content, str) else json.dumps(content)
        path.write_text(text, encoding="utf-8")
        return path

    def segment(self) -> str:
        done = self("segment", "add", "All", "--rule", self.file("rule.json", EVERYBODY))
        return str(done.document["id"])

    def content(self, text: str = QUIZ) -> str:
        return str(self("content", "import", self.file("content.yaml", text)).document[0]["id"])

    def user(self, email: str, role: str) -> str:
        done = self("user", "add", email, "--role", role, "--password-file", self.file("password", "long enough\n"))
        return str(done.document["id"])


@pytest.fixture
def shop(shiftline: Command, database: Database, environment: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """An organization in a database of either kind."""
    monkeypatch.setenv("DATABASE_URL", database.url)
    with database.service_session() as session:
        made = organizations.add(session, "Harbor", "harbor", "America/Chicago")
        made_id = made.id
    return Shop(shiftline, environment, "harbor", database, made_id)
