"""One worker asked: the law of the unknown, days in the organization's zone, and the reasons given."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.audience import rules
from bot.audience.evaluate import evaluate

CHICAGO = ZoneInfo("America/Chicago")
NOW = datetime(2026, 3, 1, 3, 30, tzinfo=UTC)  # still 28 February in Chicago


def day(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


ANA = {
    "worker": {"first_name": "Ana", "is_active": True, "date_of_birth": day("1996-02-29")},
    "employment": {"department": "Stores", "hire_date": day("2026-02-26"), "team": None},
    "engagement": {"last_interaction_date": datetime(2026, 2, 28, 5, 30, tzinfo=UTC)},
    "gamification": {"points_balance": 12},
    "tags": ["forklift", "night"],
    "custom": {"store": "042", "rate": 2.5, "level": 3, "expires": "2026-03-07", "note": "", "mentor": True, "skills": ["a"]},
    "segments": {"0190aaaa-0000-7000-8000-00000000000f", "Night"},
}  # fmt: skip


def verdict(*given, known=ANA, combinator="and", negated=False, now=NOW, zone=CHICAGO, names=None):
    leaves = [{"field": field, "operator": operator, "value": value} for field, operator, value in given]
    rule = rules.parse({"combinator": combinator, "not": negated, "rules": leaves})
    return evaluate(rule, known, now=now, zone=zone, names=names)


def holds(field, operator, value=None, **more):
    return verdict((field, operator, value), **more).member


@pytest.mark.parametrize(
    ("operator", "value", "on_missing"),
    [
        ("=", "a", False), ("!=", "a", True), ("in", ["a"], False), ("notIn", ["a"], True), ("null", None, True), ("notNull", None, False),
        ("contains", "a", False), ("doesNotContain", "a", True), ("beginsWith", "a", False), ("doesNotBeginWith", "a", True),
        ("endsWith", "a", False), ("doesNotEndWith", "a", True),
        ("<", "a", False), (">", "a", False), ("<=", "a", False), (">=", "a", False), ("between", "a,b", False), ("notBetween", "a,b", False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("field", ["employment.team", "contact.city", "custom.none", "custom.note"])
def test_the_law_of_the_unknown(field, operator, value, on_missing):
    assert holds(field, operator, value) is on_missing
    assert verdict((field, operator, value), negated=True).member is not on_missing


@pytest.mark.parametrize(
    ("field", "operator", "on_missing"),
    [
        ("engagement.last_active_at", "withinLast", False),
        ("engagement.last_active_at", "notWithinLast", True),
        ("engagement.last_active_at", "withinNext", False),
        ("custom.none", "anniversaryWithin", False),
        ("custom.none", "notWithinLast", True),
    ],
)
def test_nothing_known_is_no_time_ago(field, operator, on_missing):
    assert holds(field, operator, {"amount": 1, "unit": "years"}) is on_missing


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("hasAny", ["night", "x"], True), ("hasAny", ["Night"], False), ("hasAll", ["night", "forklift"], True), ("hasAll", ["night", "x"], False),
        ("hasNone", ["x"], True), ("hasNone", ["night", "x"], False), ("null", None, False), ("notNull", None, True),
    ],
)  # fmt: skip
def test_tags(operator, value, expected):
    assert holds("tags", operator, value) is expected
    if operator in {"hasNone", "null"}:
        assert holds("tags", operator, value, known=ANA | {"tags": None})


@pytest.mark.parametrize(
    ("field", "operator", "value", "expected"),
    [
        ("engagement.last_interaction_date", "=", "2026-02-27", True),  # 23:30 of the day before, in Chicago
        ("engagement.last_interaction_date", "=", "2026-02-28", False),
        ("engagement.last_interaction_date", "=", "2026-02-27T23:30", True),
        ("engagement.last_interaction_date", "=", "2026-02-27T23:29", False),
        ("engagement.last_interaction_date", "=", "2026-02-27T23:29:59", False),
        ("engagement.last_interaction_date", "in", ["2026-02-27T23:31", "2026-02-27T23:30:00"], True),
        ("engagement.last_interaction_date", "<=", "2026-02-28T05:30Z", True),
        ("engagement.last_interaction_date", "<", "2026-02-28T05:30Z", False),
        ("engagement.last_interaction_date", "withinLast", {"amount": 1, "unit": "days"}, True),
        ("engagement.last_interaction_date", "withinLast", {"amount": 0, "unit": "days"}, False),
        ("engagement.last_interaction_date", "withinLast", {"amount": 22, "unit": "hours"}, True),
        ("engagement.last_interaction_date", "withinLast", {"amount": 21, "unit": "hours"}, False),
        ("employment.hire_date", "withinLast", {"amount": 2, "unit": "days"}, True),
        ("employment.hire_date", "withinLast", {"amount": 1, "unit": "days"}, False),
        ("employment.hire_date", "between", "2026-02-26,2026-02-26", True),
        ("employment.hire_date", "notBetween", "2026-02-26,2026-02-26", False),
        ("employment.hire_date", ">", "2026-02-26", False),
        ("custom.expires", "withinNext", {"amount": 7, "unit": "days"}, True),
        ("custom.expires", "withinNext", {"amount": 6, "unit": "days"}, False),
        ("custom.expires", "<", "2026-03-08", True),
    ],
)
def test_days_are_counted_where_the_organization_lives(field, operator, value, expected):
    assert holds(field, operator, value) is expected


@pytest.mark.parametrize(
    ("today", "amount", "expected"),
    [
        ("2026-02-28T12:00", 0, True),  # no 29 February this year
        ("2028-02-28T12:00", 0, False),
        ("2028-02-28T12:00", 1, True),
        ("2025-12-30T12:00", 59, False),
        ("2025-12-30T12:00", 60, True),  # over the turn of the year
        ("2026-03-01T12:00", 300, False),
        ("2026-03-01T12:00", 365, True),
        ("1996-02-29T12:00", 10, False),  # the day itself is no return of it
    ],
)
def test_anniversaries(today, amount, expected):
    within = {"amount": amount, "unit": "days"}
    assert holds("worker.date_of_birth", "anniversaryWithin", within, now=day(today), zone=ZoneInfo("UTC")) is expected


@pytest.mark.parametrize(
    ("field", "operator", "value", "expected"),
    [
        ("custom.store", "=", "042", True), ("custom.store", "=", "42", False), ("custom.store", "=", 42, True), ("custom.store", ">", "9", True),
        ("custom.rate", "=", "2.5", True), ("custom.rate", "in", [2.5], True), ("custom.rate", "between", [2, 3], True),
        ("custom.rate", "contains", "2", False),
        ("custom.level", "=", "3", True), ("custom.level", "<", 10, True), ("custom.level", "beginsWith", "3", True),
        ("custom.mentor", "=", True, True), ("custom.mentor", "=", "true", True), ("custom.mentor", "=", 1, False),
        ("custom.skills", "notNull", None, True), ("custom.skills", "=", "a", False),
        ("custom.expires", ">", 5, False),
        ("gamification.points_balance", "=", 12.0, True), ("gamification.points_balance", "<", "100", True),
        ("employment.department", "=", "stores", False), ("employment.department", "<", "a", True),
        ("employment.department", "contains", "%", False), ("employment.department", "endsWith", "_res", False),
        ("segment", "inSegment", ["Day", "Night"], True), ("segment", "notInSegment", "Night", False), ("segment", "notInSegment", "Day", True),
    ],
)  # fmt: skip
def test_values(field, operator, value, expected):
    assert holds(field, operator, value) is expected


def test_an_inactive_worker_is_no_member_unless_the_rule_asks():
    gone = ANA | {"worker": {**ANA["worker"], "is_active": False}}
    refused = verdict(("tags", "notNull", None), known=gone)
    assert (refused.member, refused.reason, refused.would_match_if) == (
        False,
        "the worker is not active",
        "the worker is active",
    )
    assert not verdict(("tags", "hasAny", "x"), known=gone, negated=True).member
    assert holds("worker.is_active", "=", value=False, known=gone)
    assert verdict(("worker.is_active", "notNull", None), ("tags", "notNull", None), known=gone).member


@pytest.mark.parametrize(
    ("given", "combinator", "negated", "reason", "would_match_if"),
    [
        ([("employment.department", "=", "Stores")], "and", False, 'the department is "Stores"', None),
        (
            [("employment.department", "in", "Stores,DC"), ("tags", "hasAny", "night")], "and", False,
            'the department is one of "Stores", "DC" (it is "Stores"); tags include "night" (it is "forklift", "night")', None,
        ),
        (
            [("employment.department", "=", "DC"), ("employment.team", "=", "A"), ("tags", "hasAny", "night")], "and", False,
            'not so: the department is "DC" (it is "Stores"); not so: the team is "A" (nothing is known)',
            '(the department is "DC") and (the team is "A")',
        ),
        (
            [("employment.department", "=", "DC"), ("employment.hire_date", "<", "2026-01-01")], "or", False,
            'not so: the department is "DC" (it is "Stores"); not so: the hire date is before 2026-01-01 (it is 2026-02-26)',
            '(the department is "DC") or (the hire date is before 2026-01-01)',
        ),
        (
            [("employment.department", "=", "DC"), ("gamification.points_balance", ">", 10)], "or", False,
            "the points balance is above 10 (it is 12)", None,
        ),
        ([("employment.department", "=", "DC")], "and", True, 'not so: the department is "DC" (it is "Stores")', None),
        (
            [("employment.department", "=", "Stores")], "and", True, 'the department is "Stores"', 'not (the department is "Stores")',
        ),
    ],
)  # fmt: skip
def test_reasons(given, combinator, negated, reason, would_match_if):
    said = verdict(*given, combinator=combinator, negated=negated)
    assert (said.reason, said.would_match_if, said.member) == (reason, would_match_if, would_match_if is None)


def test_segments_are_called_by_their_names():
    segment_id = "0190aaaa-0000-7000-8000-00000000000f"
    assert verdict(("segment", "inSegment", segment_id), names={segment_id: "Night"}).reason == 'in the segment "Night"'
