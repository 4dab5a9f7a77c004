"""The few questions that the two databases ask in different words: parts of text, tags, custom fields, days.

Each class is one question; SQLAlchemy writes it in the words of the database at hand. No LIKE anywhere:
SQLite's folds ASCII, and `%` and `_` are letters here. On SQLite a custom field is found by json_each
and not by a JSON path, because a path can't name every key (quotes, and letters stored as escapes).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

DECIMAL = "^-?[0-9]+(\\.[0-9]+)?$"
WHOLE = "^-?[0-9]{1,15}$"
DAY = "^[0-9]{4}-[0-9]{2}-[0-9]{2}"


class Contains(FunctionElement[bool]):
    """Whether a text (1) has a part (2) in it, letter by letter."""

    inherit_cache = True
    type = sa.Boolean()


class HasAny(FunctionElement[bool]):
    """Whether the tags (1) include one of a list (2)."""

    inherit_cache = True
    type = sa.Boolean()


class HasAll(FunctionElement[bool]):
    """Whether the tags (1) include every one of a list (2)."""

    inherit_cache = True
    type = sa.Boolean()


class HasTags(FunctionElement[bool]):
    """Whether there are any tags (1)."""

    inherit_cache = True
    type = sa.Boolean()


class CustomKnown(FunctionElement[bool]):
    """Whether custom fields (1) say anything under a key (2); null and the empty text say nothing."""

    inherit_cache = True
    type = sa.Boolean()


class CustomText(FunctionElement[str]):
    """What custom fields (1) say under a key (2), as text: a text, true, false, or up to 15 whole digits."""

    inherit_cache = True
    type = sa.Text()


class CustomNumber(FunctionElement[Any]):
    """What custom fields (1) say under a key (2), as a number: a JSON number, or a text that is a plain decimal."""

    inherit_cache = True
    type = sa.Numeric()


class Number(FunctionElement[Any]):
    """A number from its digits (1), read by the database as it reads those in JSON."""

    inherit_cache = True
    type = sa.Numeric()


class IsoDay(FunctionElement[str]):
    """The first ten characters of a text (1) that begins with a day such as 2026-03-31; NULL of any other."""

    inherit_cache = True
    type = sa.Text()


class MonthDay(FunctionElement[str]):
    """The "MM-DD" of a calendar day (1) that is kept as midnight UTC."""

    inherit_cache = True
    type = sa.Text()


def _words(asked: type[FunctionElement[Any]], *, postgresql: str, sqlite: str) -> None:
    """Register both wordings; {0} and {1} stand for the arguments."""

    def wording(template: str) -> Any:
        def write(element: FunctionElement[Any], compiler: SQLCompiler, **options: Any) -> str:
            return template.format(*[compiler.process(each, **options) for each in element.clauses])

        return write

    compiles(asked, "postgresql")(wording(postgresql))
    compiles(asked, "sqlite")(wording(sqlite))


def _doubled(pattern: str) -> str:
    return pattern.replace("{", "{{").replace("}", "}}")


def _entry(what: str, where: str = "1") -> str:
    """A value of SQLite's custom fields under the key."""
    return f"(SELECT {what} FROM json_each({{0}}) AS entry WHERE entry.key = {{1}} AND {where})"


_BODY = "substr(entry.value, 1 + (entry.value GLOB '-*'))"
_IS_DECIMAL = (
    "entry.type = 'text' AND length(entry.value) <= 15 AND entry.value NOT GLOB '*[^0-9.-]*'"
    f" AND {_BODY} GLOB '[0-9]*' AND {_BODY} GLOB '*[0-9]' AND {_BODY} NOT GLOB '*-*' AND {_BODY} NOT GLOB '*.*.*'"
)
_DAY_GLOB = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*"

_words(Contains, postgresql="(strpos({0}, {1}) > 0)", sqlite="(instr({0}, {1}) > 0)")
_words(
    HasAny,
    postgresql="({0} && {1})",
    sqlite="EXISTS (SELECT 1 FROM json_each({0}) AS tag WHERE tag.value IN (SELECT value FROM json_each({1})))",
)
_words(
    HasAll,
    postgresql="({0} @> {1})",
    sqlite="NOT EXISTS (SELECT 1 FROM json_each({1}) AS wanted WHERE wanted.value NOT IN"
    " (SELECT tag.value FROM json_each({0}) AS tag WHERE tag.value IS NOT NULL))",
)
_words(HasTags, postgresql="(cardinality({0}) > 0)", sqlite="(json_array_length({0}) > 0)")
_words(
    CustomKnown,
    postgresql="(({0} ->> {1}) <> '')",
    sqlite="EXISTS " + _entry("1", "entry.type <> 'null' AND entry.value IS NOT ''"),
)
_words(
    CustomText,
    postgresql="(CASE jsonb_typeof({0} -> {1}) WHEN 'string' THEN nullif({0} ->> {1}, '')"
    " WHEN 'boolean' THEN {0} ->> {1}"
    f" WHEN 'number' THEN substring({{0}} ->> {{1}} from '{_doubled(WHOLE)}') END COLLATE \"C\")",
    sqlite=_entry(
        "CASE entry.type WHEN 'text' THEN nullif(entry.value, '') WHEN 'true' THEN 'true' WHEN 'false' THEN 'false'"
        " WHEN 'integer' THEN CASE WHEN entry.value BETWEEN -999999999999999 AND 999999999999999"
        " THEN CAST(entry.value AS TEXT) END END"
    ),
)
_words(
    CustomNumber,
    postgresql="(CASE WHEN jsonb_typeof({0} -> {1}) = 'number' THEN ({0} ->> {1})::numeric"
    " WHEN jsonb_typeof({0} -> {1}) = 'string' AND length({0} ->> {1}) <= 15"
    f" AND ({{0}} ->> {{1}}) ~ '{_doubled(DECIMAL)}' THEN ({{0}} ->> {{1}})::numeric END)",
    sqlite=_entry(
        "CASE WHEN entry.type IN ('integer', 'real') THEN entry.value"
        f" WHEN {_IS_DECIMAL} THEN CAST(entry.value AS REAL) END"
    ),
)
_words(Number, postgresql="CAST({0} AS NUMERIC)", sqlite="CAST({0} AS REAL)")
_words(
    IsoDay,
    postgresql=f"substring({{0}} from '{_doubled(DAY)}')",
    sqlite=f"(CASE WHEN {{0}} GLOB '{_DAY_GLOB}' THEN substr({{0}}, 1, 10) END)",
)
_words(
    MonthDay,
    postgresql="(to_char(timezone('UTC', {0}), 'MM-DD') COLLATE \"C\")",
    sqlite="substr({0}, 6, 5)",
)
