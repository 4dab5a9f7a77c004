"""Everything that people say comes in here, once, in the transaction of all its effects.

The provider's id is written first: whoever brings the same message again finds it taken. Then STOP, START
and HELP, then the open questions. When this commits the answer, its score and its points are safe, and
only then is the provider told so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bot.channels.channel import Inbound
from bot.content.documents import QuizDocument, words
from bot.content.versions import DOCUMENTS
from bot.conversation import answers, reflection, reserved, talk
from bot.conversation.reading import NotUnderstood, Understood
from bot.conversation.router import Answers, Joins, OpenPrompt, Route, route_tap, route_text
from bot.conversation.talk import MOST, Hook, Talk
from bot.database import Database, deadlocked, on_sqlite
from bot.delivery import outbox
from bot.engagement import record
from models import ChannelIdentity, InboundKey, Prompt, SentMessage

Outcome = Literal["duplicate", "stopped", "started", "helped", "stranger", "answered", "joined", "asked_again", "noted"]
IMPATIENCE = timedelta(minutes=2)
AFTERTHOUGHT = timedelta(hours=1)


def receive(database: Database, hook: Hook, inbound: Inbound, now: datetime) -> Outcome:
    """Deal with one message or tap. The same `inbound.key` a second time is "duplicate" and changes nothing.

    PostgreSQL ends one of two transactions that wait for each other; nothing of it is kept, so it is tried once more.
    """
    said = _writable(inbound)
    try:
        return _once(database, hook, said, now)
    except sa.exc.OperationalError as error:
        if not deadlocked(error):
            raise
        return _once(database, hook, said, now)


def _writable(inbound: Inbound) -> Inbound:
    """Half a surrogate pair is JSON that no database stores; refused, it would come again and again."""
    tap = inbound.tap
    if tap is not None:
        tap = replace(tap, token=_whole(tap.token), values=tuple(map(_whole, tap.values)))
    return replace(inbound, text=_whole(inbound.text), tap=tap)


def _whole(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _once(database: Database, hook: Hook, inbound: Inbound, now: datetime) -> Outcome:
    with database.organization_session(hook.organization_id) as session:
        if not _first(session, hook, inbound, now):
            return "duplicate"
        tapped = inbound.tap.message_id if inbound.tap else None
        conversation = talk.begin(session, hook, inbound.address, now, tapped=tapped)
        outcome, private = _understand(conversation, inbound)
        _transcribe(conversation, inbound, private=private)
        if conversation.person is not None:
            _moved(conversation, interacted=outcome in {"answered", "joined"})
        outbox.put(session, conversation.entries)
        return outcome


def _first(session: Session, hook: Hook, inbound: Inbound, now: datetime) -> bool:
    insert: Any = sqlite.insert if on_sqlite(session) else postgresql.insert
    taken = session.execute(
        insert(InboundKey.__table__)
        .values(
            organization_id=hook.organization_id, integration_id=hook.integration_id, key=inbound.key, received_at=now
        )
        .on_conflict_do_nothing()
        .returning(sa.literal(1))
    )
    return taken.first() is not None


def _understand(conversation: Talk, inbound: Inbound) -> tuple[Outcome, bool]:  # noqa: PLR0911 - one per outcome
    """Act on the message; whether its words must not be kept in the transcript comes with the outcome."""
    word = reserved.word_of(conversation, inbound)
    if word is not None:
        return reserved.act(conversation, inbound, word), False
    if conversation.person is None:
        return _stranger(conversation), False
    prompts = talk.open_prompts(conversation, inbound.tap.token if inbound.tap else None)
    route = _route(conversation, inbound, prompts)
    match route:
        case Answers(prompt, _) if prompt.answered_at is not None:
            conversation.notice(f"again:{prompt.id}", conversation.words("answer.already"))
            return "noted", reflection.closed(prompt)
        case Answers(prompt, Understood(value)):
            recorder = answers if isinstance(prompt.document, QuizDocument) else reflection
            recorder.answered(conversation, prompt, value, _typed(inbound))
            return "answered", reflection.closed(prompt)
        case Answers(prompt, NotUnderstood() as unclear):
            _ask_again(conversation, prompt, unclear, alone=len(prompts) == 1)
            return "asked_again", reflection.closed(prompt)
        case Joins(prompt):
            reflection.joined(conversation, prompt, _typed(inbound))
            return "joined", reflection.closed(prompt)
    return "noted", _nothing_open(conversation)


def _route(conversation: Talk, inbound: Inbound, prompts: Sequence[OpenPrompt]) -> Route:
    if inbound.tap is not None:
        return route_tap(inbound.tap, prompts, conversation.languages)
    return route_text(_typed(inbound), prompts, conversation.languages, conversation.now)


def _typed(inbound: Inbound) -> str:
    """The words; of a tap its values, of a picture without words its address."""
    if inbound.tap is not None:
        return ", ".join(inbound.tap.values)
    return inbound.text or " ".join(media.url for media in inbound.media)


def _stranger(conversation: Talk) -> Outcome:
    """Somebody whom we don't know: told once an hour who we are, unless they said STOP."""
    if reserved.consent_of(conversation) != "revoked":
        text = conversation.words("stranger", organization=conversation.organization_name)
        conversation.notice("stranger", text, bypass=True)
    return "stranger"


