"""A rule in plain words."""

from __future__ import annotations

import pytest

from bot.audience import rules
from bot.audience.sentences import sentence


@pytest.mark.parametrize(
    ("field", "operator", "value", "words"),
    [
        ("employment.department", "=", "Stores", 'the department is "Stores"'),
        ("employment.department", "notIn", "A", 'the department is not "A"'),
        ("employment.department", "in", "A,B", 'the department is one of "A", "B"'),
        ("employment.department", "in", "1,2,3,4,5,6,7", 'the department is one of "1", "2", "3", "4", "5", 2 more'),
        ("employment.department", "doesNotEndWith", "x" * 61, f'the department doesn\'t end with "{"x" * 59}…"'),
        ("employment.department", "null", None, "the department is missing"),
        ("tags", "notNull", None, "tags are known"),
        ("tags", "hasAny", "a", 'tags include "a"'),
        ("tags", "hasAll", "a,b", 'tags include all of "a", "b"'),
        ("tags", "hasNone", "a,b", 'tags include none of "a", "b"'),
        ("employment.hire_date", "<=", "2026-03-31", "the hire date is on or before 2026-03-31"),
        ("employment.hire_date", "notBetween", "2026-03-01,2026-03-31", "the hire date is not between 2026-03-01 and 2026-03-31"),
        ("employment.hire_date", "withinLast", {"amount": 1, "unit": "months"}, "the hire date is within the last 1 month"),
        ("worker.date_of_birth", "anniversaryWithin", {"amount": 7, "unit": "days"}, "the date of birth has its anniversary within the next 7 days"),
        ("engagement.last_active_at", ">", "2026-03-31T09:00", "the last activity is after 2026-03-31 09:00"),
        ("gamification.points_balance", ">=", 5, "the points balance is at least 5"),
        ("worker.is_active", "=", False, "the worker is active: no"),
        ("contact.consent", "!=", True, "consent is given: not yes"),
        ("contact.consent", "null", None, "consent is given: missing"),
        ("custom.region", "beginsWith", "North", 'custom field "region" begins with "North"'),
        ("segment", "notInSegment", ["A", "B"], 'in none of the segments "A", "B"'),
    ],
)  # fmt: skip
def test_one_question(field, operator, value, words):
    rule = rules.parse({"combinator": "and", "rules": [{"field": field, "operator": operator, "value": value}]})
    assert sentence(rule) == words


def tagged(tag):
    return {"field": "tags", "operator": "hasAny", "value": [tag]}


def test_groups_stand_in_brackets():
    rule = rules.parse({
        "combinator": "and",
        "rules": [
            tagged("a"),
            {"combinator": "or", "rules": [tagged("b"), tagged("c")]},
            {"combinator": "or", "not": True, "rules": [tagged("d")]},
        ],
    })  # fmt: skip
    assert sentence(rule) == 'tags include "a" and (tags include "b" or tags include "c") and not (tags include "d")'


def test_a_long_sentence_is_cut_because_every_member_carries_it():
    rule = rules.parse({"combinator": "or", "rules": [tagged("x" * 50)] * 20})
    assert len(sentence(rule)) == 500
    assert sentence(rule).endswith("…")


def test_segments_are_called_by_their_names():
    segment_id = "0190aaaa-0000-7000-8000-00000000000f"
    rule = rules.parse(
        {"combinator": "and", "rules": [{"field": "segment", "operator": "inSegment", "value": segment_id}]}
    )
    assert sentence(rule, {segment_id: "Night"}) == 'in the segment "Night"'
