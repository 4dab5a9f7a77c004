"""Organizations: many live side by side, and none sees another.

These functions stand outside of any organization, so they are given a service session.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.errors import BadInput, Conflict, NotFound
from bot.tenancy import roles, time_zones
from bot.tenancy import settings as organization_settings
from models.organizations import Organization

_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def add(session: Session, name: str, slug: str, timezone: str) -> Organization:
    """A new organization with its built-in roles.

    `slug` is how commands and links name it: 1–63 of a–z, 0–9 and inner hyphens (BadInput), unused
    so far (Conflict). `timezone` is a name of the IANA database.
    """
    name = name.strip()
    if not 1 <= len(name) <= 200 or not name.isprintable():
        raise BadInput("An organization needs a name of 1 to 200 letters.")
    if not _SLUG.fullmatch(slug):
        raise BadInput("A slug is 1 to 63 of a–z, 0–9 and hyphens between them, such as acme-foods.")
    organization = Organization(name=name, slug=slug)
    set_settings(session, organization, {"locale": {"timezone": time_zones.checked(timezone)}})
    if session.scalar(select(Organization.id).where(Organization.slug == slug)) is not None:
        raise _taken(slug)
    session.add(organization)
    try:
        session.flush()
    except IntegrityError:  # somebody else added it a moment ago
        raise _taken(slug) from None
    roles.add_built_in(session, organization)
    return organization


def find(session: Session, slug: str) -> Organization:
    """The organization called `slug`, or NotFound."""
    organization = session.scalar(select(Organization).where(Organization.slug == slug))
    if organization is None:
        raise NotFound(f'There is no organization "{slug[:63]}". "shiftline org add" makes one.')
    return organization


def every(session: Session) -> list[Organization]:
    """All organizations, by slug."""
    return list(session.scalars(select(Organization).order_by(Organization.slug)))


def set_settings(session: Session, organization: Organization, patch: Mapping[str, Any]) -> None:
    """Lay a JSON merge patch over the settings; BadInput names the path that is wrong, and nothing changes then."""
    if not isinstance(patch, Mapping):
        raise BadInput('Settings are a JSON object, such as {"delivery": {"quiet_hours": null}}.')
    organization.settings = organization_settings.merged(organization.settings, patch) or None
    if organization in session:
        session.flush()


def _taken(slug: str) -> Conflict:
    return Conflict(f'There is an organization "{slug}" already.')
