"""A rule asked of one worker, in Python, with the reason: the second leg.

It answers "why is she in this segment, and why is he not". It means exactly what `compile` means;
tests throw thousands of rules and workers at both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from bot.audience import days
from bot.audience.comparisons import COMPARE, as_text
from bot.audience.fields import ACTIVITY, FIELDS
from bot.audience.rules import COMPLEMENT, Group, Leaf, Node, asks_activity
from bot.audience.sentences import sentence, shown
from bot.audience.values import Within, is_decimal

Snapshot = Mapping[str, Any]

_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WHOLE: Final = 10**15


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a worker belongs, the facts that decided it, and (for who doesn't) what would change it."""

    member: bool
    reason: str
    would_match_if: str | None = None


@dataclass(frozen=True, slots=True)
class _Moment:
    now: datetime
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class _Answer:
    node: Node
    holds: bool
    parts: tuple[_Answer, ...] = ()


def evaluate(
    rule: Group, snapshot: Snapshot, *, now: datetime, zone: ZoneInfo, names: Mapping[str, str] | None = None
) -> Verdict:
    """Whether the worker of this snapshot (see `bot.audience.snapshot`) is one whom the rule means, and why.

    Unless the rule asks for `worker.is_active` itself, an inactive worker is no member. `names` are those
    of segments, by their ids.
    """
    answer = _ask(rule, snapshot, _Moment(now, zone))
    is_active = asks_activity(rule) or FIELDS[ACTIVITY].of(snapshot) is True
    if answer.holds and is_active:
        return Verdict(member=True, reason=_facts(answer, snapshot, names or {}))
    wishes = [] if answer.holds else [_wish(answer, names or {})]
    facts = [] if answer.holds else [_facts(answer, snapshot, names or {})]
    if not is_active:
        wishes.append("the worker is active")
        facts.append("the worker is not active")
    return Verdict(member=False, reason="; ".join(facts), would_match_if=" and ".join(wishes))


def _ask(node: Node, snapshot: Snapshot, moment: _Moment) -> _Answer:
    if isinstance(node, Leaf):
        return _Answer(node, _leaf(node, snapshot, moment))
    parts = tuple(_ask(each, snapshot, moment) for each in node.rules)
    said = (all if node.combinator == "and" else any)(each.holds for each in parts)
    return _Answer(node, said is not node.negated, parts)


def _leaf(leaf: Leaf, snapshot: Snapshot, moment: _Moment) -> bool:
    if leaf.operator in COMPLEMENT:
        return not _positive(replace(leaf, operator=COMPLEMENT[leaf.operator]), snapshot, moment)
    return _positive(leaf, snapshot, moment)


def _positive(leaf: Leaf, snapshot: Snapshot, moment: _Moment) -> bool:
    if leaf.field.kind == "segment":
        return not set(_listed(leaf)).isdisjoint(snapshot.get("segments") or ())
    known = leaf.field.of(snapshot)
    if leaf.field.kind == "tags":
        return _tags(leaf, set(known or ()))
    if known is None:
        return False
    if leaf.operator == "notNull":
        return True
    return _HOLDS.get(leaf.field.kind, _plain)(leaf, known, moment)


def _tags(leaf: Leaf, known: set[str]) -> bool:
    if leaf.operator == "notNull":
        return bool(known)
    wanted = set(_listed(leaf))
    return bool(wanted & known) if leaf.operator == "hasAny" else wanted <= known


def _calendar(leaf: Leaf, known: datetime, moment: _Moment) -> bool:
    if leaf.operator == "anniversaryWithin":
        return _anniversary(leaf, known.date().isoformat(), moment)
    return any(known in span for span in days.spans(leaf, moment.now, moment.zone))


def _plain(leaf: Leaf, known: Any, _: _Moment | None = None) -> bool:
    if leaf.operator in _PARTS:
        return _PARTS[leaf.operator](known, as_text(leaf.value))
    if not isinstance(leaf.value, tuple):
        return bool(COMPARE[leaf.operator](known, leaf.value))
    if leaf.operator == "in":
        return known in leaf.value
    low, high = cast("tuple[Any, Any]", leaf.value)
    return bool(low <= known <= high) if leaf.operator == "between" else bool(known < low or known > high)


