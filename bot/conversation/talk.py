"""One inbound message being dealt with: who speaks, in which language, and how to answer them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import chance
from bot.channels.channel import Channel, Message
from bot.content import render
from bot.content.versions import DOCUMENTS
from bot.conversation.router import OpenPrompt
from bot.database import on_sqlite
from bot.delivery import outbox
from bot.tenancy.settings import OrganizationSettings
from bot.tenancy.settings import load as load_settings
from bot.wording import say
from models import (
    ChannelIdentity,
    ContentVersion,
    Delivery,
    Organization,
    Prompt,
    SentMessage,
    Worker,
    WorkerContact,
)

MOST = 5
"""Answers an hour to what can't be understood: a phone that says "I'm driving" to everything must come to an end."""


@dataclass(frozen=True, slots=True)
class Hook:
    """Where a message came in."""

    organization_id: uuid.UUID
    integration_id: uuid.UUID
    channel: Channel


@dataclass(frozen=True, slots=True)
class Person:
    """Who speaks: a worker on this integration."""

    identity_id: uuid.UUID
    worker_id: uuid.UUID
    language: str


@dataclass(slots=True)
class Talk:
    """What is needed to answer one message; replies collect in `entries` and leave with the commit."""

    session: Session
    hook: Hook
    settings: OrganizationSettings
    organization_name: str
    address: str
    person: Person | None
    now: datetime
    tapped: str | None = None  # the provider's id of the message whose button was tapped
    about: str = ""  # what the question is called that this is about, where several are open
    message_id: uuid.UUID = field(default_factory=chance.new_id)
    entries: list[outbox.Entry] = field(default_factory=list)

    @property
    def languages(self) -> tuple[str, ...]:
        """Theirs first, then the organization's."""
        own = (self.person.language,) if self.person else ()
        return tuple(dict.fromkeys((*own, self.settings.locale.default_language)))

    def words(self, key: str, **values: object) -> str:
        """What the bot says, in their language and the organization's own wording."""
        return say(key, self.languages, own=self.settings.wording, channel=self.hook.channel.name, **values)

    @property
    def say(self) -> partial[str]:
        """`wording.say` with the organization's own sentences bound in."""
        return partial(say, own=self.settings.wording, channel=self.hook.channel.name)

    def named(self, text: str) -> str:
        """`text` and, where it could be about several questions, which one it is about."""
        return f"{text}\n({self.about})" if self.about else text

    def reply(self, text: str) -> None:
        """Say `text` in answer."""
        self._put(source_kind="reply", source_id=self.message_id, body=outbox.pack(Message(self.named(text))))

    def ask(self, prompt: OpenPrompt, position: int, intro: str, deadline: datetime | None = None) -> None:
        """Ask the question at `position` of the content that `prompt` belongs to, after `intro`."""
        asks = {
            "position": position,
            "intro": self.named(intro),
            "origin": [prompt.source_kind, str(prompt.source_id)],
            "deadline": deadline.isoformat() if deadline else None,
        }
        self._put(
            source_kind="reply", source_id=self.message_id, asks=asks, content_version_id=prompt.content_version_id
        )

    def confirm(self, text: str) -> None:
        """The one answer to STOP or HELP, which passes the consent gate."""
        self._put(source_kind="confirmation", source_id=self.message_id, body=outbox.pack(Message(text)), bypass=True)

    def notice(self, kind: str, text: str, *, most: int = 1, bypass: bool = False) -> None:
        """Say `text`, but not more than `most` times an hour: two answering machines must not talk to each other."""
        hour = uuid.uuid5(self.hook.integration_id, f"{kind}:{self.address}:{self.now:%Y-%m-%dT%H}")
        said = self.session.scalar(
            sa.select(sa.func.count()).where(
                Delivery.source_kind == "notice", Delivery.source_id == hour, Delivery.recipient == self.recipient
            )
        )
        if (said or 0) < most:
            body = outbox.pack(Message(text))
            self._put(source_kind="notice", source_id=hour, body=body, bypass=bypass, step=said or 0)

    def show_answered(self, delivery_id: int, told: str) -> None:
        """Take the buttons away where they were, and leave `told` in their place.

        Of a message that went out twice it is the one that was tapped.
        """
        if not self.hook.channel.abilities.updates:
            return
        row = self.session.execute(
            sa.select(Delivery.provider_id, SentMessage.payload)
            .join(SentMessage, SentMessage.delivery_id == Delivery.id)
            .where(Delivery.id == delivery_id)
            .order_by(SentMessage.attempt.desc())
            .limit(1)
        ).first()
        target = self.tapped or (row.provider_id if row else None)
        if row is None or row.payload is None or target is None:
            return
        asked = outbox.unpack(row.payload)
        text = "\n\n".join((asked.body or asked.text, told))
        self.update(Message(text=text, media=asked.media, markup=asked.markup), target)

    def update(self, message: Message, target: str) -> None:
        """Change an earlier message of ours, where the channel can."""
        self._put(source_kind="reply", source_id=self.message_id, body=outbox.pack(message, target), verb="update")

    @property
    def recipient(self) -> str:
        """Whom an answer goes to: the worker, or the bare address of somebody unknown."""
        return outbox.of_worker(self.person.worker_id) if self.person else outbox.of_address(self.address)

    def _put(self, **columns: Any) -> None:
        person = self.person
        columns.setdefault("step", len(self.entries))
        self.entries.append(
            outbox.Entry(
                organization_id=self.hook.organization_id,
                integration_id=self.hook.integration_id,
                channel=self.hook.channel.name,
                recipient=self.recipient,
                address=self.address,
                worker_id=person.worker_id if person else None,
                identity_id=person.identity_id if person else None,
                due_at=self.now,
                created_at=self.now,
                **columns,
            )
        )


