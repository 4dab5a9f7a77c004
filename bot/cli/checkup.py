"""`shiftline check`: what is misconfigured, in plain words, each with the way out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import click
import sqlalchemy as sa

from bot import log, schema
from bot import settings as configuration
from bot.cli.desk import OPERATOR
from bot.database import Database
from bot.engagement import rebuild
from bot.errors import ShiftlineError
from bot.settings import Settings
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
    settings = configuration.load()
    log.start("ERROR")
    findings = [*_settings(settings), *_database(settings, recompute=recompute)]
    errors = [finding for finding in findings if finding.level == "error"]
    if as_json:
        click.echo(json.dumps([{"level": f.level, "about": f.about, "message": f.words} for f in findings]))
    else:
        for finding in findings:
            click.echo(f"{finding.level:<8} {finding.about}: {finding.words}")
        click.echo("Something must be mended." if errors else "Nothing stands in the way.")
    if errors:
        click.get_current_context().exit(1)


check.permission = OPERATOR  # type: ignore[attr-defined]
COMMANDS = {"check": check}


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
    yield from _folder(Path(settings.media_url.removeprefix("file://")))


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
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        yield Finding("error", "MEDIA_URL", f"{folder} can't be written ({error.strerror}).")
    else:
        yield Finding("ok", "MEDIA_URL", str(folder))


def _database(settings: Settings, *, recompute: bool) -> Iterator[Finding]:
    database = Database(settings.database_url)
    try:
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
        for organization in session.scalars(sa.select(Organization).order_by(Organization.slug)):
            rows = session.scalars(sa.select(Integration).where(Integration.organization_id == organization.id)).all()
            if not rows:
                yield Finding(
                    "warning", organization.slug, "nothing is connected: shiftline integration add twilio, or slack."
                )
            for row in rows:
                yield _integration(organization.slug, row, settings)
            if not session.scalar(sa.select(sa.exists().where(Worker.organization_id == organization.id))):
                yield Finding("warning", organization.slug, "has no workers: shiftline workers import FILE.")


def _integration(slug: str, row: Integration, settings: Settings) -> Finding:
    about = f"{slug} {row.type}"
    try:
        config = integrations.config_of(row, settings.encryption_keys)
    except ShiftlineError as error:
        return Finding("error", about, error.words)
    if row.status in {"failing", "paused", "revoked"}:
        return Finding(
            "error",
            about,
            f"{row.status}: {row.status_reason or 'without a reason'}; shiftline integration test {row.id}",
        )
    if row.type == "slack" and "signing_secret" not in config and not settings.slack_signing_secret:
        return Finding(
            "error",
            about,
            "has no signing secret, so nothing that Slack sends can be believed: set SLACK_SIGNING_SECRET.",
        )
    return Finding("ok", about, row.status)


def _rebuilt(database: Database) -> Iterator[Finding]:
    rebuild_all: Callable[[Database], dict[str, int]] = rebuild.rebuild
    for name, differences in rebuild_all(database).items():
        level = "warning" if differences else "ok"
        yield Finding(
            level, name, f"{differences} differences were found and mended." if differences else "equals its facts."
        )
