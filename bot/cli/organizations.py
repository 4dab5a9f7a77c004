"""`shiftline org` and `shiftline user`."""

from __future__ import annotations

from pathlib import Path

import click

from bot.cli.desk import OPERATOR, Desk, about, command, json_of, text_of
from bot.tenancy import audit, users
from bot.tenancy import organizations as tenants
from bot.tenancy import settings as organization_settings
from bot.tenancy.roles import Actor
from models import Organization

org = click.Group("org", help="Organizations.")
user = click.Group("user", help="Those who sign in.")
COMMANDS = {"org": org, "user": user}


@click.argument("name")
@click.option("--slug", required=True, help="How commands and links name it: a–z, 0–9 and hyphens.")
@click.option("--timezone", required=True, help="Its time zone, such as America/Chicago.")
def add(desk: Desk, name: str, slug: str, timezone: str) -> None:
    """Make an organization, with its built-in roles."""
    with desk.database.service_session() as session:
        organization = tenants.add(session, name, slug, timezone)
        actor = Actor.operator(organization.id)
        audit.record(session, organization.id, actor, "organization.added", slug)
        given = {"id": str(organization.id), "slug": organization.slug}
    desk.give(given, f"Added {name} as {slug}.", f"Next: shiftline integration add twilio --org {slug} --help")


def listed(desk: Desk) -> None:
    """The organizations of this installation."""
    with desk.database.reading(None) as session:
        rows = [
            {
                "id": str(each.id),
                "slug": each.slug,
                "name": each.name,
                "timezone": organization_settings.load(each.settings).locale.timezone,
            }
            for each in tenants.every(session)
        ]
    lines = [f"{row['slug']:<20}  {row['timezone']:<20}  {row['name']}" for row in rows]
    nothing = "No organizations yet. Make one: shiftline org add NAME --slug SLUG --timezone ZONE"
    desk.give(rows, *(lines or [nothing]))


@click.option("--file", "path", required=True, type=click.Path(path_type=Path), help="A JSON patch of the settings.")
def set_settings(desk: Desk, path: Path) -> None:
    """Change settings; null puts a setting back or turns it off."""
    patch = json_of(path, "settings")
    with desk.writing() as session, about(path):
        organization = session.get_one(Organization, desk.organization_id)
        tenants.set_settings(session, organization, patch)
        desk.note(session, "organization.changed", organization.slug, paths=sorted(patch))
        given = {"id": str(organization.id), "slug": organization.slug, "settings": organization.settings or {}}
    idle = [f"{path} is kept, and nothing goes by it yet." for path in organization_settings.idle(patch)]
    desk.warn(*idle)
    desk.give(given | ({"warnings": idle} if idle else {}), f"Settings of {given['slug']} are stored.")


@click.argument("email")
@click.option("--role", required=True, help="owner, admin, manager, writer, approver, analyst …")
@click.option("--password-file", required=True, type=click.Path(path_type=Path), help="A file that holds the password.")
def add_user(desk: Desk, email: str, role: str, password_file: Path) -> None:
    """Let somebody sign in."""
    password = text_of(password_file, "a password").rstrip("\r\n")
    with desk.writing() as session:
        organization = session.get_one(Organization, desk.organization_id)
        added = users.add(session, organization, email, role, password)
        desk.note(session, "user.added", added.id, role=role)
        given = {"id": str(added.id)}
    desk.give(given, f"Added {email} as {role}.")


command(org, "add", OPERATOR, organization=False)(add)
command(org, "list", OPERATOR, organization=False)(listed)
command(org, "set", "organization:change")(set_settings)
command(user, "add", "user:manage")(add_user)
