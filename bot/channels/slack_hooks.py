"""What Slack tells us: words in a direct message, and hands on the buttons of ours. Pure: a request in, facts out.

Events come as JSON, taps and commands as a form with JSON in it. Correctly signed nonsense
(`payload=[1]`, `"event": null`) exists, so every step of the way down is looked at before it is taken.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from bot.channels.channel import Inbound, Media, Request, Tap
from bot.channels.slack_blocks import ANSWER, ASK, SUBMIT

WINDOW = 300
"""Seconds that a signature may be old: what somebody recorded can't be played back later."""

_TIMESTAMP = re.compile(r"\d{1,12}", re.ASCII)
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}", re.ASCII)
_INSTALLATION = re.compile(r"[TE][A-Z0-9]{1,30}", re.ASCII)
_ANGLES = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")
_LONGEST_KEY = 255
_SPOKEN = {None, "file_share", "thread_broadcast"}
"""Subtypes of what a person says; the others are edits, bots and notices."""


def signed(request: Request, secret: str) -> bool:
    """Slack's signature, version 0, over the raw bytes, no older than the window."""
    timestamp, signature = request.header("X-Slack-Request-Timestamp"), request.header("X-Slack-Signature")
    if not secret or not _TIMESTAMP.fullmatch(timestamp) or not _SIGNATURE.fullmatch(signature):
        return False
    made = hmac.digest(secret.encode(), b"v0:%b:%b" % (timestamp.encode(), request.body), "sha256").hex()
    fresh = abs(request.now.timestamp() - int(timestamp)) <= WINDOW
    return hmac.compare_digest(f"v0={made}", signature) and fresh


def installations(request: Request) -> Iterator[str]:
    """Team and enterprise ids for which the request may be meant, most likely first. Never raises.

    In a channel shared between workspaces only `authorizations` names ours: `team_id` may be the sender's.
    """
    try:
        said = payload(request)
    except ValueError:
        return
    allowed = said.get("authorizations")
    for authorization in allowed if isinstance(allowed, list) else ():
        yield from _ids(authorization, "team_id", "enterprise_id")
    yield from _ids(said, "team_id")
    yield from _ids(said.get("team"), "id")
    yield from _ids(said.get("user"), "team_id")
    yield from _ids(said, "enterprise_id")
    yield from _ids(said.get("enterprise"), "id")


def _ids(part: Any, *names: str) -> Iterator[str]:
    for name in names if isinstance(part, dict) else ():
        if isinstance(part.get(name), str) and _INSTALLATION.fullmatch(part[name]):
            yield part[name]


def payload(request: Request) -> dict[str, Any]:
    """The JSON of an event or an interaction, or a slash command's form. ValueError if it is none of these."""
    if "command" in request.form or "ssl_check" in request.form:
        return dict(request.form)
    try:
        said = json.loads(request.form.get("payload", request.body))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return _object(said)


def read(request: Request) -> list[Inbound]:
    """What a person wrote to the app or answered by hand; nothing for edits, bots, views and commands.

    ValueError where the shape is not Slack's.
    """
    said = payload(request)
    match said.get("type"):
        case "event_callback":
            return list(_words(said, _object(said.get("event"))))
        case "block_actions":
            return list(_taps(said))
        case None if "command" not in said and "ssl_check" not in said:
            raise ValueError("a payload has a type")
        case _:
            return []


def revoked(request: Request) -> bool:
    """Whether this event ends the installation: app_uninstalled, or tokens_revoked with the bot's among them."""
    try:
        event = payload(request).get("event")
    except ValueError:
        return False
    if not isinstance(event, dict):
        return False
    tokens = event.get("tokens")
    bots = tokens.get("bot") if isinstance(tokens, dict) else None
    return event.get("type") == "app_uninstalled" or (event.get("type") == "tokens_revoked" and bool(bots))


def unescape(text: str) -> str:
    """What the person typed or saw: links, mentions and channels as plain words, & < > as themselves."""
    words = _ANGLES.sub(_spelt, text)
    return words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").replace("\0", "")


