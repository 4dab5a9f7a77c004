"""Users: a role that exists, a password that is never kept, an e-mail that is one's own."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from bot.errors import BadInput, Conflict, NotFound
from bot.tenancy import organizations, users
from bot.tenancy.roles import Actor
from models import Role


@pytest.fixture
def acme(database):
    with database.service_session() as session:
        made = organizations.add(session, "Acme", "acme", "UTC")
        session.expunge(made)
    return made


def add(database, organization, email="Ana@Example.org", role="manager", password="correct horse"):
    with database.organization_session(organization.id) as session:
        return users.add(session, organization, email, role, password).id


def test_a_user_can_be_found_and_their_password_is_a_hash(database, acme):
    made = add(database, acme)
    with database.organization_session(acme.id) as session:
        user = users.find(session, " ANA@example.org")
        assert (user.id, user.email, user.status) == (made, "ana@example.org", "active")
        assert PasswordHasher().verify(user.password, "correct horse")
        actor = Actor.of(user, session.get(Role, user.role_id))
    assert (actor.user_id, actor.organization_id, actor.is_operator) == (made, acme.id, False)


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"email": "ana"}, BadInput, '"ana" is no e-mail address'),
        ({"email": "a@b"}, BadInput, "is no e-mail address"),
        ({"email": "a b@c.org"}, BadInput, "is no e-mail address"),
        ({"email": "a@c.org\n"}, None, ""),
        ({"password": "short"}, BadInput, "A password has 10"),
        ({"password": "x" * 1001}, BadInput, "A password has 10"),
        ({"role": "king"}, NotFound, 'There is no role "king" here. Built in are owner, admin'),
    ],
)
def test_what_a_user_needs(database, acme, wrong, error, words):
    if error is None:
        add(database, acme, **wrong)
        return
    with pytest.raises(error, match=words):
        add(database, acme, **wrong)


def test_an_email_is_taken_once_per_organization(database, acme):
    add(database, acme)
    with pytest.raises(Conflict, match="There is a user ana@"):
        add(database, acme, email="ana@EXAMPLE.org")
    with database.service_session() as session:
        other = organizations.add(session, "Other", "other", "UTC")
        session.expunge(other)
    add(database, other)
    with database.service_session() as session, pytest.raises(Conflict, match="Several organizations know"):
        users.find(session, "ana@example.org")
    with database.organization_session(other.id) as session:
        assert users.find(session, "ana@example.org").organization_id == other.id


def test_a_stranger_is_not_found(database, acme):
    with database.organization_session(acme.id) as session, pytest.raises(NotFound):
        users.find(session, "ana@example.org")
