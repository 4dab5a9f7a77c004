"""Who still waits and why, as `broadcast status` and `report broadcast` tell people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo


def lines(document: Mapping[str, Any], clock: ZoneInfo) -> list[str]:
    """The groups, each with when it goes on, and then people by name; nothing where nobody waits."""
    groups, people = document["waiting"], document["waiting_people"]
    if not groups:
        return []
    told = ["Waiting:", *(_group(group, clock) for group in groups), *(_person(person, clock) for person in people)]
    more = sum(group["count"] for group in groups) - len(people)
    return [*told, f"  … and {more} more."] if more > 0 else told


def _group(group: Mapping[str, Any], clock: ZoneInfo) -> str:
    first, last = group["next_try"], group["last_try"]
    when = _when(first, clock) if first == last or not first else f"{_when(first, clock)} to {_at(last, clock)}"
    return f"  {group['count']} × {group['words']}{_code(group)}{when}{_tries(group)}"


def _person(person: Mapping[str, Any], clock: ZoneInfo) -> str:
    words = f"{person['words']}{_code(person)}{_when(person['next_try'], clock)}{_tries(person)}"
    return f"    {person['external_id']} ({person['channel']}): {words}"


def _code(told: Mapping[str, Any]) -> str:
    return f" ({told['error_code']})" if told["error_code"] else ""


def _when(moment: str | None, clock: ZoneInfo) -> str:
    return f", next try {_at(moment, clock)}" if moment else ""


def _at(moment: str, clock: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(clock):%Y-%m-%d %H:%M}"


def _tries(told: Mapping[str, Any]) -> str:
    return f", tried {told['attempts']} times" if told["attempts"] > 1 else ", tried once" * told["attempts"]
