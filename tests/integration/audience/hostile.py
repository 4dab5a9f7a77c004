"""Workers and rules made to set the two legs of a rule apart: wildcards, quotes, escapes, NULLs, edges of days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from bot.audience import fields, values
from tests import factories

NOW = datetime(2024, 3, 1, 3, 30, tzinfo=UTC)  # still 29 February in Chicago
ZONE = ZoneInfo("America/Chicago")

TEXTS = [
    "Stores", "stores", "Stores ", "%", "_", "St%res", "St_res", "\\", "a\\b", "\\%", "it's", '"', "' OR 1=1 --", "*", "[a-z]*",
    "Ünïted", "Straße", "STRASSE", "ﬁ", "日本", "👩‍🏭", "𝒜", "\uffff", "é", "Å", "z", "Z", " ", "\n", "a\nb", "0", "10", "9", "2.5", "-5",
    "2.50", "007", "1e3", "true", "false", "null", "NaN", "2024-02-29", "2023-03-01", "2024-03-07T10:00", "2024-2-1", "1" * 16, "9" * 17, "-", "5.", ".5", "--5", "1.2.3", "a,b",
]  # fmt: skip
KEYS = ["region", 'a"b', "a.b", "é", "$.x", "'", "a\\b", " ", "tags", "[0]", "%"]
CUSTOM = [
    *TEXTS, "", None, True, False, 0, 5, -5, 10, 2.5, -0.0, 0.1, 5.0, 1e-7, 1e20, 1e15, 1e16, 123456789012345, 1234567890123456, 10**25,
    [], ["a"], {}, {"a": 1}, 0.30000000000000004, 0.3,
]  # fmt: skip
NUMBERS = [0, 1, 5, -5, 9, 10, 100, 2.5, -2.5, 0.1, 0.3, 0.30000000000000004, 1e-7, 123456789012345, 7, 1e15]
DAYS = [
    "2024-02-28", "2024-02-29", "2024-03-01", "2024-03-02", "2024-01-30", "2023-02-28", "2023-03-01", "2000-02-29", "1999-12-31",
    "2024-12-31", "2023-03-02", "2024-03-31", "2024-11-03", "2024-03-10",
]  # fmt: skip
MOMENTS = [
    NOW, NOW - timedelta(microseconds=1), NOW + timedelta(microseconds=1), NOW - timedelta(hours=24), NOW - timedelta(hours=24, microseconds=1),
    datetime(2024, 2, 29, 6, tzinfo=UTC), datetime(2024, 2, 29, 5, 59, 59, 999999, tzinfo=UTC), datetime(2024, 3, 1, 6, tzinfo=UTC),
    datetime(2024, 2, 1, 12, tzinfo=UTC), datetime(2023, 3, 1, tzinfo=UTC), datetime(2024, 3, 10, 7, 59, 30, tzinfo=UTC),
    datetime(2024, 3, 10, 8, 0, 30, tzinfo=UTC), datetime(2024, 11, 3, 6, 30, tzinfo=UTC),
]  # fmt: skip
POINTS = [
    "2024-03-01T03:30Z", "2024-02-29T21:30", "2024-03-10T02:30", "2024-11-03T01:30", "2024-02-29T00:00:00", "2024-03-10 08:00:30Z", "2024-02-29T03:30:00.000001+00:00",
]  # fmt: skip
TAGS = ["forklift", "Forklift", "%", "it's", '"', "a,b", "{x}", "NULL", "null", "\\", "é", "日本", "", "5", "true"]
SEGMENTS = ["Night", "Day, long", "It's 100%"]
NOWHERE = "00000000-0000-7000-8000-000000000000"


def workers(session, organization, count=140):
    """`count` workers whose columns run through the lists above at different paces; every satellite is missing somewhere."""
    made = []
    for n in range(count):

        def pick(pool, step, n=n):
            return pool[(n * step + step) % len(pool)]

        def day(step, pick=pick):
            return datetime.fromisoformat(pick(DAYS, step)).replace(tzinfo=UTC)

        custom = {key: pick(CUSTOM, step) for step, key in enumerate(KEYS, 1) if (n + step) % 4}
        made.append(factories.worker(
            session, organization, external_id=f"W{n}", first_name=pick(TEXTS, 3), last_name="x",
            date_of_birth=day(5) if n % 3 else None, is_active=n % 9 != 4, time_zone=pick(TEXTS, 11) if n % 2 else None,
            tags=sorted({pick(TAGS, step) for step in range(1, 1 + n % 5)}), custom_fields=custom if n % 7 else None,
            supervisor_id=made[n // 2].id if made and n % 2 else None, created_at=pick(MOMENTS, 2),
            contact={"location_city": pick(TEXTS, 5), "communication_consent": n % 2 == 0} if n % 5 else None,
            employment={"department": pick([*TEXTS, None], 7), "hire_date": day(3) if n % 4 else None} if n % 6 else None,
            engagement={"last_interaction_date": pick([*MOMENTS, None], 1)} if n % 8 else None,
            gamification={"points_balance": pick([0, 1, 5, 9, 10, 100], 1)} if n % 3 else None,
        ))  # fmt: skip
    return made


def segments(session, organization, people):
    """Three segments with members, one of them empty."""
    for place, name in enumerate(SEGMENTS):
        saved = factories.segment(session, organization, name=name)
        for each in people[:: place + 2] if place < 2 else []:
            factories.segment_membership(session, organization, segment_id=saved.id, worker_id=each.id)


PATHS = [
    "worker.first_name", "worker.time_zone", "worker.supervisor_external_id", "contact.city", "employment.department", "employment.job_title",
    "worker.is_active", "contact.consent", "worker.date_of_birth", "employment.hire_date", "engagement.last_interaction_date",
    "worker.created_at", "gamification.points_balance", "tags", "segment", *[f"custom.{key}" for key in KEYS],
]  # fmt: skip

_parts = st.sampled_from(TEXTS).flatmap(
    lambda each: st.sampled_from([each, each[:1], each[-1:], each[1:] or each, each[:-1] or each])
)
_texts = (
    _parts
    | st.sampled_from(["W1", "W2", "W3", "Picker"])
    | st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=3)
)
_days = st.sampled_from(DAYS)
_moments = _days | st.sampled_from(POINTS)
SCALARS = {
    "text": _texts,
    "number": st.sampled_from(NUMBERS),
    "boolean": st.booleans(),
    "date": _days,
    "datetime": _moments,
    "tags": st.sampled_from([each for each in TAGS if each]),
    "custom": _texts | st.sampled_from(NUMBERS) | st.booleans(),
    "segment": st.sampled_from([*SEGMENTS, "nowhere", NOWHERE]),
}  # fmt: skip


@st.composite
def leaf(draw):
    """A rule on one field."""
    kind = draw(st.sampled_from(list(fields.OPERATORS)))
    path = draw(st.sampled_from([each for each in PATHS if fields.find(each).kind == kind]))
    operator = draw(st.sampled_from(fields.OPERATORS[kind]))
    scalar = SCALARS[kind]
    if operator in values.WITHIN:
        value = {"amount": draw(st.sampled_from([0, 1, 2, 7, 11, 24, 30])), "unit": draw(st.sampled_from(values.UNITS))}
        if kind != "datetime":
            value["unit"] = draw(st.sampled_from(values.UNITS[2:]))
        if operator == "anniversaryWithin":
            value = draw(st.sampled_from([{"amount": 0, "unit": "days"}, {"amount": 1, "unit": "days"}, {"amount": 12, "unit": "months"},
                                          {"amount": 306, "unit": "days"}, {"amount": 4, "unit": "weeks"}, {"amount": 1, "unit": "years"}]))  # fmt: skip
    elif operator in values.PAIR:
        if kind == "custom":
            scalar = draw(st.sampled_from([_texts, st.sampled_from(NUMBERS)]))
        value = [draw(scalar), draw(scalar)]
        if kind == "custom" and len({isinstance(each, str) and not values.is_decimal(each) for each in value}) == 2:
            value = value[:1] * 2
    elif operator in values.LIST:
        value = draw(st.lists(scalar, min_size=1, max_size=4))
    else:
        value = draw(
            scalar.filter(lambda each: not isinstance(each, bool))
            if kind == "custom" and operator in values.ORDER
            else scalar
        )
    return {"field": path, "operator": operator, "value": value}


def group(nodes):
    """A group of rules."""
    return st.fixed_dictionaries({
        "combinator": st.sampled_from(["and", "or"]), "not": st.booleans(), "rules": st.lists(nodes, min_size=1, max_size=3),
    })  # fmt: skip


RULES = group(st.recursive(leaf(), group, max_leaves=6))
