"""What every command shares: settings, the database, who acts, and how results and errors are told.

With `--json` stdout is exactly one JSON document; everything else goes to stderr. An error is one plain
sentence there.
"""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import wraps
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy.orm import Session

from bot import log, schema
from bot import settings as configuration
from bot.cli.files import about, bytes_of, json_of, text_of
from bot.database import Database
from bot.errors import BadInput, Forbidden, Refused
from bot.settings import Settings, keys
from bot.tenancy import audit, organizations, users
from bot.tenancy.roles import Actor, Scope, require

OPERATOR = "operator"
"""The permission of commands that only whoever has the machine can give."""

NOWHERE = uuid.UUID(int=0)
EVERYBODY = Scope("organization")
stderr = Console(stderr=True, highlight=False)


@dataclass(slots=True)
class Desk:
    """One command's surroundings. `actor`, `organization_id` and `slug` are set where an organization is meant."""

    as_json: bool
    looked: Settings
    database: Database
    organization_id: uuid.UUID = NOWHERE
    slug: str = ""
    actor: Actor | None = None
    scope: Scope = EVERYBODY

    @property
    def settings(self) -> Settings:
        """The configuration with its keys. Only who asks for it makes them, and then it is said where."""
        if not self.looked.encryption_keys or not self.looked.secret_key:
            sealed = bool(self.looked.encryption_keys)
            self.looked = configuration.load()
            if not sealed:
                _say_keys(self.looked)
        return self.looked

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction in the organization."""
        with self.database.organization_session(self.organization_id) as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads, in the organization."""
        with self.database.reading(self.organization_id) as session:
            yield session

    @property
    def user_id(self) -> uuid.UUID | None:
        """Who is the author of what is written; the operator is nobody's."""
        return self.actor.user_id if self.actor else None

    def may(self, permission: str) -> bool:
        """Whether whoever acts may also do this, for everybody."""
        try:
            return self.actor is not None and require(self.actor, permission).type == "organization"
        except Forbidden:
            return False

    def note(self, session: Session, action: str, subject: object, **details: Any) -> None:
        """Into the audit log."""
        audit.record(session, self.organization_id, self.actor, action, str(subject), **details)

    def warn(self, *sentences: str) -> None:
        """What a person should know beside the result; with `--json` it belongs into the document instead."""
        if not self.as_json:
            for sentence in sentences:
                click.echo(f"Warning: {sentence}", err=True)

    def give(self, document: Any, *lines: str) -> None:
        """The result: the document with `--json`, else `lines` for a person."""
        if self.as_json:
            click.echo(json.dumps(document, ensure_ascii=False, default=_plain))
        else:
            for line in lines or (json.dumps(document, ensure_ascii=False, indent=2, default=_plain),):
                click.echo(line)

    @contextmanager
    def progress(self, label: str) -> Iterator[Callable[[int, int | None], None]]:
        """A bar on stderr; call it with (done, total)."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=stderr, transient=True, disable=not sys.stderr.isatty()) as bar:
            task = bar.add_task(label, total=None)

            def moved(done: int, total: int | None) -> None:
                bar.update(task, completed=done, total=total)

            yield moved


def command(
    group: click.Group, name: str, permission: str, *, organization: bool = True, tables: bool = True
) -> Callable[[Callable[..., Any]], click.Command]:
    """A command of `group`: it gets a Desk first, then its own options. `permission` is asked before it runs."""

    def declare(function: Callable[..., Any]) -> click.Command:
        @wraps(function)
        def run(**options: Any) -> Any:
            desk = _desk(options, organization=organization, tables=tables)
            try:
                if organization:
                    _enter(desk, options.pop("org"), options.pop("as_email"), permission)
                return function(desk, **options)
            finally:
                desk.database.dispose()

        made = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")(run)
        if organization:
            made = click.option("--as", "as_email", metavar="EMAIL", help="Act as this user, with their permissions.")(
                made
            )
            made = click.option("--org", required=True, metavar="SLUG", help="The organization that is meant.")(made)
        built = click.command(name)(made)
        built.permission = permission  # type: ignore[attr-defined]
        group.add_command(built)
        return built

    return declare


def _desk(options: dict[str, Any], *, organization: bool, tables: bool) -> Desk:
    settings = configuration.load(make=False)
    log.start("ERROR" if settings.log_level == "INFO" else settings.log_level)
    database = Database(settings.database_url)
    try:
        if tables or organization:
            schema.check(database)
    except BaseException:
        database.dispose()
        raise
    return Desk(options.pop("as_json"), settings, database)


def _enter(desk: Desk, slug: str, email: str | None, permission: str) -> None:
    with desk.database.reading(None) as session:
        desk.organization_id, desk.slug = organizations.find(session, slug).id, slug
    if email is None:
        desk.actor = Actor.operator(desk.organization_id)
    else:
        with desk.reading() as session:
            desk.actor = users.actor(session, users.find(session, email))
    desk.scope = require(desk.actor, permission)
    if desk.scope.type != "organization":  # commands are about everybody: what is granted for some is not enough
        raise Forbidden("Your role allows this for some workers only, and this command is about all of them.")


def _say_keys(settings: Settings) -> None:
    place = settings.data / keys.ENCRYPTION_KEYS
    click.echo(
        f"A key was made in {place}: keep it with your backups, and give it to every process of this service. "
        "Without it stored credentials can't be opened.",
        err=True,
    )


def _plain(value: object) -> str:
    """What JSON has no form for: moments as ISO 8601, anything else as its words."""
    return value.isoformat() if isinstance(value, date) else str(value)


def identifier(text: str, what: str) -> uuid.UUID:
    """An id as it was typed."""
    try:
        return uuid.UUID(text)
    except ValueError:
        raise BadInput(f'"{text[:60]}" is no id of a {what}: ids look like 0198c6d2-….') from None


__all__ = ["OPERATOR", "Desk", "Refused", "about", "bytes_of", "command", "identifier", "json_of", "stderr", "text_of"]