def _ask_again(conversation: Talk, prompt: OpenPrompt, unclear: NotUnderstood, *, alone: bool) -> None:
    hint = conversation.words(unclear.hint, **unclear.values)
    if not alone:  # with several open questions a bare hint would leave them guessing which one is meant
        said = words(prompt.question.prompt, (*conversation.languages, prompt.document.language))
        hint = f"{hint}\n({said[:80]}{'…' if len(said) > 80 else ''})"
    conversation.notice(f"hint:{prompt.id}", hint, most=MOST)


def _nothing_open(conversation: Talk) -> bool:
    """No question is open. Somebody who has just answered is only impatient, or says thank you.

    Returns whether the words must not be kept: what follows a private or anonymous reflection, too late to
    join it, is most likely more of the same.
    """
    person, now = conversation.person, conversation.now
    assert person is not None, "asked by the caller"
    last = conversation.session.execute(
        sa.select(Prompt.answered_at, Prompt.content_version_id)
        .where(Prompt.identity_id == person.identity_id, Prompt.answered_at.is_not(None))
        .order_by(Prompt.answered_at.desc())
        .limit(1)
    ).first()
    if last is None or now - last.answered_at > IMPATIENCE:
        conversation.notice("nothing_open", conversation.words("nothing_open"))
    if last is None or now - last.answered_at > AFTERTHOUGHT:
        return False
    documents = DOCUMENTS.load(conversation.session, {last.content_version_id})
    return reflection.closes(documents[last.content_version_id])


def _transcribe(conversation: Talk, inbound: Inbound, *, private: bool) -> None:
    conversation.session.execute(
        sa.insert(cast("sa.Table", SentMessage.__table__)).values(
            id=conversation.message_id,
            organization_id=conversation.hook.organization_id,
            integration_id=conversation.hook.integration_id,
            worker_id=conversation.person.worker_id if conversation.person else None,
            address=conversation.address,
            direction="in",
            provider_id=inbound.key,
            body=None if private else _typed(inbound)[:10_000] or None,
            payload={"tap": inbound.tap.token} if inbound.tap else None,
            at=conversation.now,
        )
    )


def _moved(conversation: Talk, *, interacted: bool) -> None:
    """They are there. An address that the provider had called dead has just spoken."""
    person = conversation.person
    assert person is not None, "asked by the caller"
    conversation.session.execute(
        sa.update(ChannelIdentity)
        .where(ChannelIdentity.id == person.identity_id)
        .values(
            last_inbound_at=conversation.now,
            reason=sa.case((ChannelIdentity.state == "dead", sa.null()), else_=ChannelIdentity.reason),
            state=sa.case((ChannelIdentity.state == "dead", "verified"), else_=ChannelIdentity.state),
        )
        .execution_options(synchronize_session=False)
    )
    organization_id = conversation.hook.organization_id
    record.active(conversation.session, organization_id, person.worker_id, conversation.now, interacted=interacted)
