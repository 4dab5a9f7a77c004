"""What a rule may ask of a worker: the catalogue of fields, and which operators go with each.

The names are those of the workers file, because that is what a manager has seen; the names of the
model's columns are understood too. Wellbeing is not here and can't be: a segment is a list of names,
and "everybody who scored low" must never become one.

`date` fields are calendar days, stored as midnight UTC and never shifted by a time zone; `datetime`
fields are moments, whose day depends on the organization's zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, Literal

Kind = Literal["text", "number", "boolean", "date", "datetime", "tags", "custom", "segment"]

_CHOICE = ("=", "!=", "in", "notIn", "null", "notNull")
_ORDER = ("<", ">", "<=", ">=", "between", "notBetween")
_PART = ("contains", "beginsWith", "endsWith", "doesNotContain", "doesNotBeginWith", "doesNotEndWith")
_WITHIN = ("withinLast", "notWithinLast", "withinNext")

OPERATORS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "text": (*_CHOICE, *_PART, *_ORDER),
    "number": (*_CHOICE, *_ORDER),
    "boolean": ("=", "!=", "null", "notNull"),
    "date": (*_CHOICE, *_ORDER, *_WITHIN, "anniversaryWithin"),
    "datetime": (*_CHOICE, *_ORDER, *_WITHIN),
    "tags": ("hasAny", "hasAll", "hasNone", "null", "notNull"),
    "custom": (*_CHOICE, *_PART, *_ORDER, *_WITHIN, "anniversaryWithin"),
    "segment": ("inSegment", "notInSegment"),
}
"""Kind → the operators that go with it, in the order in which a form offers them."""

EVERY_OPERATOR: Final = tuple(dict.fromkeys(each for group in OPERATORS.values() for each in group))


@dataclass(frozen=True, slots=True)
class Field:
    """Something that is known of a worker, or isn't.

    `section` and `key` say where it stands: a column of that section's table, or a key of the JSON
    (`custom`). `label` is what a sentence calls it.
    """

    path: str
    kind: Kind
    label: str
    section: str
    key: str

    def of(self, snapshot: Mapping[str, Any]) -> Any:
        """What a snapshot (see `bot.audience.snapshot`) says here; None where nothing is known."""
        if self.kind == "tags":
            return snapshot.get("tags")
        value = (snapshot.get(self.section) or {}).get(self.key)
        return None if isinstance(value, str) and not value else value


def _field(path: str, kind: Kind, label: str, key: str | None = None, section: str | None = None) -> Field:
    root, _, name = path.partition(".")
    return Field(path, kind, label, section or root, key or name)


FIELDS: Final[Mapping[str, Field]] = {
    each.path: each
    for each in (
        _field("worker.external_id", "text", "the external id"),
        _field("worker.first_name", "text", "the first name"),
        _field("worker.last_name", "text", "the last name"),
        _field("worker.date_of_birth", "date", "the date of birth"),
        _field("worker.is_active", "boolean", "the worker is active"),
        _field("worker.time_zone", "text", "the time zone"),
        _field("worker.created_at", "datetime", "the day we came to know them"),
        _field("worker.supervisor_external_id", "text", "the supervisor's external id", "external_id", "supervisor"),
        _field("contact.city", "text", "the city", "location_city"),
        _field("contact.region", "text", "the region", "location_state_province"),
        _field("contact.country", "text", "the country", "location_country"),
        _field("contact.phone", "text", "the phone", "primary_phone_number"),
        _field("contact.language", "text", "the language", "preferred_language"),
        _field("contact.email", "text", "the e-mail address", "email_address"),
        _field("contact.consent", "boolean", "consent is given", "communication_consent"),
        _field("contact.slack_user_id", "text", "the Slack user id"),
        _field("employment.job_title", "text", "the job title"),
        _field("employment.department", "text", "the department"),
        _field("employment.team", "text", "the team"),
        _field("employment.hire_date", "date", "the hire date"),
        _field("engagement.last_active_at", "datetime", "the last activity"),
        _field("engagement.last_interaction_date", "datetime", "the last interaction"),
        _field("gamification.points_balance", "number", "the points balance"),
        _field("gamification.badges_earned_count", "number", "the number of badges"),
        Field("tags", "tags", "tags", "worker", "tags"),
        Field("segment", "segment", "the segment", "segments", ""),
    )
}
"""Path → field, in the order in which a form lists them. `custom.<key>` comes on top."""

ROOTS: Final = tuple(dict.fromkeys([path.partition(".")[0] for path in FIELDS] + ["custom"]))

ALIASES: Final[Mapping[str, str]] = {
    **{f"contact.{field.key}": path for path, field in FIELDS.items() if field.section == "contact"},
    "contact.state_province": "contact.region",
    "worker.supervisor": "worker.supervisor_external_id",
    "worker.tags": "tags",
    "gamification.points": "gamification.points_balance",
    "gamification.badges": "gamification.badges_earned_count",
}
"""Other names that are understood, the model's own among them."""

ACTIVITY: Final = "worker.is_active"
KEY_LENGTH: Final = 200


def find(path: str) -> Field | None:
    """The field called `path`; None where there is none."""
    root, dot, key = path.partition(".")
    if root == "custom":
        return Field(path, "custom", f'custom field "{key}"', "custom", key) if 0 < len(key) <= KEY_LENGTH else None
    return FIELDS.get(ALIASES.get(path, path)) if dot or path in FIELDS else None


def nearest(path: str) -> str | None:
    """The field that somebody who wrote `path` probably meant."""
    found = get_close_matches(path[:100], [*FIELDS, *ALIASES], n=1, cutoff=0.75)
    return found[0] if found else None
