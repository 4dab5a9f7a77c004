"""Roles: default deny, deny wins, the widest grant counts, and unknown names are the program's mistake."""

from __future__ import annotations

import uuid

import pytest

from bot.errors import BadInput, Forbidden
from bot.tenancy import roles
from bot.tenancy.roles import Actor, Scope

ORGANIZATION, USER = uuid.UUID(int=1), uuid.UUID(int=2)


def grant(permission, type=None, *, segments=None, most=None):
    scope = {"type": type} | ({"segments": segments} if segments else {}) if type else None
    return (
        {"permission": permission}
        | ({"scope": scope} if scope else {})
        | ({"limits": {"max_recipients": most}} if most else {})
    )


def actor(*grants, deny=()):
    return Actor(ORGANIZATION, USER, None, {"grants": list(grants), "deny": list(deny)})


@pytest.mark.parametrize(
    ("document", "scope"),
    [
        ({}, None),
        ({"grants": []}, None),
        ({"grants": [grant("content:read")]}, None),
        ({"grants": [grant("broadcast:send")]}, Scope("organization")),
        ({"grants": [grant("*")]}, Scope("organization")),
        ({"grants": [grant("broadcast:send", "supervised", most=500)]}, Scope("supervised", (), 500)),
        ({"grants": [grant("broadcast:send", "self"), grant("broadcast:send", "organization")]}, Scope("organization")),
        (
            {"grants": [grant("broadcast:send", "segment", segments=["a"], most=5), grant("broadcast:send", "segment", segments=["b", "a"], most=9)]},
            Scope("segment", ("a", "b"), 9),
        ),
        ({"grants": [grant("broadcast:send", most=5), grant("broadcast:send")]}, Scope("organization")),
        ({"grants": [grant("broadcast:send")], "deny": ["broadcast:send"]}, None),
        ({"grants": [grant("broadcast:send")], "deny": ["*"]}, None),
        ({"grants": [grant("*")], "deny": ["content:read"]}, Scope("organization")),
    ],
)  # fmt: skip
def test_allows(document, scope):
    assert roles.allows(document, "broadcast:send") == scope


def test_an_unknown_permission_raises_even_for_the_owner():
    with pytest.raises(roles.UnknownPermission):
        roles.allows({"grants": [grant("*")]}, "broadcast:sned")
    with pytest.raises(roles.UnknownPermission):
        roles.require(actor(grant("*")), "broadcast:sned")
    with pytest.raises(roles.UnknownPermission):
        roles.require(Actor.operator(ORGANIZATION), "broadcast:sned")


def test_require_says_what_may_not_be_done():
    with pytest.raises(Forbidden, match="You may not send broadcasts"):
        roles.require(actor(grant("content:read")), "broadcast:send")
    assert roles.require(actor(grant("broadcast:send", "supervised")), "broadcast:send") == Scope("supervised")


def test_the_operator_may_do_everything():
    operator = Actor.operator(ORGANIZATION)
    assert operator.is_operator
    assert all(roles.require(operator, each) == Scope("organization") for each in roles.PERMISSIONS)


def test_a_user_without_permissions_is_not_the_operator():
    with pytest.raises(Forbidden):
        roles.require(Actor(ORGANIZATION, USER), "content:read")


@pytest.mark.parametrize("name", roles.BUILT_IN)
def test_built_in_roles_name_only_what_is_in_the_table(name):
    roles.check(roles.BUILT_IN[name][2])


@pytest.mark.parametrize(
    ("name", "may", "may_not"),
    [
        ("owner", "wellbeing:read_raw", None),
        ("admin", "role:manage", "wellbeing:read_raw"),
        ("manager", "broadcast:send", "template:approve"),
        ("manager", "worker:import", "wellbeing:read_raw"),
        ("writer", "content:write", "broadcast:send"),
        ("approver", "template:approve", "content:write"),
        ("analyst", "report:read", "worker:read"),
        ("wellbeing_officer", "wellbeing:read_raw", "content:read"),
        ("auditor", "audit:read", "worker:read"),
    ],
)
def test_what_built_in_roles_may(name, may, may_not):
    permissions = roles.BUILT_IN[name][2]
    assert roles.allows(permissions, may) == Scope("organization")
    assert may_not is None or roles.allows(permissions, may_not) is None


@pytest.mark.parametrize(
    ("document", "mistake"),
    [
        ({"grant": []}, "grant: is not known here"),
        ({"grants": [grant("broadcast:sned")]}, "grants[0].permission: 'broadcast:sned' is no permission"),
        ({"grants": [grant("*", "galaxy")]}, "grants[0].scope.type: must be one of organization"),
        ({"grants": [grant("*", "segment")]}, "grants[0].scope.segments: names no segment"),
        ({"deny": ["x"]}, "deny[0]: 'x' is no permission"),
    ],
)
def test_a_role_that_names_what_is_not_there_is_refused(document, mistake):
    with pytest.raises(BadInput) as refused:
        roles.check(document)
    assert mistake in refused.value.words
