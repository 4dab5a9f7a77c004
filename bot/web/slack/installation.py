"""Listeners for the end of an installation: a revoked token must not be tried again and again."""

from __future__ import annotations

from typing import Any

from bot.tenancy import integrations
from bot.web.parts import parts

REASON = "Slack: the app was removed or its token revoked"


def ended(context: dict[str, Any]) -> None:
    """The workspace removed the app or took the bot's token away."""
    verified = context["verified"]
    hook = verified.hook
    if not hook.channel.revoked(verified.request):
        return
    with parts().database.organization_session(hook.organization_id) as session:
        integrations.set_status(session, hook.integration_id, "revoked", REASON)