def _spelt(found: re.Match[str]) -> str:
    target, label = found[1], found[2]
    if target[:1] in {"@", "#"}:
        return target[0] + (label or target[1:])
    if label:
        return label
    return f"@{target[1:]}" if target[:1] == "!" else target.removeprefix("mailto:").removeprefix("tel:")


def _words(said: Mapping[str, Any], event: Mapping[str, Any]) -> Iterator[Inbound]:
    key = _text(said, "event_id")
    ours = event.get("type") == "message" and event.get("channel_type") == "im"
    if not ours or event.get("subtype") not in _SPOKEN or event.get("bot_id"):
        return
    yield Inbound(
        key=_short(key),
        address=_text(event, "user"),
        text=unescape(event["text"]) if isinstance(event.get("text"), str) else "",
        media=tuple(_files(event.get("files"))),
        in_reply_to=_parent(event),
    )


def _parent(event: Mapping[str, Any]) -> str | None:
    """The message in whose thread this was written, as `Slack.send` named it. A thread's first has its own ts."""
    channel, ts = event.get("channel"), event.get("thread_ts")
    threaded = isinstance(channel, str) and isinstance(ts, str) and ts != event.get("ts")
    return f"{channel}:{ts}" if threaded and channel and ts else None


def _files(files: Any) -> Iterator[Media]:
    """Files in a message; fetching one takes the bot token and the scope files:read."""
    for file in files if isinstance(files, list) else ():
        url = file.get("url_private") if isinstance(file, dict) else None
        if isinstance(url, str) and url.startswith(("https://", "http://")):
            yield Media(url, str(file.get("mimetype") or ""), str(file.get("name") or ""))


def _taps(said: Mapping[str, Any]) -> Iterator[Inbound]:
    user = _text(_object(said.get("user")), "id")
    actions = said.get("actions")
    if not isinstance(actions, list):
        raise ValueError("a tap has actions")  # noqa: TRY004 - as in `_object`
    for action in map(_object, actions):
        action_id = _text(action, "action_id")
        verb, _, rest = action_id.partition(":")
        if verb == ANSWER:
            token, _, value = rest.partition(":")
            values: tuple[str, ...] = (value,)
        elif verb == SUBMIT:
            token, values = rest, tuple(_chosen(said, f"{ASK}:{rest}"))
        else:
            continue  # a tick in a box is not yet an answer: the button below it is
        # Slack does not repeat taps; the moment of the tap is what makes a forwarded copy the same one. What was
        # tapped is no part of it: the key is kept, and an anonymous answer must not be.
        key = _short(f"{_text(action, 'action_ts')}:{verb}:{token}:{user}")
        yield Inbound(key=key, address=user, tap=Tap(token, values, _message_id(said)))


def _chosen(said: Mapping[str, Any], block_id: str) -> Iterator[str]:
    """What is ticked, chosen or typed in a block, as `state.values` tells it at the moment of the submit."""
    state = said.get("state") or _object(said.get("view") or {}).get("state") or {}
    fields = _object(_object(state).get("values") or {}).get(block_id) or {}
    for field in map(_object, _object(fields).values()):
        options = field.get("selected_options") or [field.get("selected_option")]
        for option in options if isinstance(options, list) else ():
            if isinstance(option, dict) and isinstance(option.get("value"), str):
                yield option["value"]
        if isinstance(field.get("value"), str):
            yield field["value"].replace("\0", "")


def _message_id(said: Mapping[str, Any]) -> str | None:
    """The tapped message as `Slack.send` named it; None for a tap in a view."""
    container = said.get("container")
    if not isinstance(container, dict) or not container.get("message_ts") or not container.get("channel_id"):
        return None
    return f"{container['channel_id']}:{container['message_ts']}"


def _short(key: str) -> str:
    return key if len(key) <= _LONGEST_KEY else hashlib.sha256(key.encode()).hexdigest()


def _object(part: Any) -> dict[str, Any]:
    if not isinstance(part, dict):
        raise ValueError("an object is missing")  # noqa: TRY004 - the caller's one word for a wrong shape
    return part


def _text(part: Mapping[str, Any], name: str) -> str:
    found = part.get(name)
    if not isinstance(found, str) or not found:
        raise ValueError(f"{name} is missing")
    return found
