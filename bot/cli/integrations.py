"""`shiftline integration`: one `add` command per channel, made from what the channel declares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from bot.broadcast import progress
from bot.channels.channel import Channel, Field, SendFailed
from bot.channels.registry import CHANNELS, by_kind
from bot.cli.desk import Desk, command, identifier, text_of
from bot.cli.words import counted
from bot.delivery import removal
from bot.delivery.dispatch import api_url_of
from bot.delivery.wire import Wire
from bot.errors import Unavailable
from bot.people import identities
from bot.tenancy import integrations as connections
from models import Organization

integration = click.Group("integration", help="Connections to providers.")
add = click.Group("add", help="Connect a provider.")
integration.add_command(add)
COMMANDS = {"integration": integration}


class NotConnected(Unavailable):
    """The provider refused these credentials."""

    code = "not_connected"


def _adder(channel: Channel) -> Any:
    def added(desk: Desk, **given: str | Path | None) -> None:
        config = {
            name: text_of(value, "a secret").strip() if isinstance(value, Path) else value
            for name, value in given.items()
            if value is not None
        }
        keys = desk.settings.encryption_keys
        with desk.writing() as session:
            organization = session.get_one(Organization, desk.organization_id)
            made = connections.add(session, keys, organization, channel, config)
            linked = identities.link(session, desk.organization_id)
            desk.note(session, "integration.added", made.id, kind=channel.kind)
            document = {"id": str(made.id), "status": made.status}
            sender = connections.sender_of(made)
        people = f" {counted(linked, 'worker')} can be reached by it." if linked else ""
        desk.give(
            document,
            f"Stored {channel.kind} {sender} as {document['id']}.{people}",
            f"Nothing was called yet. Test it: shiftline integration test {document['id']} --org {desk.slug}",
        )

    added.__doc__ = f"Connect {channel.kind}. Nothing is called yet: `integration test` does that."
    for field in reversed(channel.fields):
        flag, kind = field.name.replace("_", "-"), (click.Path(path_type=Path) if field.secret else str)
        option = f"--{flag}-file" if field.secret else f"--{flag}"
        added = click.option(
            option,
            field.name,
            required=field.required,
            type=kind,
            help=_help(field),
        )(added)
    return added


def _help(field: Field) -> str:
    example = f" ({field.example})" if field.example else ""
    return f"A file that holds the {field.label.lower()}{example}." if field.secret else f"{field.label}{example}."


for declared in CHANNELS:
    command(add, declared.kind, "integration:manage")(_adder(declared))


@click.argument("integration_id")
def test(desk: Desk, integration_id: str) -> None:
    """Call the provider with the stored credentials and say whom they belong to."""
    with desk.writing() as session:
        found = connections.get(session, identifier(integration_id, "connection"))
        channel, config = by_kind(found.type), connections.config_of(found, desk.settings.encryption_keys)
    wire, url = Wire(), api_url_of(channel, desk.settings)
    try:
        said = wire.run(lambda http: channel.check(http, url, config))
    except SendFailed as failure:
        _note(desk, integration_id, "failing", failure.reason)
        raise NotConnected(f"{channel.kind} says: {failure.reason}") from None
    finally:
        wire.close()
    _note(desk, integration_id, "connected", None)
    desk.give({"id": integration_id, "status": "connected", "words": said}, said)


def _note(desk: Desk, integration_id: str, status: str, reason: str | None) -> None:
    with desk.writing() as session:
        connections.set_status(session, identifier(integration_id, "connection"), status, reason)


def listed(desk: Desk) -> None:
    """The connections and how they are."""
    with desk.reading() as session:
        document = [
            {
                "id": str(row.id),
                "kind": row.type,
                "sender": connections.sender_of(row),
                "address": row.address,
                "status": row.status,
                "reason": row.status_reason,
            }
            for row in connections.every(session, desk.organization_id)
        ]
    lines = [
        f"{row['id']}  {row['kind']:<6}  {row['sender']:<16}  {row['status']}"
        + (f" ({row['reason']})" if row["reason"] else "")
        for row in document
    ]
    nothing = "Nothing is connected yet. Connect Twilio or Slack: shiftline integration add --help"
    desk.give(document, *(lines or [nothing]))


@click.argument("integration_id")
@click.option("--cancel-queued", is_flag=True, help="Cancel the messages that wait to go out by it.")
def remove(desk: Desk, integration_id: str, *, cancel_queued: bool) -> None:
    """Forget a connection and its credentials; its transcript stays."""
    found = identifier(integration_id, "connection")
    with desk.writing() as session:
        connection = connections.get(session, found)
        kind, sender, channel = connection.type, connections.sender_of(connection), connection.channel
        removed = removal.remove(session, found, cancel_queued=cancel_queued)
        desk.note(session, "integration.removed", found, kind=kind, cancelled=removed.cancelled)
        left = [each for each in connections.senders(session, desk.organization_id) if each.channel == channel]
        later = progress.scheduled(session)
    document = {"id": str(found), "status": "removed", "cancelled": removed.cancelled}
    desk.give(document, *_after_removal(kind, sender, channel, removed, alone=not left, later=later))


def _after_removal(
    kind: str, sender: str, channel: str, removed: removal.Removed, *, alone: bool, later: int
) -> Iterator[str]:
    yield f"Removed {kind} {sender} and its credentials."
    if removed.cancelled:
        yield f"{counted(removed.cancelled, 'message')} that waited for it {_was(removed.cancelled)} cancelled."
    if removed.kept:
        yield "What was said by it stays in transcripts and reports; what still comes in by it is refused."
    if alone and later:
        yield (
            f"Nothing else sends by {channel}: {counted(later, 'scheduled broadcast')} will reach nobody there "
            "until something is connected."
        )


def _was(count: int) -> str:
    return "was" if count == 1 else "were"


command(integration, "test", "integration:manage")(test)
command(integration, "list", "integration:manage")(listed)
command(integration, "remove", "integration:manage")(remove)
