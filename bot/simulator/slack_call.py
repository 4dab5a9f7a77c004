"""One call of a Slack method: who calls, with what, and how it is written down or refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bot.simulator.ledger import Row
from bot.simulator.state import World
from bot.simulator.workspaces import Team

Args = dict[str, Any]


class SlackRefused(Exception):
    """`ok: false`, with Slack's word for it."""

    def __init__(self, error: str, messages: Sequence[str] = (), *, retry_after: int | None = None) -> None:
        super().__init__(error)
        self.error, self.messages, self.retry_after = error, list(messages), retry_after

    @property
    def plain(self) -> list[str]:
        """The messages as they stand in `errors`, without their [ERROR]."""
        return [message.removeprefix("[ERROR] ") for message in self.messages]


@dataclass(slots=True)
class Call:
    """What a method gets. `data` is the row that will be written."""

    world: World
    method: str
    team: Team
    args: Args
    data: dict[str, Any]
    fault: str | None
    size: int  # of the request's body: no argument is larger

    def said(self) -> dict[str, Any]:
        """The arguments for the ledger."""
        return {"team": self.team.team_id, **{name: value for name, value in self.args.items() if name != "token"}}

    def record(self, *, key: str = "", decision: str = "accepted", accepted: bool = True, **data: Any) -> Row:
        """Write this call down and let it happen."""
        return self.world.record(
            f"slack.{self.method}",
            {**self.data, **data},
            key=key,
            decision=decision,
            accepted=accepted,
            fault=self.fault,
        )

    def flag(self, name: str) -> bool:
        """A boolean argument: JSON has true, forms have 1 or true."""
        return str(self.args.get(name, "")).lower() in {"1", "true"}

    def number(self, name: str, otherwise: int, most: int) -> int:
        """A whole number of at least 1."""
        given = str(self.args.get(name) or otherwise)
        if not given.isdigit() or int(given) < 1:
            raise SlackRefused("invalid_limit")
        return min(int(given), most)


Method = Callable[[Call], dict[str, Any]]
