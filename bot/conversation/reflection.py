"""A reflection: free words, recorded and thanked at once; what follows within its window joins it.

People write on small screens, so one thought often comes as three texts. Where the words are private or
anonymous, they stand here only: the transcript keeps that something was said, not what.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, time, timedelta
from typing import cast

import sqlalchemy as sa

from bot import chance
from bot.content import render
from bot.content.answers import Answer, shown_answer
from bot.content.documents import Document, Rating, ReflectionDocument
from bot.conversation.router import OpenPrompt
from bot.conversation.talk import Talk
from bot.delivery import receipts
from bot.engagement import record
from bot.engagement.record import Award
from models import Prompt, ReflectionResponse

CLOSED = frozenset({"private", "anonymous"})
"""Visibilities under which the transcript keeps no readable words."""


def answered(talk: Talk, prompt: OpenPrompt, answer: Answer, typed: str) -> None:
    """Record the first words of a reflection, thank for them and ask what follows."""
    document, person = prompt.document, talk.person
    assert isinstance(document, ReflectionDocument), "a quiz is answered elsewhere"
    assert person is not None, "a stranger has no open questions"
    response_id = _record(talk, prompt, document, answer, typed)
    window = timedelta(seconds=0 if isinstance(prompt.question, Rating) else document.settings.join_window_seconds)
    talk.session.execute(
        sa.update(Prompt)
        .where(Prompt.id == prompt.id)
        .values(
            state="answered",
            answered_at=talk.now,
            tries=prompt.tries + 1,
            response_id=response_id if window else None,
            joins_until=talk.now + window if window else None,
        )
    )
    receipts.prove_arrival(talk.session, prompt.delivery_id, talk.now)
    record.pay(
        talk.session, talk.hook.organization_id, person.worker_id, prompt.id, _awards(talk, prompt, document), talk.now
    )
    _follow(talk, prompt, document)
    talk.show_answered(prompt.delivery_id, _told(talk, prompt, answer))


def joined(talk: Talk, prompt: OpenPrompt, typed: str) -> None:
    """Append to words that came a moment ago: no second thanks, no second points."""
    response = ReflectionResponse
    talk.session.execute(
        sa.update(response)
        .where(response.id == prompt.response_id)
        .values(text=response.text + "\n" + typed, parts=response.parts + 1)
        .execution_options(synchronize_session=False)
    )


def closed(prompt: OpenPrompt) -> bool:
    """Whether the transcript must forget the words that answer this."""
    return closes(prompt.document)


def closes(document: Document) -> bool:
    """Whether the words that answer this document stand in their own table only."""
    return isinstance(document, ReflectionDocument) and document.settings.visibility in CLOSED


def _told(talk: Talk, prompt: OpenPrompt, answer: Answer) -> str:
    """What stands below the question from now on; closed words must not come back by this way."""
    if closed(prompt):
        return talk.words("answer.noted")
    shown = shown_answer(prompt.question, answer, (*talk.languages, prompt.document.language), talk.say)
    return talk.words("answer.yours", answer=shown)


def _record(talk: Talk, prompt: OpenPrompt, document: ReflectionDocument, answer: Answer, typed: str) -> uuid.UUID:
    anonymous = document.settings.visibility == "anonymous"
    person = talk.person
    assert person is not None, "asked by the caller"
    response_id = chance.random_id() if anonymous else chance.new_id()
    talk.session.execute(
        sa.insert(cast("sa.Table", ReflectionResponse.__table__)).values(
            id=response_id,
            organization_id=talk.hook.organization_id,
            worker_id=None if anonymous else person.worker_id,
            content_id=prompt.content_id,
            content_version_id=prompt.content_version_id,
            source_kind=prompt.source_kind,
            source_id=prompt.source_id,
            question_id=prompt.question.id,
            visibility=document.settings.visibility,
            channel=talk.hook.channel.name,
            text=typed.strip() or str(answer),
            rating=int(str(answer)) if isinstance(prompt.question, Rating) else None,
            at=datetime.combine(talk.now.date(), time(), UTC) if anonymous else talk.now,
        )
    )
    return response_id


def _awards(talk: Talk, prompt: OpenPrompt, document: ReflectionDocument) -> list[Award]:
    rules = talk.settings.gamification
    if not rules.enabled or prompt.position > 0:
        return []
    own = document.settings.points_awarded
    return [Award("reflected", rules.points.answered if own is None else own)]


def _follow(talk: Talk, prompt: OpenPrompt, document: ReflectionDocument) -> None:
    """The follow-up question, or thanks."""
    thanks = talk.words("reflection.thanks")
    questions = render.answerable(document, languages=talk.languages, say=talk.say)
    if prompt.position + 1 < len(questions):
        talk.ask(prompt, prompt.position + 1, thanks)
    else:
        points = record.earned(talk.session, prompt)
        earned = talk.words("points.one" if points == 1 else "points.other", count=points) if points else ""
        talk.reply(" ".join(filter(None, (thanks, earned))))
