"""Who may do what: one table of permissions, the built-in roles, and the one question `allows`.

Default deny, and deny wins. Pages, API, Slack and command line ask here and nowhere else, so what
a role may do is the same through every door. A permission that isn't in the table is a mistake in
the program, and raises.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.errors import BadInput, Forbidden, NotFound, ShiftlineError
from models.organizations import Organization, Role, User

PERMISSIONS: Mapping[str, str] = {
    "organization:read": "see the organization's settings",
    "organization:change": "change the organization's settings",
    "user:read": "see users",
    "user:manage": "invite, suspend and change users",
    "role:manage": "write roles",
    "integration:manage": "connect providers",
    "worker:read": "see workers",
    "worker:write": "change workers",
    "worker:import": "import workers",
    "worker:erase": "erase workers",
    "consent:write": "record a worker's consent",
    "segment:read": "see segments",
    "segment:write": "write segments",
    "content:read": "see content",
    "content:write": "write content",
    "content:import": "import content",
    "template:approve": "approve templates",
    "collection:write": "write collections",
    "broadcast:read": "see broadcasts",
    "broadcast:send": "send broadcasts",
    "broadcast:approve": "approve broadcasts",
    "broadcast:emergency": "send emergency broadcasts",
    "schedule:write": "write schedules",
    "report:read": "read reports",
    "response:read": "read single answers",
    "conversation:read": "read conversations",
    "badge:write": "write badges",
    "points:adjust": "adjust points",
    "wellbeing:read": "see the wellbeing of groups",
    "wellbeing:read_raw": "see single wellbeing answers",
    "audit:read": "read the audit log",
    "api_key:manage": "make API keys",
    "webhook:manage": "set up webhooks",
}
EVERYTHING = "*"
ScopeType = Literal["organization", "segment", "supervised", "self"]
SCOPES: Sequence[ScopeType] = ("organization", "segment", "supervised", "self")  # widest first


class UnknownPermission(ShiftlineError):
    """A permission was asked for that isn't in the table."""

    code = "unknown_permission"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which rows a grant reaches; `segments` for the type "segment"; `max_recipients` None is no limit."""

    type: ScopeType
    segments: tuple[str, ...] = ()
    max_recipients: int | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a user with their role's permissions, or (no user) the operator at the command line."""

    organization_id: uuid.UUID
    user_id: uuid.UUID | None = None
    worker_id: uuid.UUID | None = None
    permissions: Mapping[str, Any] | None = None

    @classmethod
    def operator(cls, organization_id: uuid.UUID) -> Actor:
        """Whoever has the machine: may do everything and is nobody's author."""
        return cls(organization_id)

    @classmethod
    def of(cls, user: User, role: Role | None) -> Actor:
        """`user` with what `role` grants; without a role nothing is granted."""
        if user.organization_id is None:
            raise Forbidden("This user belongs to no organization.")
        return cls(user.organization_id, user.id, user.worker_id, role.permissions if role else {})

    @property
    def is_operator(self) -> bool:
        """Nobody signed in: the command line."""
        return self.user_id is None


def require(actor: Actor, permission: str) -> Scope:
    """The scope in which `actor` may do this; Forbidden where they may not."""
    scope = Scope("organization") if actor.is_operator else allows(actor.permissions or {}, permission)
    if scope is None or permission not in PERMISSIONS:
        raise Forbidden(f"You may not {_sentence(permission)}.")
    return scope


def allows(permissions: Mapping[str, Any], permission: str) -> Scope | None:
    """The widest scope in which a role's document grants `permission`; None is no. Unknown names raise."""
    _sentence(permission)
    if not {permission, EVERYTHING}.isdisjoint(permissions.get("deny", ())):
        return None
    scopes = [
        _scope(grant) for grant in permissions.get("grants", ()) if grant["permission"] in {permission, EVERYTHING}
    ]
    return _widest(scopes) if scopes else None


def check(permissions: Mapping[str, Any]) -> None:
    """Refuse a role's document that names what isn't there (BadInput), before it is stored."""
    if strange := set(permissions) - {"grants", "deny"}:
        raise BadInput(f"{min(strange)}: is not known here; a role has grants and deny.")
    for number, grant in enumerate(permissions.get("grants", ())):
        _check_name(f"grants[{number}].permission", grant.get("permission"))
        scope = grant.get("scope", {}).get("type", "organization")
        if scope not in SCOPES:
            raise BadInput(f"grants[{number}].scope.type: must be one of {', '.join(SCOPES)}.")
        if scope == "segment" and not grant["scope"].get("segments"):
            raise BadInput(f"grants[{number}].scope.segments: names no segment.")
    for number, name in enumerate(permissions.get("deny", ())):
        _check_name(f"deny[{number}]", name)


