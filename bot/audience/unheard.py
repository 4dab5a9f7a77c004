"""Custom fields that a rule asks for and no worker has: said to whoever writes the rule, never refused.

A custom field is whatever column the last import brought, so there is no list to hold a name against; it may
come with the next file. But a name typed wrong means nobody, or with a negation everybody, without a word.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.audience.comparisons import literal
from bot.audience.compile import WORKERS
from bot.audience.dialects import CustomKnown
from bot.audience.rules import Group, leaves
from bot.database import on_sqlite

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Unheard:
    """A custom field at `path` of a rule that no worker has; `known` are those there are, the nearest first."""

    path: str
    key: str
    known: Sequence[str]

    def __str__(self) -> str:
        if not self.known:
            there = "nobody has any custom field yet"
        else:
            more = len(self.known) - SHOWN
            names = ", ".join(self.known[:SHOWN]) + (f" and {more} more" if more > 0 else "")
            there = f"there {'is' if len(self.known) == 1 else 'are'} {names}"
        return f'{self.path}.field: no worker has the custom field "{self.key[:60]}" now; {there}.'


def unheard(session: Session, organization_id: uuid.UUID, rule: Group) -> list[Unheard]:
    """Every custom field of the rule that no worker of the organization has, once, at its first place."""
    asked: dict[str, str] = {}
    for path, leaf in leaves(rule):
        if leaf.field.kind == "custom":
            asked.setdefault(leaf.field.key, path)
    missing = [key for key in asked if not _somebody_has(session, organization_id, key)]
    known = _known(session, organization_id) if missing else []
    return [Unheard(asked[key], key, _nearest_first(key, known)) for key in missing]


def _somebody_has(session: Session, organization_id: uuid.UUID, key: str) -> bool:
    """One look per field that ends at the first worker who has it."""
    known = CustomKnown(WORKERS.c.custom_fields, literal(key))
    return bool(session.scalar(sa.select(sa.exists().where(WORKERS.c.organization_id == organization_id, known))))


def _known(session: Session, organization_id: uuid.UUID) -> list[str]:
    """The names there are. Reads every worker, and only when one was missing."""
    custom = WORKERS.c.custom_fields
    if on_sqlite(session):
        is_object, name = sa.func.json_type(custom) == "object", "json_each"
    else:
        is_object, name = sa.func.jsonb_typeof(custom) == "object", "jsonb_each"
    # the CASE, because a condition beside it may be asked too late, and a list has no keys to PostgreSQL
    entries = getattr(sa.func, name)(sa.case((is_object, custom))).table_valued("key", joins_implicitly=True)
    found = sa.select(entries.c.key).select_from(WORKERS, entries).where(WORKERS.c.organization_id == organization_id)
    return sorted(str(key) for key in session.scalars(found.distinct()))


def _nearest_first(key: str, known: Sequence[str]) -> list[str]:
    wanted = key.casefold()
    return sorted(known, key=lambda each: -SequenceMatcher(None, wanted, each.casefold()).ratio())
