"""Reading rules: what is accepted, how it is written again, and the sentence for every mistake."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.audience import fields, rules
from bot.audience.sentences import sentence
from bot.audience.values import Within
from bot.errors import BadInput


def group(*given, combinator="and", **more):
    return {"combinator": combinator, "rules": list(given), **more}


def asked(field, operator, value=None):
    return {"field": field, "operator": operator, "value": value}


def only(document):
    (leaf,) = rules.parse(document).rules
    return leaf


EXPORTED = {
    "id": "g1", "path": [], "combinator": "and", "not": False,
    "rules": [
        {"id": "r1", "path": [0], "field": "employment.department", "operator": "in", "valueSource": "value", "value": "Stores, DC"},
        {"field": "employment.hire_date", "operator": "withinLast", "value": {"amount": 30, "unit": "days"}},
        {"field": "tags", "operator": "hasAny", "value": ["forklift"]},
        {"combinator": "or", "rules": [
            {"field": "engagement.last_interaction_date", "operator": "null", "value": "left over"},
            {"field": "custom.region", "operator": "beginsWith", "value": "North"},
        ]},
    ],
}  # fmt: skip


def test_an_exported_rule_is_read_and_written_in_one_way():
    rule = rules.parse(EXPORTED)
    assert rules.to_json(rule) == {
        "combinator": "and", "not": False,
        "rules": [
            {"field": "employment.department", "operator": "in", "value": ["Stores", "DC"]},
            {"field": "employment.hire_date", "operator": "withinLast", "value": {"amount": 30, "unit": "days"}},
            {"field": "tags", "operator": "hasAny", "value": ["forklift"]},
            {"combinator": "or", "not": False, "rules": [
                {"field": "engagement.last_interaction_date", "operator": "null", "value": None},
                {"field": "custom.region", "operator": "beginsWith", "value": "North"},
            ]},
        ],
    }  # fmt: skip
    assert rules.parse(rules.to_json(rule)) == rule


@pytest.mark.parametrize(
    ("field", "operator", "given", "value"),
    [
        ("gamification.points_balance", ">", "5", 5),
        ("gamification.points_balance", ">", " 2.50 ", 2.5),
        ("gamification.points_balance", "in", "1, 2,,1", (1, 2)),
        ("gamification.points_balance", "in", 7, (7,)),
        ("gamification.points_balance", "between", "9,1", (1, 9)),
        ("worker.is_active", "=", "false", False),
        ("contact.consent", "!=", True, True),
        ("employment.hire_date", "<", "2026-03-31", date(2026, 3, 31)),
        ("employment.hire_date", "between", ["2026-03-31", "2026-01-01"], (date(2026, 1, 1), date(2026, 3, 31))),
        ("engagement.last_active_at", ">=", "2026-03-31T09:00", datetime(2026, 3, 31, 9)),
        ("employment.department", "in", r"A\,B,C", ("A,B", "C")),
        ("employment.department", "in", ["A,B", " C"], ("A,B", " C")),
        ("employment.department", "=", "e\u0301", "é"),
        ("employment.department", "between", "b,a", ("a", "b")),
        ("tags", "hasAll", "a, b", ("a", "b")),
        ("segment", "inSegment", "Day, long", ("Day, long",)),
        ("segment", "inSegment", "0190AAAA-0000-7000-8000-00000000000F", ("0190aaaa-0000-7000-8000-00000000000f",)),
        ("custom.store", "=", "042", "042"),
        ("custom.store", "=", 42, 42),
        ("custom.store", ">", "9", 9),
        ("custom.store", ">", "9a", "9a"),
        ("custom.store", "in", [True, 1, "1"], (True, 1, "1")),
        ("custom.expires", "withinNext", {"amount": "2", "unit": "week"}, Within(2, "weeks")),
    ],
)
def test_values_are_read_by_the_fields_type(field, operator, given, value):
    leaf = only(group(asked(field, operator, given)))
    assert (leaf.value, type(leaf.value)) == (value, type(value))
    assert only(rules.to_json(rules.Group("and", (leaf,)))) == leaf


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("contact.location_city", "contact.city"),
        ("contact.state_province", "contact.region"),
        ("contact.communication_consent", "contact.consent"),
        ("contact.primary_phone_number", "contact.phone"),
        ("worker.tags", "tags"),
        ("custom.a.b", "custom.a.b"),
    ],
)
def test_the_models_names_are_understood(written, meant):
    assert only(group(asked(written, "notNull"))).field.path == meant


DEEP = group(asked("tags", "notNull"))
for _ in range(20):
    DEEP = group(DEEP)

NAME = asked("worker.first_name", "=", "Ana")
DAYS30 = {"amount": 30, "unit": "days"}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (None, "rule: must be a group, an object with a combinator and a list of rules"),
        ([], "rule: must be a group, an object with a combinator and a list of rules"),
        (NAME, "rule: must be a group, an object with a combinator and a list of rules"),
        (group(), "rules: needs at least one rule: an empty group says nothing"),
        (group(NAME, group()), "rules[1].rules: needs at least one rule: an empty group says nothing"),
        (group("x"), "rules[0]: must be a rule or a group"),
        (group(NAME, combinator="xor"), 'combinator: must be "and" or "or"'),
        ({"rules": [NAME]}, 'combinator: must be "and" or "or"'),
        (group(NAME, combinator=[]), 'combinator: must be "and" or "or"'),
        (group(NAME, **{"not": "yes"}), "not: must be true or false"),
        (group(NAME, color="red"), "color: is not known here"),
        (group({**NAME, "disabled": True}), "rules[0].disabled: is not known here"),
        (group({**NAME, "a b": True}), 'rules[0]."a b": is not known here'),
        (group({**NAME, "valueSource": "field"}), 'rules[0].valueSource: must be "value": a field can\'t be compared with another field'),
        (
            group(NAME, group(asked("employment.departmnt", "=", "x"))),
            'rules[1].rules[0].field: "employment.departmnt" is not a field; did you mean "employment.department"?',
        ),
        (
            group(asked("shoe", "=", "x")),
            'rules[0].field: "shoe" is not a field; a field begins with worker, contact, employment, engagement, gamification, tags, segment, custom',
        ),
        (group(asked("worker", "=", "x")), 'rules[0].field: "worker" is not a field; a field begins with worker, contact, employment, engagement, gamification, tags, segment, custom'),
        (group(asked("custom.", "=", "x")), 'rules[0].field: "custom." is not a field; a field begins with worker, contact, employment, engagement, gamification, tags, segment, custom'),
        (group(asked("wellbeing.overall_wellbeing_score", "<", 28)), "rules[0].field: wellbeing is private; no segment can ask for it"),
        (group(asked(None, "=", "x")), "rules[0].field: needs the name of a field"),
        (group(asked("custom.\ud800", "=", "x")), "rules[0].field: holds a character that can't be stored"),
        (group(asked("\ud800", "=", "x")), 'rules[0].field: "?" is not a field; a field begins with worker, contact, employment, engagement, gamification, tags, segment, custom'),
        (group(asked("tags", "contains", "a")), 'rules[0].operator: "contains" doesn\'t go with tags; use one of hasAny, hasAll, hasNone, null, notNull'),
        (group(asked("worker.first_name", "==", "a")), 'rules[0].operator: "==" is not an operator; did you mean "="?'),
        (group(asked("tags", "hasany", "a")), 'rules[0].operator: "hasany" is not an operator; did you mean "hasAny"?'),
        (group(asked("tags", "?", "a")), 'rules[0].operator: "?" is not an operator; use one of hasAny, hasAll, hasNone, null, notNull'),
        (group(asked("tags", [])), "rules[0].operator: needs an operator"),
        (group(asked("worker.first_name", "=", "")), 'rules[0].value: needs a value; to ask for what is missing use the operator "null"'),
        (group({"field": "worker.first_name", "operator": "="}), 'rules[0].value: needs a value; to ask for what is missing use the operator "null"'),
        (group(asked("worker.first_name", "=", 5)), "rules[0].value: must be text"),
        (group(asked("worker.first_name", "=", "a\x00")), "rules[0].value: holds a character that can't be stored"),
        (group(asked("worker.first_name", "in", ["a", "\udfff"])), "rules[0].value[1]: holds a character that can't be stored"),
        (group(asked("worker.first_name", "=", "x" * 1001)), "rules[0].value: takes at most 1000 characters"),
        (group(asked("worker.first_name", "in", [])), "rules[0].value: needs at least one value"),
        (group(asked("worker.first_name", "in", " , ")), "rules[0].value: needs at least one value"),
        (group(asked("worker.first_name", "in", ["a", None])), 'rules[0].value[1]: needs a value; to ask for what is missing use the operator "null"'),
        (group(asked("tags", "hasAny", ["x"] * 1001)), "rules[0].value: takes at most 1000 values"),
        (group(asked("worker.date_of_birth", "in", ["2000-01-01"] * 101)), "rules[0].value: takes at most 100 values"),
        (group(asked("gamification.points_balance", ">", "many")), "rules[0].value: must be a number"),
        (group(asked("gamification.points_balance", ">", value=True)), "rules[0].value: must be a number"),
        (group(asked("gamification.points_balance", ">", float("nan"))), "rules[0].value: must be a number of at most 15 digits"),
        (group(asked("gamification.points_balance", ">", 10**400)), "rules[0].value: must be a number of at most 15 digits"),
        (group(asked("gamification.points_balance", "between", [1, "x"])), "rules[0].value[1]: must be a number"),
        (group(asked("gamification.points_balance", "between", "1")), "rules[0].value: needs two values, the lowest and the highest"),
        (group(asked("custom.age", "between", [1, "x"])), "rules[0].value: needs two numbers or two texts"),
        (group(asked("custom.age", "<", value=True)), "rules[0].value: must be a number or text"),
        (group(asked("worker.is_active", "=", "maybe")), "rules[0].value: must be true or false"),
        (group(asked("worker.is_active", "=", 1)), "rules[0].value: must be true or false"),
        (group(asked("employment.hire_date", "=", "31/03/2026")), "rules[0].value: must be a day such as 2026-03-31, from 1900 to 2199"),
        (group(asked("employment.hire_date", "=", "2026-02-30")), "rules[0].value: 2026-02-30 is not in the calendar"),
        (group(asked("employment.hire_date", "=", "0001-01-01")), "rules[0].value: must be a day such as 2026-03-31, from 1900 to 2199"),
        (group(asked("engagement.last_active_at", "=", "2026-02-28T25:00")), "rules[0].value: 2026-02-28T25:00 is not in the calendar"),
        (group(asked("engagement.last_active_at", "=", "9999-12-31T23:00")), "rules[0].value: must be a day such as 2026-03-31, from 1900 to 2199"),
        (group(asked("employment.hire_date", "withinLast", 30)), 'rules[0].value: must be an amount and a unit, such as {"amount": 30, "unit": "days"}'),
        (group(asked("employment.hire_date", "withinLast", {**DAYS30, "x": 1})), 'rules[0].value: must be an amount and a unit, such as {"amount": 30, "unit": "days"}'),
        (group(asked("employment.hire_date", "withinLast", {"amount": 3, "unit": "shifts"})), "rules[0].value: has a unit that is none of minutes, hours, days, weeks, months, years"),
        (group(asked("employment.hire_date", "withinLast", {"amount": -3, "unit": "days"})), "rules[0].value: needs an amount that is a whole number"),
        (group(asked("employment.hire_date", "withinLast", {"amount": 1.5, "unit": "days"})), "rules[0].value: needs an amount that is a whole number"),
        (group(asked("employment.hire_date", "withinLast", {"amount": 8, "unit": "hours"})), "rules[0].value: counts in days or longer: employment.hire_date has no time of day"),
        (group(asked("employment.hire_date", "withinLast", {"amount": 101, "unit": "years"})), "rules[0].value: is further away than a hundred years"),
        (group(asked("worker.date_of_birth", "anniversaryWithin", {"amount": 13, "unit": "months"})), "rules[0].value: is further away than a year"),
        (group(asked("segment", "inSegment", [])), "rules[0].value: needs at least one value"),
        (DEEP, ".".join(["rules[0]"] * 20) + ": groups go at most 20 deep"),
        (group(*[NAME] * 201), "rules: takes at most 200 rules in all"),
        (group(*[asked("tags", "hasAny", [str(n) for n in range(1000)])] * 6), "rules: takes at most 5000 values in all"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_path(document, words):
    with pytest.raises(BadInput) as refused:
        rules.parse(document)
    assert refused.value.words == words


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from([*fields.FIELDS, *fields.EVERY_OPERATOR, "custom.a", "days", "and"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["combinator", "rules", "field", "operator", "value", "not", "amount", "unit", "id", "x"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(database=None)
@given(
    ANYTHING
    | st.fixed_dictionaries({"combinator": st.just("and"), "rules": st.lists(st.fixed_dictionaries(
        {"field": st.sampled_from([*fields.FIELDS, "custom.a"]), "operator": st.sampled_from(fields.EVERY_OPERATOR), "value": ANYTHING}
    ), max_size=2)})
)  # fmt: skip
def test_whatever_comes_is_read_or_refused(document):
    try:
        rule = rules.parse(document)
    except BadInput as refused:
        refused.words.encode()
    else:
        assert rules.parse(rules.to_json(rule)) == rule
        sentence(rule).encode()


def test_every_operator_of_the_format_goes_with_some_field():
    theirs = "= != < > <= >= contains beginsWith endsWith doesNotContain doesNotBeginWith doesNotEndWith null notNull in notIn between notBetween"
    ours = "withinLast notWithinLast withinNext anniversaryWithin hasAny hasAll hasNone inSegment notInSegment"
    assert set(fields.EVERY_OPERATOR) == {*theirs.split(), *ours.split()}


def test_no_field_is_about_wellbeing():
    assert not [path for path in [*fields.FIELDS, *fields.ALIASES] if "wellbeing" in path]


def test_every_alias_leads_to_a_field():
    assert {fields.find(alias).path for alias in fields.ALIASES} <= set(fields.FIELDS)
