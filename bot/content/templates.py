"""Messages with gaps, written by managers and filled per worker, in a Jinja that can do nothing else.

A template is data from a stranger that runs on our machine. Three walls stand around it: the allow-list
of `grammar`, Jinja's immutable sandbox without a single global, and a context of exact built-in values
(templates elsewhere reached tokens through an ORM object in theirs). What comes out is capped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from math import isfinite
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, Undefined
from jinja2.filters import do_title
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.content import grammar
from bot.content.refusal import DocumentRefused, Problem, quoted
from bot.content.variables import LONGEST_NUMBER, Variable, suits
from bot.content.words import UNSENDABLE

LONGEST_OUTPUT = 10_000
LONGEST_VALUE = 2_000
"""Characters of a value whose variable declares no max_length."""


class TemplateRefused(DocumentRefused):
    """The template can't be filled."""

    code = "template_refused"


def check(template_text: str, variables: Sequence[Variable]) -> list[Problem]:
    """What keeps this template from being sent: what is not allowed in it, and names used or declared only."""
    declared = {variable.name: variable for variable in variables}
    reading = grammar.read(template_text, declared)
    unused = [
        Problem(f"variables[{index}].name", f"{quoted(variable.name)} is not used in the template")
        for index, variable in enumerate(variables)
        if reading.tree is not None and variable.name not in reading.names
    ]
    return [*reading.problems, *unused]


def render(template_text: str, variables_spec: Sequence[Variable], values: Mapping[str, Any]) -> str:
    """Fill a template. TemplateRefused names every mistake of the template, or every value that doesn't fit.

    `values` are str, int, float, bool, date, datetime, Decimal or None; what is not declared is ignored.
    "" and None are missing: then the variable's default holds, else it is refused if required, else it
    is nothing at all (and `| default("…")` speaks). A text longer than its `max_length` is cut there,
    without an ellipsis, which is no GSM character and would double the bill; anything else that is too
    long is refused, since half a number is another number.
    """
    template = _compiled(template_text, tuple(variables_spec))
    context: dict[str, object] = {}
    mistakes: list[tuple[str, str]] = []
    for variable in variables_spec:
        try:
            context[variable.name] = _filled(variable, values.get(variable.name))
        except ValueError as error:
            mistakes.append((variable.name, str(error)))
    if mistakes:
        raise TemplateRefused(mistakes)
    return _written(template, context)


@lru_cache(maxsize=256)
def _compiled(template_text: str, variables: tuple[Variable, ...]) -> Template:
    problems = check(template_text, variables)
    if problems:
        raise TemplateRefused((problem.path, problem.words) for problem in problems)
    return _environment.from_string(template_text)


def _written(template: Template, context: Mapping[str, object]) -> str:
    text = ""
    try:
        for piece in template.generate(context):
            text += piece
            if len(text) > LONGEST_OUTPUT:
                raise TemplateRefused([("template_text", f"becomes longer than {LONGEST_OUTPUT} characters")])
    except (TemplateError, ArithmeticError, TypeError, ValueError) as error:
        raise TemplateRefused([("template_text", "can't be filled with these values")]) from error
    return text


def _filled(variable: Variable, value: object) -> object:
    """Give the exact built-in value that stands for `variable`. ValueError says what doesn't fit."""
    text = _as_text(value)
    if not text.strip():
        text = _as_text(variable.default)
    if not text:
        if variable.required and variable.default is None:
            raise ValueError("is missing")
        return _nothing
    return _typed(variable, _fitting(variable, text))


def _as_text(value: object) -> str:
    """Write a value out; only exact types, so that no method of a stranger's class ever runs."""
    if value is None or isinstance(value, str):
        return _clean(str.__str__(value or ""))
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is date or type(value) is datetime:
        return value.isoformat()
    if type(value) is int and abs(value) < 10**LONGEST_NUMBER:
        return str(value)
    if type(value) is float and isfinite(value):
        return f"{value:.15g}"
    if type(value) is Decimal and value.is_finite() and abs(value.adjusted()) <= LONGEST_NUMBER:
        return f"{value:f}"
    raise ValueError("is neither text nor a number nor a date")


def _clean(text: str) -> str:
    plain = text.replace("\r\n", "\n")
    odd = UNSENDABLE.search(plain)
    if odd:
        raise ValueError(f"holds a character that can't be sent (U+{ord(odd[0]):04X})")
    return plain


def _fitting(variable: Variable, text: str) -> str:
    longest = variable.max_length or LONGEST_VALUE
    if len(text) > longest and variable.type != "string":
        raise ValueError(f"is longer than max_length {longest}")
    return text[:longest].rstrip() if len(text) > longest else text


def _typed(variable: Variable, text: str) -> object:
    """Numbers and booleans stay what they are, so that `count > 3` means what it says."""
    if not suits(variable.type, text):
        raise ValueError(f"is no {variable.type}")
    match variable.type:
        case "boolean":
            return text.lower() == "true"
        case "integer":
            return int(Decimal(text))
        case "number":
            return Decimal(text)
        case _:
            return text


class _Nothing(Undefined):
    """A value that is missing and may be: nothing when written, false when asked, never above or below."""

    __slots__ = ()

    def _no(self, other: object) -> bool:  # noqa: ARG002 - the shape of a comparison
        return False

    __lt__ = __le__ = __gt__ = __ge__ = __contains__ = _no  # type: ignore[assignment]


_nothing = _Nothing()


def _shown(value: object) -> str:
    """What stands in the message for a value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _default(value: object, default_value: object = "", boolean: bool = False) -> object:
    return default_value if isinstance(value, _Nothing) or (boolean and not value) else value


def _truncate(value: object, length: int = 255, killwords: bool = False, end: str = "...") -> str:
    """Cut to `length` characters, `end` included. Jinja's own lets five more through, which may cost a part."""
    text, end = _shown(value), str(end)
    if len(text) <= length:
        return text
    cut = text[: max(0, length - len(end))]
    if not killwords and " " in cut:
        cut = cut.rpartition(" ")[0]
    return (cut + end)[: max(0, length)]


def _made() -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, finalize=_shown, cache_size=0)
    made.globals.clear()
    made.tests.clear()
    made.filters.clear()
    made.filters.update(
        default=_default,
        upper=lambda value: _shown(value).upper(),
        lower=lambda value: _shown(value).lower(),
        title=lambda value: do_title(_shown(value)),
        capitalize=lambda value: _shown(value).capitalize(),
        trim=lambda value: _shown(value).strip(),
        truncate=_truncate,
    )
    return made


_environment = _made()