def _custom(leaf: Leaf, known: Any, moment: _Moment) -> bool:
    text, number = _text_of(known), _number_of(known)
    if isinstance(leaf.value, Within):
        return _custom_day(leaf, text, leaf.value, moment)
    if leaf.operator in {"=", "in"}:
        return any(_equal(each, text, number) for each in _listed(leaf))
    if leaf.operator in _PARTS or isinstance(_listed(leaf)[0], str):
        return text is not None and _plain(leaf, text)
    return number is not None and _plain(replace(leaf, value=_decimals(leaf)), number)


def _custom_day(leaf: Leaf, known: str | None, within: Within, moment: _Moment) -> bool:
    if known is None or not _DAY.match(known):
        return False
    day = known[:10]
    if leaf.operator == "anniversaryWithin":
        return _anniversary(leaf, day, moment)
    first, last = days.window(leaf.operator, within, days.today(moment.now, moment.zone))
    return first.isoformat() <= day <= last.isoformat()


def _anniversary(leaf: Leaf, day: str, moment: _Moment) -> bool:
    today = days.today(moment.now, moment.zone)
    stretches = days.anniversaries(cast("Within", leaf.value), today)
    return day < today.isoformat() and any(first <= day[5:] <= last for first, last in stretches)


def _equal(wanted: Any, text: str | None, number: Decimal | None) -> bool:
    if not isinstance(wanted, str | bool):
        return number == Decimal(str(wanted))
    if text is None:
        return is_decimal(as_text(wanted)) and number == Decimal(as_text(wanted))
    return text == as_text(wanted)


def _text_of(known: Any) -> str | None:
    if isinstance(known, str | bool):
        return as_text(known)
    return str(known) if isinstance(known, int) and abs(known) < _WHOLE else None


def _number_of(known: Any) -> Decimal | None:
    if isinstance(known, bool):
        return None
    if isinstance(known, int | float) or (isinstance(known, str) and is_decimal(known)):
        return Decimal(str(known))
    return None


def _decimals(leaf: Leaf) -> Any:
    found = tuple(Decimal(str(each)) for each in _listed(leaf))
    return found if isinstance(leaf.value, tuple) else found[0]


def _listed(leaf: Leaf) -> tuple[Any, ...]:
    return leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)


_PARTS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "contains": lambda known, part: part in known,
    "beginsWith": str.startswith,
    "endsWith": str.endswith,
}
_HOLDS: Final[Mapping[str, Callable[[Leaf, Any, _Moment], bool]]] = {
    "date": _calendar,
    "datetime": _calendar,
    "custom": _custom,
}


def _facts(answer: _Answer, snapshot: Snapshot, names: Mapping[str, str]) -> str:
    """The questions that decided, each with what is known: all that failed an "and", all that made an "or" true."""
    if isinstance(answer.node, Leaf):
        return _fact(answer.node, answer.holds, snapshot, names)
    said = answer.holds is not answer.node.negated
    is_decided_by_some = said is (answer.node.combinator == "or")
    deciding = [each for each in answer.parts if each.holds is said or not is_decided_by_some]
    return "; ".join(dict.fromkeys(_facts(each, snapshot, names) for each in deciding))


def _fact(leaf: Leaf, holds: bool, snapshot: Snapshot, names: Mapping[str, str]) -> str:
    said = sentence(leaf, names) if holds else f"not so: {sentence(leaf, names)}"
    if leaf.field.kind == "segment" or (holds and leaf.operator in {"=", "null"}):
        return said
    known = leaf.field.of(snapshot)
    if leaf.field.kind in {"date", "datetime"} and known is not None:
        known = known.date() if leaf.field.kind == "date" else known
    return f"{said} ({'nothing is known' if known in (None, []) else f'it is {shown(known)}'})"


def _wish(answer: _Answer, names: Mapping[str, str]) -> str:
    """The rest that is missing: of an "and" what failed, of an "or" any part."""
    node = answer.node
    if isinstance(node, Leaf):
        return sentence(node, names)
    if node.negated:
        return sentence(node, names)
    wishes = [_wish(each, names) for each in answer.parts if not each.holds]
    return wishes[0] if len(wishes) == 1 else f" {node.combinator} ".join(f"({each})" for each in wishes)
