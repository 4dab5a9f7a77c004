"""Those who sign in: their e-mail, their role, and a password of which only the argon2 hash is kept."""

from __future__ import annotations

import re

from argon2 import PasswordHasher
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.errors import BadInput, Conflict, Forbidden, NotFound
from bot.tenancy import roles
from bot.tenancy.roles import Actor
from models.organizations import Organization, Role, User

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 1000
"""Hashing is slow on purpose: without a limit, a megabyte of password is a way to keep us busy."""

_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f.]+(\.[^@\s\x00-\x1f.]+)+")
_hasher = PasswordHasher()


def add(session: Session, organization: Organization, email: str, role_name: str, password: str) -> User:
    """A user who can sign in at once.

    E-mails are kept in small letters; one that is taken here is a Conflict, a role that isn't here NotFound,
    a password under 10 characters BadInput.
    """
    address = cleaned(email)
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise BadInput(f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters.")
    role = roles.find(session, organization, role_name)
    taken = select(User.id).where(User.organization_id == organization.id, User.email == address)
    if session.scalar(taken) is not None:
        raise _taken(address)
    user = User(organization_id=organization.id, email=address, role_id=role.id, password=_hasher.hash(password))
    session.add(user)
    try:
        session.flush()
    except IntegrityError:  # somebody else added them a moment ago
        raise _taken(address) from None
    return user


def find(session: Session, email: str) -> User:
    """The user of the session's organization with this e-mail, or NotFound.

    In a service session all organizations are looked at, and an e-mail that several of them know is a Conflict.
    """
    address = email.strip().lower()
    wanted = select(User).where(User.email == address)
    if organization_id := session.info.get("organization_id"):
        wanted = wanted.where(User.organization_id == organization_id)
    found = session.scalars(wanted.limit(2)).all()
    if len(found) > 1:
        raise Conflict(f"Several organizations know {address[:254]}: say which one is meant.")
    if not found:
        raise NotFound(f"There is no user {address[:254]} here.")
    return found[0]


def cleaned(email: str) -> str:
    """`email` in small letters without surrounding space; BadInput where it has not the shape of one."""
    address = email.strip().lower()
    if len(address) > 254 or not _EMAIL.fullmatch(address):
        raise BadInput(f'"{address[:60]}" is no e-mail address.')
    return address


def _taken(address: str) -> Conflict:
    return Conflict(f"There is a user {address} already.")


def actor(session: Session, user: User) -> Actor:
    """What `user` may do, by their role. Forbidden for somebody who is suspended or not yet in."""
    if user.status != "active":
        raise Forbidden(f"{user.email} is {user.status} and can't act.")
    role = session.get(Role, user.role_id) if user.role_id else None
    return Actor.of(user, role)
