"""chat.postMessage, chat.update, conversations.open and conversations.history."""

from __future__ import annotations

import base64
import time
from typing import Any

from bot.simulator import slack_checks, slack_wire
from bot.simulator.slack_call import Call, Method, SlackRefused
from bot.simulator.workspaces import Post

MOST_BLOCKS = 50
Reply = dict[str, Any]


def post_message(call: Call) -> Reply:
    """chat.postMessage; a user's id in place of a channel opens the DM."""
    channel = _channel(call, str(call.args.get("channel") or ""))
    text, blocks, metadata = _content(call)
    _pace(call, channel)
    ts = call.world.workspaces.new_ts(call.team.team_id, time.time())
    call.record(
        key=ts,
        channel=channel,
        user=call.team.bot_user_id,
        text=text,
        blocks=blocks,
        metadata=metadata,
        thread_ts=call.args.get("thread_ts"),
    )
    post = call.world.workspaces.posts[call.team.team_id, channel][ts]
    return {"channel": channel, "ts": ts, "message": slack_wire.message(call.team, post)}


def update(call: Call) -> Reply:
    """chat.update: only messages of the bot's own. Repeating it changes nothing."""
    channel, ts = str(call.args.get("channel") or ""), str(call.args.get("ts") or "")
    posts = call.world.workspaces.posts.get((call.team.team_id, channel))
    if posts is None:
        raise SlackRefused("channel_not_found")
    post = posts.get(ts)
    if post is None:
        raise SlackRefused("message_not_found")
    if post.user != call.team.bot_user_id:
        raise SlackRefused("cant_update_message")
    text, blocks, metadata = _content(call)
    if "blocks" not in call.args and "text" in call.args:
        blocks = []
    edited = call.world.workspaces.new_ts(call.team.team_id, time.time())
    call.record(key=ts, channel=channel, text=text, blocks=blocks, metadata=metadata, edited=edited)
    return {"channel": channel, "ts": ts, "text": text, "message": slack_wire.message(call.team, post)}


def conversations_open(call: Call) -> Reply:
    """conversations.open with one user."""
    users = [user for user in str(call.args.get("users") or "").split(",") if user]
    if len(users) != 1:
        raise SlackRefused("users_list_not_supplied" if not users else "not_enough_users")
    if users[0] not in call.team.users:
        raise SlackRefused("user_not_found")
    call.record()
    channel: Reply = {"id": call.team.dm(users[0])}
    if call.flag("return_im"):
        channel |= {"is_im": True, "user": users[0], "created": 0, "is_org_shared": False}
    return {"no_op": True, "already_open": True, "channel": channel}


def history(call: Call) -> Reply:
    """conversations.history, newest first; metadata only where include_all_metadata asks for it."""
    channel = str(call.args.get("channel") or "")
    workspaces, team = call.world.workspaces, call.team
    if channel not in team.channels and (team.team_id, channel) not in workspaces.people_of_dm:
        raise SlackRefused("channel_not_found")
    limit = call.number("limit", 100, 999)
    oldest, latest = _ts(call, "oldest"), _ts(call, "latest")
    exact = call.flag("inclusive")
    before = _cursor(call)
    found = [
        post
        for post in reversed(workspaces.posts.get((team.team_id, channel), {}).values())
        if post.thread_ts in {None, post.ts}
        and (oldest is None or _micros(post.ts) > oldest or (exact and _micros(post.ts) == oldest))
        and (latest is None or _micros(post.ts) < latest or (exact and _micros(post.ts) == latest))
        and (before is None or _micros(post.ts) < before)
    ]
    call.record()
    shown, more = found[:limit], len(found) > limit
    metadata = call.flag("include_all_metadata")
    reply: Reply = {
        "messages": [slack_wire.message(team, post, metadata=metadata) for post in shown],
        "has_more": more,
        "pin_count": 0,
    }
    if more:
        reply["response_metadata"] = {"next_cursor": _cursor_after(shown[-1])}
    return reply


def _content(call: Call) -> tuple[str, list[Reply], Reply | None]:
    text = str(call.args.get("text") or call.args.get("markdown_text") or "")
    blocks, metadata = call.args.get("blocks") or [], call.args.get("metadata")
    if not text and not blocks and not call.args.get("attachments"):
        raise SlackRefused("no_text")
    if len(text) > slack_checks.LONGEST_TEXT:
        raise SlackRefused("msg_too_long")
    if not isinstance(blocks, list):
        raise SlackRefused("invalid_blocks_format")
    problems = slack_checks.block_problems(blocks, MOST_BLOCKS)
    if problems:
        raise SlackRefused("invalid_blocks", problems)
    if call.size > slack_checks.LARGEST_BLOCKS and slack_checks.too_large(blocks):
        raise SlackRefused("msg_blocks_too_long")
    if metadata is not None and not (
        isinstance(metadata, dict)
        and isinstance(metadata.get("event_type"), str)
        and isinstance(metadata.get("event_payload"), dict)
    ):
        raise SlackRefused("invalid_metadata_format")
    return text, slack_wire.with_ids(blocks), metadata


def _channel(call: Call, given: str) -> str:
    if given in call.team.users:
        return call.team.dm(given)
    if given in call.team.channels or (call.team.team_id, given) in call.world.workspaces.people_of_dm:
        return given
    raise SlackRefused("channel_not_found")


def _pace(call: Call, channel: str) -> None:
    team, rates = call.team, call.world.rates
    wait = rates.take(f"slack:{team.team_id}:{channel}", team.per_channel, team.burst)
    wait = wait or rates.take(f"slack:{team.team_id}", team.per_workspace, team.workspace_burst)
    if wait:
        raise SlackRefused("ratelimited", retry_after=wait)


def _micros(ts: str) -> int:
    seconds, _, fraction = ts.partition(".")
    return int(seconds) * 1_000_000 + int(fraction.ljust(6, "0")[:6] or 0)


def _ts(call: Call, name: str) -> int | None:
    """`oldest` or `latest`; 0 and "now" are no limit."""
    given = str(call.args.get(name) or "")
    if given in {"", "0", "now"}:
        return None
    try:
        return _micros(given)
    except ValueError:
        raise SlackRefused(f"invalid_ts_{name}") from None


def _cursor_after(post: Post) -> str:
    return base64.b64encode(f"next_ts:{post.ts}".encode()).decode()


def _cursor(call: Call) -> int | None:
    given = call.args.get("cursor")
    if not given:
        return None
    try:
        return _micros(base64.b64decode(given, validate=True).decode().removeprefix("next_ts:"))
    except ValueError:
        raise SlackRefused("invalid_cursor") from None


METHODS: dict[str, Method] = {
    "chat.postMessage": post_message,
    "chat.update": update,
    "conversations.open": conversations_open,
    "conversations.history": history,
}