def find(session: Session, organization: Organization, name: str) -> Role:
    """The role called `name` of one organization, or NotFound."""
    role = session.scalar(select(Role).where(Role.organization_id == organization.id, Role.name == name))
    if role is None:
        raise NotFound(f'There is no role "{name[:60]}" here. Built in are {", ".join(BUILT_IN)}.')
    return role


def add_built_in(session: Session, organization: Organization) -> None:
    """Give a new organization its eight roles; the analyst's, who only looks, is the default."""
    for name, (display_name, description, permissions) in BUILT_IN.items():
        session.add(
            Role(
                organization_id=organization.id,
                name=name,
                display_name=display_name,
                description=description,
                is_default=name == "analyst",
                permissions=permissions,
            )
        )
    session.flush()


def _sentence(permission: str) -> str:
    try:
        return PERMISSIONS[permission]
    except KeyError:
        raise UnknownPermission(f"{permission} is no permission of the table in bot.tenancy.roles.") from None


def _check_name(path: str, name: object) -> None:
    if name != EVERYTHING and name not in PERMISSIONS:
        raise BadInput(f"{path}: {name!r} is no permission.")


def _scope(grant: Mapping[str, Any]) -> Scope:
    scope = grant.get("scope") or {}
    kind = cast("ScopeType", scope.get("type", "organization"))
    return Scope(kind, tuple(scope.get("segments", ())), (grant.get("limits") or {}).get("max_recipients"))


def _widest(scopes: Iterable[Scope]) -> Scope:
    """Of several grants the widest reach counts; with the same reach, segments join and the higher limit holds."""
    ordered = sorted(scopes, key=lambda scope: SCOPES.index(scope.type))
    same = [scope for scope in ordered if scope.type == ordered[0].type]
    limits = [scope.max_recipients for scope in same if scope.max_recipients is not None]
    return Scope(
        ordered[0].type,
        tuple(dict.fromkeys(segment for scope in same for segment in scope.segments)),
        max(limits) if len(limits) == len(same) else None,
    )


def _granted(*permissions: str, scope: ScopeType = "organization") -> list[dict[str, Any]]:
    return [{"permission": permission, "scope": {"type": scope}} for permission in permissions]


_LOOKING = ("organization:read", "segment:read", "content:read", "broadcast:read", "report:read")
_WRITING = ("content:read", "content:write", "content:import", "collection:write", "segment:read", "broadcast:read")

BUILT_IN: Mapping[str, tuple[str, str, dict[str, Any]]] = {
    "owner": ("Owner", "May do everything.", {"grants": _granted(EVERYTHING), "deny": []}),
    "admin": (
        "Administrator",
        "Runs the organization; sees no single wellbeing answer.",
        {"grants": _granted(EVERYTHING), "deny": ["wellbeing:read_raw"]},
    ),
    "manager": (
        "Manager",
        "Writes, sends and reads for the whole organization.",
        {
            "grants": _granted(
                *_LOOKING, "worker:read", "worker:write", "worker:import", "consent:write", "segment:write",
                "content:write", "content:import", "collection:write", "broadcast:send", "broadcast:emergency",
                "schedule:write", "response:read", "conversation:read", "badge:write", "wellbeing:read", "user:read",
            ),
            "deny": ["wellbeing:read_raw"],
        },
    ),
    "writer": ("Writer", "Writes content that others send.", {"grants": _granted(*_WRITING), "deny": []}),
    "approver": (
        "Approver",
        "Approves templates and large broadcasts.",
        {"grants": _granted(*_LOOKING, "template:approve", "broadcast:approve"), "deny": []},
    ),
    "analyst": ("Analyst", "Looks and changes nothing.", {"grants": _granted(*_LOOKING), "deny": []}),
    "wellbeing_officer": (
        "Wellbeing officer",
        "Sees wellbeing answers, also single ones.",
        {"grants": _granted("wellbeing:read", "wellbeing:read_raw", "worker:read", "report:read"), "deny": []},
    ),
    "auditor": (
        "Auditor",
        "Reads the audit log and the settings.",
        {"grants": _granted("audit:read", "organization:read", "user:read", "report:read"), "deny": []},
    ),
}  # fmt: skip
