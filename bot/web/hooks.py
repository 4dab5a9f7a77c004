"""The providers' doors: size, shape, whose it is, whether it is genuine; only then is anything read.

A request that fails is answered with the right status and changes nothing. Providers repeat what gets no
2xx, so whatever may pass later (a database that is away) is a 503 and never a 200.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import cast

from flask import Flask, Response, abort, request
from sqlalchemy.orm import Session

from bot import clock
from bot.channels import channel as vocabulary
from bot.channels.channel import Channel
from bot.conversation.talk import Hook
from bot.log import Log
from bot.tenancy import integrations
from bot.web.intake import Verified, read, take_in
from bot.web.parts import Parts, parts
from bot.web.security import permission
from models import Integration

log = Log(__name__)

ACCEPTED_METHODS = ("POST",)
TWIML = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'


def install(app: Flask, channels: Sequence[Channel]) -> None:
    """A door for each address that a channel declares; Slack's events go on to Bolt."""
    for channel in channels:
        if channel.kind == "slack":
            from bot.web.slack import app as slack  # noqa: PLC0415 - Bolt costs 40 MB: only where Slack is spoken

            handle = slack.handler()
        else:
            handle = _plain
        view = permission("provider")(partial(_door, channel, handle))
        app.add_url_rule(channel.hook, f"{channel.kind}_hook", view, methods=ACCEPTED_METHODS)
        if channel.receipts_hook:
            app.add_url_rule(channel.receipts_hook, f"{channel.kind}_receipts", view, methods=ACCEPTED_METHODS)
        if channel.kind == "slack":
            app.add_url_rule(
                f"{channel.hook}/<integration>", f"{channel.kind}_own_hook", view, methods=ACCEPTED_METHODS
            )


def _door(
    channel: Channel,
    handle: Callable[[Verified], Response],
    integration: str | None = None,
    **_: object,
) -> Response:
    return handle(_verified(channel, _as_sent(parts()), integration))


def _plain(verified: Verified) -> Response:
    take_in(verified, read(verified))
    return Response(TWIML, mimetype="text/xml")


def _as_sent(service: Parts) -> vocabulary.Request:
    """The request as the provider signed it: exact bytes, and the address by which it knows us."""
    body = request.get_data(cache=True)
    if request.content_length is None and len(body) >= (request.max_content_length or 0):
        abort(413)  # what comes in chunks is cut off at the limit without a word: its signature would look forged
    base = service.settings.public_url or request.host_url.rstrip("/")
    query = cast("str", request.environ.get("QUERY_STRING", ""))
    path = cast("str", request.environ.get("PATH_INFO", request.path))
    return vocabulary.Request(
        url=f"{base}{path}" + (f"?{query}" if query else ""),
        path=path,
        headers=dict(request.headers.items()),
        body=body,
        form=request.form.to_dict(),
        now=clock.now(),
    )


def _verified(channel: Channel, asked: vocabulary.Request, named: str | None) -> Verified:
    """Whose request it is, proved by its signature; 403 otherwise, without saying which of the two failed."""
    service = parts()
    with service.database.reading(None) as session:
        integration = _integration(session, channel, asked, named)
        config = integrations.config_of(integration, service.settings.encryption_keys) if integration else {}
    if not channel.verify(asked, _with_app_secret(channel, config, service.settings.slack_signing_secret)):
        log.warning("hook_refused", kind=channel.kind, status=403)
        abort(403, "This request isn't signed by the provider.")
    if integration is None:
        # Genuine (signed with the service's own app's secret), but of a workspace that nobody has connected.
        abort(_handshake(asked) or 404)
    return Verified(Hook(integration.organization_id, integration.id, channel), asked)


def _integration(
    session: Session, channel: Channel, asked: vocabulary.Request, named: str | None
) -> Integration | None:
    """By the id in the address where there is one, else by what the request says of itself.

    A workspace that speaks at another's address is not let in: with the service's own app the signature
    is the same for both, and one organization's people would speak in another's name.
    """
    addresses = list(channel.addresses_in(asked))
    if named is None:
        return integrations.by_address(session, channel.kind, addresses)
    try:
        found = session.get(Integration, uuid.UUID(named))
    except ValueError:
        return None
    if found is None or found.type != channel.kind or found.status == integrations.REMOVED:
        return None
    return found if not addresses or found.address in addresses else None


def _with_app_secret(channel: Channel, config: Mapping[str, str], secret: str | None) -> Mapping[str, str]:
    """An integration without a signing secret of its own belongs to the service's own Slack app."""
    if channel.kind != "slack" or "signing_secret" in config or not secret:
        return config
    return {**config, "signing_secret": secret}


def _handshake(asked: vocabulary.Request) -> Response | None:
    """Slack asks once whether the address is ours, before any workspace is connected."""
    try:
        said = json.loads(asked.body)
    except (ValueError, RecursionError):
        return None
    if isinstance(said, dict) and said.get("type") == "url_verification" and isinstance(said.get("challenge"), str):
        return Response(said["challenge"], mimetype="text/plain")
    return None
