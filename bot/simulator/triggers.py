"""Trigger ids: the leave to open a modal that somebody's tap gives, for three seconds and once."""

from __future__ import annotations

import time
from dataclasses import dataclass

from bot.simulator.ids import hex_id


@dataclass(slots=True)
class _Trigger:
    team: str
    user: str
    ends: float
    used: bool = False


class Triggers:
    """Those that were given out, in memory only."""

    def __init__(self) -> None:
        self._given: dict[str, _Trigger] = {}

    def give(self, team: str, user: str, lifetime: float) -> str:
        """A new trigger id."""
        trigger_id = f"{int(time.time() * 1000)}.{hex_id(12)}.{hex_id(32)}"
        self._given[trigger_id] = _Trigger(team, user, time.monotonic() + lifetime)
        return trigger_id

    def take(self, trigger_id: str, team: str) -> tuple[str, str]:
        """(user, "") or ("", Slack's error)."""
        trigger = self._given.get(trigger_id)
        if trigger is None or trigger.team != team:
            return "", "invalid_trigger_id"
        if trigger.used:
            return "", "exchanged_trigger_id"
        if time.monotonic() > trigger.ends:
            return "", "expired_trigger_id"
        trigger.used = True
        return trigger.user, ""
