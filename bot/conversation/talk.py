"""One inbound message being dealt with: who speaks, in which language, and how to answer them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import chance
from bot.channels.channel import Channel, Inbound, Message
from bot.content import render
from bot.content.documents import Document
from bot.content.versions import DOCUMENTS
from bot.conversation import hearing
from bot.conversation.hearing import Asked
from bot.conversation.router import Attempt, OpenPrompt
from bot.conversation.writes import TOGETHER
from bot.database import on_sqlite
from bot.delivery import outbox, receipts
from bot.nudge import nudge
from bot.prepared import Values
from bot.tenancy.settings import OrganizationSettings
from bot.tenancy.settings import load as load_settings
from bot.wording import say
from models import Delivery, SentMessage

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
    """What is needed to answer one message. What it changes collects in `writes`, what is said in `entries`."""

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
    writes: dict[str, Values] = field(default_factory=dict)

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

    def show_answered(self, prompt: OpenPrompt, told: str) -> None:
        """Take the buttons away where they were, and leave `told` in their place, where the channel can.

        Of a message that went out twice it is the one that was tapped.
        """
        target = self.tapped or prompt.provider_id
        if prompt.payload is None or target is None:
            return
        asked = outbox.unpack(prompt.payload)
        text = "\n\n".join((asked.body or asked.text, told))
        self.update(Message(text=text, media=asked.media, markup=asked.markup), target)

    def update(self, message: Message, target: str) -> None:
        """Change an earlier message of ours, where the channel can."""
        self._put(source_kind="reply", source_id=self.message_id, body=outbox.pack(message, target), verb="update")

    @property
    def recipient(self) -> str:
        """Whom an answer goes to: the worker, or the bare address of somebody unknown."""
        return outbox.of_worker(self.person.worker_id) if self.person else outbox.of_address(self.address)

    def tried(
        self, prompt: OpenPrompt, *, answered: bool, response_id: uuid.UUID | None, joins_until: datetime | None
    ) -> None:
        """This question got an answer, and so has arrived; `answered`: it takes no other."""
        self.writes["prompt"] = {
            "id": prompt.id,
            "was": prompt.tries,
            "tries": prompt.tries + 1,
            "state": "answered" if answered else prompt.state,
            "answered_at": self.now if answered else None,
            "response_id": response_id,
            "joins_until": joins_until,
        }
        self.writes |= receipts.arrival(prompt.delivery_id)

    def close(self, writes: Mapping[str, Values]) -> None:
        """Write everything: what was decided, `writes`, and what is said."""
        person, last = self.person, outbox.TOGETHER
        common = {
            "organization_id": self.hook.organization_id,
            "integration_id": self.hook.integration_id,
            "channel": self.hook.channel.name,
            "address": self.address,
            "worker_id": person.worker_id if person else None,
            "identity_id": person.identity_id if person else None,
            "now": self.now,
        }
        chosen = {**self.writes, **writes, **outbox.writes(self.entries[:last])}
        TOGETHER.run(self.session.connection(), common, chosen)
        outbox.put(self.session, self.entries[last:])
        if self.entries:
            nudge(self.session, "dispatch", str(self.hook.integration_id))

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


def begin(session: Session, hook: Hook, inbound: Inbound, now: datetime) -> Talk | None:
    """Find out who speaks, and make their messages take turns. None if this message has been dealt with.

    An address of nobody's has no row to lock, so its name is locked.
    """
    values = {
        "organization_id": hook.organization_id,
        "integration_id": hook.integration_id,
        "address": inbound.address,
        "key": inbound.key,
        "now": now,
    }
    speaker = hearing.take(session, values)
    if not speaker.first:
        return None
    settings = load_settings(speaker.settings)
    person = None
    if speaker.identity_id is not None and speaker.worker_id is not None:
        language = speaker.language or settings.locale.default_language
        person = Person(speaker.identity_id, speaker.worker_id, language)
    elif not on_sqlite(session):
        name = sa.func.hashtextextended(f"talk:{hook.integration_id}:{inbound.address}", 0)
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(name)))
    tapped = inbound.tap.message_id if inbound.tap else None
    return Talk(session, hook, settings, speaker.organization_name, inbound.address, person, now, tapped)


def open_prompts(talk: Talk, token: str | None = None, delivery_id: int | None = None) -> Sequence[OpenPrompt]:
    """The person's open questions and those that may still be added to.

    Also the one that a tap's `token` or the `delivery_id` of a thread's first message names, whatever its state.
    """
    if talk.person is None:
        return ()
    wanted = {"identity_id": talk.person.identity_id, "now": talk.now, "token": token, "delivery_id": delivery_id}
    rows = hearing.asked(talk.session, wanted, updates=talk.hook.channel.abilities.updates)
    documents = DOCUMENTS.load(talk.session, {row.content_version_id for row in rows})
    return [_prompt(row, documents[row.content_version_id], talk) for row in rows]


def delivery_of(talk: Talk, provider_id: str) -> int | None:
    """The delivery that the provider knows under this id."""
    return talk.session.scalar(
        sa.select(SentMessage.delivery_id).where(
            SentMessage.integration_id == talk.hook.integration_id, SentMessage.provider_id == provider_id
        )
    )


def _prompt(row: Asked, document: Document, talk: Talk) -> OpenPrompt:
    languages = tuple(dict.fromkeys((*talk.languages, document.language)))
    position = row.position or 0
    attempt = None
    if row.attempt_id is not None:
        score, most = row.attempt_score or 0.0, row.attempt_max_score or 0.0
        attempt = Attempt(row.attempt_id, score, most, row.attempt_deadline, row.attempt_finished_at)
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
        state=row.state,
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        answered_at=row.answered_at,
        response_id=row.response_id,
        joins_until=row.joins_until,
        attempt=attempt,
        earned=row.earned,
        paid=frozenset(row.paid.split(",")) if row.paid else frozenset(),
        provider_id=row.provider_id,
        payload=row.payload,
    )
