"""Templates: what a manager may write, what is refused, and what comes out per worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from bot.content.longest import longest
from bot.content.templates import LONGEST_OUTPUT, TemplateRefused, check, render
from bot.content.variables import Variable
from bot.errors import BadInput

NAME = Variable(name="name", required=False)
COUNT = Variable(name="count", type="integer", required=False)
URGENT = Variable(name="urgent", type="boolean", required=False)


def told(template_text: str, *variables: Variable) -> list[str]:
    return [str(problem) for problem in check(template_text, variables)]


def filled(template_text: str, variables: Sequence[Variable] = (), /, **values: Any) -> str:
    return render(template_text, variables, values)


ATTACKS = {
    "{{ name.upper }}": "attributes (a dot after a name) are not allowed",
    "{{ name.__class__ }}": "attributes (a dot after a name) are not allowed",
    "{{ name.__class__.__mro__[1].__subclasses__() }}": "calls (round brackets after a name) are not allowed",
    "{{ name['__class__'] }}": "look-ups (square brackets after a name) are not allowed",
    "{{ name[0:9] }}": "look-ups (square brackets after a name) are not allowed",
    "{{ name() }}": "calls (round brackets after a name) are not allowed",
    "{{ name.format(name) }}": "calls (round brackets after a name) are not allowed",
    "{{ '{0.__class__}'.format(name) }}": "calls (round brackets after a name) are not allowed",
    "{{ ''.__class__ }}{{ name }}": "attributes (a dot after a name) are not allowed",
    "{% macro m() %}x{% endmacro %}{{ name }}": "macros are not allowed",
    "{% call name() %}x{% endcall %}": "macros are not allowed",
    "{% for a in name %}x{% endfor %}": "loops are not allowed",
    "{% for a in range(999999999) %}x{% endfor %}{{ name }}": "loops are not allowed",
    "{% set x = 1 %}{{ name }}": "set is not allowed",
    "{% set x %}1{% endset %}{{ name }}": "set is not allowed",
    "{% set ns.x = 1 %}{{ name }}": "set is not allowed",
    "{% with x = name %}{{ x }}{% endwith %}": "with is not allowed",
    "{% filter upper %}{{ name }}{% endfilter %}": "filter blocks are not allowed",
    "{% block b %}{{ name }}{% endblock %}": "blocks are not allowed",
    "{% include name %}": "include is not allowed",
    "{% include '/etc/passwd' %}{{ name }}": "include is not allowed",
    "{% import 'os' as os %}{{ name }}": "import is not allowed",
    "{% from 'os' import path %}{{ name }}": "import is not allowed",
    "{% extends 'base.html' %}{{ name }}": "extends is not allowed",
    "{% autoescape true %}{{ name }}{% endautoescape %}": "autoescape is not allowed",
    "{% raw %}{{ name }}{% endraw %}{{ name }}": "raw is not allowed",
    "{% raw -%} {{ x }} {%- endraw %}{{ name }}": "raw is not allowed",
    "{{ name|attr('__class__') }}": 'the filter "attr" is not allowed; allowed are default, upper, lower, title, capitalize, trim, truncate',
    "{{ name|map('upper') }}": 'the filter "map" is not allowed; allowed are default, upper, lower, title, capitalize, trim, truncate',
    "{{ name|format(name) }}": 'the filter "format" is not allowed; allowed are default, upper, lower, title, capitalize, trim, truncate',
    "{{ name|pprint }}": 'the filter "pprint" is not allowed; allowed are default, upper, lower, title, capitalize, trim, truncate',
    "{{ name|join(attribute='x') }}": 'the filter "join" is not allowed; allowed are default, upper, lower, title, capitalize, trim, truncate',
    "{{ name|replace('a', 'b') }}": 'the filter "replace" is not allowed; allowed are default, upper, lower, title, capitalize, trim, truncate',
    "{{ name|nonsense }}": 'the filter "nonsense" is not allowed; allowed are default, upper, lower, title, capitalize, trim, truncate',
    "{{ name|default(name) }}": 'the filter "default" takes default_value, boolean, written out',
    "{{ name|default(*name) }}": 'the filter "default" takes default_value, boolean, written out',
    "{{ name|default(**name) }}": 'the filter "default" takes default_value, boolean, written out',
    "{{ name|default }}": 'the filter "default" takes default_value, boolean, written out',
    "{{ name|default('x', default_value='y') }}": 'the filter "default" takes default_value, boolean, written out',
    "{{ name|default(none) }}": 'the filter "default" takes default_value, boolean, written out',
    "{{ name|upper('x') }}": 'the filter "upper" takes no arguments, written out',
    "{{ name|truncate }}": 'the filter "truncate" takes length, killwords, end, written out',
    "{{ name|truncate('9') }}": 'the filter "truncate" takes length, killwords, end, written out',
    "{{ name|truncate(true) }}": 'the filter "truncate" takes length, killwords, end, written out',
    "{{ name|truncate(0) }}": 'the filter "truncate" takes length, killwords, end, written out',
    "{{ name|truncate(9, leeway=5) }}": 'the filter "truncate" takes length, killwords, end, written out',
    "{{ '%s' % name }}": "arithmetic is not allowed",
    "{{ 'a' * 9999999 }}{{ name }}": "arithmetic is not allowed",
    "{{ 10 ** 10 ** 10 }}{{ name }}": "arithmetic is not allowed",
    "{{ name + name }}": "arithmetic is not allowed",
    "{{ -name }}": "arithmetic is not allowed",
    "{{ name ~ name }}": "joining with ~ is not allowed",
    "{{ [name] }}": "lists are not allowed",
    "{{ (name, name) }}": "lists are not allowed",
    "{{ {'a': name} }}": "maps are not allowed",
    "{% if name is defined %}x{% endif %}": "tests (the word is) are not allowed",
    "{{ name if name }}": "if within {{ }} needs an else",
    "{{ none }}{{ name }}": "none is not allowed",
    "{{ other }}{{ name }}": '"other" is not declared in variables',
    "{{ self }}{{ name }}": '"self" is not declared in variables',
    "{{ loop }}{{ name }}": '"loop" is not declared in variables',
    "{{ super }}{{ name }}": '"super" is not declared in variables',
    "{{ namespace }}{{ name }}": '"namespace" is not declared in variables',
    "{{ cycler }}{{ name }}": '"cycler" is not declared in variables',
    "{{ lipsum }}{{ name }}": '"lipsum" is not declared in variables',
    "{{ joiner }}{{ name }}": '"joiner" is not declared in variables',
    "{{ range }}{{ name }}": '"range" is not declared in variables',
    "{{ dict }}{{ name }}": '"dict" is not declared in variables',
    "{{ lipsum.__globals__.os }}{{ name }}": "attributes (a dot after a name) are not allowed",
    "{% if name > 3 %}x{% endif %}": "compares text with number",
    "{% if name|upper == 3 %}x{% endif %}": "compares text with number",
    "{% if name in [name] %}x{% endif %}": "a list holds up to 20 texts or numbers",
    "{% if name in 'abc' %}x{% endif %}": "in takes a list on its right, or a text on its left and a name on its right",
    "{% if name in name.x %}x{% endif %}": "attributes (a dot after a name) are not allowed",
    "{% do name.x() %}": "can't be read (Encountered unknown tag 'do'.)",
    "{% trans %}x{% endtrans %}": "can't be read (Encountered unknown tag 'trans'.)",
    "{{ name": "can't be read (unexpected end of template, expected 'end of print statement'.)",
}  # fmt: skip


@pytest.mark.parametrize(("attack", "words"), ATTACKS.items())
def test_what_is_not_allowed_is_refused_and_never_filled(attack: str, words: str) -> None:
    assert f"template_text: line 1: {words}" in told(attack, NAME)
    with pytest.raises(TemplateRefused):
        filled(attack, (NAME,), name="Ana")


@pytest.mark.parametrize(
    ("attack", "words"),
    [
        ("{{ " + "(" * 2000 + "name" + ")" * 2000 + " }}", "template_text: is nested too deeply"),
        ("{{ " + "not " * 1000 + "name }}", "template_text: is nested too deeply"),
        ("{{ " + "not " * 7 + "name }}", "template_text: line 1: is nested too deeply"),
        ("{% if name %}" * 150 + "{% endif %}" * 150, "template_text: line 1: is nested too deeply"),
        ("{% if name %}" * 190 + "{% endif %}" * 190, "template_text: "),
        ("{{ " + "name|" * 7 + "upper }}", 'template_text: line 1: the filter "name" is not allowed'),
        ("{{ name" + "|upper" * 8 + " }}", "template_text: line 1: is nested too deeply"),
        ("{{ name }}" + "1" * 5000, "template_text: takes at most 5000 characters"),
        ("{{ " + "1" * 4500 + " }}{{ name }}", "template_text: holds a number that is too long"),
        ("{{ name }}\x00", "template_text: holds a character that can't be sent (U+0000)"),
    ],
)
def test_blow_ups_are_refused_before_anything_is_worked_out(attack: str, words: str) -> None:
    assert told(attack, NAME)[0].startswith(words)
    assert longest(attack, [NAME]) == ""
    with pytest.raises(TemplateRefused):
        filled(attack, (NAME,), name="Ana")


def test_a_problem_names_its_line() -> None:
    assert told("Hi {{ name }}\n\n{{ name.x }}", NAME) == [
        "template_text: line 3: attributes (a dot after a name) are not allowed"
    ]


def test_used_and_declared_must_be_equal() -> None:
    assert told("{{ name }}", NAME, COUNT) == ['variables[1].name: "count" is not used in the template']
    assert told("{{ name }} {{ kount }}", NAME) == ['template_text: line 1: "kount" is not declared in variables']
    assert told("{% if count > 1 %}{{ name }}{% endif %}", NAME, COUNT) == []


@pytest.mark.parametrize(
    "template_text",
    [
        "{{ name | default('there') }}",
        "{{ name | default(default_value='there', boolean=true) | upper | trim }}",
        "{{ name | truncate(9, true, '…') | title }}",
        "{% if name == 'Ana' and not name != 'Ana' or name %}x{% elif name %}y{% else %}z{% endif %}",
        "{{ 'a' if name else 'b' }}",
        "{% if name in ['Ana', 'Ben'] and name not in ('Cy', 'Di') and 'n' in name %}x{% endif %}",
        "{# a remark #}{{- name -}}",
        "{% if 'a' < name <= 'z' %}x{% endif %}",
    ],
)
def test_what_is_allowed(template_text: str) -> None:
    assert told(template_text, NAME) == []


# What comes out


@pytest.mark.parametrize(
    ("template_text", "values", "text"),
    [
        ("Hi {{ name | default('there') }}!", {"name": "Ana"}, "Hi Ana!"),
        ("Hi {{ name | default('there') }}!", {"name": None}, "Hi there!"),
        ("Hi {{ name | default('there') }}!", {"name": " "}, "Hi there!"),
        ("Hi {{ name | default('there') }}!", {}, "Hi there!"),
        ("Hi {{ name }}!", {}, "Hi !"),
        (
            "{{ name | upper }} {{ name | lower }} {{ name | title }}",
            {"name": "ana o'neil"},
            "ANA O'NEIL ana o'neil Ana O'neil",
        ),
        ("{{ name | capitalize }}", {"name": "ana MARIA"}, "Ana maria"),
        ("<{{ name | trim }}>", {"name": " Ana "}, "<Ana>"),
        ("{{ name | truncate(10) }}", {"name": "Ana Maria Lopez"}, "Ana..."),
        ("{{ name | truncate(10, true) }}", {"name": "Ana Maria Lopez"}, "Ana Mar..."),
        ("{{ name | truncate(11, true, '') }}", {"name": "Ana Maria Lopez"}, "Ana Maria L"),
        ("{{ name | truncate(2) }}", {"name": "Ana"}, ".."),
        ("{{ name | truncate(3) }}", {"name": "Ana"}, "Ana"),
        ("{{ name }}", {"name": "<b>{{ name }}</b>"}, "<b>{{ name }}</b>"),
        ("{{ name }}", {"name": "a\r\nb"}, "a\nb"),
        ("{% if name %}yes{% else %}no{% endif %}", {}, "no"),
        ("{% if name == '' %}yes{% else %}no{% endif %}", {}, "no"),
        ("{% if name > 'a' or name < 'a' %}yes{% else %}no{% endif %}", {}, "no"),
        ("{% if 'a' in name or name in ['a'] %}yes{% else %}no{% endif %}", {}, "no"),
        ("{{ name or 'nobody' }}", {}, "nobody"),
        ("{{ 5 > 3 }} {{ name }}", {"name": "x"}, "true x"),
    ],
)
def test_text_is_filled_in(template_text: str, values: Mapping[str, Any], text: str) -> None:
    assert render(template_text, (NAME,), values) == text


@pytest.mark.parametrize("count", [5, "5", " 5 ", Decimal(5), 5.0])
def test_numbers_are_compared_as_numbers(count: object) -> None:
    template_text = "{% if count > 3 and count < 10 %}{{ count }} left{% endif %}"
    assert filled(template_text, (COUNT,), count=count).strip() == "5 left"


def test_a_missing_number_is_neither_above_nor_below() -> None:
    assert filled("{% if count > 3 or count <= 3 %}x{% endif %}-", (COUNT,)) == "-"


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true yes"), ("False", "false no"), (False, "false no"), ("TRUE", "true yes")]
)
def test_booleans_mean_what_they_say(value: object, text: str) -> None:
    assert filled("{{ urgent }} {% if urgent %}yes{% else %}no{% endif %}", (URGENT,), urgent=value) == text


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("number", "4.50", "4.50"),
        ("number", 0.1, "0.1"),
        ("number", Decimal("1E+3"), "1000"),
        ("integer", "007", "7"),
        ("date", date(2026, 11, 5), "2026-11-05"),
        ("datetime", datetime(2026, 11, 5, 8, tzinfo=UTC), "2026-11-05T08:00:00+00:00"),
        ("url", "https://example.com/a?b=c", "https://example.com/a?b=c"),
        ("currency", "$ 12.50", "$ 12.50"),
        ("string", 12, "12"),
    ],
)
def test_values_of_every_type_are_written(kind: Any, value: object, text: str) -> None:
    assert filled("{{ v }}", (Variable(name="v", type=kind),), v=value) == text


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("integer", "five", "v: is no integer"),
        ("integer", "1.5", "v: is no integer"),
        ("integer", "1e999999", "v: is no integer"),
        ("integer", "9" * 40, "v: is no integer"),
        ("integer", True, "v: is no integer"),
        ("number", "nan", "v: is no number"),
        ("number", float("inf"), "v: is neither text nor a number nor a date"),
        ("number", Decimal("1e999999"), "v: is neither text nor a number nor a date"),
        ("integer", 10**40, "v: is neither text nor a number nor a date"),
        ("boolean", "maybe", "v: is no boolean"),
        ("date", "05/11/2026", "v: is no date"),
        ("datetime", "soon", "v: is no datetime"),
        ("url", "javascript:alert(1)", "v: is no url"),
        ("url", "https://a b", "v: is no url"),
        ("string", "a\x00b", "v: holds a character that can't be sent (U+0000)"),
        ("string", "\ud83d", "v: holds a character that can't be sent (U+D83D)"),
        ("string", object(), "v: is neither text nor a number nor a date"),
        ("string", ["a"], "v: is neither text nor a number nor a date"),
        ("string", b"a", "v: is neither text nor a number nor a date"),
        ("string", None, "v: is missing"),
        ("string", "", "v: is missing"),
    ],
)
def test_values_that_do_not_fit_are_refused_by_name(kind: Any, value: object, words: str) -> None:
    with pytest.raises(TemplateRefused) as refused:
        filled("{{ v }}", (Variable(name="v", type=kind),), v=value)
    assert refused.value.words == words


def test_every_value_that_does_not_fit_is_named_at_once() -> None:
    required = (Variable(name="a"), Variable(name="b", type="integer"))
    with pytest.raises(TemplateRefused, match=r"^a: is missing; b: is no integer$"):
        filled("{{ a }}{{ b }}", required, b="x")


def test_a_default_stands_in_for_what_is_missing() -> None:
    variable = Variable(name="name", default="there", max_length=20)
    assert filled("Hi {{ name }}", (variable,)) == "Hi there"
    assert filled("Hi {{ name }}", (Variable(name="name", type="integer", default=0),)) == "Hi 0"
    assert filled("Hi {{ name | default('you') }}", (Variable(name="name", default=""),)) == "Hi you"


def test_a_text_is_cut_at_its_longest_and_nothing_else_is() -> None:
    assert filled("{{ v }}", (Variable(name="v", max_length=5),), v="Anna Maria") == "Anna"
    assert filled("{{ v }}", (Variable(name="v", max_length=4),), v="Anna") == "Anna"
    assert len(filled("{{ v }}", (Variable(name="v"),), v="x" * 9999)) == 2000
    with pytest.raises(TemplateRefused, match=r"^v: is longer than max_length 10$"):
        filled("{{ v }}", (Variable(name="v", type="url", max_length=10),), v="https://example.com")


def test_what_comes_out_is_capped() -> None:
    long = Variable(name="v", max_length=1600)
    assert len(filled("{{ v }}" * 6, (long,), v="x" * 1600)) == 9600
    with pytest.raises(TemplateRefused, match=f"^template_text: becomes longer than {LONGEST_OUTPUT} characters$"):
        filled("{{ v }}" * 7, (long,), v="x" * 1600)


class Poisoned(str):
    """A string whose every method belongs to a stranger."""

    __slots__ = ()

    def __str__(self) -> str:
        raise AssertionError

    __format__ = __html__ = __repr__ = __add__ = __iter__ = upper = strip = replace = __str__  # type: ignore[assignment]


def test_no_method_of_a_strangers_class_ever_runs() -> None:
    assert filled("{{ name }} {{ name | upper }}", (NAME,), name=Poisoned("Ana")) == "Ana ANA"
    assert type(filled("{{ name }}", (NAME,), name=Markup("<b>"))) is str


class Number(int):
    def __str__(self) -> str:
        raise AssertionError


def test_numbers_of_a_strangers_class_are_refused() -> None:
    with pytest.raises(TemplateRefused, match="is neither text nor a number nor a date"):
        filled("{{ count }}", (COUNT,), count=Number(5))


def test_what_is_not_declared_is_not_even_looked_at() -> None:
    assert filled("Hi {{ name }}", (NAME,), name="Ana", token=object()) == "Hi Ana"


PIECES = st.sampled_from([
    "{{ ", "}}", "{% if ", "{% elif ", "{% else %}", "{% endif %}", "%}", "name", "count", "urgent", "other", " ", "'a'", '"',
    "3", "1.5", "true", "none", ".", "(", ")", "[", "]", ",", "~", "+", "*", "%", "-", "==", ">", "in ", "not ", "and ", "or ",
    "is ", "if ", "else ", "default('x')", "truncate(3)", "upper", "{# ", "#}", "{% raw %}", "{% endraw %}", "{% for ", "\n",
    "x", "{", "}", "\\", "\x00", "é", "|", "|upper", "|default(1)",
])  # fmt: skip


@given(st.lists(PIECES, max_size=14).map("".join))
@settings(deadline=None, max_examples=60)
def test_any_text_is_a_template_or_is_refused(template_text: str) -> None:
    problems = check(template_text, [NAME, COUNT, URGENT])
    longest(template_text, [NAME, COUNT, URGENT])
    try:
        text = filled(template_text, (NAME, COUNT, URGENT), name="Ana", count=3)
    except BadInput:
        pass
    else:
        assert not problems
        assert isinstance(text, str)


ALLOWED = st.sampled_from([
    "{{ name }}", "{{ name|upper }}", "{{ count }}", "{{ name|truncate(5) }}", "{{ name|default('somebody') }}",
    "{% if count > 3 %}many{% elif name %}{{ name }}!{% else %}no{% endif %}", "{{ name if urgent else 'at leisure' }}",
    "{{ urgent }}", " and ", "{{ name or count }}", "{% if 'a' in name %}{{ name|title }}{% endif %}",
])  # fmt: skip


@given(
    st.lists(ALLOWED, max_size=5),
    st.none() | st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=60),
    st.none() | st.integers(-(10**8), 10**9),
    st.none() | st.booleans(),
)
@settings(deadline=None, max_examples=60)
def test_nothing_comes_out_longer_than_was_reckoned(
    pieces: list[str], name: str | None, count: int | None, urgent: bool | None
) -> None:
    template_text = "".join([*pieces, "{% if name and count and urgent %}{% endif %}"])
    variables = (Variable(name="name", required=False, max_length=30), COUNT, URGENT)
    name = name if name is None or len(name.upper()) == len(name.title()) == len(name) else None
    text = render(template_text, variables, {"name": name, "count": count, "urgent": urgent})
    assert len(text) <= len(longest(template_text, variables))


@pytest.mark.parametrize(
    ("template_text", "text"),
    [
        ("Hi {{ name }}!", "Hi mmmm!"),
        ("{{ name | upper }}", "mmmm"),
        ("{{ name | truncate(2) }}", "mm"),
        ("{{ name | truncate(length=3) }}", "mmm"),
        ("{{ name | default('somebody') }}", "somebody"),
        ("{{ name | default(boolean=true, default_value='you') }}", "mmmm"),
        ("{% if name %}long enough{% else %}short{% endif %}", "long enough"),
        ("{% if name %}a{% elif name %}longest{% endif %}", "longest"),
        ("{{ name if name else 'nobody' }}", "nobody"),
        ("{{ name or 'a' }}", "mmmm"),
        ("{{ name == 'a' }}", "false"),
    ],
)
def test_the_longest_case_is_known(template_text: str, text: str) -> None:
    assert longest(template_text, [Variable(name="name", max_length=4)]) == text
