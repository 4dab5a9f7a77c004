"""`shiftline check`: what is misconfigured, in plain words, each with the way out.

It only looks: no folder, no key and no database is made, so that it can be asked before anything is decided.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import click
import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import log, schema
from bot import settings as configuration
from bot.cli.desk import OPERATOR
from bot.database import Database
from bot.engagement import rebuild
from bot.errors import ShiftlineError
from bot.settings import Settings, keys
from bot.tenancy import integrations
from models import Integration, Organization, Worker


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `level`: ok, warning or error."""

    level: str
    about: str
    words: str


@click.command("check")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
@click.option("--rebuild", "recompute", is_flag=True, help="Recompute every projection from its facts.")
def check(*, as_json: bool, recompute: bool) -> None:
    """Say what is misconfigured, in plain words."""
    settings = configuration.load(make=False)
    log.start("ERROR")
    findings = [*_settings(settings), *_database(settings, recompute=recompute)]
    errors = [finding for finding in findings if finding.level == "error"]
    if as_json:
        click.echo(json.dumps([{"level": f.level, "about": f.about, "message": f.words} for f in findings]))
    else:
        for finding in findings:
            click.echo(f"{finding.level:<8} {finding.about}: {finding.words}")
        click.echo(_verdict(findings))
    if errors:
        click.get_current_context().exit(1)


check.permission = OPERATOR  # type: ignore[attr-defined]
COMMANDS = {"check": check}


def _verdict(findings: Sequence[Finding]) -> str:
    levels = {finding.level for finding in findings}
    if "error" in levels:
        return "Something must be mended."
    return f"Nothing stands in the way{', but look at the warnings' if 'warning' in levels else ''}."


def _settings(settings: Settings) -> Iterator[Finding]:
    if not settings.public_url:
        yield Finding(
            "warning",
            "PUBLIC_URL",
            "is not set: providers can't reach this service, and signatures behind a proxy fail.",
        )
    elif urlsplit(settings.public_url).scheme != "https":
        yield Finding(
            "warning", "PUBLIC_URL", "is not https: Slack refuses it, and what workers answer travels in the open."
        )
    else:
        yield Finding("ok", "PUBLIC_URL", settings.public_url)
    if settings.embedded:
        yield Finding("ok", "BROKER_URL", "actors run inside the web's process (memory://).")
    else:
        yield _broker(settings.broker_url)
    yield from _keys(settings)
    yield from _folder(Path(settings.media_url))


def _broker(url: str) -> Finding:
    from bot.engine import broker

    made = broker.Rabbit(url, [])
    try:
        if made.knock():
            return Finding("ok", "BROKER_URL", "RabbitMQ answers.")
    except broker.BrokerRefuses as refusal:
        return Finding("error", "BROKER_URL", refusal.words)
    words = f"RabbitMQ can't be reached at {made.place}: is it running, and is the address right?"
    return Finding("error", "BROKER_URL", words)


def _folder(folder: Path) -> Iterator[Finding]:
    """Whether files could be kept there, also where the folder has still to be made."""
    there = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    if not there.is_dir():
        yield Finding("error", "MEDIA_URL", f"{there} is no folder: name another one.")
    elif not _writable(there):
        yield Finding("error", "MEDIA_URL", f"{there} can't be written: change its owner, or name another folder.")
    else:
        yield Finding("ok", "MEDIA_URL", f"{folder}{'' if there == folder else ' (made when the first file comes)'}")


def _writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK)


def _keys(settings: Settings) -> Iterator[Finding]:
    """A key of our own making lies beside the data, where other processes on other machines don't find it."""
    for name, found, made in (
        ("SECRET_KEY", settings.secret_key, keys.SECRET_KEY),
        ("ENCRYPTION_KEYS", settings.encryption_keys, keys.ENCRYPTION_KEYS),
    ):
        place = settings.data / made
        if found:
            yield Finding("ok", name, "is there.")
        elif settings.on_sqlite:
            yield Finding("ok", name, f"is not set: one will be made and kept in {place}.")
        else:
            words = f"is not set: one would be made in {place}, and every process needs the same one."
            yield Finding("warning", name, words)


def _database(settings: Settings, *, recompute: bool) -> Iterator[Finding]:
    database = Database(settings.database_url)
    try:
        schema.refuse_missing_folder(settings.database_url, settings.data)
        schema.check(database)
        yield Finding("ok", "DATABASE_URL", "the database answers and has this version's tables.")
        yield from _wall(database)
        yield from _organizations(database, settings)
        if recompute:
            yield from _rebuilt(database)
    except ShiftlineError as error:
        yield Finding("error", "DATABASE_URL", error.words)
    finally:
        database.dispose()


def _wall(database: Database) -> Iterator[Finding]:
    """Row-level security holds for everybody but superusers and those who bypass it."""
    if database.on_sqlite:
        return
    with database.reading(None) as session:
        bypasses = session.scalar(sa.text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"))
    if bypasses:
        yield Finding(
            "warning",
            "DATABASE_URL",
            "this user bypasses row-level security, the second wall between organizations: use one that doesn't.",
        )


def _organizations(database: Database, settings: Settings) -> Iterator[Finding]:
    with database.reading(None) as session:
        found = session.scalars(sa.select(Organization).order_by(Organization.slug)).all()
        if not found:
            words = "there is no organization yet: shiftline org add NAME --slug SLUG --timezone ZONE"
            yield Finding("warning", "organizations", words)
        for organization in found:
            yield from _organization(session, organization, settings)


def _organization(session: Session, organization: Organization, settings: Settings) -> Iterator[Finding]:
    slug = organization.slug
    rows = integrations.every(session, organization.id)
    if not rows:
        words = f"nothing is connected: shiftline integration add twilio --org {slug} --help, or slack."
        yield Finding("warning", slug, words)
    for row in rows:
        yield _integration(slug, row, settings)
    if not session.scalar(sa.select(sa.exists().where(Worker.organization_id == organization.id))):
        yield Finding("warning", slug, f"has no workers: shiftline workers import FILE --org {slug}")


def _integration(slug: str, row: Integration, settings: Settings) -> Finding:
    about, sender = f"{slug} {row.type}", integrations.sender_of(row)
    test = f"shiftline integration test {row.id} --org {slug}"
    if not settings.encryption_keys:
        words = f"{sender} has credentials that no key opens: set ENCRYPTION_KEYS, or SHIFTLINE_DATA to its folder."
        return Finding("error", about, words)
    try:
        config = integrations.config_of(row, settings.encryption_keys)
    except ShiftlineError as error:
        return Finding("error", about, f"{sender}: {error.words}")
    if row.status in {"failing", "paused", "revoked"}:
        return Finding("error", about, f"{sender} is {row.status}: {row.status_reason or 'without a reason'}; {test}")
    if row.type == "slack" and "signing_secret" not in config and not settings.slack_signing_secret:
        words = "has no signing secret, so nothing that Slack sends can be believed: set SLACK_SIGNING_SECRET."
        return Finding("error", about, f"{sender} {words}")
    if row.status == "untested":
        return Finding("warning", about, f"{sender} has never been tested: {test}")
    return Finding("ok", about, f"{sender} is {row.status}.")


def _rebuilt(database: Database) -> Iterator[Finding]:
    rebuild_all: Callable[[Database], dict[str, int]] = rebuild.rebuild
    for name, differences in rebuild_all(database).items():
        level = "warning" if differences else "ok"
        yield Finding(
            level, name, f"{differences} differences were found and mended." if differences else "equals its facts."
        )
