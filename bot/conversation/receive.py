"""Everything that people say comes in here, once, in the transaction of all its effects.

The provider's id is written first: whoever brings the same message again finds it taken. Then STOP, START
and HELP, then the open questions. When this commits the answer, its score and its points are safe, and
only then is the provider told so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from bot.channels.channel import Inbound
from bot.content.documents import QuizDocument
from bot.content.versions import DOCUMENTS
from bot.conversation import answers, reflection, reserved, talk
from bot.conversation.calling import called
from bot.conversation.reading import TOO_SHORT, NotUnderstood, Understood
from bot.conversation.router import Answers, Joins, OpenPrompt, Route, route_tap, route_text, route_thread
from bot.conversation.talk import MOST, Hook, Talk
from bot.database import Database, deadlocked
from bot.engagement import record
from bot.prepared import Overtaken, Values
from models import Prompt

Outcome = Literal["duplicate", "stopped", "started", "helped", "stranger", "answered", "joined", "asked_again", "noted"]
IMPATIENCE = timedelta(minutes=2)
AFTERTHOUGHT = timedelta(hours=1)
LONGEST_LINE = 10_000
TIMES = 3


def receive(database: Database, hook: Hook, inbound: Inbound, now: datetime) -> Outcome:
    """Deal with one message or tap. The same `inbound.key` a second time is "duplicate" and changes nothing.

    Where somebody else has changed in between what the answer stands on, and where PostgreSQL ends one of two
    transactions that wait for each other, nothing is kept, and it is dealt with again.
    """
    said = _writable(inbound)
    for _ in range(TIMES):
        try:
            return _once(database, hook, said, now)
        except Overtaken:
            continue
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
        conversation = talk.begin(session, hook, inbound, now)
        if conversation is None:
            return "duplicate"
        outcome, private = _understand(conversation, inbound)
        conversation.close(_heard(conversation, inbound, outcome, private=private))
        return outcome


def _heard(conversation: Talk, inbound: Inbound, outcome: Outcome, *, private: bool) -> dict[str, Values]:
    """The writes that every message makes: its line in the transcript, and that its person is there."""
    line = {
        "id": conversation.message_id,
        "provider_id": inbound.key,
        "body": None if private else _typed(inbound)[:LONGEST_LINE] or None,
        "payload": {"tap": inbound.tap.token} if inbound.tap else None,
        "outcome": outcome,
    }
    if conversation.person is None:
        return {"transcript": line}
    activity = record.activity(interacted=outcome in record.INTERACTIONS)
    return {"transcript": line, "identity": {}, **activity}


def _understand(conversation: Talk, inbound: Inbound) -> tuple[Outcome, bool]:  # noqa: PLR0911 - one per outcome
    """Act on the message; whether its words must not be kept in the transcript comes with the outcome."""
    word = reserved.word_of(conversation, inbound)
    if word is not None:
        return reserved.act(conversation, inbound, word), False
    if conversation.person is None:
        return _stranger(conversation), False
    threaded = talk.delivery_of(conversation, inbound.in_reply_to) if inbound.in_reply_to else None
    prompts = talk.open_prompts(conversation, inbound.tap.token if inbound.tap else None, threaded)
    route = _route(conversation, inbound, prompts, threaded)
    conversation.about = called(route.prompt, prompts, conversation.languages) if route else ""
    match route:
        case Answers(prompt, _) if prompt.answered_at is not None:
            conversation.notice(f"again:{prompt.id}", conversation.named(conversation.words("answer.already")))
            return "noted", reflection.closed(prompt)
        case Answers(prompt, Understood(value)):
            _recorder(prompt).answered(conversation, prompt, value, _typed(inbound))
            return "answered", reflection.closed(prompt)
        case Answers(prompt, NotUnderstood() as unclear):
            return _unclear(conversation, prompt, unclear, _typed(inbound))
        case Joins(prompt):
            _recorder(prompt).joined(conversation, prompt, _typed(inbound))
            return "joined", reflection.closed(prompt)
    last = _last_answered(conversation)
    if not any(prompt.answered_at is None for prompt in prompts):
        _nothing_open(conversation, last)
    return "noted", _afterthought(conversation, last)


def _recorder(prompt: OpenPrompt) -> Any:
    return answers if isinstance(prompt.document, QuizDocument) else reflection


def _route(conversation: Talk, inbound: Inbound, prompts: Sequence[OpenPrompt], threaded: int | None) -> Route:
    languages, now = conversation.languages, conversation.now
    if inbound.tap is not None:
        return route_tap(inbound.tap, prompts, languages)
    words = inbound.text if inbound.text.strip() else _typed(inbound)  # a picture beside a "2" is no part of it
    meant = next((prompt for prompt in prompts if prompt.delivery_id == threaded), None)
    return route_thread(words, meant, languages, now) if meant else route_text(words, prompts, languages, now)


def _typed(inbound: Inbound) -> str:
    """The words and the addresses of pictures, as they are kept; of a tap its values."""
    if inbound.tap is not None:
        return ", ".join(inbound.tap.values)
    return "\n".join(filter(None, (inbound.text, *(media.url for media in inbound.media))))


def _stranger(conversation: Talk) -> Outcome:
    """Somebody whom we don't know: told once an hour who we are, unless they said STOP."""
    if reserved.consent_of(conversation) != "revoked":
        reserved.tell_stranger(conversation)
    return "stranger"


def _unclear(conversation: Talk, prompt: OpenPrompt, unclear: NotUnderstood, typed: str) -> tuple[Outcome, bool]:
    """Ask again, unless it was too short by itself and is enough with what they said before."""
    private = reflection.closed(prompt)
    if unclear.hint == TOO_SHORT and reflection.grown(conversation, prompt, typed):
        return "answered", private
    hint = conversation.words(unclear.hint, **unclear.values)
    conversation.notice(f"hint:{prompt.id}", conversation.named(hint), most=MOST)
    return "asked_again", private or _afterthought(conversation, _last_answered(conversation))


def _nothing_open(conversation: Talk, last: Any) -> None:
    """No question is open. Somebody who has just answered is only impatient, or says thank you."""
    if last is None or conversation.now - last.answered_at > IMPATIENCE:
        conversation.notice("nothing_open", conversation.words("nothing_open"))


def _afterthought(conversation: Talk, last: Any) -> bool:
    """Whether words that answer nothing must not be kept.

    What follows a private or anonymous reflection, too late to join it, is most likely more of the same.
    """
    if last is None or conversation.now - last.answered_at > AFTERTHOUGHT:
        return False
    documents = DOCUMENTS.load(conversation.session, {last.content_version_id})
    return reflection.closes(documents[last.content_version_id])


def _last_answered(conversation: Talk) -> Any:
    """When they answered something last, and what."""
    person = conversation.person
    assert person is not None, "asked by the caller"
    return conversation.session.execute(
        sa.select(Prompt.answered_at, Prompt.content_version_id)
        .where(
            Prompt.worker_id == person.worker_id,  # what the index goes by
            Prompt.identity_id == person.identity_id,
            Prompt.answered_at.is_not(None),
        )
        .order_by(Prompt.answered_at.desc())
        .limit(1)
    ).first()
