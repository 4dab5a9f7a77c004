"""Slack's JSON: messages, people, and the block ids that Slack gives where the app gave none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.simulator.ids import short_id
from bot.simulator.workspaces import Post, Team


def message(team: Team, post: Post, *, metadata: bool = True) -> dict[str, Any]:
    """A message as chat.postMessage and conversations.history give it."""
    said: dict[str, Any] = {
        "type": "message",
        "user": post.user,
        "ts": post.ts,
        "team": team.team_id,
        "text": post.text,
    }
    if post.user == team.bot_user_id:
        said |= {"bot_id": team.bot_id, "app_id": team.app_id}
    if post.blocks:
        said["blocks"] = post.blocks
    if post.thread_ts:
        said["thread_ts"] = post.thread_ts
    if post.edited:
        said["edited"] = {"user": team.bot_user_id, "ts": post.edited}
    if metadata and post.metadata is not None:
        said["metadata"] = post.metadata
    return said


def member(team: Team, user: Mapping[str, Any]) -> dict[str, Any]:
    """A user as users.list gives it."""
    name = user.get("real_name") or user.get("name") or user["id"]
    profile = {"real_name": name, "display_name": user.get("name") or "", "team": team.team_id}
    if user.get("email"):
        profile["email"] = user["email"]
    return {
        "id": user["id"],
        "team_id": team.team_id,
        "name": user.get("name") or user["id"].lower(),
        "deleted": bool(user.get("deleted")),
        "real_name": name,
        "tz": user.get("tz") or "America/Los_Angeles",
        "tz_label": "",
        "tz_offset": 0,
        "profile": profile,
        "is_bot": bool(user.get("is_bot")),
        "is_app_user": False,
        "is_restricted": False,
        "updated": 0,
    }


def with_ids(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same blocks, each with an id and each interactive element with an action id, as Slack gives them."""
    for block in blocks:
        block.setdefault("block_id", short_id())
        for element in elements(block):
            if element.get("type") != "image":
                element.setdefault("action_id", short_id())
    return blocks


def elements(block: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What can be tapped, chosen or typed into in a block."""
    if block.get("type") == "actions":
        return [element for element in block["elements"] if isinstance(element, dict)]
    one = block.get("element") if block.get("type") == "input" else block.get("accessory")
    return [one] if isinstance(one, dict) else []
