"""A segment's rule: what react-querybuilder exports, read into values that mean exactly one thing.

Both legs, SQL (`compile`) and Python (`evaluate`), work on what `parse` gives, so that whatever is
unclear is refused here and nowhere else. Operators come in pairs: a negation is defined as the
complement of its positive one (`COMPLEMENT`), which is how the law of the unknown is kept by construction.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, Literal, TypeAlias

from bot.audience import fields, values
from bot.errors import BadInput

DEEPEST: Final = 20
MOST_RULES: Final = 200
MOST_VALUES: Final = 5_000  # SQLite binds 32,766 values to one statement, and a sync names a rule's twice

COMPLEMENT: Final[Mapping[str, str]] = {
    "!=": "=",
    "notIn": "in",
    "doesNotContain": "contains",
    "doesNotBeginWith": "beginsWith",
    "doesNotEndWith": "endsWith",
    "null": "notNull",
    "notWithinLast": "withinLast",
    "hasNone": "hasAny",
    "notInSegment": "inSegment",
}
"""Negative operator → the positive one whose complement it is. `notBetween` is not here: it is false on missing."""

_GROUP_KEYS: Final = {"id", "path", "combinator", "not", "rules"}
_LEAF_KEYS: Final = {"id", "path", "field", "operator", "value", "valueSource"}


@dataclass(frozen=True, slots=True)
class Leaf:
    """One question about one field."""

    field: fields.Field
    operator: str
    value: values.Value


@dataclass(frozen=True, slots=True)
class Group:
    """Several rules of which all ("and") or one ("or") must hold; `negated` turns the answer round."""

    combinator: Literal["and", "or"]
    rules: tuple[Node, ...]
    negated: bool = False


Node: TypeAlias = Leaf | Group


def parse(document: Any) -> Group:
    """A rule from its JSON; BadInput names the path of the first mistake in it."""
    reader = _Reader()
    if not isinstance(document, Mapping) or "rules" not in document:
        raise BadInput("rule: must be a group, an object with a combinator and a list of rules")
    return reader.group(document, "", 1)


def to_json(rule: Node) -> dict[str, Any]:
    """The one way to write a rule: `parse(to_json(rule)) == rule`."""
    if isinstance(rule, Leaf):
        return {"field": rule.field.path, "operator": rule.operator, "value": values.write(rule.value)}
    return {"combinator": rule.combinator, "not": rule.negated, "rules": [to_json(each) for each in rule.rules]}


def leaves(rule: Node, path: str = "") -> Iterator[tuple[str, Leaf]]:
    """Every question of a rule, with its path such as `rules[1].rules[0]`."""
    if isinstance(rule, Leaf):
        yield path, rule
        return
    for place, each in enumerate(rule.rules):
        yield from leaves(each, _at(path, f"rules[{place}]"))


def asks_activity(rule: Group) -> bool:
    """Whether the rule itself says which workers count by their being active; else only active ones do."""
    return any(leaf.field.path == fields.ACTIVITY for _, leaf in leaves(rule))


def segments_of(rule: Group) -> Iterator[tuple[str, str]]:
    """Path and id (or name) of every segment that the rule asks for."""
    for path, leaf in leaves(rule):
        if leaf.field.kind == "segment" and isinstance(leaf.value, tuple):
            yield from ((path, str(each)) for each in leaf.value)


class _Reader:
    """One reading of one document; it counts what it has read, because a rule becomes one SQL statement."""

    def __init__(self) -> None:
        self.rules = 0
        self.values = 0

    def node(self, given: Any, path: str, depth: int) -> Node:
        if not isinstance(given, Mapping):
            raise _mistake(path, "must be a rule or a group")
        return self.group(given, path, depth) if "rules" in given or "combinator" in given else self.leaf(given, path)

    def group(self, given: Mapping[str, Any], path: str, depth: int) -> Group:
        _refuse_unknown(given, _GROUP_KEYS, path)
        if depth > DEEPEST:
            raise _mistake(path, f"groups go at most {DEEPEST} deep")
        combinator, negated, rules = given.get("combinator"), given.get("not", False), given.get("rules")
        if combinator not in ("and", "or"):
            raise _mistake(_at(path, "combinator"), 'must be "and" or "or"')
        if not isinstance(negated, bool):
            raise _mistake(_at(path, "not"), "must be true or false")
        if not isinstance(rules, list | tuple) or not rules:
            raise _mistake(_at(path, "rules"), "needs at least one rule: an empty group says nothing")
        found = [self.node(each, _at(path, f"rules[{place}]"), depth + 1) for place, each in enumerate(rules)]
        return Group(combinator, tuple(found), negated)

    def leaf(self, given: Mapping[str, Any], path: str) -> Leaf:
        _refuse_unknown(given, _LEAF_KEYS, path)
        if given.get("valueSource", "value") != "value":
            raise _mistake(_at(path, "valueSource"), 'must be "value": a field can\'t be compared with another field')
        field = _field(given.get("field"), _at(path, "field"))
        operator = _operator(given.get("operator"), field, _at(path, "operator"))
        try:
            value = values.read(field, operator, given.get("value"))
        except values.Mistake as mistake:
            raise _mistake(_at(path, f"value{mistake.at}"), str(mistake)) from None
        self._count(value)
        return Leaf(field, operator, value)

    def _count(self, value: values.Value) -> None:
        self.rules += 1
        self.values += len(value) if isinstance(value, tuple) else 1
        if self.rules > MOST_RULES:
            raise _mistake("rules", f"takes at most {MOST_RULES} rules in all")
        if self.values > MOST_VALUES:
            raise _mistake("rules", f"takes at most {MOST_VALUES} values in all")


def _field(given: Any, path: str) -> fields.Field:
    if not isinstance(given, str) or not given:
        raise _mistake(path, "needs the name of a field")
    if given.partition(".")[0] == "wellbeing":
        raise _mistake(path, "wellbeing is private; no segment can ask for it")
    found = fields.find(given)
    if found is None:
        meant = fields.nearest(given)
        hint = f"did you mean {_quoted(meant)}?" if meant else f"a field begins with {', '.join(fields.ROOTS)}"
        raise _mistake(path, f"{_quoted(given)} is not a field; {hint}")
    try:
        values.text(found.key or found.path)
    except values.Mistake as mistake:
        raise _mistake(path, str(mistake)) from None
    return found


def _operator(given: Any, field: fields.Field, path: str) -> str:
    fitting = fields.OPERATORS[field.kind]
    if isinstance(given, str) and given in fitting:
        return given
    if not isinstance(given, str) or not given:
        raise _mistake(path, "needs an operator")
    if given in fields.EVERY_OPERATOR:
        raise _mistake(path, f"{_quoted(given)} doesn't go with {field.path}; use one of {', '.join(fitting)}")
    meant = _ALSO_CALLED.get(given) or next(iter(get_close_matches(given[:50], fitting, n=1)), None)
    hint = f"did you mean {_quoted(meant)}?" if meant else f"use one of {', '.join(fitting)}"
    raise _mistake(path, f"{_quoted(given)} is not an operator; {hint}")


_ALSO_CALLED: Final = {"==": "=", "equals": "=", "is": "=", "<>": "!=", "isNull": "null", "isNotNull": "notNull"}


def _refuse_unknown(given: Mapping[str, Any], known: set[str], path: str) -> None:
    for key in given:
        if key not in known:
            plain = isinstance(key, str) and key.isidentifier() and len(key) <= 60
            raise _mistake(_at(path, key if plain else _quoted(str(key))), "is not known here")


def _mistake(path: str, words: str) -> BadInput:
    return BadInput(f"{path or 'rule'}: {words}")


def _at(path: str, step: str) -> str:
    return f"{path}.{step}" if path else step


def _quoted(text: str) -> str:
    """`text` in double quotes, cut to what a sentence can hold, and printable whatever it was."""
    short = text if len(text) <= 60 else f"{text[:59]}…"
    return json.dumps(short.encode("utf-8", "replace").decode(), ensure_ascii=False)
