"""What Slack's refusals mean for a delivery: one table by Slack's own word.

Source: the error lists of https://docs.slack.dev/reference/methods/chat.postMessage and chat.update.
A word that isn't listed is a refusal of this one message.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.channels.channel import FailureKind, SendFailed
from bot.channels.http import retry_after

_WORDS: Mapping[FailureKind, Mapping[str, str]] = {
    "retry": {
        "ratelimited": "Slack takes no more messages for the moment.",
        "rate_limited": "Slack takes no more messages for the moment.",
        "message_limit_exceeded": "Slack takes no more messages for the moment.",
        "team_added_to_org": "The workspace is just being moved to an enterprise.",
    },
    "misconfigured": {
        "invalid_auth": "Slack does not accept the bot token.",
        "not_authed": "The bot token is missing.",
        "token_revoked": "The bot token has been revoked.",
        "token_expired": "The bot token has expired.",
        "account_inactive": "The app has been removed from the workspace.",
        "not_allowed_token_type": "This is not a bot token.",
        "missing_scope": "The app lacks a permission (scope).",
        "no_permission": "The app lacks a permission.",
        "not_in_channel": "The app is not in this conversation.",
        "messages_tab_disabled": "Messages from the app are switched off (App Home, Messages Tab).",
        "restricted_action": "The workspace's settings keep the app from writing.",
        "access_denied": "The workspace's settings keep the app from writing.",
        "accesslimited": "Slack may not be called from this network.",
        "ekm_access_denied": "The workspace's administrators have suspended writing.",
        "enterprise_is_restricted": "The enterprise's settings keep the app from writing.",
        "org_login_required": "The workspace is just being moved to an enterprise.",
        "team_access_not_granted": "The app has no access to this workspace.",
        "team_not_found": "Slack does not know this workspace.",
        "two_factor_setup_required": "The app's account needs a second factor.",
        "unknown_method": "SLACK_API_URL does not lead to Slack's Web API.",
    },
    "address_dead": {
        "user_not_found": "Slack does not know this person.",
        "users_not_found": "Slack does not know this person.",
        "user_disabled": "This person's Slack account is deactivated.",
        "user_not_visible": "The app can't see this person.",
        "channel_not_found": "Slack does not know this person or conversation.",
        "is_archived": "The conversation is archived.",
        "cannot_dm_bot": "This is a bot, which reads nothing.",
    },
    "content_refused": {
        "no_text": "The message is empty.",
        "msg_too_long": "The text is too long.",
        "msg_blocks_too_long": "The message's blocks are too long.",
        "invalid_blocks": "The message's blocks are not valid.",
        "invalid_blocks_format": "The message's blocks are not valid.",
        "invalid_attachments": "The message's attachments are not valid.",
        "too_many_attachments": "The message has too many attachments.",
    },
    "rejected": {
        "message_not_found": "The message to be changed is gone.",
        "cant_update_message": "The message to be changed is not ours.",
        "edit_window_closed": "The message to be changed is too old.",
    },
    # Slack's documents: some aspect of the operation may have succeeded.
    "doubt": {
        "internal_error": "Slack met an error of its own.",
        "fatal_error": "Slack met an error of its own.",
        "service_unavailable": "Slack is not available.",
        "request_timeout": "Slack did not get the whole request in time.",
    },
}
MEANINGS: Mapping[str, tuple[FailureKind, str]] = {
    error: (kind, words) for kind, errors in _WORDS.items() for error, words in errors.items()
}


def refused(status: int, said: Any, headers: Mapping[str, str]) -> SendFailed:
    """What an answer without `"ok": true` means. `said` is its JSON, or whatever else came."""
    error = said.get("error") if isinstance(said, dict) else None
    if status == 429:
        return SendFailed("retry", MEANINGS["ratelimited"][1], retry_in=retry_after(headers), code="ratelimited")
    if status >= 500 or not isinstance(error, str):
        return SendFailed("doubt", f"Slack answered with HTTP {status}.", code=str(status))
    kind, words = MEANINGS.get(error, ("rejected", f"Slack refused it ({error[:60]})."))
    return SendFailed(kind, words, retry_in=retry_after(headers), code=error[:60])
