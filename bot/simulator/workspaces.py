"""The world on Slack's side: teams, their people, the messages between a person and the bot, and views.

Nothing here decides or sends; it is the fold over the ledger's rows that concern Slack.
Triggers are not in the ledger: they live for three seconds.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from bot.simulator.ledger import Row


@dataclass(frozen=True, slots=True)
class Team:
    """A workspace in which the app is installed, and how this world treats it."""

    team_id: str
    bot_token: str
    bot_user_id: str = "UBOT"
    signing_secret: str = ""
    app_id: str = "A0SIMULATOR"
    hook_url: str = ""
    users: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    channels: tuple[str, ...] = ()  # besides DMs, which need no registration
    per_channel: float = 1.0  # posts per second; 0 is no limit
    burst: float = 5.0
    per_workspace: float = 0.0
    workspace_burst: float = 100.0
    retry_delays: tuple[float, ...] = (0.0, 60.0, 300.0)
    answer_within: float = 3.0  # how long Slack waits for a webhook's answer
    trigger_lifetime: float = 3.0

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Team:
        """A team from its JSON. TypeError for a field that does not exist, KeyError for one that is missing."""
        values = dict(given)
        values["users"] = {user["id"]: user for user in values.get("users") or ()}
        values["channels"] = tuple(values.get("channels") or ())
        if "retry_delays" in values:
            values["retry_delays"] = tuple(values["retry_delays"])
        return cls(**values)

    @property
    def bot_id(self) -> str:
        """The bot's own id (B…), which is not its user's (U…)."""
        return "B" + self.bot_user_id[1:]

    def dm(self, user_id: str) -> str:
        """The id of the direct message channel between the bot and a person; the same after a restart."""
        return _dm(self.team_id, user_id)


@lru_cache(maxsize=65_536)
def _dm(team_id: str, user_id: str) -> str:
    return "D" + hashlib.sha256(f"{team_id}/{user_id}".encode()).hexdigest()[:10].upper()


@dataclass(slots=True)
class Post:
    """One message in a channel. `changed` is the ledger id of its last change."""

    id: int
    changed: int
    ts: str
    user: str
    text: str
    blocks: list[dict[str, Any]]
    metadata: dict[str, Any] | None
    thread_ts: str | None
    edited: str | None = None
    chosen: dict[str, dict[str, Any]] = field(default_factory=dict)  # what is ticked: block id -> action id -> state


class Workspaces:
    """Every team, post and view."""

    def __init__(self) -> None:
        self.teams: dict[str, Team] = {}
        self.by_token: dict[str, Team] = {}
        self.people_of_dm: dict[tuple[str, str], str] = {}
        self.posts: dict[tuple[str, str], dict[str, Post]] = defaultdict(dict)
        self.views: dict[str, dict[str, Any]] = {}  # by view id
        self.homes: dict[tuple[str, str], str] = {}  # (team, user) -> view id
        self.modals: dict[tuple[str, str], list[str]] = defaultdict(list)  # the stack, deepest first
        self._last_ts: dict[str, int] = {}

    def add_team(self, team: Team) -> None:
        """Know a team, its token and its people's DMs."""
        before = self.teams.get(team.team_id)
        if before is not None:
            self.by_token.pop(before.bot_token, None)
        self.teams[team.team_id] = team
        self.by_token[team.bot_token] = team
        for user_id in team.users:
            self.people_of_dm[team.team_id, team.dm(user_id)] = user_id

    def new_ts(self, team_id: str, at: float) -> str:
        """A message id of Slack's: the moment, made unique within the team."""
        micros = max(int(at * 1_000_000), self._last_ts.get(team_id, 0) + 1)
        self._last_ts[team_id] = micros
        return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"

    def apply(self, row: Row) -> str | None:
        """Let a row happen; the channel or person whose view of things changed, if any."""
        if row.accepted is False:
            return None
        if row.kind.startswith("slack.views."):
            return self._show(row)
        happen = {
            "slack.chat.postMessage": self._add,
            "slack.dm": self._add,
            "slack.chat.update": self._edit,
            "slack.choice": self._choose,
            "slack.closed": self._close,
        }.get(row.kind)
        return None if happen is None else happen(row)

    def _add(self, row: Row) -> str:
        data = row.data
        micros = int(row.key.replace(".", ""))
        self._last_ts[data["team"]] = max(micros, self._last_ts.get(data["team"], 0))
        self.posts[data["team"], data["channel"]][row.key] = Post(
            id=row.id,
            changed=row.id,
            ts=row.key,
            user=data["user"],
            text=data["text"],
            blocks=data["blocks"],
            metadata=data.get("metadata"),
            thread_ts=data.get("thread_ts"),
        )
        return f"{data['team']}/{data['channel']}"

    def _edit(self, row: Row) -> str:
        data = row.data
        post = self.posts[data["team"], data["channel"]][row.key]
        post.text, post.blocks, post.changed, post.edited = data["text"], data["blocks"], row.id, data["edited"]
        post.chosen = {}
        if data.get("metadata") is not None:
            post.metadata = data["metadata"]
        return f"{data['team']}/{data['channel']}"

    def _choose(self, row: Row) -> str:
        data = row.data
        post = self.posts[data["team"], data["channel"]][row.key]
        post.chosen.setdefault(data["block_id"], {})[data["action_id"]] = data["state"]
        post.changed = row.id
        return f"{data['team']}/{data['channel']}"

    def _close(self, row: Row) -> str:
        """Close the modal on top, or all of them."""
        data = row.data
        stack = self.modals[data["team"], data["user"]]
        keep = 0 if data["all"] else max(0, len(stack) - 1)
        for view_id in stack[keep:]:
            self.views.pop(view_id, None)
        del stack[keep:]
        return f"{data['team']}/{data['user']}"

    def _show(self, row: Row) -> str:
        data, view = row.data, row.data["view"]
        who = (data["team"], data["user"])
        self.views[view["id"]] = view
        if row.kind == "slack.views.publish":
            self.homes[who] = view["id"]
        elif row.kind == "slack.views.open":
            self.modals[who] = [view["id"]]
        elif row.kind == "slack.views.push":
            self.modals[who].append(view["id"])
        return f"{data['team']}/{data['user']}"