def begin(session: Session, hook: Hook, address: str, now: datetime, *, tapped: str | None = None) -> Talk:
    """Find out who speaks, and make their messages take turns by locking their identity.

    The lock lets foreign keys point to the row: else a webhook would wait for every batch that is being
    sent to the same person, and the batch for it. An address of nobody's has no row, so its name is locked.
    """
    organization = session.execute(
        sa.select(Organization.name, Organization.settings).where(Organization.id == hook.organization_id)
    ).one()
    row = session.execute(
        sa.select(ChannelIdentity.id, ChannelIdentity.worker_id, WorkerContact.preferred_language)
        .join(Worker, Worker.id == ChannelIdentity.worker_id)
        .outerjoin(WorkerContact, WorkerContact.worker_id == ChannelIdentity.worker_id)
        .where(
            ChannelIdentity.integration_id == hook.integration_id,
            ChannelIdentity.address == address,
            ChannelIdentity.state != "replaced",
        )
        .with_for_update(of=ChannelIdentity, key_share=True)
    ).first()
    settings = load_settings(organization.settings)
    if row is None and not on_sqlite(session):
        name = sa.func.hashtextextended(f"talk:{hook.integration_id}:{address}", 0)
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(name)))
    language = row.preferred_language if row else None
    person = Person(row.id, row.worker_id, language or settings.locale.default_language) if row else None
    return Talk(session, hook, settings, organization.name, address, person, now, tapped)


def open_prompts(talk: Talk, token: str | None = None, delivery_id: int | None = None) -> Sequence[OpenPrompt]:
    """The person's open questions and those that may still be added to.

    Also the one that a tap's `token` or the `delivery_id` of a thread's first message names, whatever its state.
    """
    if talk.person is None:
        return ()
    joining = sa.and_(Prompt.response_id.is_not(None), Prompt.joins_until > talk.now)
    state = sa.or_(Prompt.state == "open", joining)
    if token is not None or delivery_id is not None:
        meant = Prompt.token == token if token is not None else Prompt.delivery_id == delivery_id
        state = sa.or_(state, sa.and_(meant, Prompt.state != "withdrawn"))
    rows = talk.session.execute(
        sa.select(Prompt.__table__, ContentVersion.content_id)
        .join(ContentVersion, ContentVersion.id == Prompt.content_version_id)
        .where(Prompt.identity_id == talk.person.identity_id, state)
    ).all()
    documents = DOCUMENTS.load(talk.session, {row.content_version_id for row in rows})
    return [_prompt(row, documents[row.content_version_id], talk) for row in rows]


def delivery_of(talk: Talk, provider_id: str) -> int | None:
    """The delivery that the provider knows under this id."""
    return talk.session.scalar(
        sa.select(SentMessage.delivery_id).where(
            SentMessage.integration_id == talk.hook.integration_id, SentMessage.provider_id == provider_id
        )
    )


def _prompt(row: Any, document: Any, talk: Talk) -> OpenPrompt:
    languages = tuple(dict.fromkeys((*talk.languages, document.language)))
    position = row.position or 0
    return OpenPrompt(
        id=row.id,
        token=row.token,
        delivery_id=row.delivery_id,
        content_id=row.content_id,
        content_version_id=row.content_version_id,
        source_kind=row.source_kind,
        source_id=row.source_id,
        position=position,
        question=render.answerable(document, languages=languages, say=talk.say)[position],
        document=document,
        order=tuple(row.option_order or ()),
        first_label=row.first_label,
        tries=row.tries,
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        answered_at=row.answered_at,
        response_id=row.response_id,
        joins_until=row.joins_until,
    )
