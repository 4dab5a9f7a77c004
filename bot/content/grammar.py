"""What may stand in a template: an allow-list of Jinja's nodes, walked before anything is compiled.

Jinja's sandbox guards objects at run time; it has had holes, and it doesn't stop `'a' * 10**9`, which
Jinja works out while compiling. So we say what is allowed instead of what is not: output, declared
names, six filters with constant arguments, if/elif/else, comparison, and/or/not. Whatever Jinja learns
in a coming version is refused until somebody adds it here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from jinja2 import Environment, TemplateSyntaxError, nodes

from bot.content.refusal import Problem, quoted
from bot.content.variables import Variable, VariableType

LONGEST = 5_000
"""Characters of a template: three SMS at the most, with room for every if."""

DEEPEST = 6
"""How deep ifs, and operators within an expression, may stand in each other."""

MOST_LISTED = 20

FILTERS: Mapping[str, Mapping[str, type]] = {
    "default": {"default_value": object, "boolean": bool},
    "upper": {},
    "lower": {},
    "title": {},
    "capitalize": {},
    "trim": {},
    "truncate": {"length": int, "killwords": bool, "end": str},
}
"""Filter → its arguments, the first of them needed. No `round`: it knows no locale and writes 5.0 for 5."""

_REFUSED: Mapping[type[nodes.Node], str] = {
    nodes.Getattr: "attributes (a dot after a name) are",
    nodes.Getitem: "look-ups (square brackets after a name) are",
    nodes.Call: "calls (round brackets after a name) are",
    nodes.For: "loops are",
    nodes.Assign: "set is",
    nodes.AssignBlock: "set is",
    nodes.With: "with is",
    nodes.Macro: "macros are",
    nodes.CallBlock: "macros are",
    nodes.FilterBlock: "filter blocks are",
    nodes.Include: "include is",
    nodes.Import: "import is",
    nodes.FromImport: "import is",
    nodes.Extends: "extends is",
    nodes.Block: "blocks are",
    nodes.Concat: "joining with ~ is",
    nodes.Test: "tests (the word is) are",
    nodes.List: "lists are",
    nodes.Tuple: "lists are",
    nodes.Dict: "maps are",
    nodes.Scope: "autoescape is",
    nodes.Const: "none is",
}
"""What the refused nodes are called; the sentence goes on with "not allowed"."""

Sort = Literal["text", "number", "boolean"]

_SORTS: Mapping[VariableType, Sort] = {"integer": "number", "number": "number", "boolean": "boolean"}

_reader = Environment(autoescape=False)  # noqa: S701 - plain text, read and never rendered


@dataclass(frozen=True, slots=True)
class Reading:
    """A template as it was understood: its tree (None if it can't be read), the names in it, the problems."""

    tree: nodes.Template | None
    names: frozenset[str]
    problems: tuple[Problem, ...]


def read(template_text: str, variables: Mapping[str, Variable]) -> Reading:
    """Parse a template and hold it against the allow-list. Never raises, whatever the text."""
    if len(template_text) > LONGEST:
        return _unreadable(f"takes at most {LONGEST} characters")
    if "\x00" in template_text:
        return _unreadable("holds a character that can't be sent (U+0000)")
    try:
        return _walked(template_text, variables)
    except TemplateSyntaxError as error:
        return _unreadable(f"line {error.lineno}: can't be read ({error.message})")
    except RecursionError:
        return _unreadable("is nested too deeply")
    except ValueError:  # Python refuses to read a number of more than 4,300 digits
        return _unreadable("holds a number that is too long")


def _walked(template_text: str, variables: Mapping[str, Variable]) -> Reading:
    tree = _reader.parse(template_text)
    found = [*_raw(template_text), *_Walk(variables).body(tree.body, 0)]
    problems = dict.fromkeys(Problem("template_text", f"line {line}: {words}") for line, words in found)
    return Reading(tree, frozenset(name.name for name in tree.find_all(nodes.Name)), tuple(problems))


def _unreadable(words: str) -> Reading:
    return Reading(None, frozenset(), (Problem("template_text", words),))


Found = tuple[int, str]
"""Line and words."""


def _raw(template_text: str) -> Iterator[Found]:
    """Raw blocks leave no trace in the tree, and what they hide would read as a template elsewhere."""
    pieces = _reader.lex(template_text)
    yield from ((line, "raw is not allowed") for line, kind, _ in pieces if kind == "raw_begin")


class _Walk:
    def __init__(self, variables: Mapping[str, Variable]) -> None:
        self.variables = variables

    def body(self, statements: list[nodes.Node], depth: int) -> Iterator[Found]:
        for statement in statements:
            if depth > DEEPEST:
                yield statement.lineno, "is nested too deeply"
            elif isinstance(statement, nodes.Output):
                for part in statement.nodes:
                    if not isinstance(part, nodes.TemplateData):
                        yield from self.expression(part, 0)
            elif isinstance(statement, nodes.If):
                yield from self._if(statement, depth)
            else:
                yield _refused(statement)

    def _if(self, statement: nodes.If, depth: int) -> Iterator[Found]:
        for branch in (statement, *statement.elif_):
            yield from self.expression(branch.test, 0)
            yield from self.body(branch.body, depth + 1)
        yield from self.body(statement.else_, depth + 1)

    def expression(self, node: nodes.Node, depth: int) -> Iterator[Found]:
        """What is not allowed in one expression; nothing is looked for inside what is refused as a whole."""
        match node:
            case _ if depth > DEEPEST:
                yield node.lineno, "is nested too deeply"
            case nodes.Name():
                if node.name not in self.variables:
                    yield node.lineno, f"{quoted(node.name)} is not declared in variables"
            case nodes.Const(value=str() | int() | float()):
                pass
            case nodes.Filter():
                yield from self._filter(node, depth)
            case nodes.Compare():
                yield from self._comparison(node, depth)
            case nodes.CondExpr(expr2=None):
                yield node.lineno, "if within {{ }} needs an else"
            case nodes.CondExpr() | nodes.And() | nodes.Or() | nodes.Not():
                for inner in node.iter_child_nodes():
                    yield from self.expression(inner, depth + 1)
            case _:
                yield _refused(node)

    def _filter(self, node: nodes.Filter, depth: int) -> Iterator[Found]:
        if node.name not in FILTERS or node.node is None:
            yield node.lineno, f"the filter {quoted(node.name)} is not allowed; allowed are {', '.join(FILTERS)}"
            return
        if not _takes(FILTERS[node.name], node):
            arguments = ", ".join(FILTERS[node.name]) or "no arguments"
            yield node.lineno, f"the filter {quoted(node.name)} takes {arguments}, written out"
        yield from self.expression(node.node, depth + 1)

    def _comparison(self, node: nodes.Compare, depth: int) -> Iterator[Found]:
        yield from self.expression(node.expr, depth + 1)
        left = self.sort(node.expr)
        for operand in node.ops:
            right = self.sort(operand.expr)
            if operand.op in {"in", "notin"}:
                yield from self._membership(node, operand.expr, left, right)
            else:
                yield from self.expression(operand.expr, depth + 1)
                if left and right and left != right:
                    yield node.lineno, f"compares {left} with {right}"
            left = right

    def _membership(
        self, node: nodes.Compare, held: nodes.Node, left: Sort | None, right: Sort | None
    ) -> Iterator[Found]:
        """Allow `name in ["a", "b"]` and `"a" in name`; a missing name is in nothing and holds nothing."""
        if isinstance(held, nodes.List | nodes.Tuple):
            if len(held.items) > MOST_LISTED or not all(isinstance(item, nodes.Const) for item in held.items):
                yield held.lineno, f"a list holds up to {MOST_LISTED} texts or numbers"
            return
        yield from self.expression(held, 0)
        if not (isinstance(node.expr, nodes.Const) and isinstance(held, nodes.Name) and left == right == "text"):
            yield node.lineno, "in takes a list on its right, or a text on its left and a name on its right"

    def sort(self, node: nodes.Node) -> Sort | None:
        """What kind of value an expression gives; None where that depends."""
        if isinstance(node, nodes.Const):
            return "boolean" if isinstance(node.value, bool) else "text" if isinstance(node.value, str) else "number"
        if isinstance(node, nodes.Name) and node.name in self.variables:
            return _SORTS.get(self.variables[node.name].type, "text")
        if isinstance(node, nodes.Filter):
            return self._sort_filtered(node)
        return "boolean" if isinstance(node, nodes.Compare | nodes.Not) else None

    def _sort_filtered(self, node: nodes.Filter) -> Sort | None:
        if node.name != "default" or node.node is None:
            return "text"
        inner = self.sort(node.node)
        return inner if node.args and self.sort(node.args[0]) == inner else None


def _refused(node: nodes.Node) -> Found:
    line = node.lineno or next((inner.lineno for inner in node.iter_child_nodes()), 1)
    arithmetic = isinstance(node, nodes.BinExpr | nodes.UnaryExpr)
    subject = _REFUSED.get(type(node)) or ("arithmetic is" if arithmetic else f"{type(node).__name__} is")
    return line, f"{subject} not allowed"


def _takes(parameters: Mapping[str, type], node: nodes.Filter) -> bool:
    """Tell whether the arguments are constants of the right types, each given once, the first one there."""
    names = [*list(parameters)[: len(node.args)], *(str(keyword.key) for keyword in node.kwargs)]
    values = [*node.args, *(keyword.value for keyword in node.kwargs)]
    if node.dyn_args or node.dyn_kwargs or len(names) != len(values) or len(set(names)) != len(names):
        return False
    return set(list(parameters)[:1]) <= set(names) <= set(parameters) and all(
        isinstance(value, nodes.Const) and _is(value.value, parameters[name])
        for name, value in zip(names, values, strict=True)
    )


def _is(value: object, wanted: type) -> bool:
    if wanted is int:
        return type(value) is int and value > 0
    return isinstance(value, wanted) and value is not None
