"""The longest text that a template can become, so that its price is known before it is sent.

Every gap is as full as its variable allows and of two branches the longer is taken, even where both
could never be: the figure is a ceiling. Gaps are filled with letters of GSM-7; a worker whose name has
a letter beyond it (ł) pays for UCS-2, which only the real message can tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from jinja2 import nodes

from bot.content import grammar
from bot.content.variables import Variable, VariableType

USUAL: Mapping[VariableType, int] = {
    "string": 40,
    "integer": 10,
    "number": 12,
    "boolean": 5,
    "date": 10,
    "datetime": 25,
    "url": 80,
    "currency": 12,
}
"""Characters reckoned with where no max_length is declared."""


_FIRST = {"default_value", "length"}


def longest(template_text: str, variables: Sequence[Variable]) -> str:
    """The longest text this template can become; "" if there is anything wrong with it."""
    declared = {variable.name: variable for variable in variables}
    reading = grammar.read(template_text, declared)
    return _body(reading.tree.body, declared) if reading.tree and not reading.problems else ""


def _body(statements: Iterable[nodes.Node], declared: Mapping[str, Variable]) -> str:
    return "".join(_statement(statement, declared) for statement in statements)


def _statement(statement: nodes.Node, declared: Mapping[str, Variable]) -> str:
    if isinstance(statement, nodes.Output):
        return "".join(_expression(part, declared) for part in statement.nodes)
    if isinstance(statement, nodes.If):
        branches = (statement.body, *(branch.body for branch in statement.elif_), statement.else_)
        return max((_body(branch, declared) for branch in branches), key=len)
    return ""


def _expression(node: nodes.Node, declared: Mapping[str, Variable]) -> str:  # noqa: PLR0911 - a table
    match node:
        case nodes.TemplateData():
            return node.data
        case nodes.Const():
            return str(node.value)
        case nodes.Name():
            return _full(declared[node.name])
        case nodes.Filter(node=nodes.Expr() as inner):
            return _filtered(node, _expression(inner, declared))
        case nodes.CondExpr():
            return max((_expression(inner, declared) for inner in (node.expr1, node.expr2) if inner), key=len)
        case nodes.And() | nodes.Or():
            return max(_expression(node.left, declared), _expression(node.right, declared), key=len)
        case _:
            return "false"


def _filtered(node: nodes.Filter, text: str) -> str:
    """What a filter leaves of its longest text; of its arguments only the first has a say in that."""
    first = node.args[0] if node.args else next((k.value for k in node.kwargs if k.key in _FIRST), None)
    if not isinstance(first, nodes.Const):
        return text
    return text[: first.value] if node.name == "truncate" else max(text, str(first.value), key=len)


def _full(variable: Variable) -> str:
    return "m" * (variable.max_length or USUAL[variable.type])
